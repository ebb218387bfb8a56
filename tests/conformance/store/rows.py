"""Made-up rows of every dataset the store keeps, and the plain model the store is judged by.

The model knows nothing of SQLite, Parquet or the store's keys: it is a dict of rows and a count of events, in plain Python.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_S, parse_time
from liqatlas.base.instruments import Instrument

#: Midnight of the first day of made-up rows.
START = parse_time("2026-02-05T00:00Z")
DAY, HOUR, MINUTE, SECOND = DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_S

BTC = Instrument("binance", "BTCUSDT", "BTC", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))
ETH = Instrument("bybit", "ETHUSDT", "ETH", tick_size=Decimal("0.01"), lot_size=Decimal("0.01"))

#: What tells two rows apart, written down here once more and by hand: (columns, whether events may repeat).
IDENTITY: dict[str, tuple[tuple[str, ...], bool]] = {
    "trades": (("ts_event_ns", "price_ticks", "qty_native", "taker_buy"), True),
    "liquidations": (("ts_event_ns", "liquidated", "price", "price_kind", "qty_native"), True),
    "bars": (("ts_open_ns", "ts_close_ns", "price_kind"), False),
    "open_interest": (("ts_event_ns",), False),
    "marks": (("ts_event_ns",), False),
    "funding": (("ts_event_ns", "settled"), False),
    "liquidation_bars": (("ts_open_ns", "ts_close_ns"), False),
    "book_levels": (("ts_event_ns", "book_side", "level"), False),
    "positions": (("ts_event_ns", "account", "position"), False),
    "long_short_ratios": (("ts_event_ns", "ratio_of"), False),
    "insurance_fund": (("ts_event_ns", "currency"), False),
}


def frame(dataset: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as a table of a dataset, absent columns null."""
    table = schemas.ALL_TABLES[dataset]
    return table.conform(pl.DataFrame(rows, schema_overrides=dict(table.schema)) if rows else table.empty())


def trade(
    ts: int, *, price: int = 700_000, qty: float = 0.5, buy: bool | None = True, trade_id: int | None = None
) -> dict[str, Any]:
    return {
        "ts_event_ns": ts,
        "price_ticks": price,
        "qty_native": qty,
        "taker_buy": buy,
        "trade_id": trade_id,
    }


def trades(count: int, *, start: int = START, step: int = SECOND, first_id: int | None = 1) -> pl.DataFrame:
    """Return trades one step apart, with ids from ``first_id`` on or without any."""
    return frame(
        "trades",
        [
            trade(
                start + i * step,
                price=700_000 + (i * 7919) % 101,
                qty=(1 + i % 9) / 8,
                buy=i % 3 > 0,
                trade_id=None if first_id is None else first_id + i,
            )
            for i in range(count)
        ],
    )


#: Hours after the start in which made-up rows lie: two of one day, one of the next.
BUSY_HOURS = (3, 4, 30)


def made_up(dataset: str, count: int, seed: int, *, first_id: int | None = None) -> pl.DataFrame:
    """Return random rows of few moments and few values, so that many share their key and some are identical.

    Trades have consecutive ids from ``first_id`` on, and the same id is always the same trade.
    """
    if first_id is not None:
        picks = [random.Random(first_id + i) for i in range(count)]
        return frame(dataset, [_one(dataset, r) | {"trade_id": first_id + i} for i, r in enumerate(picks)])
    r = random.Random(f"{dataset}-{seed}")
    return frame(dataset, [_one(dataset, r) for _ in range(count)])


def _one(dataset: str, r: random.Random) -> dict[str, Any]:
    ts = START + r.choice(BUSY_HOURS) * HOUR + r.randrange(2) * 10 * MINUTE
    price = 70_000.0 + r.randrange(3)
    common = {"ts_event_ns": ts, "qty_native": r.choice((0.5, 1.0))}
    match dataset:
        case "trades":
            return trade(ts, price=r.randrange(2), buy=r.choice((True, None)))
        case "liquidations":
            side = r.choice(("long", "short"))
            return common | {"liquidated": side, "price": price, "price_kind": "fill", "notional_usd": 1.0}
        case "bars":
            kind = r.choice(("last", "mark"))
            ohlc = dict.fromkeys(("open", "high", "low", "close"), price)
            return {"ts_open_ns": ts, "ts_close_ns": ts + MINUTE, "price_kind": kind, **ohlc}
        case "open_interest":
            return {"ts_event_ns": ts, "oi_native": price, "oi_published": price}
        case "marks":
            return {"ts_event_ns": ts, "mark_price": price}
        case "funding":
            return {
                "ts_event_ns": ts,
                "funding_rate": price / 1e9,
                "interval_h": 8.0,
                "settled": r.random() < 0.5,
            }
        case "liquidation_bars":
            return {"ts_open_ns": ts, "ts_close_ns": ts + HOUR, "long_usd": price, "short_usd": 0.0}
        case "book_levels":
            return common | {"book_side": r.choice(("bid", "ask")), "level": r.randrange(2), "price": price}
        case "positions":
            return common | {
                "account": r.choice("ab"),
                "position": r.choice(("long", "short")),
                "entry_price": price,
            }
        case "long_short_ratios":
            kind = r.choice(("accounts", "top_positions"))
            return {"ts_event_ns": ts, "long_share": price / 1e5, "ratio_of": kind}
        case "insurance_fund":
            return {"ts_event_ns": ts, "currency": r.choice(("USDT", "BTC")), "balance": price}
    raise AssertionError(dataset)


class Model:
    """What a lake must hold: per series, states by key and events by how often one source told of them."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], dict[tuple[Any, ...], tuple[Any, ...]]] = {}
        self.told: dict[tuple[str, str], Counter[tuple[Any, ...]]] = {}
        self.by_id: dict[tuple[str, str], dict[int, tuple[Any, ...]]] = {}
        self.streams: dict[tuple[str, str, str], Counter[tuple[Any, ...]]] = {}

    def append(self, dataset: str, series: str, rows: pl.DataFrame, stream: str | None = None) -> None:
        columns, repeats = IDENTITY[dataset]
        source: Counter[tuple[Any, ...]] = Counter()
        if stream is not None:
            source = self.streams.setdefault((dataset, series, stream), Counter())
        told = self.told.setdefault((dataset, series), Counter())
        for row in rows.iter_rows(named=True):
            key = tuple(row[name] for name in columns)
            if not repeats:
                self.states.setdefault((dataset, series), {})[key] = tuple(row.values())
            elif row.get("trade_id") is not None:
                self.by_id.setdefault((dataset, series), {}).setdefault(row["trade_id"], key)
            else:
                source[key] += 1
                told[key] = max(told[key], source[key])

    def rows(self, dataset: str, series: str, start: int, end: int) -> list[tuple[Any, ...]]:
        """Return identities (events) or whole rows (states) within a window, in no order."""
        place = (dataset, series)
        if not IDENTITY[dataset][1]:
            return [row for key, row in self.states.get(place, {}).items() if start <= key[0] < end]
        with_id = Counter(self.by_id.get(place, {}).values())
        together = with_id | self.told.get(place, Counter())
        return [key for key, count in together.items() if start <= key[0] < end for _ in range(count)]


def identities(dataset: str, rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Return a table's rows as :meth:`Model.rows` gives them."""
    columns, repeats = IDENTITY[dataset]
    return list(rows.select(columns).rows() if repeats else rows.rows())


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows sorted so that two lists can be compared, nulls included."""
    return sorted(rows, key=lambda row: tuple((value is None, str(value)) for value in row))
