"""Cost of the cascade Monte Carlo. Floor: reading every run's levels once.

Wanted: 10,000 runs, five venues, 400 levels a side under 1 s on two cores. Last look, 2026-11-22, two busy cores: 0.31 (a move of 2 %)
to 0.50 (5 %) CPU-seconds in all. Growth with runs and levels:
``python benchmarks/bench_cascade.py growth.png``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.cascade.kernels_state import RULE, Market, Plan, Runs
from liqatlas.cascade.monte_carlo import run_many

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

VENUES = 5
#: Kinds of closing of the five venues: three limited, one backstopped, one fillable.
KINDS = (1, 1, 1, 2, 3)
PLAN = Plan(1, 60, 720, 0)


def market(levels: int = 400, *, ratio: float = 0.5) -> Market:
    """Levels out to 20 %, a linear book, half as much forced as the book takes; every feature on."""
    at = np.append(0.0, np.geomspace(1e-5, 0.7, 400))
    depth = np.outer(np.full(VENUES, 1e10), at)
    step = 0.2 / levels
    rules = np.zeros(VENUES, RULE)
    rules["kind"], rules["bankruptcy"], rules["backstop"] = KINDS, 0.004, 0.0013
    rules["large_share"], rules["first_share"], rules["wait"], rules["relief"] = 0.3, 0.5, 6, 0.001
    rules["cap"], rules["fund"], rules["adl_drop"], rules["unwind"], rules["spread"] = (
        1e8,
        1e7,
        1.0,
        0.1,
        4e-4,
    )
    level = np.arange(1, levels + 1, dtype=np.float64) * step
    sizes = np.exp(np.random.default_rng(1).normal(-0.5, 1.0, 64))
    sizes /= sizes.mean()
    return Market(
        level, np.full((1, VENUES, levels), ratio * 1e10 * step), at, depth, np.full((VENUES, VENUES), 1 / VENUES),
        np.full(VENUES, 1 / VENUES), rules, np.arange(VENUES) + 1, np.full(VENUES, 5e3), sizes,
        np.array([np.mean(sizes**2)]),
    )  # fmt: skip


def draws(count: int, *, move: float = 0.05) -> Runs:
    rng = np.random.default_rng(2)
    return Runs(
        np.zeros((count, VENUES)), np.full(count, move), np.exp(rng.normal(0, 0.4, count)),
        np.minimum(np.exp(rng.normal(-0.5, 0.4, count)), 1.0), np.full(count, 0.99),
    )  # fmt: skip


@pytest.mark.parametrize("move", [0.02, 0.05])
@pytest.mark.benchmark(group="cascade 10,000 runs, 5 venues, 400 levels")
def test_monte_carlo(benchmark: BenchmarkFixture, move: float) -> None:
    world, runs = market(), draws(10_000, move=move)
    run_many(world, draws(10), PLAN)
    out = benchmark(run_many, world, runs, PLAN)
    assert out.liquidated.min() > 0


@pytest.mark.benchmark(group="cascade 10,000 runs, 5 venues, 400 levels")
def test_floor(benchmark: BenchmarkFixture) -> None:
    fuel = market().fuel[0]
    benchmark.name = "floor: every run sums its levels"
    benchmark(lambda: [fuel.sum() for _ in range(10_000)])


def growth(target: Path) -> None:
    """Draw seconds over runs and over levels; process time over both cores."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def seconds(levels: int, count: int) -> float:
        world, runs = market(levels), draws(count)
        best = np.inf
        for _ in range(3):
            start = time.process_time()
            run_many(world, runs, PLAN)
            best = min(best, time.process_time() - start)
        return float(best)

    run_many(market(), draws(10), PLAN)
    counts, levels = (500, 1_000, 2_000, 5_000, 10_000, 20_000), (50, 100, 200, 400, 800, 1_600)
    over_runs, over_levels = [seconds(400, n) for n in counts], [seconds(k, 5_000) for k in levels]
    figure = Figure(figsize=(10, 4))
    FigureCanvasAgg(figure)
    for axes, x, y, name in zip(
        figure.subplots(1, 2),
        (counts, levels),
        (over_runs, over_levels),
        ("runs (400 levels)", "levels a side (5,000 runs)"),
        strict=True,
    ):
        axes.loglog(x, y, "o-", color="#0b6fb8")
        axes.set_xlabel(name)
        axes.set_ylabel("CPU seconds, five venues, all features")
        axes.grid(visible=True, which="both", alpha=0.3)
    figure.tight_layout()
    figure.savefig(target, dpi=100)
    for name, x, y in (("runs", counts, over_runs), ("levels", levels, over_levels)):
        print(name, ", ".join(f"{n:,}: {s:.3f} s" for n, s in zip(x, y, strict=True)))


if __name__ == "__main__":
    growth(Path(sys.argv[1]))
