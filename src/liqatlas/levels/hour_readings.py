"""What a recording says hour by hour: bars, samples at five-minute moments, extremes between them, prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.hour_trades import trades_by_hour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

STEP_NS = 5 * MINUTE_NS
STEPS = HOUR_NS // STEP_NS
#: A sample this late still counts for its five-minute moment; vendors stamp theirs up to two seconds late.
SAMPLE_LATENESS_NS = 5_000_000_000


def hourly_bars(recording: Recording) -> tuple[pl.DataFrame, bool]:
    """Return ``hour, open, high, low, close, volume``, and whether the prices are marks."""
    usual = recording.bars
    if not usual.is_empty():
        length = _longest(usual)
        if length > HOUR_NS:
            raise NotEnoughDataError(
                f"{recording.instrument.key}: bars last {length / HOUR_NS:g} h, wanted at most one hour"
            )
        turnover = _by_hour(usual, "ts_open_ns")
    elif not recording.trades.is_empty():
        turnover = trades_by_hour(recording.trades, float(recording.instrument.tick_size))
    else:
        raise NotEnoughDataError(f"{recording.instrument.key}: neither bars nor trades")
    of_mark = _mark_prices(recording)
    if of_mark is None or of_mark.height < turnover.height:
        return turnover, False
    return of_mark.join(turnover.select("hour", "volume"), on="hour", how="left").sort("hour"), True


def _mark_prices(recording: Recording) -> pl.DataFrame | None:
    """Return ``hour, open, high, low, close`` of the mark where bars or samples a minute apart or closer hold it."""
    bars, samples = recording.mark_bars, recording.marks
    if not bars.is_empty() and _longest(bars) <= HOUR_NS:
        return _by_hour(bars, "ts_open_ns").drop("volume")
    if not _dense(samples):
        return None
    price = pl.col("mark_price")
    hour = ((pl.col("ts_event_ns") // HOUR_NS) * HOUR_NS).alias("hour")
    return (
        samples.group_by(hour, maintain_order=True)
        .agg(price.first().alias("open"), price.max().alias("high"), price.min().alias("low"), price.last().alias("close"))
        .sort("hour")
    )  # fmt: skip


def _dense(samples: pl.DataFrame) -> bool:
    """Tell whether marks are usually a minute apart or closer."""
    moments = samples["ts_event_ns"].to_numpy()
    return len(moments) > 1 and float(np.median(np.diff(moments))) <= MINUTE_NS


def interval_extremes(
    recording: Recording, start: NDArray[np.int64]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the mark's extremes of every five minutes, ``(n, 12)`` each; nothing where samples are too far apart."""
    if not _dense(recording.marks):
        return None, None
    price = pl.col("mark_price")
    table = recording.marks.group_by(((pl.col("ts_event_ns") - int(start[0])) // STEP_NS).alias("step")).agg(
        price.min().alias("low"), price.max().alias("high")
    )
    at = table["step"].to_numpy()
    inside = (at >= 0) & (at < len(start) * STEPS)
    out = np.full((2, len(start) * STEPS), np.nan)
    out[:, at[inside]] = table.select("low", "high").to_numpy()[inside].T
    return out[0].reshape(-1, STEPS), out[1].reshape(-1, STEPS)


def _longest(bars: pl.DataFrame) -> int:
    """Return the length of the longest bar [ns]."""
    return int((bars["ts_close_ns"] - bars["ts_open_ns"]).to_numpy().max())


def _by_hour(bars: pl.DataFrame, column: str) -> pl.DataFrame:
    known = pl.col("volume_native").is_not_null().any()
    return (
        bars.group_by(((pl.col(column) // HOUR_NS) * HOUR_NS).alias("hour"), maintain_order=True)
        .agg(
            pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
            pl.when(known).then(pl.col("volume_native").sum()).alias("volume"),
        ).sort("hour")
    )  # fmt: skip


def every_hour(bars: pl.DataFrame, at: NDArray[np.int64], count: int) -> dict[str, NDArray[np.float64]]:
    """Return the columns for every hour; NaN in an hour without a bar."""
    out = {}
    for name in ("open", "high", "low", "close", "volume"):
        column = np.full(count, np.nan)
        column[at] = bars[name].cast(pl.Float64).to_numpy()
        out[name] = column
    return out


def price_samples(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return moments and prices of the mark, or of the nearest thing to it; empty where nothing is five minutes apart or closer."""
    if not recording.marks.is_empty():
        return recording.marks["ts_event_ns"].to_numpy(), recording.marks["mark_price"].to_numpy().astype(
            np.float64
        )
    for bars in (recording.mark_bars, recording.bars):
        if not bars.is_empty() and _longest(bars) <= STEP_NS:
            return bars["ts_close_ns"].to_numpy(), bars["close"].to_numpy().astype(np.float64)
    if not recording.trades.is_empty():
        tick = float(recording.instrument.tick_size)
        return recording.trades["ts_event_ns"].to_numpy(), recording.trades["price_ticks"].to_numpy() * tick
    return np.zeros(0, np.int64), np.zeros(0)


def at_moments(
    moments: NDArray[np.int64], values: NDArray[np.float64], grid: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the newest value known at each grid moment and how many steps it has been held (inf before the first)."""
    good = np.isfinite(values) & (values > 0)
    moments, values = moments[good], values[good]
    if len(values) == 0:
        return np.full(len(grid), np.nan), np.full(len(grid), np.inf)
    at = np.searchsorted(moments, grid + SAMPLE_LATENESS_NS, side="right") - 1
    known = at >= 0
    index = np.maximum(at, 0)
    age = (grid - moments[index]) // STEP_NS
    return np.where(known, values[index], np.nan), np.where(known, np.maximum(age, 0), np.inf)


def printed(recording: Recording, start: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return prints per hour and position [USD]; totals if the recording holds them, else the sum of single prints."""
    out = np.full((len(start), 2), np.nan)
    if not recording.liquidation_bars.is_empty():
        bars = recording.liquidation_bars
        lengths = bars["ts_close_ns"] - bars["ts_open_ns"]
        bars = bars.filter(lengths <= HOUR_NS)
        table = bars.group_by(((pl.col("ts_open_ns") // HOUR_NS) * HOUR_NS).alias("hour")).agg(
            pl.col("long_usd").sum(), pl.col("short_usd").sum()
        )
    elif not recording.liquidations.is_empty():
        prints = recording.liquidations
        first, last = int(prints["ts_event_ns"][0]), int(prints["ts_event_ns"][-1])
        # the first and the last hour are cut by the recording, those between are whole
        whole = (start > first) & (start + HOUR_NS <= last)
        out[whole] = 0.0
        usd = pl.col("notional_usd")
        table = prints.group_by(((pl.col("ts_event_ns") // HOUR_NS) * HOUR_NS).alias("hour")).agg(
            usd.filter(pl.col("liquidated") == "long").sum().alias("long_usd"),
            usd.filter(pl.col("liquidated") == "short").sum().alias("short_usd"),
        )
        table = table.filter(pl.col("hour").is_in(start[whole].tolist()))
    else:
        return out
    at = (table["hour"].to_numpy() - start[0]) // HOUR_NS
    inside = (at >= 0) & (at < len(start))
    out[at[inside]] = table.select("long_usd", "short_usd").to_numpy()[inside]
    return out


def hold(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the last known value at or before each place; NaN before the first."""
    place = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(place)
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)
