"""Hourly maps and their features: what they add up to, and that the future changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from liqatlas.base.errors import InputError
from liqatlas.levels.calibrate import Provenance, calibrate
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.hourly_maps import HourlyMaps, hourly_maps, map_features
from tests.unit.levels.hour_markets import HOUR_NS, START_NS, random_market

HOURS, CUT = 24 * 8, 24 * 6


def test_the_future_changes_nothing() -> None:
    market, other = random_market(HOURS, 3), random_market(HOURS, 9)
    made = calibrate(
        market,
        load_settings(),
        np.arange(HOURS) < CUT - 24,
        provenance=Provenance("made up", "test", "2026-06-01"),
        hazard_scale=2.5,
    )
    names = ("open", "low", "high", "close", "volume", "open_interest", "path", "printed_usd")
    parts: dict[str, Any] = {
        name: np.concatenate([getattr(market, name)[:CUT], 1.3 * getattr(other, name)[CUT:]])
        for name in names
    }
    changed = replace(market, **parts)
    one, two = hourly_maps(market, made), hourly_maps(changed, made)
    assert np.array_equal(one.within_usd[:CUT], two.within_usd[:CUT])
    assert not np.array_equal(one.within_usd[CUT + 1 :], two.within_usd[CUT + 1 :])
    first, second = map_features(one), map_features(two)
    for name, values in first.items():
        assert np.array_equal(values[:CUT], second[name][:CUT]), name
        assert np.isfinite(values).all()
    assert (np.diff(one.within_usd, axis=2) >= 0).all()


def by_hand() -> HourlyMaps:
    distance = np.array([0.0, 0.01, 0.02, 0.05, 0.1])
    longs = np.array([0.0, 0.0, 30.0, 40.0, 60.0])
    within = np.stack([longs, longs / 3])[None]
    return HourlyMaps(np.array([START_NS]), np.array([100.0]), distance, within, np.ones(1))


def test_features_by_hand() -> None:
    got = {name: float(value[0]) for name, value in map_features(by_hand()).items()}
    assert (got["long_within_1pct"], got["long_within_5pct"], got["short_within_10pct"]) == (0.0, 40.0, 20.0)
    assert got["asymmetry_2pct"] == pytest.approx(0.5)
    assert got["long_gap"] == pytest.approx(
        0.0125
    )  # 2 of 40 are met within the first quarter percent after 1 %
    assert 0.01 < got["long_cluster"] < 0.02
    assert got["long_cluster_share"] == pytest.approx(7.5 / 40)


def test_broken_amounts_are_refused_and_steps_are_of_the_clock() -> None:
    maps = by_hand()
    with pytest.raises(InputError, match="not finite"):
        map_features(replace(maps, within_usd=maps.within_usd * np.nan))
    row = np.zeros(1)
    for shift, rows in ((0, 1), (1, 0)):
        moved = replace(maps, start_ns=START_NS + shift * HOUR_NS + row.astype(np.int64))
        assert len(moved.thinned(4).price) == rows
