"""Secondary scores against laws that are known."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.secondary import area_under_curve, interval_coverage, spatial_quantile

RNG = np.random.default_rng(5)
MEAN = RNG.lognormal(2.0, 1.2, 3000)
DISPERSION = 0.7
AMOUNT = RNG.poisson(RNG.gamma(1 / DISPERSION, DISPERSION * MEAN)).astype(np.float64)


def test_intervals_of_the_true_law_hold_their_share() -> None:
    assert interval_coverage(AMOUNT, MEAN, DISPERSION, 0.5) == pytest.approx(0.5, abs=0.03)
    assert interval_coverage(AMOUNT, MEAN, DISPERSION, 0.9) == pytest.approx(0.9, abs=0.02)
    assert interval_coverage(AMOUNT, MEAN, DISPERSION / 6, 0.9) < 0.75
    assert interval_coverage(AMOUNT, MEAN * 5, DISPERSION, 0.9) < 0.8


def test_area_by_hand_and_its_limits() -> None:
    amount, mean = np.array([0.0, 5.0, 9.0, 1.0]), np.array([1.0, 3.0, 2.0, 2.0])
    assert area_under_curve(amount, mean, 2.0) == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert area_under_curve(AMOUNT, MEAN, 10.0) == pytest.approx(area_under_curve(AMOUNT, MEAN**3, 10.0))
    with pytest.raises(NotEnoughDataError, match="one side"):
        area_under_curve(amount, mean, 100.0)


def test_the_spatial_test_is_blind_to_the_total_and_sees_a_wrong_place() -> None:
    right = spatial_quantile(AMOUNT, MEAN, DISPERSION)
    assert 0.025 < right < 0.975
    assert spatial_quantile(AMOUNT, MEAN * 3, DISPERSION) == pytest.approx(right, abs=1e-9)
    assert spatial_quantile(AMOUNT, RNG.permutation(MEAN), DISPERSION) < 0.025
    with pytest.raises(NotEnoughDataError, match="nothing was printed"):
        spatial_quantile(np.zeros(3), np.ones(3), 1.0)
