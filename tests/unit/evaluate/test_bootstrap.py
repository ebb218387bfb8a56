from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.bootstrap import Interval, block_mean


def test_interval_covers_the_mean_of_dependent_rows() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    worlds = 200
    block = np.repeat(np.arange(40), 24)
    for world in range(worlds):
        value = np.repeat(rng.normal(0.3, 1.0, 40), 24) + rng.normal(0, 0.5, 960)
        got = block_mean(value, block, draws=400, seed=world)
        hits += got.low <= 0.3 <= got.high
    assert 0.88 <= hits / worlds <= 0.99


def test_rows_taken_as_independent_are_too_sure() -> None:
    rng = np.random.default_rng(4)
    value = np.repeat(rng.normal(0, 1, 30), 24)
    days = block_mean(value, np.repeat(np.arange(30), 24))
    rows = block_mean(value, np.arange(720))
    assert days.high - days.low > 3 * (rows.high - rows.low)


def test_unequal_blocks_keep_their_weight_and_nan_drops_out() -> None:
    value = np.array([1.0, 1.0, 1.0, 5.0, np.nan])
    got = block_mean(value, np.array([0, 0, 0, 1, 1]))
    assert got.mean == pytest.approx(2.0)
    assert (got.low, got.high) == (1.0, 5.0)


def test_same_seed_same_interval() -> None:
    value, block = np.random.default_rng(5).normal(size=100), np.arange(100) // 10
    assert block_mean(value, block) == block_mean(value, block)
    assert block_mean(value, block) != block_mean(value, block, seed=2)


def test_one_block_is_not_enough() -> None:
    with pytest.raises(NotEnoughDataError):
        block_mean(np.ones(5), np.zeros(5, dtype=np.int64))


def test_coverage_outside_zero_and_one_is_refused() -> None:
    with pytest.raises(InputError):
        block_mean(np.ones(4), np.arange(4), coverage=1.0)


def test_excludes_zero() -> None:
    assert Interval(1.0, 0.1, 2.0).excludes_zero
    assert Interval(-1.0, -2.0, -0.1).excludes_zero
    assert not Interval(0.1, -0.1, 0.3).excludes_zero
