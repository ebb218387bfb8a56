r"""Fit of the read-out: negative binomial with a mean that is a positive sum times a log-linear factor.

    mean_r = exp(offset_r + Σ_j slope_j z_rj) · (background_position(r) + Σ_k weight_k response_rk),   z standardised
    variance = mean + dispersion · mean²

maximised with normal priors on second differences of ln density, on ln density round its mean (density is weight over the bucket's width), on ln background, on ln dispersion
and on the slopes. The likelihood is continued to real amounts through the gamma function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, xlogy

from liqatlas.base.errors import NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_EXPONENT = 8.0  # exp(8) times the usual is beyond any market; keeps a wild extrapolation finite
_SMALLEST_MEAN = 1e-9
_FEWEST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Anchor:
    """A normal prior on (ln w, ln background): mean ``(K + 2,)`` and precision ``(K + 2, K + 2)``."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Priors:
    """Precisions of the normal priors; see ``EstimatorSettings`` for what each holds.

    ``log_width`` is ln of each bucket's logarithmic width, ``(K,)``: a density smooth over distance gives wide buckets more.
    ``anchor`` stands in for all priors of weights and background where an earlier posterior is known. ``lent`` is ln of another market's density, ``(K,)``: where given, the prior holds what differs from it, up to a common factor.
    """

    smoothness: float
    tie: float
    background: float
    dispersion: float
    slope: float
    log_width: NDArray[np.float64] | None = None
    lent: NDArray[np.float64] | None = None
    flatness: float = 0.0
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class CountFit:
    """A fitted read-out.

    Attributes
    ----------
    log_weight
        float64 ``(K,)``.
    log_background
        float64 ``(2,)``, long and short [log of 10,000 USD].
    slope, centre, spread
        float64 ``(p,)``: of the standardised covariates ``(x - centre) / spread``.
    dispersion
        Of the negative binomial.
    log_posterior
        Log-likelihood plus log priors at the mode, up to constants of the priors.
    """

    log_weight: NDArray[np.float64]
    log_background: NDArray[np.float64]
    slope: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    dispersion: float
    log_posterior: float

    def factor(self, covariates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-linear factor, ``(n, 2, p) -> (n, 2)``."""
        z = np.nan_to_num((covariates - self.centre) / self.spread)
        return np.asarray(np.exp(np.clip(z @ self.slope, -_MOST_EXPONENT, _MOST_EXPONENT)))

    def mean(self, response: NDArray[np.float64], covariates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the means without offset, ``(n, 2, K), (n, 2, p) -> (n, 2)``."""
        mass = np.exp(self.log_background)[None, :] + response @ np.exp(self.log_weight)
        return np.asarray(mass * self.factor(covariates))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Known rows, flat."""

    amount: NDArray[np.float64]
    response: NDArray[np.float64]
    z: NDArray[np.float64]
    offset: NDArray[np.float64]
    short: NDArray[np.bool_]


def fit_counts(
    amount: NDArray[np.float64],
    response: NDArray[np.float64],
    covariates: NDArray[np.float64],
    *,
    priors: Priors,
    offset: NDArray[np.float64] | None = None,
) -> CountFit:
    """Fit the read-out on the rows whose amount is known.

    Parameters
    ----------
    amount
        float64 ``(n, 2)`` [10,000 USD]; NaN rows are left out.
    response
        float64 ``(n, 2, K)`` [10,000 USD per unit weight]; K may be 0.
    covariates
        float64 ``(n, 2, p)``; p may be 0. NaN is unknown and counts as the usual.
    offset
        float64 ``(n, 2)``: log factor that is given, not fitted.

    Raises
    ------
    NotEnoughDataError
        If fewer than twenty-four rows are known, or nothing was printed in them.
    """
    known = np.isfinite(amount)
    buckets, slopes = response.shape[2], covariates.shape[2]
    if int(known.sum()) < _FEWEST_ROWS or not float(amount[known].sum()) > 0:
        raise NotEnoughDataError(
            f"{int(known.sum())} known rows (hours x positions) with prints of {float(amount[known].sum()) * 1e4:,.0f} USD in all: "
            f"a calibration needs at least {_FEWEST_ROWS} and something printed; widen the training period"
        )
    x = covariates[known]
    centre = np.nanmean(x, axis=0) if slopes else np.zeros(0)
    spread = np.maximum(np.nanstd(x, axis=0), 1e-9) if slopes else np.ones(0)
    short = np.broadcast_to(np.array([False, True]), amount.shape)[known]
    given = np.zeros(int(known.sum())) if offset is None else offset[known]
    rows = _Rows(amount[known], response[known], np.nan_to_num((x - centre) / spread), given, short)
    found = minimize(
        _loss, _start(rows, slopes), args=(rows, priors), jac=True, method="L-BFGS-B",
        options={"maxiter": 600, "maxcor": 20},
    )  # fmt: skip
    theta = np.asarray(found.x, dtype=np.float64)
    return CountFit(
        theta[:buckets],
        theta[buckets : buckets + 2],
        theta[buckets + 2 : -1],
        centre,
        spread,
        float(np.exp(theta[-1])),
        -float(found.fun),
    )


def _start(rows: _Rows, slopes: int) -> NDArray[np.float64]:
    """Equal weights that explain 70 % of the mean, a background of a tenth of it."""
    buckets = rows.response.shape[1]
    mean = float(rows.amount.mean())
    theta = np.zeros(buckets + 3 + slopes)
    if buckets:
        theta[:buckets] = np.log(max(0.7 * mean, 1e-3) / max(float(rows.response.sum(axis=1).mean()), 1e-12))
        theta[buckets : buckets + 2] = np.log(0.1 * mean + 1e-6)
    else:
        theta[:2] = np.log(mean)
    return theta


def _loss(theta: NDArray[np.float64], rows: _Rows, priors: Priors) -> tuple[float, NDArray[np.float64]]:
    """Return minus the log-posterior and its gradient in (ln w, ln c, slopes, ln dispersion)."""
    buckets = rows.response.shape[1]
    log_w, log_c, slope = theta[:buckets], theta[buckets : buckets + 2], theta[buckets + 2 : -1]
    w, c, dispersion = np.exp(log_w), np.exp(log_c), float(np.exp(theta[-1]))
    size = 1.0 / dispersion
    mass = rows.response @ w + np.where(rows.short, c[1], c[0])
    log_factor = np.clip(rows.z @ slope, -_MOST_EXPONENT, _MOST_EXPONENT) + rows.offset
    mu = mass * np.exp(log_factor) + _SMALLEST_MEAN
    y, total = rows.amount, size + mu
    log_share = -np.log1p(mu / size)
    value = gammaln(y + size) - gammaln(size) - gammaln(y + 1) + size * log_share + xlogy(y, mu / total)
    by_log_mu = (y - mu) / (1 + dispersion * mu)
    by_mass = by_log_mu / mass
    by_size = digamma(y + size) - digamma(size) + log_share + (mu - y) / total
    gradient = np.concatenate(
        [
            w * (rows.response.T @ by_mass),
            [c[0] * by_mass[~rows.short].sum(), c[1] * by_mass[rows.short].sum()],
            rows.z.T @ by_log_mu,
            [-size * float(by_size.sum())],
        ]
    )
    penalty, by_penalty = _penalty(theta, buckets, priors)
    return penalty - float(value.sum()), by_penalty - gradient


def _penalty(theta: NDArray[np.float64], buckets: int, priors: Priors) -> tuple[float, NDArray[np.float64]]:
    gradient = np.zeros_like(theta)
    precision = weight_precision(buckets, priors)
    log_density = theta[:buckets] - (0.0 if priors.log_width is None else priors.log_width)
    if priors.lent is not None:
        log_density = log_density - priors.lent
    gradient[:buckets] = precision @ log_density
    value = 0.5 * float(log_density @ gradient[:buckets])
    strength = np.concatenate(
        [np.full(2, priors.background), np.full(len(theta) - buckets - 3, priors.slope), [priors.dispersion]]
    )
    rest = theta[buckets:]
    gradient[buckets:] = strength * rest
    value += 0.5 * float(strength @ rest**2)
    if priors.anchor is None:
        return value, gradient
    held, away = buckets + 2, theta[: buckets + 2] - priors.anchor.mean
    gradient[:held] = priors.anchor.precision @ away
    loose = strength[2:], theta[held:]
    return 0.5 * float(away @ gradient[:held]) + 0.5 * float(loose[0] @ loose[1] ** 2), gradient


def weight_precision(buckets: int, priors: Priors) -> NDArray[np.float64]:
    """Return the prior precision of ln density, ``(K, K)``: smooth over distance, and level up to a common factor.

    ``flatness`` holds neighbours together, so that the density goes on level where prints end; ``tie`` holds each bucket to the mean of all.
    """
    if buckets == 0:
        return np.zeros((0, 0))
    out = priors.tie * (np.eye(buckets) - 1.0 / buckets)
    if buckets >= 2:
        first = np.diff(np.eye(buckets), axis=0)
        out = out + priors.flatness * first.T @ first
    if buckets >= 3:
        second = np.diff(np.eye(buckets), 2, axis=0)
        out = out + priors.smoothness * second.T @ second
    return np.asarray(out)


def posterior_covariance(
    fit: CountFit,
    amount: NDArray[np.float64],
    response: NDArray[np.float64],
    factor: NDArray[np.float64],
    priors: Priors,
    *,
    block: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the Laplace covariance of (ln w, ln background) at the mode, ``(K + 2, K + 2)``.

    Inverse of Fisher information plus prior precision, slopes and dispersion held, times the factor (at least one) by which
    the scores of whole blocks vary more than independent hours would: large positions print in more than one hour.

    Parameters
    ----------
    factor
        float64 ``(n, 2)``: exp(offset) times the log-linear factor of every row.
    block
        int64 ``(n,)``: block (day) of every hour.
    """
    known = np.isfinite(amount)
    w, c = np.exp(fit.log_weight), np.exp(fit.log_background)
    buckets = len(w)
    short = np.broadcast_to(np.array([0, 1]), amount.shape)[known]
    rows = response[known]
    mass = rows @ w + c[short]
    slope = np.concatenate([rows * w, np.eye(2)[short] * c], axis=1) / mass[:, None]
    mu = mass * factor[known]
    information = (slope * (mu / (1 + fit.dispersion * mu))[:, None]).T @ slope
    precision = information.copy()
    if priors.anchor is not None:
        precision += priors.anchor.precision
    else:
        precision[:buckets, :buckets] += weight_precision(buckets, priors)
        precision[buckets:, buckets:] += priors.background * np.eye(2)
    covariance = np.linalg.inv(precision)
    score = slope * ((amount[known] - mu) / (1 + fit.dispersion * mu))[:, None]
    name, index = np.unique(np.broadcast_to(block[:, None], amount.shape)[known], return_inverse=True)
    summed = np.zeros((len(name), score.shape[1]))
    np.add.at(summed, index, score)
    excess = float(np.trace(summed.T @ summed @ covariance) / np.trace(information @ covariance))
    if priors.anchor is not None:  # what the new rows say is doubted, not what was known before
        return np.asarray(np.linalg.inv(information / max(excess, 1.0) + priors.anchor.precision))
    return np.asarray(covariance * max(excess, 1.0))
