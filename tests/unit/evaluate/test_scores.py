from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.scores import (
    fit_dispersion,
    log_likelihood,
    predicted_over_realised,
    rank_ic,
    reliability,
)


def test_counts_agree_with_scipy_negative_binomial() -> None:
    y = np.arange(0.0, 60.0)
    mu = np.linspace(0.5, 40.0, 60)
    for alpha in (0.05, 0.8, 3.0):
        wanted = nbinom.logpmf(y, 1 / alpha, 1 / (1 + alpha * mu))
        assert np.allclose(log_likelihood(y, mu, alpha), wanted, rtol=1e-10, atol=1e-12)


def test_small_dispersion_is_poisson() -> None:
    y, mu = np.arange(0.0, 20.0), np.full(20, 7.5)
    assert np.allclose(log_likelihood(y, mu, 1e-8), poisson.logpmf(y, 7.5), atol=1e-5)


def test_truth_scores_best_on_average() -> None:
    rng = np.random.default_rng(0)
    mu = rng.uniform(1, 50, 20_000)
    y = rng.poisson(rng.gamma(1 / 0.7, 0.7 * mu)).astype(np.float64)
    right = log_likelihood(y, mu, 0.7).mean()
    for wrong in (0.7 * mu, 1.4 * mu, np.full_like(mu, mu.mean())):
        assert log_likelihood(y, wrong, 0.7).mean() < right
    assert fit_dispersion(y, mu) == pytest.approx(0.7, rel=0.05)


def test_unknown_amount_stays_unknown_and_zero_mean_stays_finite() -> None:
    out = log_likelihood(np.array([np.nan, 1.0]), np.array([1.0, 0.0]), 1.0)
    assert np.isnan(out[0])
    assert np.isfinite(out[1])
    assert out[1] < -15


@pytest.mark.parametrize(
    ("amount", "mean"), [([1.0], [1.0, 2.0]), ([1.0], [-1.0]), ([1.0], [np.nan]), ([-1.0], [1.0])]
)
def test_wrong_input_is_refused(amount: list[float], mean: list[float]) -> None:
    with pytest.raises(InputError):
        log_likelihood(np.array(amount), np.array(mean), 1.0)


def test_dispersion_must_be_positive() -> None:
    with pytest.raises(InputError, match="dispersion"):
        log_likelihood(np.ones(2), np.ones(2), 0.0)


def test_rank_ic_is_one_for_any_increasing_prediction_and_refuses_constants() -> None:
    y = np.array([3.0, np.nan, 1.0, 8.0, 2.0])
    assert rank_ic(y, np.array([9.0, 0.0, 1.0, 81.0, 4.0])) == pytest.approx(1.0)
    with pytest.raises(NotEnoughDataError):
        rank_ic(y, np.ones(5))


def test_ratio_counts_known_rows_only() -> None:
    y = np.array([1.0, np.nan, 3.0])
    assert predicted_over_realised(y, np.array([2.0, 100.0, 6.0])) == pytest.approx(2.0)
    with pytest.raises(NotEnoughDataError):
        predicted_over_realised(np.zeros(3), np.ones(3))


def test_reliability_bins_are_ordered_and_complete() -> None:
    rng = np.random.default_rng(1)
    mu = rng.permutation(np.arange(1.0, 104.0))
    bins = reliability(2 * mu, mu)
    assert sum(b.rows for b in bins) == 103
    assert all(b.realised == pytest.approx(2 * b.predicted) for b in bins)
    assert [b.predicted for b in bins] == sorted(b.predicted for b in bins)
