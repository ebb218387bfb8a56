from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.cascade.calibration import brier, isotonic, logistic, reliability, reliability_z, skill


def test_brier_by_hand() -> None:
    assert brier(np.array([0.5, 1.0]), np.array([1.0, 0.0])) == pytest.approx((0.25 + 1.0) / 2)
    with pytest.raises(InputError, match="0 or 1"):
        brier(np.array([0.5]), np.array([0.3]))
    with pytest.raises(InputError, match="as many"):
        brier(np.array([0.5]), np.array([0.0, 1.0]))


def test_pool_adjacent_violators_by_hand() -> None:
    fit = isotonic(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert fit.fitted == pytest.approx([0.0, 0.5, 0.5, 1.0])
    assert fit(np.array([0.05, 0.25, 0.9])) == pytest.approx([0.0, 0.5, 1.0])


def test_isotonic_is_monotone_and_never_worse_where_it_was_fitted() -> None:
    rng = np.random.default_rng(1)
    raw = rng.random(500)
    event = (rng.random(500) < raw**2).astype(float)
    fitted = isotonic(raw, event)(raw)
    assert (np.diff(fitted[np.argsort(raw)]) >= 0).all()
    assert brier(fitted, event) <= brier(raw, event)


def test_logistic_finds_what_made_the_events() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20_000, 2))
    p = 1 / (1 + np.exp(-(-1 + 2 * x[:, 0])))
    fit = logistic(x, (rng.random(20_000) < p).astype(float), ridge=0.0)
    assert fit(x) == pytest.approx(p, abs=0.04)


def test_skill_and_reliability_of_honest_and_useless_forecasts() -> None:
    rng = np.random.default_rng(3)
    p = rng.random(4000)
    event = (rng.random(4000) < p).astype(float)
    rate = np.full(4000, 0.5)
    found = skill(p, rate, event, block=24)
    assert found.low > 0.25
    assert found.low < found.value < found.high
    assert skill(rate, rate, event, block=24).value == 0
    assert abs(reliability_z(p, event)) < 4
    assert abs(reliability_z(np.minimum(p * 1.3, 1.0), event)) > 4
    bins = reliability(p, event, bins=10)
    assert sum(b.count for b in bins) == 4000
    assert all(abs(b.forecast - b.observed) < 0.1 for b in bins)
    with pytest.raises(NotEnoughDataError, match="perfect"):
        skill(rate, np.zeros(4000), np.zeros(4000), block=24)
