"""The calibrated probability of a touch: its formula, its limits, and what ships with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from liqatlas.base.errors import InputError
from liqatlas.signals.touch import student_touch, touch_calibration, touch_probability, touch_words
from liqatlas.signals.volatility import walk_touch


@pytest.mark.parametrize("row", touch_calibration().horizons, ids=lambda row: f"{row.hours:g} h")
def test_it_is_student_s_tail_at_the_fitted_horizons(row: object) -> None:
    hours, scale, freedom = row.hours, row.scale, row.freedom  # type: ignore[attr-defined]
    level = 100.0 * np.exp(0.05)
    z = 0.05 / (0.03 * np.sqrt(hours / 24))
    said = float(touch_probability(level, price=100.0, daily_volatility=0.03, hours=hours))
    assert said == pytest.approx(2 * student.sf(z / scale, freedom), rel=1e-12)


def test_many_degrees_of_freedom_are_the_plain_walk() -> None:
    z = np.array([0.0, 0.5, 1.0, 2.0])
    assert student_touch(z, scale=1.0, freedom=1e7) == pytest.approx(walk_touch(z), abs=1e-6)


@given(
    away=st.floats(1e-4, 1.0),
    further=st.floats(1e-4, 1.0),
    daily=st.floats(0.001, 0.3),
    hours=st.floats(1.0, 168.0),
)
def test_further_is_rarer_longer_is_likelier(away: float, further: float, daily: float, hours: float) -> None:
    def chance(distance: float, over: float) -> float:
        return float(touch_probability(np.exp(distance), price=1.0, daily_volatility=daily, hours=over))

    assert 0.0 <= chance(away + further, hours) < chance(away, hours) <= 1.0
    assert chance(away, 168.0) >= chance(away, hours) >= chance(away, 1.0)
    assert chance(away, hours) == pytest.approx(
        float(touch_probability(np.exp(-away), price=1.0, daily_volatility=daily, hours=hours))
    )


def test_the_ends() -> None:
    levels = np.array([0.0, np.inf, 100.0])
    assert touch_probability(levels, price=100.0, daily_volatility=0.03, hours=24.0).tolist() == [
        0.0,
        0.0,
        1.0,
    ]
    assert touch_probability(levels, price=100.0, daily_volatility=0.0, hours=24.0).tolist() == [
        0.0,
        0.0,
        1.0,
    ]
    with pytest.raises(InputError, match="calibrated from 1 h to 168 h"):
        touch_probability(99.0, price=100.0, daily_volatility=0.03, hours=400.0)


def test_what_ships_held_on_later_months() -> None:
    """Every stated share lies within three points, or a third, of what was seen after the fit; the plain walk does not."""
    known = touch_calibration()
    assert known.fitted.split(" to ")[1] == known.tested.split(" to ")[0]
    for row in known.reliability:
        assert abs(row.stated - row.observed) < max(0.035, 0.36 * row.observed), row
    tail = [row for row in known.reliability if row.distance_vols == 3.0]
    assert all(row.walk < row.observed / 4 for row in tail)
    assert all(row.low <= row.observed <= row.high for row in known.reliability)
    hour = next(h for h in known.horizons if h.hours == 1)
    assert hour.low > 0


def test_words_say_when_it_is_not_calibrated() -> None:
    assert "held against" in touch_words("168 hourly returns", measured=True)
    assert "not calibrated here, the volatility is nominal" in touch_words("nominal", measured=False)
