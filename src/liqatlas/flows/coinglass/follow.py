"""Liquidations as they arrive, in the shape of the interface's ``liquidationOrders`` channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.clock import NS_PER_MS
from liqatlas.flows.coinglass.names import exchange_of

if TYPE_CHECKING:
    from liqatlas.flows.serving import Source

#: Most rows of one look.
MOST = 1_000


class NewPrints:
    """What came since the last look; the first look only notes where the rows end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._newest: dict[tuple[str, str], int] = {}
        self._at_newest: dict[tuple[str, str], int] = {}

    def look(self) -> list[dict[str, Any]]:
        """Return the new liquidations, oldest first; ``side`` is 1 for a liquidated long, 2 for a short.

        (Single orders over HTTP count the other way: there the side is the order's.)
        """
        out: list[dict[str, Any]] = []
        for market in self._source.markets():
            if "liquidations" not in market.tables:
                continue
            key = (market.venue, market.symbol)
            first = key not in self._newest
            since = market.last_ts_ns if first else self._newest[key]
            recording = self._source.tables(market, ("liquidations",), (since, market.last_ts_ns + 1))
            rows = recording.liquidations.filter(pl.col("ts_event_ns") >= since)
            fresh = rows.slice(0 if first else self._at_newest[key])
            if rows.height:
                self._newest[key] = int(rows["ts_event_ns"][-1])
                self._at_newest[key] = rows.filter(pl.col("ts_event_ns") == self._newest[key]).height
            else:
                self._newest.setdefault(key, since)
                self._at_newest.setdefault(key, 0)
            if not first:
                one = recording.instrument
                out += [
                    {
                        "baseAsset": one.asset,
                        "exName": exchange_of(one.venue),
                        "price": row["price"],
                        "side": 1 if row["liquidated"] == "long" else 2,
                        "symbol": one.symbol,
                        "time": row["ts_event_ns"] // NS_PER_MS,
                        "volUsd": round(row["notional_usd"], 4),
                    }
                    for row in fresh.tail(MOST).iter_rows(named=True)
                ]
        return sorted(out, key=lambda row: row["time"])
