"""The fit: weights that made the data come back, gradients are right, the posterior is as wide as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.count_fit import Priors, _loss, _Rows, fit_counts, posterior_covariance
from liqatlas.levels.running_level import log_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRIORS = Priors(smoothness=4.0, tie=0.25, background=0.05, dispersion=0.1, slope=1.0)
WEIGHT = np.array([0.5, 1.0, 1.6, 2.0, 1.5, 1.0])
BACKGROUND = np.array([2.0, 3.0])
ALPHA = 0.5


def made_up(seed: int, hours: int = 1500) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amounts drawn from the model itself; responses are rare and heavy like real ones."""
    rng = np.random.default_rng(seed)
    response = rng.exponential(10.0, (hours, 2, 6)) * (rng.random((hours, 2, 6)) < 0.25)
    mean = BACKGROUND + response @ WEIGHT
    return rng.poisson(rng.gamma(1 / ALPHA, ALPHA * mean)).astype(np.float64), response


def test_known_weights_lie_within_two_standard_errors() -> None:
    score = []
    for seed in range(20):
        amount, response = made_up(seed)
        none = np.zeros((len(amount), 2, 0))
        fit = fit_counts(amount, response, none, priors=PRIORS)
        covariance = posterior_covariance(
            fit, amount, response, np.ones(amount.shape), PRIORS, block=np.arange(len(amount)) // 24
        )
        score.append((fit.log_weight - np.log(WEIGHT)) / np.sqrt(np.diag(covariance))[:6])
        assert fit.dispersion == pytest.approx(ALPHA, rel=0.15)
    assert np.mean(np.abs(score) <= 2) >= 0.9
    assert abs(np.mean(score)) < 0.3


def test_gradient_is_the_derivative() -> None:
    rng = np.random.default_rng(3)
    rows = _Rows(
        rng.gamma(1.0, 20.0, 60), rng.exponential(5.0, (60, 4)), rng.normal(size=(60, 2)), rng.normal(0, 0.3, 60),
        rng.random(60) < 0.5,
    )  # fmt: skip
    priors = Priors(4.0, 0.25, 0.05, 0.1, 1.0, np.array([0.1, 0.4, 0.3, 0.2]))
    theta = rng.normal(0, 0.4, 4 + 2 + 2 + 1)

    def value(at: NDArray[np.float64]) -> float:
        return _loss(at, rows, priors)[0]

    np.testing.assert_allclose(
        _loss(theta, rows, priors)[1], approx_fprime(theta, value, 1e-7), rtol=1e-4, atol=1e-4
    )


def test_offset_and_covariates_are_undone() -> None:
    amount, response = made_up(5)
    rng = np.random.default_rng(5)
    offset = np.repeat(rng.normal(0, 0.5, (len(amount), 1)), 2, axis=1)
    x = rng.normal(size=(*amount.shape, 1))
    scaled = rng.poisson(
        rng.gamma(2.0, 0.5 * (BACKGROUND + response @ WEIGHT) * np.exp(offset + 0.3 * x[..., 0]))
    )
    fit = fit_counts(scaled.astype(np.float64), response, x, priors=PRIORS, offset=offset)
    assert fit.slope[0] / fit.spread[0] == pytest.approx(0.3, abs=0.06)


def test_few_or_silent_rows_are_refused() -> None:
    response, none = np.ones((11, 2, 2)), np.zeros((11, 2, 0))
    with pytest.raises(NotEnoughDataError, match="known rows"):
        fit_counts(np.ones((11, 2)), response, none, priors=PRIORS)
    with pytest.raises(NotEnoughDataError, match="something printed"):
        fit_counts(np.zeros((40, 2)), np.ones((40, 2, 2)), np.zeros((40, 2, 0)), priors=PRIORS)


def test_level_by_hand() -> None:
    amount = np.array([[20.0, 20.0], [np.nan, np.nan], [10.0, 10.0]])
    mean = np.full((3, 2), 10.0)
    information = 2.0 * (0.5 * 10 / (1 + 0.5 * 10))
    got = log_level(amount, mean, 0.5, half_life_h=2.0, shrinkage_h=3.0)
    keep = 0.5**0.5
    first = np.log((information * 2 + 3) / (information + 3))
    second = np.log((information * 2 * keep + 3) / (information * keep + 3))
    third = np.log((information * 2 * keep**2 + information + 3) / (information * (keep**2 + 1) + 3))
    np.testing.assert_allclose(got.level, [0.0, first, second, third], rtol=1e-12)
    held = np.array([0, information, information * keep, information * (keep**2 + 1)]) + 3
    np.testing.assert_allclose(got.variance, 0.5 / held, rtol=1e-12)


def test_the_level_errs_by_its_variance() -> None:
    rng = np.random.default_rng(8)
    mean = np.full((4000, 2), 30.0)
    amount = rng.poisson(mean * rng.gamma(1 / 0.7, 0.7, mean.shape)).astype(np.float64)
    got = log_level(amount, mean, 0.7, half_life_h=24.0, shrinkage_h=1.0)
    late = slice(400, None, 100)
    spread = np.mean(got.level[late] ** 2 / got.variance[late])
    # weights that fall off count each other's noise half: the stated variance is the larger one
    assert 0.25 < spread < 1.1
