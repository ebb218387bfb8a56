"""Predictions of a calibrated estimator: expected prints of every hour, frozen and running, and the level now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.levels.hour_covariates import inhour_covariates, read_out_covariates
from liqatlas.levels.responses import UNIT_USD, respond
from liqatlas.levels.running_level import log_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.count_fit import CountFit
    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses
    from liqatlas.levels.running_level import LevelPath


@dataclass(frozen=True, slots=True)
class Forecast:
    """Expected prints of every hour.

    Attributes
    ----------
    frozen
        float64 ``(n, 2)`` [10,000 USD]: from the map at the hour's start and the hour's high and low.
    running
        float64 ``(n, 2)`` [10,000 USD]: also from the path, turnover and open interest inside the hour.
    slow, fast
        Causal log levels with their variances, ``(n + 1,)``; the last entry is after the last hour.
    """

    frozen: NDArray[np.float64]
    running: NDArray[np.float64]
    slow: LevelPath
    fast: LevelPath


def forecast(
    market: HourMarket, calibration: Calibration, responses: HourResponses | None = None
) -> Forecast:
    """Return the predictions of a calibration for every hour of a market; only the level reads the market's prints.

    Parameters
    ----------
    responses
        ``respond(market, calibration.settings, scale=calibration.hazard_scale)`` where the caller has it already.
    """
    settings = calibration.settings
    out = responses or respond(market, settings, scale=calibration.hazard_scale)
    fitted = calibration.map.fit()
    slow, fast = levels_of(market, out, fitted, settings)
    covariates = read_out_covariates(fast.level[:-1], market.start_ns)
    level = np.exp(slow.level[:-1, None])
    inside = expected_inhour(market, calibration.inhour.fit(), calibration.inhour_unit)
    parts = np.stack([out.reach @ np.exp(fitted.log_weight), inside], axis=2)
    return Forecast(
        calibration.frozen.fit().mean(parts, covariates) * level,
        calibration.running.fit().mean(out.touched, covariates) * level,
        slow,
        fast,
    )


def levels_of(
    market: HourMarket, responses: HourResponses, fitted: CountFit, settings: EstimatorSettings
) -> tuple[LevelPath, LevelPath]:
    """Return the slow and the fast causal log level, ``(n + 1,)`` each, against the map without level."""
    amount = market.printed_usd / UNIT_USD
    mean = fitted.mean(responses.touched, np.zeros((*amount.shape, 0)))
    slow = log_level(
        amount,
        mean,
        fitted.dispersion,
        half_life_h=settings.slow_half_life_h,
        shrinkage_h=settings.slow_shrinkage_h,
    )
    fast = log_level(
        amount,
        mean * np.exp(slow.level[:-1, None]),
        fitted.dispersion,
        half_life_h=settings.fast_half_life_h,
        shrinkage_h=settings.fast_shrinkage_h,
    )
    return slow, fast


def expected_inhour(market: HourMarket, fitted: CountFit, unit: float) -> NDArray[np.float64]:
    """Return the expected release of what opens within the hour, ``(n, 2)`` [10,000 USD]; it reads no prints."""
    none = np.zeros((len(market), 2, 0))
    return fitted.mean(none, inhour_covariates(market)) * unit


@dataclass(frozen=True, slots=True)
class Level:
    """Factor on the weights and the standard deviation of its logarithm."""

    factor: float
    log_sd: float


def level_now(calibration: Calibration, result: Forecast, as_of_ns: int) -> Level:
    """Return the level after the last hour: levels and hour of day, as the running read-out has them."""
    hour = np.array([as_of_ns // HOUR_NS * HOUR_NS], dtype=np.int64)
    return Level(
        float(level_factors(calibration, result.slow.level[-1:], result.fast.level[-1:], hour)[0]),
        float(level_log_sd(calibration, result)[-1]),
    )


def level_factors(
    calibration: Calibration,
    slow: NDArray[np.float64],
    fast: NDArray[np.float64],
    start_ns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the factor on the weights per hour, ``(n,)``, from log levels and starts of the hours."""
    covariates = read_out_covariates(fast, start_ns)
    return np.asarray(np.exp(slow) * calibration.running.fit().factor(covariates)[:, 0])


def level_log_sd(calibration: Calibration, result: Forecast) -> NDArray[np.float64]:
    """Return the s.d. of the log of the level of every hour and after the last, ``(n + 1,)``.

    The errors of both levels, and the whole of the fast one: it half decays within hours, and a map is read for touches of any hour to come.
    """
    running = calibration.running
    exponent = running.slope[0] / running.spread[0]
    slow, fast = result.slow, result.fast
    return np.asarray(np.sqrt(slow.variance + exponent**2 * (fast.variance + fast.level**2)))
