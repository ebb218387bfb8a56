"""Shapes of the answers, for OpenAPI: what a client may rely on. Bodies are made by the flows; tests hold both together."""

from __future__ import annotations

from typing import Any

import msgspec


class Instrument(msgspec.Struct):
    """One venue's contract."""

    venue: str
    symbol: str
    tables: list[str]


class MarketShape(msgspec.Struct):
    """One asset that is served."""

    asset: str
    venues: list[Instrument]
    first: str
    last: str


class Markets(msgspec.Struct):
    """What is served."""

    markets: list[MarketShape]
    default_asset: str | None
    simulated: bool
    live: bool
    as_of: str


class VenueShape(msgspec.Struct):
    """One instrument that is part of a result."""

    venue: str
    symbol: str
    quote: str
    settle: str
    price: float | None
    price_source: str
    open_interest_usd: float | None
    last_ts: str
    age_s: float | None
    mark_source: str
    entry_source: str


class Model(msgspec.Struct):
    """The estimator that made a result."""

    name: str
    version: str
    calibration: str
    parameters: dict[str, Any]


class Sides(msgspec.Struct):
    """Amounts of both positions [USD]."""

    long_usd: float | None
    short_usd: float | None


class Head(msgspec.Struct):
    """What every result says of itself."""

    schema_version: int
    kind: str
    quantity: str
    simulated: bool
    unit: str
    asset: str
    as_of: str
    window: str
    price: float | None
    reference: str
    open_interest_usd: float | None
    coverage: dict[str, Any] | None
    lookahead: bool
    prints_scope: str
    identified_distance: float | None
    venues: list[VenueShape]
    model: Model
    warnings: list[str]


class Bin(msgspec.Struct):
    """One price bin [USD]."""

    price_low: float | None
    price_high: float | None
    long_usd: float | None
    short_usd: float | None
    by_venue: dict[str, Sides]
    by_leverage: dict[str, Sides]


class Curve(msgspec.Struct):
    """USD liquidated on the way from the price to each edge."""

    price: list[float | None]
    long_usd: list[float | None]
    short_usd: list[float | None]


class MapShape(Head):
    """A liquidation map, as ``liqatlas map --format json`` prints it."""

    totals: Sides
    bins: list[Bin]
    cumulative: Curve


class Candle(msgspec.Struct):
    """One candle of the reference price."""

    time_open: str
    time_close: str
    open: float | None
    high: float | None
    low: float | None
    close: float | None


class HeatmapPrint(msgspec.Struct):
    """One liquidation print."""

    time: str
    venue: str
    liquidated: str
    price: float | None
    notional_usd: float | None


class HeatmapShape(Head):
    """A heatmap, as ``liqatlas heatmap --format json`` prints it."""

    times: list[str]
    price_edges: list[float | None]
    long_usd: list[list[float]]
    short_usd: list[list[float]]
    candles: list[Candle]
    prints: list[HeatmapPrint]


class ClustersShape(Head):
    """Clusters, as ``liqatlas clusters --format json`` prints them."""

    below: list[dict[str, Any]]
    above: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    daily_volatility: float
    volatility_source: str
    notes: list[str]


class SignalsShape(msgspec.Struct):
    """Signals, metrics and confirmation signs of an asset: parts of its report."""

    asset: str
    as_of: str
    simulated: bool
    signals: list[dict[str, Any]]


class RealisedShape(msgspec.Struct):
    """Realised liquidations, as ``liqatlas realised --format json`` prints them."""

    asset: str
    as_of: str
    simulated: bool


class RealisedAll(msgspec.Struct):
    """Realised liquidations of every coin that has any."""

    simulated: bool
    as_of: str
    coins: list[RealisedShape]
    without: dict[str, str]


class PositionsShape(msgspec.Struct):
    """Public positions, as ``liqatlas positions --format json`` prints them."""

    kind: str
    unit: str
    as_of: str
    positions_seen: int
    accounts_seen: int
    offset: int
    positions: list[dict[str, Any]]


class CandlesShape(msgspec.Struct):
    """Candles and the panes under them, one value per candle."""

    asset: str
    reference: str
    interval_s: float
    time_ms: list[int]
    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume_usd: list[float | None]
    open_interest_usd: list[float | None]
    funding_rate_8h: list[float | None]


class Trade(msgspec.Struct):
    """One trade; ``taker_side`` is buy, sell or unknown."""

    time: str
    venue: str
    symbol: str
    price: float
    usd: float
    taker_side: str | None


class TradesShape(msgspec.Struct):
    """Large trades, newest first."""

    asset: str
    as_of: str
    min_usd: float
    trades: list[Trade]


class Print(msgspec.Struct):
    """One liquidation print; a liquidated long sells."""

    time: str
    venue: str
    symbol: str
    liquidated: str
    price: float
    price_kind: str
    usd: float


class PrintsShape(msgspec.Struct):
    """Liquidation prints, newest first; ``in_window`` counts those left out too."""

    asset: str
    as_of: str
    in_window: int
    prints: list[Print]


class Ladder(msgspec.Struct):
    """One side of an order book, best price first."""

    price: list[float | None]
    usd: list[float | None]


class BookShape(msgspec.Struct):
    """The newest recorded order book of one instrument."""

    venue: str
    symbol: str
    time: str
    bids: Ladder
    asks: Ladder


class DepthShape(msgspec.Struct):
    """Order books."""

    asset: str
    simulated: bool
    books: list[BookShape]


class Feed(msgspec.Struct):
    """How fresh one feed is."""

    venue: str
    symbol: str
    asset: str
    tables: list[str]
    first_ts: str
    last_ts: str
    age_s: float
    gaps: int
    stale: bool


class HealthShape(msgspec.Struct):
    """How fresh all feeds are."""

    live: bool
    simulated: bool
    now: str
    stale_after_s: float
    feeds: list[Feed]


class Tree(msgspec.Struct):
    """A result whose parts are described in the reference."""
