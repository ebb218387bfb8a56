"""Realised volatility of a recording's price, and how likely a plain random walk touches a level.

The plain walk: log price is a Brownian motion without drift and with constant volatility. By reflection

    P(touch within T) = 2 Φ(-z),   z = |ln(level / price)| / (σ √T),   σ per √day, T in days.

It knows no jumps, no clustering of volatility and no discreteness; it is the yardstick that ``touch`` is measured against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.base.errors import NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

#: Fewest hourly returns that make a volatility.
LEAST_RETURNS = 12
#: Longest step between two prices that still counts as one return [h].
LONGEST_STEP_H = 3.0


@dataclass(frozen=True, slots=True)
class Volatility:
    """Realised volatility.

    Attributes
    ----------
    daily
        Standard deviation of log price over one day.
    returns
        Number of hourly returns behind it.
    source
        Which price, over which stretch.
    """

    daily: float
    returns: int
    source: str


def price_path(recording: Recording) -> tuple[pl.DataFrame, str]:
    """Return ``ts_ns, price`` of the best price a recording holds (mark, mark bars, trades, bars) and its name; maybe empty."""
    if recording.marks.height:
        frame = recording.marks.select(ts_ns="ts_event_ns", price="mark_price")
        return frame, "mark samples"
    if recording.mark_bars.height:
        return recording.mark_bars.select(ts_ns="ts_close_ns", price="close"), "mark bars"
    if recording.trades.height:
        tick = float(recording.instrument.tick_size)
        return recording.trades.select(ts_ns="ts_event_ns", price=pl.col("price_ticks") * tick), "trades"
    if recording.bars.height:
        kind = str(recording.bars[-1, "price_kind"])
        return recording.bars.select(ts_ns="ts_close_ns", price="close"), f"{kind} bars"
    return pl.DataFrame(schema={"ts_ns": pl.Int64(), "price": pl.Float64()}), "no price"


def hourly_bars(recording: Recording, *, as_of_ns: int, days: float) -> pl.DataFrame:
    """Return ``ts_open_ns, open, high, low, close`` per UTC hour of the price path; hours without a price are missing."""
    known = recording.until(as_of_ns)
    path, _ = price_path(known)
    high_low = known.mark_bars if known.marks.is_empty() and known.mark_bars.height else None
    if high_low is None and path.height and known.marks.is_empty() and known.trades.is_empty():
        high_low = known.bars
    start = as_of_ns - round(days * DAY_NS)
    if high_low is not None:
        frame = high_low.filter(pl.col("ts_open_ns") >= start).with_columns(
            hour=pl.col("ts_open_ns") // HOUR_NS * HOUR_NS
        )
        grouped = frame.group_by("hour", maintain_order=True)
        out = grouped.agg(
            pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()
        )
        return out.rename({"hour": "ts_open_ns"})
    frame = path.filter(pl.col("ts_ns") >= start).with_columns(hour=pl.col("ts_ns") // HOUR_NS * HOUR_NS)
    price = pl.col("price")
    out = frame.group_by("hour", maintain_order=True).agg(
        open=price.first(), high=price.max(), low=price.min(), close=price.last()
    )
    return out.rename({"hour": "ts_open_ns"})


def realised_volatility(recording: Recording, *, as_of_ns: int, days: float) -> Volatility:
    """Return the realised volatility of hourly closes over the last days.

    ``σ² = Σ r² / Σ Δt``; steps over gaps longer than three hours are left out.

    Raises
    ------
    NotEnoughDataError
        If fewer than twelve returns are known.
    """
    bars = hourly_bars(recording, as_of_ns=as_of_ns, days=days)
    moments = bars["ts_open_ns"].to_numpy()
    steps = np.diff(moments) / HOUR_NS
    returns = np.diff(np.log(bars["close"].to_numpy()))
    kept = (steps <= LONGEST_STEP_H) & np.isfinite(returns)
    count = int(np.count_nonzero(kept))
    if count < LEAST_RETURNS:
        raise NotEnoughDataError(
            f"{recording.instrument.key}: {count} hourly returns are known, a volatility needs {LEAST_RETURNS}; give a longer "
            "recording, or the volatility itself"
        )
    daily = math.sqrt(float((returns[kept] ** 2).sum()) / float(steps[kept].sum()) * 24.0)
    _, name = price_path(recording.until(as_of_ns))
    return Volatility(daily, count, f"{count} hourly returns of {recording.instrument.key} ({name})")


def walk_touch(z: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the probability that a driftless Brownian motion reaches z of its own standard deviations: ``2 Φ(-z)``."""
    from scipy.special import ndtr

    return np.asarray(2.0 * ndtr(-np.asarray(z, dtype=np.float64)))
