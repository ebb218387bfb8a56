"""One instrument's history as consecutive hours: the mark's path, turnover, open interest and what was printed.

Everything is causal: an hour's row depends on nothing later than the hour's end, its open, basis and open interest on nothing
later than its start (plus :data:`SAMPLE_LATENESS_NS`). The one exception is named: before the first sample of open interest
that sample stands in, and those hours only warm the state up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS, MINUTE_NS, isoformat
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.hour_trades import trades_by_hour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.levels.estimator_settings import EstimatorSettings

STEP_NS = 5 * MINUTE_NS
STEPS = HOUR_NS // STEP_NS
#: A sample this late still counts for its five-minute moment; vendors stamp theirs up to two seconds late.
SAMPLE_LATENESS_NS = 5_000_000_000
#: Samples missing for longer than this leave the hour without a path.
LONGEST_HOLD_STEPS = 12
LONG, SHORT = 0, 1

_Value = TypeVar("_Value", np.float64, np.bool_)


@dataclass(frozen=True, slots=True)
class HourMarket:
    """Consecutive UTC hours ``[start, start + 1 h)`` of one instrument, ``n`` of them, without gaps.

    Attributes
    ----------
    key, asset
        Of the instrument.
    start_ns
        int64 ``(n,)``.
    open, low, high, close
        float64 ``(n,)``: mark price; extremes of another price are moved by its causal basis.
    volume
        float64 ``(n,)``: one-sided turnover [coins].
    open_interest
        float64 ``(n, 13)``: one-sided, at the hour's five-minute moments, both ends included [coins].
    path
        float64 ``(n, 13)``: mark at the same moments; NaN in hours without samples.
    sampled
        bool ``(n,)``: hours whose path and open interest are known.
    printed_usd
        float64 ``(n, 2)``: liquidations printed, long and short [USD]; NaN where not reported.
    interval_low, interval_high
        float64 ``(n, 12)``: extremes of the mark between two moments, where samples are dense enough to know them.
    prints_scope
        Whose prints.
    warnings
        What was noticed, one sentence each.
    """

    key: str
    asset: str
    start_ns: NDArray[np.int64]
    open: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    open_interest: NDArray[np.float64]
    path: NDArray[np.float64]
    sampled: NDArray[np.bool_]
    printed_usd: NDArray[np.float64]
    interval_low: NDArray[np.float64] | None = None
    interval_high: NDArray[np.float64] | None = None
    prints_scope: str = ""
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def depth(self) -> NDArray[np.float64]:
        """How far the hour went against (long, short) from its open, ``(n, 2)`` [log price], >= 0."""
        return np.stack([np.log(self.open / self.low), np.log(self.high / self.open)], axis=1)

    def between(self, since_ns: int, until_ns: int) -> NDArray[np.bool_]:
        """Return the mask of hours that start in ``[since_ns, until_ns)``."""
        return (self.start_ns >= since_ns) & (self.start_ns < until_ns)

    def first(self, count: int) -> HourMarket:
        """Return the first ``count`` hours."""
        return self._part(slice(None, count))

    def since(self, moment_ns: int) -> HourMarket:
        """Return the hours that start at or after a moment."""
        return self._part(slice(int(np.searchsorted(self.start_ns, moment_ns)), None))

    def _part(self, rows: slice) -> HourMarket:
        names = (
            "start_ns", "open", "low", "high", "close", "volume", "open_interest", "path", "sampled", "printed_usd",
        )  # fmt: skip
        parts = {name: getattr(self, name)[rows] for name in names}
        if self.interval_low is not None and self.interval_high is not None:
            parts |= {"interval_low": self.interval_low[rows], "interval_high": self.interval_high[rows]}
        return replace(self, **parts)


def hour_market(recording: Recording, settings: EstimatorSettings) -> HourMarket:
    """Return the hours of a recording.

    Parameters
    ----------
    recording
        Needs bars of an hour or less, or trades; samples of open interest; marks, mark bars or trades for the path.

    Raises
    ------
    NotEnoughDataError
        If one of these is missing, or they share no hour.
    """
    instrument = recording.instrument
    bars, from_mark = _hourly_bars(recording)
    if recording.open_interest.is_empty():
        raise NotEnoughDataError(
            f"{instrument.key}: no open interest; the estimator needs samples of it, five minutes apart or closer"
        )
    hours = (int(bars["hour"][-1]) - int(bars["hour"][0])) // HOUR_NS + 1
    start = int(bars["hour"][0]) + HOUR_NS * np.arange(hours, dtype=np.int64)
    grid = start[0] + STEP_NS * np.arange(hours * STEPS + 1, dtype=np.int64)
    mark, held = _at_moments(*_price_samples(recording), grid)
    interest, interest_held = _at_moments(
        recording.open_interest["ts_event_ns"].to_numpy(),
        recording.open_interest["oi_native"].to_numpy().astype(np.float64),
        grid,
    )
    known = (held <= LONGEST_HOLD_STEPS) & (interest_held <= LONGEST_HOLD_STEPS)
    if not known.any():
        raise NotEnoughDataError(
            f"{instrument.key}: bars from {isoformat(int(start[0]))} to {isoformat(int(start[-1]))} and samples of open "
            "interest share no moment"
        )
    at = ((bars["hour"].to_numpy() - start[0]) // HOUR_NS).astype(np.int64)
    prices = _every_hour(bars, at, len(start))
    sampled = np.asarray(_windows(known).all(axis=1))
    path = np.where(sampled[:, None], _windows(mark), np.nan)
    ratio = (
        np.ones(len(start))
        if from_mark
        else _basis(mark[:-1:STEPS], known[:-1:STEPS], prices["open"], settings)
    )
    opened, low, high, closed = (prices[name] * ratio for name in ("open", "low", "high", "close"))
    opened, closed = np.where(sampled, path[:, 0], opened), np.where(sampled, path[:, -1], closed)
    low = np.minimum(low, np.where(sampled, path.min(axis=1), np.minimum(opened, closed)))
    high = np.maximum(high, np.where(sampled, path.max(axis=1), np.maximum(opened, closed)))
    first = float(interest[np.isfinite(interest)][0])
    interest_path = np.nan_to_num(_windows(interest), nan=first)
    coins = 1.0 / opened if instrument.is_inverse else np.ones(len(start))
    volume, notes = _turnover(recording, prices["volume"], interest_path[:, 0], settings)
    unsampled = int((~sampled).sum())
    if unsampled:
        notes.append(
            f"{instrument.key}: {unsampled:,} of {len(start):,} hours have no five-minute samples and only warm the state up"
        )
    return HourMarket(
        instrument.key,
        instrument.asset,
        start,
        opened,
        low,
        high,
        closed,
        volume * coins,
        interest_path * coins[:, None],
        path,
        sampled,
        _printed(recording, start),
        *_interval_extremes(recording, start),
        prints_scope=recording.prints_scope or instrument.venue,
        warnings=tuple(notes),
    )


def _windows(samples: NDArray[_Value]) -> NDArray[_Value]:
    """Return the 13 samples of each hour, both ends included."""
    view = np.lib.stride_tricks.sliding_window_view(samples, STEPS + 1)
    return np.array(view[::STEPS])


def _hourly_bars(recording: Recording) -> tuple[pl.DataFrame, bool]:
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


def _interval_extremes(
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


def _every_hour(bars: pl.DataFrame, at: NDArray[np.int64], count: int) -> dict[str, NDArray[np.float64]]:
    """Return the columns for every hour; an hour without a bar holds the last close and an unknown volume."""
    out = {}
    for name in ("open", "high", "low", "close", "volume"):
        column = np.full(count, np.nan)
        column[at] = bars[name].cast(pl.Float64).to_numpy()
        out[name] = column
    last = _hold(out["close"])
    for name in ("open", "high", "low", "close"):
        out[name] = np.where(np.isfinite(out[name]), out[name], last)
    return out


def _hold(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the last known value at or before each place; NaN before the first."""
    place = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(place)
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)


def _price_samples(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return moments and prices of the mark, or of the nearest thing to it."""
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
    raise NotEnoughDataError(
        f"{recording.instrument.key}: no mark samples, no bars of five minutes or less and no trades: the path inside the hour is unknown"
    )


def _at_moments(
    moments: NDArray[np.int64], values: NDArray[np.float64], grid: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the newest value known at each grid moment and how many steps it has been held (inf before the first)."""
    good = np.isfinite(values) & (values > 0)
    moments, values = moments[good], values[good]
    at = np.searchsorted(moments, grid + SAMPLE_LATENESS_NS, side="right") - 1
    known = at >= 0
    index = np.maximum(at, 0)
    if len(values) == 0:
        return np.full(len(grid), np.nan), np.full(len(grid), np.inf)
    age = (grid - moments[index]) // STEP_NS
    return np.where(known, values[index], np.nan), np.where(known, np.maximum(age, 0), np.inf)


def _basis(
    mark: NDArray[np.float64],
    known: NDArray[np.bool_],
    opened: NDArray[np.float64],
    settings: EstimatorSettings,
) -> NDArray[np.float64]:
    """Return mark over bar price per hour: the median over the last hours' starts, this one included."""
    hours = settings.basis_hours
    log_ratio = np.where(known, np.log(mark / opened), np.nan)
    padded = np.concatenate([np.full(hours - 1, np.nan), log_ratio])
    view = np.lib.stride_tricks.sliding_window_view(padded, hours)
    some = np.isfinite(view).any(axis=1)
    median = np.full(len(opened), np.nan)
    if some.any():
        median[some] = np.nanmedian(view[some], axis=1)
    held = _hold(median)
    finite = held[np.isfinite(held)]
    return np.exp(np.nan_to_num(held, nan=float(finite[0]) if len(finite) else 0.0))


def _turnover(
    recording: Recording,
    volume: NDArray[np.float64],
    interest: NDArray[np.float64],
    settings: EstimatorSettings,
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the turnover of every hour [native]; where unknown, the mean of the day before, or a share of open interest."""
    key, notes = recording.instrument.key, []
    spot = not recording.bars.is_empty() and recording.bars["price_kind"][0] == "spot"
    usual = settings.turnover_per_hour * interest
    known = np.isfinite(volume)
    if not known.any() or float(np.nansum(volume)) <= 0:
        notes.append(
            f"{key}: no volume; turnover is taken as {settings.turnover_per_hour:g} of open interest per hour, a belief"
        )
        return usual, notes
    if spot:
        volume = volume * settings.spot_turnover
        notes.append(f"{key}: turnover is the spot market's times {settings.spot_turnover:g}, a belief")
    if not known.all():
        notes.append(f"{key}: {int((~known).sum()):,} hours without volume take the mean of the day before")
        total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(volume))])
        count = np.concatenate([[0.0], np.cumsum(known)])
        end = np.arange(len(volume))
        begin = np.maximum(end - 24, 0)
        seen = count[end] - count[begin]
        mean = np.where(seen > 0, (total[end] - total[begin]) / np.maximum(seen, 1), usual)
        volume = np.where(known, volume, mean)
    return volume, notes


def _printed(recording: Recording, start: NDArray[np.int64]) -> NDArray[np.float64]:
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
