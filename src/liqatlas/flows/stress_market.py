"""What the recordings say around a user's positions: clusters, volatility, prices, the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liqatlas.base.clock import now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError, RuleError, UnknownSymbolError
from liqatlas.base.symbols import parse_symbol
from liqatlas.flows.build import read_for
from liqatlas.flows.clusters import ClusterResult, build_clusters
from liqatlas.flows.request import Request
from liqatlas.signals.stress.rows import BadRow, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.signals.clusters import ClusterSet

NO_MAP = "no map: give recordings with --from"


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRequest:
    """What to stress and against what.

    Attributes
    ----------
    text, name
        The positions file and what messages call it.
    prices
        Mark prices by symbol or asset.
    paths
        Recordings for prices, volatility and maps; may be empty.
    recordings
        Gives an asset's recordings in place of ``paths``.
    as_of_ns
        Moment of prices, rules and maps; None takes the newest of the data, or now without any.
    daily_volatility
        Takes the place of the realised one.
    """

    text: str
    name: str
    prices: Mapping[str, float] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    as_of_ns: int | None = None
    daily_volatility: float | None = None
    option_delta: float = 0.5
    hedge_share: float = 1.0
    window_ns: int = field(default_factory=lambda: Request(asset="").window_ns)
    recordings: Callable[[Request], Sequence[Recording]] | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """What is known of an asset: its clusters, or why not."""

    result: ClusterResult | None
    reason: str = ""

    @property
    def clusters(self) -> ClusterSet | None:
        """The clusters, where there are any to speak of."""
        return self.result.clusters if self.result else None


def markets_of(rows: Sequence[Row | BadRow], request: StressRequest, reporter: Reporter) -> dict[str, Market]:
    """Return the clusters of every asset the positions are in, as far as the recordings give them."""
    out: dict[str, Market] = {}
    for row in rows:
        asset = _asset(row)
        if asset and asset not in out and (request.paths or request.recordings):
            out[asset] = _market(asset, request, reporter)
    return out


def _asset(row: Row | BadRow) -> str:
    """Return a row's asset, or nothing where its symbol cannot be read."""
    try:
        return parse_symbol(row.symbol).asset if isinstance(row, Row) else ""
    except UnknownSymbolError:
        return ""


def _market(asset: str, request: StressRequest, reporter: Reporter) -> Market:
    wanted = Request(asset=asset, paths=request.paths, as_of_ns=request.as_of_ns, window_ns=request.window_ns)
    daily = request.daily_volatility
    try:
        recordings = request.recordings(wanted) if request.recordings else read_for(wanted, reporter)
        return Market(
            build_clusters(wanted, recordings, daily_volatility=daily, with_history=False, reporter=reporter)
        )
    except (InputError, NotEnoughDataError, RuleError) as error:
        return Market(None, str(error))


def moment_of(request: StressRequest, markets: Mapping[str, Market]) -> int:
    """Return the moment of the answer: asked for, else the newest of the data, else now [ns]."""
    known = [m.result.map.head.as_of_ns for m in markets.values() if m.result]
    return request.as_of_ns or (max(known) if known else now_ns())


def prices_of(request: StressRequest, markets: Mapping[str, Market]) -> dict[str, float]:
    """Return prices of the data, then the caller's own over them; a caller's asset price stands for all its venues."""
    prices: dict[str, float] = {}
    own = {name.upper(): price for name, price in request.prices.items()}
    for asset, market in markets.items():
        if market.result is None or asset in own:
            continue
        prices[asset] = market.result.map.head.price
        for venue in market.result.map.head.venues:
            if venue.symbol.upper() not in own:
                prices[f"{venue.venue}:{venue.symbol}".upper()] = venue.price
    return prices | own
