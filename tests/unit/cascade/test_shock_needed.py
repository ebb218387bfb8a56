from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from liqatlas.base.errors import InputError
from liqatlas.book.depth import Depth
from liqatlas.cascade.ladder import Ladder, coarser
from liqatlas.cascade.shock_needed import branching, shock_needed
from tests.oracle import naive_cascade as naive


def ladder(level: np.ndarray, fuel: np.ndarray, depth: Depth) -> Ladder:
    return Ladder("down", 100.0, ("binance",), level, np.atleast_2d(fuel), (depth,))


def interpolated(sold: float, *, usd: np.ndarray, at: np.ndarray) -> float:
    return float(np.interp(sold, usd, at))


def test_against_bisection_over_whole_runs() -> None:
    rng = np.random.default_rng(8)
    for _ in range(20):
        level, fuel = np.sort(rng.uniform(0.001, 0.3, 30)), rng.pareto(2.0, 30) * 2e6
        depth = Depth(np.sort(rng.uniform(0.001, 0.4, 15)), np.cumsum(rng.uniform(1e5, 5e6, 15)), 0.8)
        needed = shock_needed(ladder(level, fuel, depth))
        fine = np.append(0.0, np.geomspace(1e-6, 5, 20_000))
        table = depth.cumulative(fine)
        for k in (0, 7, 15, 29):
            after = partial(interpolated, usd=table, at=fine)
            slow = naive.needed_by_search(list(level), list(fuel), k, after, 1e9)
            assert needed.usd[k] == pytest.approx(slow, rel=1e-3, abs=1.0)


def test_branching_of_a_uniform_map_is_its_density_over_depth() -> None:
    level = np.linspace(0, 0.2, 2001)[1:]
    fuel = np.full(2000, 3e5)  # 3e9 per unit of log price
    depth = Depth(np.array([0.01]), np.array([5e7]), 1.0)  # 5e9 per unit
    found = branching(ladder(level, fuel, depth), release=0.5, depth_factor=0.2)
    assert found.ratio[200:-100] == pytest.approx(np.full(1700, 0.5 * 3e9 / (0.2 * 5e9)), rel=0.03)
    assert len(found.zones) == 1
    assert not branching(ladder(level, fuel, depth), release=0.5).zones


def test_coarser_keeps_the_fuel_and_the_order() -> None:
    level = np.linspace(0, 0.2, 2001)[1:]
    rng = np.random.default_rng(2)
    fuel = rng.random((1, 2000)) * (rng.random((1, 2000)) < 0.1)
    whole = ladder(level, fuel, Depth(np.array([0.01]), np.array([5e7]), 1.0))
    part = coarser(whole, 100)
    assert part.fuel.sum() == pytest.approx(fuel.sum())
    assert len(part.level) <= 100
    assert (np.diff(part.level) > 0).all()
    assert coarser(whole, 5000).fuel.sum() == pytest.approx(fuel.sum())


def test_an_even_map_has_no_teeth_however_its_rungs_are_merged() -> None:
    """1,000 bins of the same size into at most 400 levels: the ratio is the same everywhere but at the two ends."""
    ends = np.linspace(0.0, 0.2, 1001)
    fine = Ladder(
        "down", 100.0, ("none",), (ends[1:] + ends[:-1]) / 2, np.full((1, 1000), 1e4),
        (Depth(np.array([0.01]), np.array([1e6]), 1.0),), ends,
    )  # fmt: skip
    for levels in (400, 334, 130, 37):
        merged = coarser(fine, levels)
        assert len(merged.level) <= levels
        assert merged.fuel.sum() == pytest.approx(fine.fuel.sum())
        assert merged.fuel_within(ends) == pytest.approx(fine.fuel_within(ends), rel=1e-9, abs=1e-3)
        ratio = branching(merged).ratio
        inside = (merged.level > 0.003) & (merged.level < 0.197)
        assert ratio[inside] == pytest.approx(np.full(inside.sum(), 0.5), rel=1e-6)


def test_bins_and_draws_of_a_ladder_must_fit() -> None:
    ladder = Ladder(
        "down", 100.0, ("none",), np.array([0.01, 0.02]), np.ones((1, 2)),
        (Depth(np.array([0.01]), np.array([1e6]), 1.0),),
    )  # fmt: skip
    with pytest.raises(InputError, match="bins"):
        replace(ladder, ends=np.array([0.0, 0.02]))
    with pytest.raises(InputError, match="draws"):
        replace(ladder, draws=np.ones((3, 2)))
