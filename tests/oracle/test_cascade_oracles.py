"""Ten closed forms against the engine with its features off. Each test names its tolerance and its number of runs."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from liqatlas.cascade.kernels_state import FUEL, QUIET, Market, Plan, Runs
from liqatlas.cascade.monte_carlo import run_many
from liqatlas.cascade.venue_rules import plain_rules
from tests.oracle import naive_cascade as naive

Floats = NDArray[np.float64]
DEPTH = 50.0  # USD per unit of distance
AT = np.linspace(0.0, 100.0, 2001)


def market(
    level: Floats,
    fuel: Floats,
    *,
    at: Floats = AT,
    depth: Floats | None = None,
    marks: Floats | None = None,
    size: float = 0.0,
    sizes: Floats | None = None,
) -> Market:
    """One venue where ``fuel`` is (K,), several where it is (V, K); a linear book of DEPTH by default."""
    fuel = np.atleast_2d(fuel)
    venues = len(fuel)
    law = np.ones(1) if sizes is None else sizes
    table = np.tile(DEPTH * at, (venues, 1)) if depth is None else np.atleast_2d(depth)
    return Market(
        level, fuel[None].copy(), at, table, np.eye(venues) if marks is None else marks, np.full(venues, 1.0 / venues),
        plain_rules(venues), np.arange(venues, dtype=np.int64), np.full(venues, size), law,
        np.array([np.mean(law**2)]),
    )  # fmt: skip


def runs(order: Floats | float, *, count: int = 1, venues: int = 1, keep: float = 1.0) -> Runs:
    one = np.ones(count)
    table = np.broadcast_to(np.asarray(order, dtype=np.float64), (count, venues)).copy()
    return Runs(table, np.zeros(count), one, one, np.full(count, keep))


def plan(*, rounds: int = 100_000, shock_rounds: int = 1, seed: int = 1, traced: int = 0) -> Plan:
    return Plan(seed, shock_rounds, rounds, traced)


def uniform_map(ratio: float, *, length: float, count: int) -> tuple[Floats, Floats]:
    level = np.linspace(0, length, count + 1)[1:]
    return level, np.full(count, ratio * DEPTH * length / count)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.6, 0.9])
def test_o1_linear_book_uniform_map(ratio: float) -> None:
    """X = (q/D)/(1-r), liquidated q r/(1-r); 1 run, 50,000 levels, tolerance 0.2 %."""
    level, fuel = uniform_map(ratio, length=20.0, count=50_000)
    out = run_many(market(level, fuel), runs(40.0), plan())
    assert out.reach[0] == pytest.approx(40.0 / DEPTH / (1 - ratio), rel=2e-3)
    assert out.liquidated[0] == pytest.approx(40.0 * ratio / (1 - ratio), rel=2e-3, abs=1e-9)
    assert out.reach[0] / out.alone[0] == pytest.approx(1 / (1 - ratio), rel=2e-3)
    assert out.end[0] == QUIET


@pytest.mark.parametrize("ratio", [1.0, 1.3, 4.0])
def test_o2_supercritical_with_finite_fuel(ratio: float) -> None:
    """X = (q + ρ x_m)/D and the bound that ended it is the fuel; 1 run, tolerance 1e-9."""
    level, fuel = uniform_map(ratio, length=5.0, count=2_000)
    out = run_many(market(level, fuel), runs(40.0), plan())
    assert out.reach[0] == pytest.approx((40.0 + ratio * DEPTH * 5.0) / DEPTH, rel=1e-9)
    assert out.end[0] == FUEL


def interpolated(sold: float, *, usd: Floats, at: Floats) -> float:
    return float(np.interp(sold, usd, at))


def test_o3_any_book_any_map() -> None:
    """Levels hit, distance and liquidated equal the event-by-event twin; 200 random books and maps, tolerance 1e-9."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        count = int(rng.integers(1, 400))
        level, fuel = np.sort(rng.uniform(0.01, 10, count)), rng.pareto(2.2, count) * rng.uniform(0.5, 4)
        at = np.linspace(0, 60, 2801)
        depth = np.append(0.0, np.cumsum(rng.uniform(10, 120, 2800) * np.diff(at)))
        order = rng.uniform(1, 150)
        after = partial(interpolated, usd=depth, at=at)
        reach, forced, _ = naive.run_down(list(level), list(fuel), order, after)
        out = run_many(market(level, fuel, at=at, depth=depth), runs(order), plan())
        assert out.reach[0] == pytest.approx(reach, rel=1e-9)
        assert out.liquidated[0] == pytest.approx(forced, rel=1e-9, abs=1e-9)


def test_o4_poisson_levels_make_a_generalised_poisson_count() -> None:
    """Unit sizes on a linear book; 40,000 runs, chi-square per bin below 1.6, mean within 2 %, variance within 6 %."""
    rate, ratio, start = 3.0, 0.55, 1.2
    width = 0.002
    level = np.arange(1, 15_001, dtype=np.float64) * width
    at = np.linspace(0, 60, 3)
    one = market(level, np.full(len(level), rate * width), at=at, depth=rate / ratio * at, size=1.0)
    out = run_many(one, runs(start * rate / ratio, count=40_000), plan())
    count = np.rint(out.liquidated).astype(int)
    theta = rate * start
    expected = np.array([naive.generalised_poisson(n, theta, ratio) for n in range(60)]) * len(count)
    seen = np.bincount(np.minimum(count, 59), minlength=60)
    held = expected > 8
    assert ((seen - expected) ** 2 / expected)[held].sum() / held.sum() < 1.6
    assert count.mean() == pytest.approx(theta / (1 - ratio), rel=0.02)
    assert count.var() == pytest.approx(theta / (1 - ratio) ** 3, rel=0.06)


def test_o4b_random_sizes_widen_the_count() -> None:
    """Variance θ(1 + r² CV²)/(1-r)³ of the count, exponential sizes; 40,000 runs, mean within 3 %, variance of USD within 8 %.

    The engine tallies USD S = sum of sizes: Var S follows from the same branching as θ(1 + CV²)/(1-r)³ in size units.
    """
    rate, ratio, start = 3.0, 0.55, 1.2
    width = 0.002
    level = np.arange(1, 20_001, dtype=np.float64) * width
    at = np.linspace(0, 60, 3)
    sizes = -np.log1p(-(np.arange(4096) + 0.5) / 4096)
    sizes /= sizes.mean()
    one = market(
        level, np.full(len(level), rate * width), at=at, depth=rate / ratio * at, size=1.0, sizes=sizes
    )
    out = run_many(one, runs(start * rate / ratio, count=40_000), plan(seed=3))
    theta, cv2 = rate * start, sizes.var()
    assert out.liquidated.mean() == pytest.approx(theta / (1 - ratio), rel=0.03)
    assert out.liquidated.var() == pytest.approx(theta * (1 + cv2) / (1 - ratio) ** 3, rel=0.08)


@pytest.mark.parametrize(
    ("density", "decay", "order"), [(80.0, 0.3, 5.0), (30.0, 0.3, 20.0), (200.0, 1.1, 0.5)]
)
def test_o5_exponential_map(density: float, decay: float, order: float) -> None:
    """Lambert W; 1 run, 300,000 levels, tolerance 0.3 %."""
    level = np.linspace(0, 60, 300_001)[1:]
    fuel = density * np.exp(-decay * level) * (level[1] - level[0])
    out = run_many(market(level, fuel), runs(order), plan())
    wanted = naive.exponential_map_reach(order, DEPTH, density, decay)
    assert out.reach[0] == pytest.approx(wanted, rel=3e-3, abs=2e-3)


@pytest.mark.parametrize("order", [1e-4, 5.0, 400.0])
def test_o6_square_root_impact_is_always_finite(order: float) -> None:
    """X = [c²ρ + √(c⁴ρ² + 4c²q)]/2, the book of X = c√Q; 1 run, 100,000 levels, tolerance 2 %."""
    c, density = 0.08, 30.0
    level = np.linspace(0, 20, 100_001)[1:]
    at = np.append(0.0, np.geomspace(1e-5, 40, 4000))
    fuel = np.full(len(level), density * (level[1] - level[0]))
    out = run_many(market(level, fuel, at=at, depth=(at / c) ** 2), runs(order), plan())
    wanted = (c**2 * density + math.sqrt(c**4 * density**2 + 4 * c**2 * order)) / 2
    assert out.reach[0] == pytest.approx(wanted, rel=2e-2, abs=2e-3)


def test_o7_constant_flow_against_recovery() -> None:
    """x(t) = f/(Dκ)(1 - e^(-κt/(1-r))); 1 run, 6,000 rounds, tolerance 1 %."""
    flow, recovery, ratio, until, rounds = 12.0, 0.8, 0.7, 0.3, 6_000
    level, fuel = uniform_map(ratio, length=2.0, count=40_000)
    step = until / rounds
    out = run_many(
        market(level, fuel),
        runs(flow * until, keep=math.exp(-recovery * step)),
        plan(rounds=rounds, shock_rounds=rounds),
    )
    wanted = flow / (DEPTH * recovery) * (1 - math.exp(-recovery * until / (1 - ratio)))
    assert out.reach[0] == pytest.approx(wanted, rel=1e-2)


@pytest.mark.parametrize("kept", [1.0, 0.95, 0.8, 0.5, 0.0])
def test_o8_critical_ratio_with_recovery_between_rounds(kept: float) -> None:
    """Runs through all levels above (1 + √(1-g))², stops below; 2 runs each, 60,000 levels, 6 % below and above."""
    critical = (1 + math.sqrt(1 - kept)) ** 2
    level = np.geomspace(1e-3, 1e12, 60_001)
    at = np.array([0.0, 1e15])
    for factor, wanted in ((0.94, QUIET), (1.06, FUEL)):
        fuel = factor * critical * DEPTH * np.diff(level)
        out = run_many(
            market(level[1:], fuel, at=at, depth=DEPTH * at), runs(DEPTH, keep=kept), plan(rounds=20_000)
        )
        assert out.end[0] == wanted, (kept, factor)


def test_o9_venues_coupled_through_the_mark() -> None:
    """Total = (I - K)⁻¹ q below spectral radius 1, a venue's whole map burnt above; 20 random couplings, tolerance 0.5 %."""
    rng = np.random.default_rng(11)
    for _ in range(20):
        venues, count, length = 4, 100_000, 12.0
        level = np.linspace(0, length, count + 1)[1:]
        marks = rng.uniform(0, 1, (venues, venues))
        marks /= marks.sum(axis=1, keepdims=True)
        depth = rng.uniform(20, 90, venues)
        density = rng.uniform(5, 40, venues)
        radius = max(abs(np.linalg.eigvals(density[:, None] * marks / depth[None, :])))
        density *= rng.uniform(0.3, 0.8) / radius
        coupling = density[:, None] * marks / depth[None, :]
        order = rng.uniform(1, 9, venues)
        fuel = np.repeat(density[:, None] * length / count, count, axis=1)
        one = market(level, fuel, depth=depth[:, None] * AT[None, :], marks=marks)
        out = run_many(one, runs(order, venues=venues), plan())
        wanted = np.linalg.solve(np.eye(venues) - coupling, order)
        assert out.of("book")[0] + order == pytest.approx(wanted, rel=5e-3)
        assert out.end[0] == QUIET
        more = fuel * 1.3 / max(abs(np.linalg.eigvals(coupling)))
        over = run_many(
            market(level, more, depth=depth[:, None] * AT, marks=marks), runs(order, venues=venues), plan()
        )
        assert (over.of("book")[0] / more.sum(axis=1)).max() == pytest.approx(1.0)


def test_o10_one_round_of_delay_slips_by_the_band() -> None:
    """Mean fill minus level in a round = band (1 + r)/2; 1 run, rounds weighted, tolerance 0.5 %."""
    ratio = 0.5
    level, fuel = uniform_map(ratio, length=20.0, count=100_000)
    for rounds in (2, 3, 4):
        out = run_many(market(level, fuel), runs(DEPTH), plan(rounds=rounds))
        bands = ratio ** np.arange(rounds)
        wanted = (bands * bands * (1 + ratio) / 2).sum() / bands.sum()
        assert out.of("slippage")[0, 0] / out.of("book")[0, 0] == pytest.approx(wanted, rel=5e-3)
