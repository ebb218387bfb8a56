"""What must hold for any map and book, with funds, deleveraging, partial steps and recovery off.

With them on, a better fill can spare a deleveraging, and an earlier sale can recover before the next: then more depth may
reach further.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.book.depth import Depth
from liqatlas.cascade.inputs import fixed_runs, make_market
from liqatlas.cascade.kernels_state import Plan
from liqatlas.cascade.ladder import Ladder
from liqatlas.cascade.monte_carlo import RunTable, run_many
from liqatlas.cascade.shock import Shock
from liqatlas.cascade.shock_needed import shock_needed
from liqatlas.cascade.venue_rules import plain_rules

SLACK = 1e-9


@st.composite
def ladders(draw: Any, *, venues: int = 3) -> Ladder:
    count = draw(st.integers(1, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    level = np.cumsum(rng.uniform(0.0005, 0.01, count))
    fuel = rng.pareto(1.5, (venues, count)) * 1e6 * (rng.random((venues, count)) < 0.7)
    depths = tuple(
        Depth(
            np.cumsum(rng.uniform(0.0005, 0.01, 12)),
            np.cumsum(rng.uniform(0.1, 5, 12)) * 1e6,
            float(rng.uniform(0.4, 1.6)),
        )
        for _ in range(venues)
    )
    return Ladder("down", 100.0, ("binance", "okx", "bybit")[:venues], level, fuel, depths)


def run(
    ladder: Ladder, shock: Shock, *, own: float = 0.3, size_usd: float = 0.0, workers: int = 1, count: int = 1
) -> RunTable:
    market = make_market(ladder, plain_rules(len(ladder.venues)), own_mark_weight=own, size_usd=size_usd)
    return run_many(market, fixed_runs(ladder, shock, count), Plan(7, 3, 400, 0), workers=workers)


SHOCKS = st.one_of(
    st.floats(1e5, 2e8).map(lambda usd: Shock("order", -usd)),
    st.floats(0.001, 0.2).map(lambda part: Shock("move", -part)),
)
# A market order keeps its size when the book is deeper; a move would be carried by more orders, so it is left out there.
ORDERS = st.floats(1e5, 2e8).map(lambda usd: Shock("order", -usd))


@given(ladders(), ORDERS, st.floats(1.0, 5.0))
def test_more_depth_never_spreads_further(ladder: Ladder, shock: Shock, more: float) -> None:
    deeper = replace(ladder, depths=tuple(d.scaled(more) for d in ladder.depths))
    shallow, deep = run(ladder, shock), run(deeper, shock)
    assert deep.reach[0] <= shallow.reach[0] * (1 + SLACK)
    assert deep.liquidated[0] <= shallow.liquidated[0] * (1 + SLACK)


@given(ladders(), SHOCKS, st.integers(0, 24), st.floats(0.0, 1e8))
def test_more_liquidations_never_less_far(ladder: Ladder, shock: Shock, where: int, more: float) -> None:
    fuel = ladder.fuel.copy()
    fuel[where % 3, where % fuel.shape[1]] += more
    assert run(replace(ladder, fuel=fuel), shock).reach[0] >= run(ladder, shock).reach[0] * (1 - SLACK)


@given(ladders(), SHOCKS, st.permutations([0, 1, 2]), st.sampled_from([0.0, 3e5]))
def test_order_of_venues_does_not_matter(
    ladder: Ladder, shock: Shock, order: list[int], size_usd: float
) -> None:
    shuffled = replace(
        ladder, venues=tuple(ladder.venues[i] for i in order), fuel=ladder.fuel[order],
        depths=tuple(ladder.depths[i] for i in order),
    )  # fmt: skip
    one, other = run(ladder, shock, size_usd=size_usd), run(shuffled, shock, size_usd=size_usd)
    # a mark that lies on a level to the last bit can fall to either side when sums are taken in another order
    same = np.allclose(one.of("triggered")[0, order], other.of("triggered")[0], rtol=1e-7)
    on_the_edge = np.abs(ladder.level[:, None] - one.of("mark")[0]).min() < 1e-12
    assert same or on_the_edge


@given(ladders(venues=1), ORDERS)
def test_closed_form_and_engine_agree_on_what_is_reached(ladder: Ladder, shock: Shock) -> None:
    out = run(ladder, shock)
    needed = shock_needed(ladder)
    order = abs(shock.amount)
    clear = np.abs(needed.usd - order) > 1e-3 * order  # the engine's table of depth is finer than this
    wanted = ladder.fuel[0][(needed.usd < order)].sum()
    if clear.all() and ladder.level[-1] < 0.5 and out.reach[0] < 0.6:
        assert out.liquidated[0] == pytest.approx(wanted, rel=1e-9)
    assert (np.diff(needed.usd) >= 0).all()
    assert (needed.usd >= 0).all()


@given(ladders(), SHOCKS, st.integers(0, 2**62))
def test_same_seed_same_answer_whatever_the_workers(ladder: Ladder, shock: Shock, seed: int) -> None:
    market = make_market(ladder, plain_rules(3), own_mark_weight=0.3, size_usd=2e5, sizes=(0.2, 0.8, 2.0))
    draws, plan = fixed_runs(ladder, shock, 600), Plan(seed, 2, 60, 5)
    one, two = (run_many(market, draws, plan, workers=n) for n in (1, 3))
    assert one.reach.tobytes() == two.reach.tobytes()
    assert one.venues.tobytes() == two.venues.tobytes()
    assert one.trace.tobytes() == two.trace.tobytes()


@given(ladders(), SHOCKS, st.floats(0.0, 1.0))
def test_every_run_ends_and_books_add_up(ladder: Ladder, shock: Shock, keep: float) -> None:
    market = make_market(ladder, plain_rules(3), own_mark_weight=0.3)
    out = run_many(market, fixed_runs(ladder, shock, keep=keep), Plan(1, 5, 50, 0))
    assert 1 <= out.rounds[0] <= 50
    assert (out.of("triggered")[0] <= ladder.fuel.sum(axis=1) * (1 + 1e-9)).all()
    assert out.of("triggered")[0] == pytest.approx(out.of("book")[0] + out.of("taken")[0] + out.of("adl")[0])
