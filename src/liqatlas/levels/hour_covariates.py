"""What the read-outs know beside the map: hour of day, levels, and the shape of the hour for the in-hour regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.hour_market import HourMarket

#: Of both read-outs, in this order.
READ_OUT_COVARIATES = ("fast_level", "day_sine", "day_cosine")
#: Of the in-hour regression; it reads the hour's high and low, and volume and volatility of the hours before.
INHOUR_COVARIATES = (
    "position", "range", "own_range", "range_squared", "own_range_squared", "range_times_own", "volume_24h",
    "volatility_24h", "volume_1h",
)  # fmt: skip
# Floors [log price] keep logarithms of a flat hour finite: a basis point of the whole range, ten of one side's.
_RANGE_FLOOR, _OWN_FLOOR = 1e-4, 1e-3
# Centres only take the collinearity out of squares: the usual ln range of an hour.
_RANGE_CENTRE, _OWN_CENTRE = -4.6, -6.0


def hour_of_day(start_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return sine and cosine of the UTC hour, ``(n, 2, 2)``."""
    angle = (start_ns // HOUR_NS % 24) * (np.pi / 12)
    wave = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return np.repeat(wave[:, None, :], 2, axis=1)


def read_out_covariates(fast: NDArray[np.float64], start_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return :data:`READ_OUT_COVARIATES`, ``(n, 2, 3)``."""
    level = np.repeat(fast[:, None, None], 2, axis=1)
    return np.concatenate([level, hour_of_day(start_ns)], axis=2)


def inhour_covariates(market: HourMarket) -> NDArray[np.float64]:
    """Return :data:`INHOUR_COVARIATES`, ``(n, 2, 9)``; of the hour itself only its extremes are read.

    The first hour has none before it: what they would tell is NaN.
    """
    own = market.depth
    whole = np.log(own.sum(axis=1, keepdims=True) + _RANGE_FLOOR) * np.ones((1, 2))
    side = np.log(own + _OWN_FLOOR)
    closes = np.log(market.close)
    step = np.diff(closes, prepend=closes[0])
    volatility = 0.5 * np.log(trailing_mean(step**2, 24) + 1e-8)
    volume = np.log(np.maximum(market.volume, 1e-9))
    day = np.log(trailing_mean(market.volume, 24) + 1e-9)
    before = np.concatenate([[np.nan], volume[:-1]])
    position = np.tile([0.5, -0.5], (len(market), 1))
    return np.stack(
        [
            position,
            whole,
            side,
            (whole - _RANGE_CENTRE) ** 2,
            (side - _OWN_CENTRE) ** 2,
            whole * side,
            *(np.repeat(column[:, None], 2, axis=1) for column in (day, volatility, before)),
        ],
        axis=2,
    )


def trailing_mean(value: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean of the known values of the ``window`` entries before each; NaN where none is known."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(value))])
    count = np.concatenate([[0.0], np.cumsum(np.isfinite(value))])
    end = np.arange(len(value))
    begin = np.maximum(end - window, 0)
    seen = count[end] - count[begin]
    mean: NDArray[np.float64] = np.where(
        seen > 0, (total[end] - total[begin]) / np.maximum(seen, 1.0), np.nan
    )
    return mean
