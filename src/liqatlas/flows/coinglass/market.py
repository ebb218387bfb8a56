"""What is served, in the interface's shapes: coins, exchanges, pairs, candles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import DAY_NS, NS_PER_MS
from liqatlas.base.errors import InputError
from liqatlas.base.symbols import parse_symbol
from liqatlas.flows.coinglass.names import markets_of, served_exchanges
from liqatlas.flows.serving_series import turnover
from liqatlas.maps.candles import candles

if TYPE_CHECKING:
    from liqatlas.flows.coinglass.history import Buckets
    from liqatlas.flows.serving import Market, Source


def coins(source: Source) -> list[str]:
    """Return ``supported-coins``."""
    return list(source.assets())


def exchanges(source: Source) -> list[str]:
    """Return ``supported-exchanges``."""
    return list(served_exchanges(source))


def pairs(source: Source, exchange: str = "") -> dict[str, list[dict[str, Any]]]:
    """Return ``supported-exchange-pairs``; what is not recorded (leverage cap, funding interval) is null."""
    names = (exchange,) if exchange else served_exchanges(source)
    return {name: [_pair(source, one) for one in markets_of(source, exchange=name)] for name in names}


def _pair(source: Source, market: Market) -> dict[str, Any]:
    end = market.last_ts_ns + 1
    recording = source.tables(market, ("funding",), (end - 2 * DAY_NS, end))
    one, funding = recording.instrument, recording.funding
    return {
        "instrument_id": market.symbol,
        "base_asset": market.asset,
        "quote_asset": one.quote or _quote(market.symbol),
        "settlement_currency": one.settle,
        "max_leverage": None,
        "funding_interval": int(funding["interval_h"][-1]) if funding.height else None,
        "price_tick_size": float(one.tick_size),
    }


def _quote(symbol: str) -> str:
    try:
        return parse_symbol(symbol).quote
    except InputError:
        return ""


def price_history(source: Source, market: Market, asked: Buckets) -> list[dict[str, Any]]:
    """Return ``price/history``: candles with turnover, prices as text."""
    if not asked.count:
        return []
    recording = source.tables(market, ("trades", "bars", "marks"), asked.span)
    edges = asked.first_ns + asked.length_ns * np.arange(asked.count + 1, dtype=np.int64)
    rows = candles(recording, edges)
    if rows.is_empty():
        return []
    at = np.searchsorted(edges, rows["ts_open_ns"].to_numpy())
    usd = turnover(recording, edges, at, rows["close"].to_numpy())
    return [
        {"time": row["ts_open_ns"] // NS_PER_MS}
        | {name: f"{row[name]:.10g}" for name in ("open", "high", "low", "close")}
        | {"volume_usd": f"{volume:.4f}"}
        for row, volume in zip(rows.iter_rows(named=True), usd.tolist(), strict=True)
    ]
