r"""Legs: the mark's path inside each hour as monotone stretches, so that a touch needs no bracket.

A position opened in a leg is touched in it exactly when its price lies before the leg's end. Between two five-minute samples the
path is taken as sample → one extreme → the other → sample. Where marks are dense the extremes are theirs; otherwise they stand a
bridge's mean excursion beyond the nearer sample, inside the hour's own extremes, and the interval with the lowest (highest) end is
given the hour's low (high) itself. Hours
without samples are open → extreme → extreme → close with unchanged open interest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.levels.hour_readings import STEPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket

#: Mean excursion of a flat Brownian bridge beyond its ends, in standard deviations of its increment.
BRIDGE_EXCURSION = float(np.sqrt(np.pi / 8))
_TINY = 1e-9
#: Hours after which an hour's pace counts half: two weeks, over which habits hold and a market's size may move.
PACE_HALF_LIFE_H = 336.0


@dataclass(frozen=True, slots=True)
class Legs:
    """Monotone stretches in order of time, ``m`` of them.

    Attributes
    ----------
    hour
        int64 ``(m,)``: number of the hour.
    begin, end
        float64 ``(m,)``: log mark at both ends.
    volume, interest_change
        float64 ``(m,)``: turnover and change of open interest in it [coins].
    interest
        float64 ``(m,)``: open interest at the start of its five minutes [coins].
    pace
        float64 ``(m,)``: usual turnover over open interest in the time it takes; what closing by the clock goes by.
    """

    hour: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    volume: NDArray[np.float64]
    interest_change: NDArray[np.float64]
    interest: NDArray[np.float64]
    pace: NDArray[np.float64]


def legs_of(market: HourMarket, settings: EstimatorSettings) -> Legs:
    """Return the legs of every hour of a market."""
    fine = _sampled_legs(market, settings)
    coarse = _unsampled_legs(market)
    parts = [np.concatenate([a, b]) for a, b in zip(fine, coarse, strict=True)]
    order = np.argsort(parts[0], kind="stable")
    hour, begin, end, volume, change, interest = (np.ascontiguousarray(p[order]) for p in parts)
    number = hour.astype(np.int64)
    pace = usual_pace(market) / np.bincount(number, minlength=len(market))
    return Legs(number, begin, end, volume, change, interest, pace[number])


def usual_pace(market: HourMarket) -> NDArray[np.float64]:
    """Return turnover over open interest per hour as the hours before had it, ``(n,)``; the first knows only itself."""
    own = market.volume / market.open_interest[:, 0]
    keep = 0.5 ** (1 / PACE_HALF_LIFE_H)
    out = np.empty(len(market))
    top, bottom = float(own[0]) if len(own) else 0.0, 1.0
    for i, ratio in enumerate(own):
        out[i] = top / bottom
        top, bottom = keep * top + ratio, keep * bottom + 1.0
    return out


def _sampled_legs(market: HourMarket, settings: EstimatorSettings) -> tuple[NDArray[np.float64], ...]:
    which = np.flatnonzero(market.sampled)
    path = np.log(market.path[which])
    lower, upper = np.minimum(path[:, :-1], path[:, 1:]), np.maximum(path[:, :-1], path[:, 1:])
    bottom, top = _expected_extremes(path, np.log(market.low[which]), np.log(market.high[which]), settings)
    if market.interval_low is not None and market.interval_high is not None:
        seen_low, seen_high = np.log(market.interval_low[which]), np.log(market.interval_high[which])
        bottom = np.where(np.isfinite(seen_low), np.minimum(seen_low, lower), bottom)
        top = np.where(np.isfinite(seen_high), np.maximum(seen_high, upper), top)
    rising = path[:, 1:] >= path[:, :-1]
    points = np.stack(
        [path[:, :-1], np.where(rising, bottom, top), np.where(rising, top, bottom), path[:, 1:]], axis=2
    )
    length = np.abs(np.diff(points, axis=2)) + _TINY
    share = length / length.sum(axis=2, keepdims=True)
    move = np.abs(np.diff(path, axis=1)) + _TINY
    in_time = (1 - settings.move_share) / STEPS + settings.move_share * move / move.sum(axis=1, keepdims=True)
    volume = (market.volume[which, None] * in_time)[:, :, None] * share
    interest = market.open_interest[which]
    change = np.diff(interest, axis=1)[:, :, None] * share
    shape = share.shape
    return (
        np.broadcast_to(which[:, None, None], shape).ravel().astype(np.float64),
        points[:, :, :-1].ravel(),
        points[:, :, 1:].ravel(),
        volume.ravel(),
        change.ravel(),
        np.broadcast_to(interest[:, :-1, None], shape).ravel(),
    )


def _expected_extremes(
    path: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    settings: EstimatorSettings,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest point of every interval as far as samples and the hour tell, ``(h, 12)`` each [log price]."""
    move = np.diff(path, axis=1)
    spread = np.maximum(np.sqrt(np.mean(move**2, axis=1, keepdims=True)), _TINY)
    reach = (
        settings.excursion
        * BRIDGE_EXCURSION
        * spread
        * np.exp(-settings.excursion_fade * np.abs(move) / spread)
    )
    lower, upper = np.minimum(path[:, :-1], path[:, 1:]), np.maximum(path[:, :-1], path[:, 1:])
    bottom = np.maximum(lower - reach, low[:, None])
    top = np.minimum(upper + reach, high[:, None])
    row = np.arange(len(path))
    bottom[row, lower.argmin(axis=1)] = low
    top[row, upper.argmax(axis=1)] = high
    return bottom, top


def _unsampled_legs(market: HourMarket) -> tuple[NDArray[np.float64], ...]:
    which = np.flatnonzero(~market.sampled)
    opened, low, high, closed = (np.log(getattr(market, n)[which]) for n in ("open", "low", "high", "close"))
    rising = closed >= opened
    points = np.stack([opened, np.where(rising, low, high), np.where(rising, high, low), closed], axis=1)
    length = np.abs(np.diff(points, axis=1)) + 1e-6
    volume = market.volume[which, None] * length / length.sum(axis=1, keepdims=True)
    shape = length.shape
    return (
        np.broadcast_to(which[:, None], shape).ravel().astype(np.float64),
        points[:, :-1].ravel(),
        points[:, 1:].ravel(),
        volume.ravel(),
        np.zeros(volume.size),
        np.broadcast_to(market.open_interest[which, :1], shape).ravel(),
    )
