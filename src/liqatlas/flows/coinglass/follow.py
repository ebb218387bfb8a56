"""Liquidations as they arrive, in the shape of the interface's ``liquidationOrders`` channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.clock import NS_PER_MS
from liqatlas.flows.coinglass.names import exchange_of

if TYPE_CHECKING:
    from liqatlas.flows.serving import Market, Source

#: Most rows of one look.
MOST = 1_000


class NewPrints:
    """What came since the last look; the first look only notes where the rows end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._begun = False
        self._start_ns = 0
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}  # newest moment, and how many rows it held

    def look(self) -> list[dict[str, Any]]:
        """Return the new liquidations, oldest first; ``side`` is 1 for a liquidated long, 2 for a short.

        (Single orders over HTTP count the other way: there the side is the order's.)
        """
        first, self._begun = not self._begun, True
        if first:
            self._start_ns = self._source.now_ns()
        out: list[dict[str, Any]] = []
        for market in self._source.markets():
            if "liquidations" in market.tables:
                fresh = self._fresh(market)
                out += [] if first else fresh
        return sorted(out, key=lambda row: row["time"])

    def _fresh(self, market: Market) -> list[dict[str, Any]]:
        """Return an instrument's rows beyond what was seen of it; of one that appears now, those after the start."""
        key = (market.venue, market.symbol)
        since, held = self._seen.get(key, (self._start_ns, 0))
        recording = self._source.tables(market, ("liquidations",), (since, market.last_ts_ns + 1))
        rows = recording.liquidations.filter(pl.col("ts_event_ns") >= since)
        if not rows.height:
            return []
        newest = int(rows["ts_event_ns"][-1])
        self._seen[key] = (newest, rows.filter(pl.col("ts_event_ns") == newest).height)
        one = recording.instrument
        return [
            {
                "baseAsset": one.asset,
                "exName": exchange_of(one.venue),
                "price": row["price"],
                "side": 1 if row["liquidated"] == "long" else 2,
                "symbol": one.symbol,
                "time": row["ts_event_ns"] // NS_PER_MS,
                "volUsd": round(row["notional_usd"], 4),
            }
            for row in rows.slice(held).tail(MOST).iter_rows(named=True)
        ]
