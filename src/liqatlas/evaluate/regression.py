"""Negative-binomial regression with log link: what every baseline is, fitted like the model it is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, xlogy

from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LOG_MEAN = 40.0  # exp(40) units is beyond any market; keeps a wild extrapolation finite


@dataclass(frozen=True, slots=True)
class LogRegression:
    """``mean = exp(intercept + Σ_j slope_j (x_j − centre_j) / scale_j)`` with its dispersion."""

    intercept: float
    slope: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    dispersion: float

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the means, shape ``features.shape[:-1]`` [10,000 USD]."""
        if features.shape[-1:] != self.slope.shape:
            raise InputError(
                f"{features.shape[-1:]} features given, the regression was fitted on {self.slope.shape}"
            )
        z = (features - self.centre) / self.scale
        mean: NDArray[np.float64] = np.exp(
            np.clip(self.intercept + z @ self.slope, -MOST_LOG_MEAN, MOST_LOG_MEAN)
        )
        return mean


def fit_log_regression(
    amount: NDArray[np.float64], features: NDArray[np.float64], *, ridge: float = 1e-3
) -> LogRegression:
    """Fit slopes, intercept and dispersion together by maximum likelihood.

    Parameters
    ----------
    amount
        float64, shape ``S`` [10,000 USD]; rows with NaN are left out.
    features
        float64, shape ``S + (p,)``; standardised on the rows used.
    ridge
        Precision of a normal prior on standardised slopes: it only decides between collinear features.

    Raises
    ------
    InputError
        If shapes do not agree or a feature of a known row is not finite.
    NotEnoughDataError
        If there are not ten known rows per feature.
    """
    if features.shape[:-1] != amount.shape:
        raise InputError(f"amounts have shape {amount.shape}, features {features.shape}")
    known = np.isfinite(amount)
    y, x = amount[known], features[known]
    n, p = x.shape
    if n < 10 * (p + 2):
        raise NotEnoughDataError(f"{n} known rows for {p} features: at least {10 * (p + 2)} are wanted")
    if not bool(np.all(np.isfinite(x))):
        raise InputError("a feature of a known row is not finite")
    if float(y.mean()) <= 0:
        raise NotEnoughDataError("nothing was printed in the training rows")
    centre, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    z = np.concatenate([np.ones((n, 1)), (x - centre) / scale], axis=1)
    start = np.zeros(p + 2)
    start[0] = math.log(float(y.mean()))
    found = minimize(
        _loss, start, args=(y, z, ridge), jac=True, method="L-BFGS-B", options={"maxiter": 1000, "maxcor": 20}
    )
    theta = np.asarray(found.x, dtype=np.float64)
    return LogRegression(float(theta[0]), theta[1:-1], centre, scale, math.exp(float(theta[-1])))


def _loss(
    theta: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64], ridge: float
) -> tuple[float, NDArray[np.float64]]:
    """Return minus the penalised log-likelihood and its gradient in (coefficients, log dispersion)."""
    slope, alpha = theta[:-1], math.exp(float(np.clip(theta[-1], -12, 12)))
    size = 1.0 / alpha
    mu = np.exp(np.clip(z @ slope, -MOST_LOG_MEAN, MOST_LOG_MEAN)) + 1e-9
    total = size + mu
    log_share = -np.log1p(mu / size)
    value = gammaln(y + size) - gammaln(size) - gammaln(y + 1) + size * log_share + xlogy(y, mu / total)
    by_size = digamma(y + size) - digamma(size) + log_share + (mu - y) / total
    gradient = np.empty_like(theta)
    gradient[:-1] = -(z.T @ ((y - mu) / (1 + alpha * mu)))
    gradient[1:-1] += ridge * slope[1:]
    gradient[-1] = size * float(by_size.sum())
    return -float(value.sum()) + 0.5 * ridge * float(slope[1:] @ slope[1:]), gradient
