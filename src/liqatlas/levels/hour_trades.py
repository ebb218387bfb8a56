"""Trades summed up by the hour."""

from __future__ import annotations

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS


def trades_by_hour(trades: pl.DataFrame, tick_size: float) -> pl.DataFrame:
    """Return ``hour, open, high, low, close, volume`` of each hour that has trades, prices in quote, volume native.

    Parameters
    ----------
    trades
        Sorted by time, as a recording holds them; ten million rows need no memory beyond one column of hours.
    tick_size
        Price of one tick [quote].
    """
    hour = trades["ts_event_ns"].to_numpy() // HOUR_NS
    first = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(hour[1:] != hour[:-1]) + 1))
    last = np.append(first[1:], len(hour)) - 1
    ticks = trades["price_ticks"].to_numpy()
    return pl.DataFrame(
        {
            "hour": hour[first] * HOUR_NS,
            "open": ticks[first] * tick_size,
            "high": np.maximum.reduceat(ticks, first) * tick_size,
            "low": np.minimum.reduceat(ticks, first) * tick_size,
            "close": ticks[last] * tick_size,
            "volume": np.add.reduceat(trades["qty_native"].to_numpy(), first),
        }
    )
