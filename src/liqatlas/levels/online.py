"""Update a calibration with the prints that came after it, forgetting the older ones: what a live map does between two fits.

The posterior of ln weights is the prior of the next days, its covariance grown by 2^(days / half-life): old prints count half after one
half-life. Slopes, in-hour regression and closing rate stay as fitted; a full fit finds them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat, parse_time
from liqatlas.base.errors import InputError
from liqatlas.levels.count_fit import Anchor, Priors, fit_counts, posterior_covariance
from liqatlas.levels.forecast import levels_of
from liqatlas.levels.hour_covariates import read_out_covariates
from liqatlas.levels.responses import UNIT_USD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.calibration import Calibration, ReadOut
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses


def updated(
    calibration: Calibration, market: HourMarket, responses: HourResponses, *, half_life_days: float = 60.0
) -> Calibration:
    """Return the calibration with every known hour of the market after its training taken in.

    Parameters
    ----------
    responses
        ``respond(market, calibration.settings, scale=calibration.hazard_scale)``; hours before the training's end warm the state up.

    Raises
    ------
    InputError
        If the half-life is not positive or the market is another instrument's.
    NotEnoughDataError
        If fewer than a dozen hours with prints came after the training.
    """
    if not half_life_days > 0:
        raise InputError(f"a half-life of {half_life_days:g} days is not positive")
    if market.key != calibration.instrument:
        raise InputError(
            f"calibration {calibration.name!r} is of {calibration.instrument}, the new prints are of {market.key}"
        )
    until = parse_time(calibration.trained_until)
    new = market.start_ns >= until
    amount = np.where(new[:, None], market.printed_usd / UNIT_USD, np.nan)
    grown = 2.0 ** ((int(market.start_ns[-1]) + HOUR_NS - until) / DAY_NS / half_life_days)
    precision = np.linalg.inv(np.array(calibration.covariance)) / grown
    slow, fast = levels_of(market, responses, calibration.map.fit(), calibration.settings)
    running = calibration.running.fit()
    factor = running.factor(read_out_covariates(fast.level[:-1], market.start_ns)) * np.exp(
        slow.level[:-1, None]
    )
    moved, priors = _refit(calibration.running, amount, responses, (np.log(factor), precision), calibration)
    base, _ = _refit(calibration.map, amount, responses, (np.zeros_like(factor), precision), calibration)
    covariance = posterior_covariance(
        moved.fit(), amount, responses.touched, factor, priors, block=market.start_ns // DAY_NS
    )
    known = np.isfinite(amount)
    return msgspec.structs.replace(
        calibration,
        name=f"{calibration.asset} {isoformat(int(market.start_ns[-1]) + HOUR_NS)[:10]}, updated",
        trained_until=isoformat(int(market.start_ns[-1]) + HOUR_NS),
        rows=calibration.rows + int(known.sum()),
        printed_usd=calibration.printed_usd + float(amount[known].sum()) * UNIT_USD,
        map=base,
        running=moved,
        covariance=tuple(tuple(row) for row in covariance.tolist()),
    )


def _refit(
    before: ReadOut,
    amount: NDArray[np.float64],
    responses: HourResponses,
    held: tuple[NDArray[np.float64], NDArray[np.float64]],
    calibration: Calibration,
) -> tuple[ReadOut, Priors]:
    """Return a read-out with its weights moved by the new prints, slopes and dispersion as before; ``held`` is offset and precision."""
    offset, precision = held
    anchor = Anchor(np.concatenate([before.log_weight, before.log_background]), precision)
    priors = Priors(0.0, 0.0, 0.0, calibration.settings.dispersion_precision, 0.0, anchor=anchor)
    none = np.zeros((*amount.shape, 0))
    fit = fit_counts(amount, responses.touched, none, priors=priors, offset=offset)
    moved = msgspec.structs.replace(
        before,
        log_weight=tuple(fit.log_weight.tolist()),
        log_background=(float(fit.log_background[0]), float(fit.log_background[1])),
    )
    return moved, priors
