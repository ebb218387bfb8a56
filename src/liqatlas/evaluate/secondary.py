"""Secondary scores: where rather than how much (S-test), how well large prints are told from small (AUC), what intervals hold.

None of them decides anything: AUC rewards resolution and is blind to calibration, and a test that is passed says that nothing was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc
from scipy.stats import rankdata

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.scores import SMALLEST_MEAN, log_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIMULATED_TESTS = 400


def area_under_curve(amount: NDArray[np.float64], mean: NDArray[np.float64], limit: float) -> float:
    """Return the chance that a row with more than ``limit`` [10,000 USD] was predicted above one with less; ties count half.

    Raises
    ------
    NotEnoughDataError
        If all rows lie on one side of the limit.
    """
    large = amount > limit
    ones, zeros = int(large.sum()), int((~large).sum())
    if not ones or not zeros:
        raise NotEnoughDataError(f"all amounts lie on one side of {limit:g}: there is nothing to tell apart")
    return float((rankdata(mean)[large].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def spatial_quantile(
    amount: NDArray[np.float64],
    mean: NDArray[np.float64],
    dispersion: float | NDArray[np.float64],
    *,
    seed: int = 1,
) -> float:
    """Return the S-test's quantile: share of simulated outcomes that the prediction explains no better than the real one.

    The prediction is scaled to the realised total first, so that only WHERE counts. Below 0.025 the prediction puts prints into the wrong
    rows more than its own dispersion allows.

    Raises
    ------
    NotEnoughDataError
        If nothing was printed.
    """
    total = float(amount.sum())
    if not total > 0:
        raise NotEnoughDataError("nothing was printed: the S-test has no value")
    scaled = np.maximum(mean * (total / float(mean.sum())), SMALLEST_MEAN)
    real = float(log_likelihood(amount, scaled, dispersion).sum())
    generator = np.random.default_rng(seed)
    size = 1.0 / dispersion
    drawn = [
        float(
            log_likelihood(
                generator.poisson(generator.gamma(size, scaled / size)).astype(np.float64), scaled, dispersion
            ).sum()
        )
        for _ in range(_SIMULATED_TESTS)
    ]
    return float(np.mean(np.array(drawn) <= real))


def interval_coverage(
    amount: NDArray[np.float64],
    mean: NDArray[np.float64],
    dispersion: float | NDArray[np.float64],
    share: float,
) -> float:
    """Return the share of rows inside the central predictive interval that should hold ``share`` of them.

    The law is continued to real amounts by the incomplete beta function; a lump of probability at an amount counts by its part inside.
    """
    mu = np.maximum(mean, SMALLEST_MEAN)
    size = 1.0 / dispersion
    nothing = size / (size + mu)
    upper = betainc(size, amount + 1.0, nothing)
    lower = np.where(amount > 0, betainc(size, np.maximum(amount, 1e-12), nothing), 0.0)
    low, high = (1 - share) / 2, (1 + share) / 2
    inside = np.minimum(upper, high) - np.maximum(lower, low)
    return float(np.clip(inside / np.maximum(upper - lower, 1e-12), 0.0, 1.0).mean())
