"""Kernels alone, compiled and once more without compilation."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.rules import Positions, tiered_liquidation_price
from liqatlas.simulate import STEEP_TIERS, SimulationConfig, Tiers, simulate
from liqatlas.simulate.kernels_heap import pop, push
from liqatlas.simulate.kernels_margin import highest_leverage, liquidation_price, maintenance
from liqatlas.simulate.kernels_series import autoregress, match
from liqatlas.simulate.kernels_state import HEAP_ENTRY
from liqatlas.simulate.world import tier_rows
from tests.unit.simulate.test_exchange import hard_world

pytestmark = pytest.mark.kernels


def test_heap_gives_back_in_order() -> None:
    rng = np.random.default_rng(1)
    heap, expected = np.empty(200, HEAP_ENTRY), []
    size = 0
    for round_ in range(600):
        if size == 0 or (rng.random() < 0.6 and size < 200):
            key = float(rng.integers(0, 50))
            push(heap, size, key, round_)
            expected.append(key)
            size += 1
        else:
            assert heap[0]["key"] == min(expected)
            expected.remove(min(expected))
            pop(heap, size)
            size -= 1
    assert size > 0


@pytest.mark.parametrize("tiers", [Tiers(), STEEP_TIERS])
def test_margin_of_one_position_in_the_loop_is_that_of_rules(tiers: Tiers) -> None:
    rng, rows, table = np.random.default_rng(2), tier_rows(tiers), tiers.table()
    count = 500
    entry = rng.uniform(10, 1000, count)
    positions = Positions.of(
        rng.choice((-1, 1), count),
        np.exp(rng.uniform(np.log(1e3), np.log(1e6), count)) / entry,
        entry=entry,
        margin=rng.uniform(-0.02, 1.2, count) * 1e5,
    )
    columns = (positions.direction, positions.quantity, positions.entry, positions.margin)
    one_by_one = [
        liquidation_price(int(s), float(q), float(e), float(w), rows)
        for s, q, e, w in zip(*columns, strict=True)
    ]
    assert np.allclose(one_by_one, tiered_liquidation_price(positions, table), rtol=1e-12, atol=1e-9)
    assert (np.array(one_by_one) == 0).any()  # a long with more margin than it can lose
    notional = np.exp(rng.uniform(np.log(1e3), np.log(1e6), count))
    amounts = [maintenance(float(n), rows) for n in notional]
    assert np.allclose(amounts, table.maintenance_amount(notional), rtol=1e-12)
    caps = [highest_leverage(float(n), rows) for n in notional]
    assert np.allclose(caps, table.max_leverage_at(notional), rtol=1e-12)


def test_autoregress_is_its_definition() -> None:
    shocks = np.random.default_rng(3).standard_normal(50)
    value, expected = shocks[0], [shocks[0]]
    for shock in shocks[1:]:
        value = 0.9 * value + 0.5 * shock
        expected.append(value)
    assert (autoregress(shocks, 0.9, 0.5) == np.array(expected)).all()


def test_makers_take_the_other_side_and_keep_their_books() -> None:
    rng = np.random.default_rng(4)
    lots = rng.integers(1, 100, 500)
    sells = rng.choice((-1, 0, 1, 2), 500)
    first = rng.integers(0, 5, 500)
    pairs = np.column_stack((first, (first + rng.integers(1, 5, 500)) % 5))
    inventory = np.zeros(5, np.int64)
    made = match(lots, sells, pairs, inventory)
    bought, sold = made[:, 0] + made[:, 3], made[:, 1] + made[:, 2]
    assert (bought == np.where((sells == 1) | (sells == 2), lots, 0)).all()
    assert (sold == np.where((sells == 0) | (sells == 2), lots, 0)).all()
    longs, shorts = (made[:, 0] - made[:, 2]).sum(), (made[:, 1] - made[:, 3]).sum()
    assert longs == inventory[inventory > 0].sum()
    assert shorts == -inventory[inventory < 0].sum()


def test_a_small_world_of_every_switch_runs() -> None:
    simulation = simulate(hard_world())
    assert {r.instrument.key for r in simulation.recordings} == {
        f"simulated_{v}:{c}USDT" for v in "ab" for c in ("BTC", "ETH")
    }
    assert all(r.trades.height > 100 for r in simulation.recordings)
    methods = {method for market in simulation.truth.markets for method in market.prints["method"]}
    assert methods == {"liquidation", "partial_liquidation", "adl"}
    ends = {end for market in simulation.truth.markets for end in market.positions["ended_by"]}
    assert ends >= {None, "close", "stop", "liquidation", "changed", "adl", "adl_opposite"}
    cross = [market.positions["account"].count() for market in simulation.truth.markets]
    assert min(cross) > 10


def test_a_minimal_world_runs() -> None:
    simulation = simulate(SimulationConfig(seed=1, days=0.05, warmup_days=0.0, mark_step_s=30))
    assert simulation.recording.marks.height == 145
