"""Forecasts over several hours: the map of a window's start read at the window's low and high.

    mean = e^(S + ρF) (c_s + a Σ_k w_k reach_k + b E)

as the frozen read-out of an hour, with the expected release of what opens within the window learnt anew: of a day's prints most were opened in it.
Windows begin at multiples of their length since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.count_fit import Priors, fit_counts
from liqatlas.levels.forecast import levels_of
from liqatlas.levels.hour_covariates import inhour_covariates
from liqatlas.levels.responses import UNIT_USD, mass_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses

#: Part of the reach taken off the running sum before what is left counts as opened inside; closing takes the rest.
_REACHED = 0.8
_LEAST_RELEASE = 1e-3  # of the usual one: what is left can be negative, its regression needs positive amounts
_INSIDE_MEAN = 50.0


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of whole hours, ``m`` of them.

    Attributes
    ----------
    first
        int64 ``(m,)``: number of each window's first hour.
    hours
        Hours per window.
    market
        The windows as rows of their own: price at the start, extremes, last price, volume, prints.
    """

    first: NDArray[np.int64]
    hours: int
    market: HourMarket

    def whole(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the windows whose every hour is in a mask of hours."""
        return np.asarray(mask[self.first[:, None] + np.arange(self.hours)].all(axis=1))


def windows_of(market: HourMarket, hours: int) -> Windows:
    """Return the windows of a market.

    Raises
    ------
    NotEnoughDataError
        If no whole window fits.
    """
    from dataclasses import replace

    skip = int(-(market.start_ns[0] // HOUR_NS) % hours)
    count = (len(market) - skip) // hours
    if count < 1:
        raise NotEnoughDataError(f"{market.key}: {len(market)} hours hold no window of {hours} hours")
    first = skip + hours * np.arange(count)

    def fold(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[skip : skip + count * hours].reshape(count, hours, *values.shape[1:])

    rows = replace(
        market,
        start_ns=market.start_ns[first],
        open=market.open[first],
        low=fold(market.low).min(axis=1),
        high=fold(market.high).max(axis=1),
        close=fold(market.close)[:, -1],
        volume=fold(market.volume).sum(axis=1),
        open_interest=market.open_interest[first],
        path=market.path[first],
        sampled=np.asarray(market.sampled[first]),
        printed_usd=fold(market.printed_usd).sum(axis=1),
        interval_low=None,
        interval_high=None,
    )
    return Windows(first, hours, rows)


@dataclass(frozen=True, slots=True)
class WindowForecast:
    """Frozen predictions of every window, and those with the map of seven days before, ``(m, 2)`` [10,000 USD]."""

    frozen: NDArray[np.float64]
    older: NDArray[np.float64]


def forecast_windows(
    market: HourMarket,
    responses: HourResponses,
    calibration: Calibration,
    windows: Windows,
    train: NDArray[np.bool_],
) -> WindowForecast:
    """Fit the read-out of windows on the training ones and return its predictions.

    Parameters
    ----------
    train
        bool ``(n,)`` of hours; windows wholly inside are fitted on.

    Raises
    ------
    NotEnoughDataError
        If too few windows lie in the training hours.
    """
    weight = np.exp(np.array(calibration.map.log_weight))
    at, rows = windows.first, windows.whole(train)
    slow, fast = levels_of(market, responses, calibration.map.fit(), calibration.settings)
    offset = np.repeat(slow.level[at][:, None], 2, axis=1)
    level = np.repeat(fast.level[at][:, None, None], 2, axis=1)
    depth = windows.market.depth
    touched = responses.touched @ weight
    whole = np.add.reduceat(touched, at, axis=0) if len(at) else touched
    last = touched[at[-1] : at[-1] + windows.hours].sum(axis=0)
    whole = np.concatenate([whole[:-1], last[None]])
    reach = mass_within(responses.profile[at], depth) @ weight
    inside = _inside(
        market, windows, np.maximum(whole - _REACHED * reach, _LEAST_RELEASE * float(whole.mean())), rows
    )
    amount = np.where(rows[:, None], windows.market.printed_usd / UNIT_USD, np.nan)
    shift = min(168, len(responses.profile) - 1)
    older = responses.profile[np.maximum(at - shift, 0)]

    def predict(mass: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = np.stack([mass, inside], axis=2)
        priors = Priors(
            0.0,
            1e-3,
            calibration.settings.background_precision,
            calibration.settings.dispersion_precision,
            calibration.settings.covariate_precision,
        )
        fitted = fit_counts(amount, parts, level, priors=priors, offset=offset)
        return np.asarray(fitted.mean(parts, level) * np.exp(offset))

    return WindowForecast(predict(reach), predict(mass_within(older, depth) @ weight))


def _inside(
    market: HourMarket, windows: Windows, release: NDArray[np.float64], rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the expected release of what opens within each window, from its extremes and from hours before it."""
    unit = float(release[rows].mean()) / _INSIDE_MEAN if rows.any() else 1.0
    before = inhour_covariates(market)[windows.first]
    own = inhour_covariates(windows.market)
    # extremes are the window's; volume and volatility are those of the hours before it
    covariates = np.concatenate([own[:, :, :6], before[:, :, 6:]], axis=2)
    none = np.zeros((*release.shape, 0))
    fitted = fit_counts(
        np.where(rows[:, None], release / max(unit, 1e-12), np.nan),
        none,
        covariates,
        priors=Priors(0.0, 0.0, 0.05, 0.1, 1e-3),
    )
    return np.asarray(fitted.mean(none, covariates) * unit)
