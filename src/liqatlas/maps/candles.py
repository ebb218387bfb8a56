"""Candles of the reference price, one per heatmap column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.units import prices_from_ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

SCHEMA = pl.Schema(
    {
        "ts_open_ns": pl.Int64(),
        "ts_close_ns": pl.Int64(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
    }
)


def candles(recording: Recording, times_ns: NDArray[np.int64]) -> pl.DataFrame:
    """Return one candle per interval ``[times[i], times[i + 1])`` that holds a price.

    Parameters
    ----------
    recording
        Trades are used, else bars, else marks.
    times_ns
        int64 ``(T + 1,)``, ascending.
    """
    moments, opens, highs, lows, closes = _prices(recording)
    inside = (moments >= times_ns[0]) & (moments < times_ns[-1])
    moments, opens, highs, lows, closes = (column[inside] for column in (moments, opens, highs, lows, closes))
    if not len(moments):
        return pl.DataFrame(schema=SCHEMA)
    column = np.searchsorted(times_ns, moments, side="right") - 1
    starts = np.flatnonzero(np.append(True, np.diff(column) > 0))
    ends = np.append(starts[1:], len(moments)) - 1
    which = column[starts]
    return pl.DataFrame(
        {
            "ts_open_ns": times_ns[which],
            "ts_close_ns": times_ns[which + 1],
            "open": opens[starts],
            "high": np.maximum.reduceat(highs, starts),
            "low": np.minimum.reduceat(lows, starts),
            "close": closes[ends],
        },
        schema=SCHEMA,
    )


Columns = tuple[
    "NDArray[np.int64]",
    "NDArray[np.float64]",
    "NDArray[np.float64]",
    "NDArray[np.float64]",
    "NDArray[np.float64]",
]


def _prices(recording: Recording) -> Columns:
    """Return moment, open, high, low and close of the finest price series there is."""
    if recording.trades.height:
        price = prices_from_ticks(recording.trades["price_ticks"].to_numpy(), recording.instrument.tick_size)
        return recording.trades["ts_event_ns"].to_numpy(), price, price, price, price
    if recording.bars.height:
        bars = recording.bars
        open_, high, low, close = (bars[c].to_numpy() for c in ("open", "high", "low", "close"))
        return bars["ts_open_ns"].to_numpy(), open_, high, low, close
    mark = recording.marks["mark_price"].to_numpy()
    return recording.marks["ts_event_ns"].to_numpy(), mark, mark, mark, mark
