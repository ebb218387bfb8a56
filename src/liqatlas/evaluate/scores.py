"""Proper scores of predicted liquidation amounts: negative-binomial log-likelihood and its companions.

Amounts are in units of 10,000 USD; ``variance = mean + dispersion * mean**2``. The likelihood is continued to real
amounts through the gamma function, so a score compares two predictions of the same amounts and means nothing alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlogy
from scipy.stats import rankdata

from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_MEAN = 1e-9  # a prediction of exactly nothing would make one print infinitely surprising


def log_likelihood(
    amount: NDArray[np.float64], mean: NDArray[np.float64], dispersion: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the negative-binomial log-likelihood of each amount.

    Parameters
    ----------
    amount, mean
        float64, same shape [10,000 USD], >= 0; NaN amounts give NaN.
    dispersion
        α > 0 in ``variance = mean + α mean²``; one, or one per amount.

    Raises
    ------
    InputError
        If shapes differ, the dispersion is not positive or a mean is negative or not finite.
    """
    _check(amount, mean)
    if not bool(np.all(np.isfinite(dispersion) & (np.asarray(dispersion) > 0))):
        raise InputError(f"dispersion {dispersion} is not a positive number")
    size = 1.0 / dispersion
    mu = np.maximum(mean, SMALLEST_MEAN)
    total = size + mu
    # log1p keeps the Poisson limit (size very large) exact
    value: NDArray[np.float64] = (
        gammaln(amount + size)
        - gammaln(size)
        - gammaln(amount + 1.0)
        - size * np.log1p(mu / size)
        + xlogy(amount, mu / total)
    )
    return value


def fit_dispersion(amount: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    """Return the dispersion of maximum likelihood given the means; rows with NaN amounts are left out.

    Raises
    ------
    NotEnoughDataError
        If fewer than two amounts are known.
    """
    _check(amount, mean)
    known = np.isfinite(amount)
    if int(known.sum()) < 2:
        raise NotEnoughDataError("a dispersion needs at least two known amounts")
    y, mu = amount[known], mean[known]
    found = minimize_scalar(
        lambda log_alpha: -float(log_likelihood(y, mu, math.exp(log_alpha)).sum()),
        bounds=(-6.0, 5.0),
        method="bounded",
    )
    return math.exp(float(found.x))


def rank_ic(amount: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation of predicted and realised amounts; NaN amounts are left out.

    Raises
    ------
    NotEnoughDataError
        If fewer than three amounts are known or one side is constant: the correlation is undefined.
    """
    _check(amount, mean)
    known = np.isfinite(amount)
    if int(known.sum()) < 3:
        raise NotEnoughDataError("a rank correlation needs at least three known amounts")
    a, b = rankdata(amount[known]), rankdata(mean[known])
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        raise NotEnoughDataError(
            "a rank correlation is undefined where all amounts or all predictions are equal"
        )
    return float(np.corrcoef(a, b)[0, 1])


def predicted_over_realised(amount: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    """Return the ratio of the sums over known amounts (the N-test's statistic).

    Raises
    ------
    NotEnoughDataError
        If nothing was printed.
    """
    _check(amount, mean)
    known = np.isfinite(amount)
    realised = float(amount[known].sum())
    if realised <= 0:
        raise NotEnoughDataError("nothing was printed: predicted / realised has no value")
    return float(mean[known].sum()) / realised


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One quantile of the predictions: mean predicted, mean realised [10,000 USD], number of rows."""

    predicted: float
    realised: float
    rows: int


def reliability(
    amount: NDArray[np.float64], mean: NDArray[np.float64], *, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """Return mean prediction against mean amount by quantile of the prediction, lowest first.

    Raises
    ------
    NotEnoughDataError
        If there are fewer known amounts than bins.
    """
    _check(amount, mean)
    known = np.isfinite(amount)
    y, mu = amount[known], mean[known]
    if len(y) < bins or bins < 1:
        raise NotEnoughDataError(f"{len(y)} known amounts do not fill {bins} bins")
    group = np.argsort(np.argsort(mu, kind="stable"), kind="stable") * bins // len(mu)
    return tuple(
        ReliabilityBin(float(mu[group == g].mean()), float(y[group == g].mean()), int((group == g).sum()))
        for g in range(bins)
    )


def _check(amount: NDArray[np.float64], mean: NDArray[np.float64]) -> None:
    if amount.shape != mean.shape:
        raise InputError(f"amounts have shape {amount.shape}, predictions {mean.shape}: they must agree")
    if not bool(np.all(np.isfinite(mean) & (mean >= 0))):
        raise InputError("predictions must be finite and not negative")
    if bool(np.any(amount < 0)):
        raise InputError("amounts must not be negative")
