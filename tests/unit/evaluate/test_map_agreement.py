"""Map against map: what equal, shifted and unrelated maps must score."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.map_agreement import side_agreement

STEP, PRICE = 0.002, 100.0
EDGES = PRICE * np.exp(np.arange(-300, 1) * STEP)


def humps(*centres: int) -> np.ndarray:
    place = np.arange(len(EDGES) - 1)
    return np.asarray(sum(np.exp(-(((place - c) / 6) ** 2)) for c in centres))


def test_the_same_shape_of_another_size_agrees() -> None:
    measured = humps(280, 200)
    found = side_agreement(EDGES, 7 * measured, measured, price=PRICE)
    assert found.scale == pytest.approx(1 / 7)
    assert found.wasserstein == pytest.approx(0, abs=1e-12)
    assert found.overlap == pytest.approx(1)
    assert found.rank_correlation == pytest.approx(1)
    assert [b.ratio for b in found.bands] == pytest.approx([1.0] * 5)
    assert all(a == pytest.approx(b) for a, b in (*found.by_estimate, *found.by_measure))


def test_a_shift_costs_its_length() -> None:
    for bins in (5, 20):
        found = side_agreement(EDGES, humps(200 - bins), humps(200), price=PRICE)
        assert found.wasserstein == pytest.approx(bins * STEP, rel=1e-6)
    assert found.overlap < 0.2


def test_a_flat_map_misses_the_concentration() -> None:
    measured = humps(250)
    found = side_agreement(EDGES, np.ones_like(measured), measured, price=PRICE)
    assert found.by_measure[-1][1] > 3 * found.by_measure[-1][0]
    assert np.isnan(found.rank_correlation)


def test_bands_sum_to_what_lies_within_them() -> None:
    measured, estimated = humps(280, 100), humps(270, 150)
    found = side_agreement(EDGES, estimated, measured, price=PRICE)
    assert sum(b.measured_usd for b in found.bands) == pytest.approx(measured.sum())
    assert sum(b.estimated_usd for b in found.bands) == pytest.approx(measured.sum())


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(InputError, match="rebin"):
        side_agreement(EDGES, np.ones(3), np.ones(4), price=PRICE)
    with pytest.raises(NotEnoughDataError):
        side_agreement(EDGES, np.zeros(300), np.ones(300), price=PRICE)
