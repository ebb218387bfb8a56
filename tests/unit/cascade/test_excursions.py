"""How far the mark goes: a scale known beforehand times a law of the past."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.clock import HOUR_NS, parse_time
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.cascade.excursions import FEATURES, ExcursionLaw, excursion_features

START = parse_time("2026-01-01")


def hours(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts, highs and lows of hours whose volatility comes and goes over days."""
    rng = np.random.default_rng(seed)
    calm = np.exp(0.8 * np.sin(np.arange(count) / 60.0) - 5.0)
    middle = 100 * np.exp(np.cumsum(rng.normal(0, calm)))
    return START + np.arange(count) * HOUR_NS, middle * np.exp(calm), middle * np.exp(-calm)


def test_features_of_an_hour_read_nothing_of_it_or_later() -> None:
    starts, high, low = hours(400)
    whole = excursion_features(starts, high, low)
    assert whole.shape == (401, len(FEATURES))
    changed = high.copy()
    changed[300:] *= 3.0
    again = excursion_features(starts, changed, low)
    assert (again[:301] == whole[:301]).all()
    assert (again[301] != whole[301]).any()
    assert (excursion_features(starts[:300], high[:300], low[:300])[-1] == whole[300]).all()


def test_the_scale_follows_volatility_and_the_law_is_calibrated_where_it_was_fitted() -> None:
    starts, high, low = hours(2000)
    features = excursion_features(starts, high, low)[:-1]
    rng = np.random.default_rng(3)
    truth = np.exp(0.8 * np.sin(np.arange(2000) / 60.0) - 5.0)
    excursion = truth * rng.exponential(1.0, 2000)
    law = ExcursionLaw.fit(features[100:], excursion[100:])
    scale = law.scale(features)
    assert np.corrcoef(np.log(scale[200:]), np.log(truth[200:]))[0, 1] > 0.9
    for over in (0.005, 0.01, 0.02):
        said = law.chance(scale[200:], np.full(1800, over))
        assert said.mean() == pytest.approx((excursion[200:] > over).mean(), abs=0.02)
    drawn = law.draw(float(scale[500]), (np.arange(5000) + 0.5) / 5000)
    middle = float(np.median(drawn))
    assert law.chance(scale[500:501], np.array([middle]))[0] == pytest.approx(0.5, abs=0.01)
    assert (law.chance(scale[500:501], np.array([0.0])) == 1).all()
    assert (drawn >= 0).all()


def test_what_cannot_be_used_is_refused() -> None:
    starts, high, low = hours(60)
    with pytest.raises(NotEnoughDataError, match="60 hours"):
        ExcursionLaw.fit(excursion_features(starts, high, low)[:-1], np.ones(60))
    with pytest.raises(InputError, match="consecutive"):
        excursion_features(starts[::2], high[::2], low[::2])
    with pytest.raises(InputError, match="low"):
        excursion_features(starts, low, high)
