"""The engine on small inputs, compiled and plain alike."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.book.depth import Depth
from liqatlas.cascade.inputs import fixed_runs, make_market
from liqatlas.cascade.kernels_book import depth_to, distance_of
from liqatlas.cascade.kernels_random import compound_poisson, key_of, mix, spread_of, uniform
from liqatlas.cascade.kernels_state import QUIET, ROUNDS, Plan
from liqatlas.cascade.ladder import Ladder
from liqatlas.cascade.monte_carlo import run_many
from liqatlas.cascade.shock import Shock
from liqatlas.cascade.venue_rules import plain_rules

pytestmark = pytest.mark.kernels


def plain_mix(x: int) -> int:
    """The same mixer on Python's unbounded integers."""
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ (x >> 16)


def test_mixer_equals_its_plain_twin() -> None:
    for x in (0, 1, 2, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xDEADBEEF, 0xFFFFFFFF):
        assert mix(x) == plain_mix(x)
    assert len({mix(x) for x in range(2000)}) == 2000


def test_uniform_numbers_are_uniform_and_differ_by_every_counter() -> None:
    key = key_of(3, 5, 7)
    numbers = np.array([uniform(key, cell, draw) for cell in range(40) for draw in range(40)])
    assert 0 < numbers.min() < 0.01
    assert 0.99 < numbers.max() < 1
    assert numbers.mean() == pytest.approx(0.5, abs=0.03)
    assert len(set(numbers)) == 1600
    assert (
        len({key_of(seed, run, stream) for seed in (1, 2, 2**40) for run in range(9) for stream in range(9)})
        == 243
    )


@pytest.mark.parametrize("mean", [0.5, 8.0, 400.0])
def test_compound_poisson_has_its_mean_and_variance(mean: float) -> None:
    sizes = np.array([0.2, 0.8, 2.0])
    square = float(np.mean(sizes**2))
    spread = spread_of(mean, 1.0, square)
    sums = np.array(
        [compound_poisson(mean, 1.0, (spread, sizes), key_of(1, run, 2), 3) for run in range(4000)]
    )
    assert (spread >= 0) == (mean > 24)
    assert sums.mean() == pytest.approx(mean, rel=0.08)
    assert sums.var() == pytest.approx(mean * square, rel=0.12)
    assert compound_poisson(mean, 0.0, (spread_of(mean, 0.0, square), sizes), 1, 1) == mean
    assert compound_poisson(0.0, 1.0, (spread_of(0.0, 1.0, square), sizes), 1, 1) == 0


def test_walking_a_book_there_and_back() -> None:
    at, depth = np.array([0.0, 0.01, 0.02, 0.05]), np.array([[0.0, 10.0, 12.0, 40.0]])
    slope = np.diff(at) / np.diff(depth)
    for hint in (0, 1, 2):
        for usd, distance in (
            (0.0, 0.0),
            (5.0, 0.005),
            (10.0, 0.01),
            (11.0, 0.015),
            (40.0, 0.05),
            (99.0, 0.05),
        ):
            assert distance_of(usd, (at, depth, slope), 0, hint) == pytest.approx(distance)
            if usd <= 40:
                assert depth_to(distance, at, depth, 0, hint) == pytest.approx(usd)
        assert depth_to(0.08, at, depth, 0, hint) == pytest.approx(40 + 28)  # the last slope goes on


def test_a_cascade_worked_out_by_hand() -> None:
    """Linear book of 100 per 1 %; levels at 1, 2 and 4 % hold 60, 60 and 500; a sale of 150 moves 1.5 %.

    60 more: 2.1 %, which triggers the second; 60 more: 2.7 %; the third stays.
    """
    ladder = Ladder(
        "down", 100.0, ("none",), np.array([0.01, 0.02, 0.04]), np.array([[60.0, 60.0, 500.0]]),
        (Depth(np.array([0.01]), np.array([100.0]), 1.0),),
    )  # fmt: skip
    out = run_many(
        make_market(ladder, plain_rules(1)), fixed_runs(ladder, Shock("order", -150.0)), Plan(1, 1, 50, 1)
    )
    assert out.reach[0] == pytest.approx(0.027, rel=1e-4)
    assert out.liquidated[0] == 120
    assert (int(out.rounds[0]), int(out.end[0])) == (3, QUIET)
    assert out.trace[0, :4] == pytest.approx([0.015, 0.021, 0.027, 0.027], rel=1e-4)
    stopped = run_many(
        make_market(ladder, plain_rules(1)), fixed_runs(ladder, Shock("order", -150.0)), Plan(1, 1, 2, 0)
    )
    assert (int(stopped.rounds[0]), int(stopped.end[0])) == (2, ROUNDS)
