"""Liquidations that happened, in the interface's shapes: sums per interval, per coin, per exchange, and single orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, NS_PER_MS
from liqatlas.flows.coinglass.known import known_now, known_of
from liqatlas.flows.coinglass.names import TOTAL_RANGES, exchange_of
from liqatlas.flows.serving_backing import PRINTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.flows.serving import Market, Source

#: Rows of one answer.
MOST_ROWS = 1_000
MOST_ORDERS = 200
#: Single orders are given for so long.
ORDERS_KEPT_NS = 7 * DAY_NS


@dataclass(frozen=True, slots=True)
class Buckets:
    """Intervals ``[start, start + length)`` [ns] whose starts are multiples of the length."""

    first_ns: int
    length_ns: int
    count: int

    @property
    def starts_ms(self) -> list[int]:
        """Start of each interval [ms]."""
        return [(self.first_ns + i * self.length_ns) // NS_PER_MS for i in range(self.count)]

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment covered [ns]."""
        return self.first_ns, self.first_ns + self.count * self.length_ns


def buckets(
    markets: Sequence[Market], length_ns: int, *, limit: int, start_ms: int | None, end_ms: int | None
) -> Buckets:
    """Return the newest ``limit`` intervals up to the end asked for that the markets' rows reach; none where none do."""
    first = min((one.first_ns for one in markets), default=0)
    last = max((one.last_ts_ns for one in markets), default=-1)
    if start_ms is not None:
        first = max(first, start_ms * NS_PER_MS)
    if end_ms is not None:
        last = min(last, end_ms * NS_PER_MS)
    begin, stop = first // length_ns, last // length_ns + 1
    count = max(min(stop - begin, limit, MOST_ROWS), 0)
    return Buckets((stop - count) * length_ns, length_ns, count)


def sums(source: Source, markets: Sequence[Market], asked: Buckets) -> NDArray[np.float64]:
    """Return liquidated USD per interval, float64 ``(n, 2)``: longs, shorts.

    Prints are summed; an instrument without prints gives the totals its vendor publishes, each counted where it starts.
    """
    out = np.zeros((asked.count, 2))
    if not asked.count:
        return out
    for market in markets:
        recording = source.tables(market, PRINTED, asked.span)
        for i, position in enumerate(("long", "short")):
            if recording.liquidations.height:
                rows = recording.liquidations.filter(pl.col("liquidated") == position)
                moments, usd = rows["ts_event_ns"].to_numpy(), rows["notional_usd"].to_numpy()
            else:
                rows = recording.liquidation_bars
                moments, usd = rows["ts_open_ns"].to_numpy(), rows[f"{position}_usd"].to_numpy()
            at = (moments - asked.first_ns) // asked.length_ns
            inside = (at >= 0) & (at < asked.count)
            np.add.at(out[:, i], at[inside], usd[inside])
    return out


def history(source: Source, markets: Sequence[Market], asked: Buckets) -> list[dict[str, Any]]:
    """Return ``/history``: amounts are text."""
    rows = zip(asked.starts_ms, sums(source, markets, asked).tolist(), strict=True)
    return [
        {"time": time, "long_liquidation_usd": _text(usd[0]), "short_liquidation_usd": _text(usd[1])}
        for time, usd in rows
    ]


def aggregated_history(source: Source, markets: Sequence[Market], asked: Buckets) -> list[dict[str, Any]]:
    """Return ``/aggregated-history``: amounts are numbers."""
    rows = zip(asked.starts_ms, sums(source, markets, asked).tolist(), strict=True)
    return [
        {
            "time": time,
            "aggregated_long_liquidation_usd": round(usd[0], 5),
            "aggregated_short_liquidation_usd": round(usd[1], 5),
        }
        for time, usd in rows
    ]


def _text(amount: float) -> str:
    """Return an amount as the interface writes it: up to five decimals, no exponent."""
    return f"{amount:.5f}".rstrip("0").rstrip(".")


def _until(source: Source, markets: Sequence[Market], length_ns: int) -> NDArray[np.float64]:
    """Return the sums of the last stretch, ``(2,)`` [USD]."""
    now = source.now_ns() + 1
    return np.asarray(sums(source, markets, _stretch(now - length_ns, length_ns)).sum(axis=0))


def _stretch(first_ns: int, length_ns: int) -> Buckets:
    return Buckets(first_ns, length_ns, 1)


def coin_list(source: Source, markets: Sequence[Market]) -> list[dict[str, Any]]:
    """Return ``/coin-list``: sums of the last 24, 12, 4 and 1 hours of each coin whose liquidations are known, the largest first.

    Raises
    ------
    NotEnoughDataError
        If there is no such coin.
    """
    rows, markets = [], known_now(source, markets)
    for coin in dict.fromkeys(one.asset for one in markets):
        row: dict[str, Any] = {"symbol": coin}
        mine = [one for one in markets if one.asset == coin]
        for name in ("24h", "12h", "4h", "1h"):
            long, short = _until(source, mine, TOTAL_RANGES[name]).tolist()
            row |= {
                f"liquidation_usd_{name}": round(long + short, 5),
                f"long_liquidation_usd_{name}": round(long, 5),
                f"short_liquidation_usd_{name}": round(short, 5),
            }
        rows.append(row)
    return sorted(rows, key=lambda row: -row["liquidation_usd_24h"])


def exchange_list(source: Source, markets: Sequence[Market], length_ns: int) -> list[dict[str, Any]]:
    """Return ``/exchange-list``: the row "All" first, then the exchanges, the largest first; both spellings of the sides.

    An exchange whose liquidations are not known has no row, and "All" is the sum of the rows.

    Raises
    ------
    NotEnoughDataError
        If there is no row.
    """
    markets = known_now(source, markets)
    of: dict[str, NDArray[np.float64]] = {}
    for exchange in dict.fromkeys(exchange_of(one.venue) for one in markets):
        mine = [one for one in markets if exchange_of(one.venue) == exchange]
        of[exchange] = _until(source, mine, length_ns)
    together = np.sum(list(of.values()), axis=0)
    ordered = sorted(of.items(), key=lambda item: -float(item[1].sum()))
    return [_totals("All", together), *(_totals(exchange, usd) for exchange, usd in ordered)]


def _totals(exchange: str, usd: NDArray[np.float64]) -> dict[str, Any]:
    long, short = round(float(usd[0]), 5), round(float(usd[1]), 5)
    return {
        "exchange": exchange,
        "liquidation_usd": round(long + short, 5),
        "long_liquidation_usd": long,
        "short_liquidation_usd": short,
        "longLiquidation_usd": long,
        "shortLiquidation_usd": short,
    }


def orders(
    source: Source,
    markets: Sequence[Market],
    *,
    least_usd: float,
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> list[dict[str, Any]]:
    """Return ``/order``: single liquidations of the last seven days, newest first, at most 200.

    ``side`` is the order's: 1 buy (a liquidated short), 2 sell (a liquidated long).

    Raises
    ------
    NotEnoughDataError
        If no liquidation of these instruments was ever recorded.
    """
    now = source.now_ns()
    first = max(now - ORDERS_KEPT_NS, (start_ms or 0) * NS_PER_MS)
    last = now if end_ms is None else min(now, end_ms * NS_PER_MS)
    rows = []
    for market in known_of(source, markets):
        recording = source.tables(market, ("liquidations",), (first, last + 1))
        kept = recording.liquidations.filter(
            pl.col("ts_event_ns").is_between(first, last) & (pl.col("notional_usd") >= least_usd)
        )
        rows += [(row, recording.instrument) for row in kept.tail(MOST_ORDERS).iter_rows(named=True)]
    rows.sort(key=lambda item: -item[0]["ts_event_ns"])
    return [
        {
            "exchange_name": exchange_of(one.venue).upper(),
            "symbol": one.symbol,
            "base_asset": one.asset,
            "price": row["price"],
            "usd_value": round(row["notional_usd"], 4),
            "side": 2 if row["liquidated"] == "long" else 1,
            "time": row["ts_event_ns"] // NS_PER_MS,
        }
        for row, one in rows[:MOST_ORDERS]
    ]
