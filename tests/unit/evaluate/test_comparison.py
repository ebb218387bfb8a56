from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.comparison import gain
from liqatlas.evaluate.hours import HOUR_NS, Hours


def _world(n: int = 1200) -> tuple[Hours, np.ndarray]:
    rng = np.random.default_rng(7)
    mean = np.exp(rng.normal(3, 1, (n, 2)))
    amount = rng.gamma(1.5, mean / 1.5)
    flat = np.full(n, 100.0)
    hours = Hours(
        start_ns=np.arange(n, dtype=np.int64) * HOUR_NS, open=flat, high=flat, low=flat, close=flat,
        volume=flat, oi_usd=flat, path=np.full((n, 2), 100.0), printed_usd=amount * 10_000.0,
    )  # fmt: skip
    return hours, mean


def test_truth_beats_a_constant_and_ties_with_itself() -> None:
    hours, mean = _world()
    train, test = np.arange(1200) < 600, np.arange(1200) >= 600
    got = gain(hours, mean, np.full_like(mean, mean.mean()), train=train, test=test)
    assert got.per_row.low > 0.2
    assert got.rank_ic > 0.6
    assert got.predicted_over_realised == pytest.approx(1.0, abs=0.1)
    assert got.rows == 1200
    assert got.per_million_usd * hours.printed_usd[test].sum() / 1e6 == pytest.approx(got.per_row.mean * 1200)
    assert gain(hours, mean, mean, train=train, test=test).per_row.mean == 0


def test_rows_unknown_to_either_drop_out_of_both() -> None:
    hours, mean = _world()
    train, test = np.arange(1200) < 600, np.arange(1200) >= 600
    holes = mean.copy()
    holes[700:724] = np.nan
    assert gain(hours, holes, mean, train=train, test=test).rows == 1152
    assert gain(hours, holes, mean, train=train, test=test).per_row.mean == 0


def test_nothing_to_compare_is_said() -> None:
    hours, mean = _world()
    with pytest.raises(NotEnoughDataError):
        gain(hours, mean, mean, train=np.ones(1200, dtype=bool), test=np.zeros(1200, dtype=bool))
