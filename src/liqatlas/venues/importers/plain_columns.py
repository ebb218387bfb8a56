"""The documented plain layout: which column names mean what, and which table they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIME = ("ts_event_ns", "ts_event", "timestamp", "time", "ts", "datetime", "date", "t")
_OPEN_TIME = ("ts_open_ns", "open_time", "ts_open", "timestamp", "time", "ts", "datetime", "date", "t")
_QTY = ("qty_native", "qty", "quantity", "size", "amount", "sz")
_VENUE = ("venue", "exchange")
_SYMBOL = ("symbol", "instrument", "coin", "market")

#: Table → our name of a column → names it may bear in a file, the first found wins.
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "trades": {
        "time": _TIME, "price": ("price", "px"), "price_ticks": ("price_ticks",), "qty": _QTY,
        "taker_buy": ("taker_buy",), "taker_side": ("taker_side",), "side": ("side",),
        "is_buyer_maker": ("is_buyer_maker",), "trade_id": ("trade_id", "id", "agg_trade_id"),
    },
    "bars": {
        "time": _OPEN_TIME, "ts_close": ("ts_close_ns",), "open": ("open", "o"), "high": ("high", "h"), "low": ("low", "l"),
        "close": ("close", "c"), "volume": ("volume_native", "volume", "v"),
        "taker_buy_volume": ("taker_buy_native", "taker_buy_volume"), "price_kind": ("price_kind",),
    },
    "open_interest": {
        "time": _TIME, "oi": ("oi_published", "open_interest", "oi", "sum_open_interest"),
        "oi_one_sided": ("oi_native",), "oi_value": ("oi_usd", "sum_open_interest_value"),
    },
    "marks": {"time": _TIME, "mark_price": ("mark_price", "mark"), "index_price": ("index_price", "oracle", "index")},
    "funding": {
        "time": _TIME, "funding_rate": ("funding_rate",), "interval_h": ("interval_h",), "settled": ("settled",),
    },
    "liquidations": {
        "time": _TIME, "liquidated": ("liquidated", "position"), "price": ("price",), "qty": _QTY,
        "notional_usd": ("notional_usd",), "price_kind": ("price_kind",), "mark_price": ("mark_price",),
    },
    "liquidation_bars": {
        "time": _OPEN_TIME, "ts_close": ("ts_close_ns",), "long_usd": ("long_usd",), "short_usd": ("short_usd",),
    },
}  # fmt: skip

#: Table → columns without which it is not that table; tables are tried in this order.
_REQUIRED: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("liquidation_bars", (("time",), ("long_usd",), ("short_usd",))),
    ("liquidations", (("time",), ("liquidated",), ("price",), ("qty", "notional_usd"))),
    ("bars", (("time",), ("open",), ("high",), ("low",), ("close",))),
    ("trades", (("time",), ("price", "price_ticks"), ("qty",))),
    ("open_interest", (("time",), ("oi", "oi_one_sided"))),
    ("marks", (("time",), ("mark_price",))),
    ("funding", (("time",), ("funding_rate",), ("interval_h",))),
)


@dataclass(frozen=True, slots=True)
class PlainColumns:
    """A file's columns as the plain layout reads them: our name → the file's name."""

    table: str
    names: dict[str, str]
    venue: str
    symbol: str


def plain_columns(columns: Iterable[str]) -> PlainColumns | None:
    """Return the table that a header makes, ``None`` where it makes none.

    Examples
    --------
    >>> plain_columns(["time", "price", "qty", "taker_side"]).table
    'trades'
    """
    have = list(columns)
    for table, required in _REQUIRED:
        names = {ours: found for ours, known in ALIASES[table].items() if (found := _first(known, have))}
        if all(any(one in names for one in either) for either in required):
            return PlainColumns(table, names, _first(_VENUE, have), _first(_SYMBOL, have))
    return None


def _first(known: tuple[str, ...], have: list[str]) -> str:
    return next((name for name in known if name in have), "")
