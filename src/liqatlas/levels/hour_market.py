"""One instrument's history as consecutive hours: the mark's path, turnover, open interest and what was printed.

Everything is causal: an hour's row depends on nothing later than the hour's end, its open, basis and open interest on nothing
later than its start (plus :data:`SAMPLE_LATENESS_NS`). The one exception is named: before the first sample of open interest
that sample stands in (and the first known basis), and those hours, ``warm_up`` of them, only warm the state up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from liqatlas.base.clock import HOUR_NS, isoformat
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.hour_readings import (
    STEP_NS,
    STEPS,
    at_moments,
    every_hour,
    hold,
    hourly_bars,
    interval_extremes,
    price_samples,
    printed,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.levels.estimator_settings import EstimatorSettings

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
    prints_log_sd
        S.d. of the log of a factor common to all of them, where what a venue hides was put back by a curve that is itself uncertain.
    warm_up
        Hours at the front whose open interest was not known yet: what is predicted for them would read the future.
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
    prints_log_sd: float = 0.0
    warm_up: int = 0
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
        cut = rows.start or 0
        return replace(self, **parts, warm_up=max(min(self.warm_up - cut, len(parts["start_ns"])), 0))


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
    bars, from_mark = hourly_bars(recording)
    if recording.open_interest.is_empty():
        raise NotEnoughDataError(
            f"{instrument.key}: no open interest; the estimator needs samples of it, five minutes apart or closer"
        )
    hours = (int(bars["hour"][-1]) - int(bars["hour"][0])) // HOUR_NS + 1
    start = int(bars["hour"][0]) + HOUR_NS * np.arange(hours, dtype=np.int64)
    grid = start[0] + STEP_NS * np.arange(hours * STEPS + 1, dtype=np.int64)
    mark, held = at_moments(*price_samples(recording), grid)
    interest, interest_held = at_moments(
        recording.open_interest["ts_event_ns"].to_numpy(),
        recording.open_interest["oi_native"].to_numpy().astype(np.float64),
        grid,
    )
    known = (held <= LONGEST_HOLD_STEPS) & (interest_held <= LONGEST_HOLD_STEPS)
    if not (interest_held <= LONGEST_HOLD_STEPS).any():
        raise NotEnoughDataError(
            f"{instrument.key}: bars from {isoformat(int(start[0]))} to {isoformat(int(start[-1]))} and samples of open "
            "interest share no moment"
        )
    warm_up = int(np.argmax(np.append(np.isfinite(interest[:-1:STEPS]), True)))
    at = ((bars["hour"].to_numpy() - start[0]) // HOUR_NS).astype(np.int64)
    prices = every_hour(bars, at, len(start))
    sampled = np.asarray(_windows(known).all(axis=1))
    path = np.where(sampled[:, None], _windows(mark), np.nan)
    ratio = (
        np.ones(len(start))
        if from_mark
        else _basis(mark[:-1:STEPS], known[:-1:STEPS], prices["open"], warm_up, settings)
    )
    opened, low, high, closed = _prices(prices, ratio, path, sampled)
    first = float(interest[np.isfinite(interest)][0])
    interest_path = np.nan_to_num(_windows(interest), nan=first)
    coins = 1.0 / opened if instrument.is_inverse else np.ones(len(start))
    volume, notes = _turnover(recording, prices["volume"], interest_path[:, 0], high <= low, settings)
    absent = int((~np.isfinite(prices["close"])).sum())
    if absent:
        notes.append(
            f"{instrument.key}: {absent:,} of {len(start):,} hours have no price bar: their extremes are those of the samples inside"
        )
    unsampled = int((~sampled).sum())
    if unsampled:
        notes.append(
            f"{instrument.key}: {unsampled:,} of {len(start):,} hours have no five-minute samples: their path is open, extremes, close, "
            "their open interest stands still"
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
        printed(recording, start),
        *interval_extremes(recording, start),
        prints_scope=recording.prints_scope or instrument.venue,
        warm_up=warm_up,
        warnings=tuple(notes),
    )


def _prices(
    bars: dict[str, NDArray[np.float64]],
    ratio: NDArray[np.float64],
    path: NDArray[np.float64],
    sampled: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], ...]:
    """Return open, low, high and close of every hour at the mark.

    Samples know the ends, bars the extremes. An hour without a bar has those of its samples, one without either stands still
    at the last known price: a price of long ago is no extreme of today.
    """
    opened, low, high, closed = (bars[name] * ratio for name in ("open", "low", "high", "close"))
    opened, closed = np.where(sampled, path[:, 0], opened), np.where(sampled, path[:, -1], closed)
    before = hold(closed)
    opened = np.where(np.isfinite(opened), opened, np.concatenate([before[:1], before[:-1]]))
    closed = np.where(np.isfinite(closed), closed, opened)
    lowest = np.where(sampled, path.min(axis=1), np.minimum(opened, closed))
    highest = np.where(sampled, path.max(axis=1), np.maximum(opened, closed))
    return opened, np.fmin(low, lowest), np.fmax(high, highest), closed


def _windows(samples: NDArray[_Value]) -> NDArray[_Value]:
    """Return the 13 samples of each hour, both ends included."""
    view = np.lib.stride_tricks.sliding_window_view(samples, STEPS + 1)
    return np.array(view[::STEPS])


def _basis(
    mark: NDArray[np.float64],
    known: NDArray[np.bool_],
    opened: NDArray[np.float64],
    warm_up: int,
    settings: EstimatorSettings,
) -> NDArray[np.float64]:
    """Return mark over bar price per hour: the median over the last hours' starts, this one included; none before the first mark."""
    hours = settings.basis_hours
    log_ratio = np.where(known, np.log(mark / opened), np.nan)
    padded = np.concatenate([np.full(hours - 1, np.nan), log_ratio])
    view = np.lib.stride_tricks.sliding_window_view(padded, hours)
    some = np.isfinite(view).any(axis=1)
    median = np.full(len(opened), np.nan)
    if some.any():
        median[some] = np.nanmedian(view[some], axis=1)
    held = hold(median)
    finite = held[np.isfinite(held)]
    held[:warm_up] = np.nan_to_num(held[:warm_up], nan=float(finite[0]) if len(finite) else 0.0)
    return np.exp(np.nan_to_num(held))


def _turnover(
    recording: Recording,
    volume: NDArray[np.float64],
    interest: NDArray[np.float64],
    still: NDArray[np.bool_],
    settings: EstimatorSettings,
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the turnover of every hour [native]; where unknown, the mean of the day before, or a share of open interest.

    ``still`` marks hours whose price did not move: they alone may have had no turnover.
    """
    key, notes = recording.instrument.key, []
    spot = not recording.bars.is_empty() and recording.bars["price_kind"][0] == "spot"
    known = np.isfinite(volume) & (
        (volume > 0) | still
    )  # a price that moved without turnover: the source does not tell it
    usual = settings.turnover_per_hour * interest
    if not known.any():
        notes.append(
            f"{key}: no volume; turnover is taken as {settings.turnover_per_hour:g} of open interest per hour, a belief"
        )
        return usual, notes
    if spot:
        volume = volume * settings.spot_turnover
        notes.append(f"{key}: turnover is the spot market's times {settings.spot_turnover:g}, a belief")
    if not known.all():
        notes.append(f"{key}: {int((~known).sum()):,} hours without volume take the mean of the day before")
        total = np.concatenate([[0.0], np.cumsum(np.where(known, volume, 0.0))])
        count = np.concatenate([[0.0], np.cumsum(known)])
        end = np.arange(len(volume))
        begin = np.maximum(end - 24, 0)
        seen = count[end] - count[begin]
        mean = np.where(seen > 0, (total[end] - total[begin]) / np.maximum(seen, 1), usual)
        volume = np.where(known, volume, mean)
    return volume, notes
