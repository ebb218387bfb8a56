from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError
from liqatlas.evaluate.placebo import mass_within, mirrored_profile, shifted_profile

DISTANCE = np.array([0.0, 0.01, 0.03, 0.1])


def _profile(n: int = 6, buckets: int = 3) -> np.ndarray:
    mass = np.random.default_rng(2).gamma(1.0, 5.0, (n, 2, buckets, len(DISTANCE)))
    mass[..., 0] = 0.0
    return np.cumsum(mass, axis=-1)


def test_reading_agrees_with_a_plain_interpolation() -> None:
    profile = _profile()
    depth = np.random.default_rng(3).uniform(0, 0.12, (6, 2))
    depth[0, 0], depth[1, 1], depth[2, 0] = 0.0, 0.03, 0.5
    got = mass_within(profile, DISTANCE, depth)
    for t, position, bucket in np.ndindex(got.shape):
        wanted = np.interp(depth[t, position], DISTANCE, profile[t, position, bucket])
        assert got[t, position, bucket] == pytest.approx(wanted)


def test_shift_takes_the_older_map_and_never_a_later_one() -> None:
    profile = _profile()
    shifted = shifted_profile(profile, 2)
    assert np.array_equal(shifted[2:], profile[:-2])
    assert np.array_equal(shifted[:2], np.stack([profile[0], profile[0]]))


def test_mirror_twice_is_the_map() -> None:
    profile = _profile()
    assert np.array_equal(mirrored_profile(mirrored_profile(profile)), profile)
    assert np.array_equal(mirrored_profile(profile)[:, 0], profile[:, 1])


@pytest.mark.parametrize(
    ("distance", "depth"),
    [
        (DISTANCE[:-1], np.zeros((6, 2))),
        (DISTANCE + 0.01, np.zeros((6, 2))),
        (DISTANCE, np.full((6, 2), -0.01)),
        (DISTANCE, np.zeros((5, 2))),
    ],
)
def test_wrong_shapes_and_inward_depths_are_refused(distance: np.ndarray, depth: np.ndarray) -> None:
    with pytest.raises(InputError):
        mass_within(_profile(), distance, depth)


@pytest.mark.parametrize("hours", [0, 6, 168])
def test_shift_outside_the_table_is_refused(hours: int) -> None:
    with pytest.raises(InputError):
        shifted_profile(_profile(), hours)
