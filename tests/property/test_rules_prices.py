"""What must hold for every position, whatever the numbers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liqatlas.rules import (
    Maintenance,
    Positions,
    TierTable,
    bankruptcy_price,
    continuous_deductions,
    cross_remainders,
    level_from_bankruptcy,
    liquidation_price,
    tiered_liquidation_price,
)
from liqatlas.rules.tier_search import self_consistent

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind

DAY = date(2026, 1, 1)
directions = st.sampled_from([-1, 1])
KINDS: tuple[ContractKind, ...] = ("linear", "inverse", "quanto")
prices = st.floats(1e-6, 1e6)
sizes = st.floats(1e-3, 1e9)
rates = st.floats(0.0, 0.2)
fees = st.floats(0.0, 0.002)


@st.composite
def isolated(draw: st.DrawFn, kinds: tuple[ContractKind, ...] = KINDS) -> tuple[Positions, Maintenance]:
    """A solvent isolated position and what it owes."""
    rate, fee = draw(rates), draw(fees)
    leverage = draw(st.floats(1.0, min(200.0, 0.999 / max(rate + fee, 1e-9))))
    held = Positions.isolated(
        draw(directions),
        draw(sizes),
        entry=draw(prices),
        leverage=leverage,
        kind=draw(st.sampled_from(kinds)),
    )
    return held, Maintenance.of(rate, close_fee=fee)


@st.composite
def schedules(draw: st.DrawFn) -> TierTable:
    """A continuous schedule of one to eight tiers with floors from 10 to 10 billion."""
    floors = np.array([0.0, *sorted(draw(st.sets(st.integers(10, 10**10), max_size=7)))])
    steps = draw(st.lists(st.floats(0.0, 0.06), min_size=len(floors), max_size=len(floors)))
    levels = 0.002 + np.cumsum(steps)
    return TierTable(
        "test", "X", floors, levels, continuous_deductions(floors, levels), 0.5 / levels, "usd", DAY, "random", DAY
    )  # fmt: skip


@given(isolated())
def test_long_level_below_entry_short_level_above(case: tuple[Positions, Maintenance]) -> None:
    held, owed = case
    level = liquidation_price(held, owed).item()
    if held.direction > 0:
        assert 0 <= level < held.entry
    else:
        assert level > held.entry


@given(isolated())
def test_equity_equals_maintenance_at_the_level(case: tuple[Positions, Maintenance]) -> None:
    held, owed = case
    level = liquidation_price(held, owed).item()
    assume(0 < level < np.inf)
    gross = max(held.notional_at(level).item(), held.notional_at(held.entry).item())
    gap = held.equity_at(level).item() - owed.amount_at(held, level).item()
    assert abs(gap) <= 1e-12 * gross


@given(isolated())
def test_bankruptcy_lies_beyond_liquidation(case: tuple[Positions, Maintenance]) -> None:
    held, owed = case
    level, bankrupt = liquidation_price(held, owed).item(), bankruptcy_price(held).item()
    room = 1e-12 * min(level, bankrupt)
    assert level >= bankrupt - room if held.direction > 0 else level <= bankrupt + room


@given(isolated())
def test_a_bankruptcy_price_gives_the_level_back(case: tuple[Positions, Maintenance]) -> None:
    held, owed = case
    bankrupt, level = bankruptcy_price(held).item(), liquidation_price(held, Maintenance.of(owed.rate)).item()
    assume(0 < bankrupt < np.inf and 1e-9 < level / held.entry < 1e9)
    back = level_from_bankruptcy(bankrupt, owed.rate, direction=held.direction, kind=held.kind).item()
    assert back == pytest.approx(level, rel=1e-6)


@given(isolated(), st.floats(0.1, 10.0))
def test_price_does_not_depend_on_the_unit_of_size(
    case: tuple[Positions, Maintenance], factor: float
) -> None:
    held, owed = case
    larger = Positions.of(
        held.direction, held.quantity * factor, entry=held.entry, margin=held.margin * factor, kind=held.kind
    )
    assert liquidation_price(larger, owed).item() == pytest.approx(
        liquidation_price(held, owed).item(), rel=1e-9
    )


@given(isolated(("quanto", "linear")), st.floats(1e-6, 1e6))
def test_quanto_is_linear_with_contracts_times_multiplier(
    case: tuple[Positions, Maintenance], multiplier: float
) -> None:
    held, owed = case
    contracts = held.quantity / multiplier
    quanto = Positions.of(
        held.direction, contracts * multiplier, entry=held.entry, margin=held.margin, kind="quanto"
    )
    linear = Positions.of(held.direction, held.quantity, entry=held.entry, margin=held.margin)
    assert liquidation_price(quanto, owed).item() == pytest.approx(
        liquidation_price(linear, owed).item(), rel=1e-9
    )


@given(isolated(("inverse",)))
def test_inverse_long_is_a_linear_short_in_one_over_price(case: tuple[Positions, Maintenance]) -> None:
    held, owed = case
    mirrored = Positions.of(-held.direction, held.quantity, entry=1 / held.entry, margin=held.margin)
    there = liquidation_price(mirrored, owed).item()
    expected = 1 / there if there > 0 else np.inf
    assert liquidation_price(held, owed).item() == pytest.approx(expected, rel=1e-9)


@given(isolated(("inverse",)), st.floats(0.2, 5.0))
def test_inverse_profit_in_dollars_is_the_linear_profit_of_the_same_value(
    case: tuple[Positions, Maintenance], move: float
) -> None:
    """``s Q (1/E - 1/P) P = s (Q/E) (P - E)``: coins gained, valued at the price they are gained at."""
    held, _ = case
    price = held.entry * move
    linear = Positions.of(
        held.direction, held.quantity / held.entry, entry=held.entry, margin=0.0 * held.margin
    )
    bare = Positions.of(
        held.direction, held.quantity, entry=held.entry, margin=0.0 * held.margin, kind="inverse"
    )
    gained = bare.equity_at(price).item() * price
    assert gained == pytest.approx(linear.equity_at(price).item(), rel=1e-9, abs=1e-9 * float(held.quantity))


@given(isolated(("inverse",)))
def test_an_inverse_level_is_the_linear_one_of_the_margin_valued_there(
    case: tuple[Positions, Maintenance],
) -> None:
    """At its level an inverse position is a linear one of Q/E coins whose margin of W coins is worth W times that level."""
    held, owed = case
    level = liquidation_price(held, owed).item()
    assume(1e-6 < level / held.entry < 1e6)
    linear = Positions.of(
        held.direction, held.quantity / held.entry, entry=held.entry, margin=held.margin * level
    )
    owed_there = float(held.quantity) * float(
        owed.rate + owed.close_fee
    )  # an inverse contract owes on its face
    left = linear.equity_at(level) - owed_there
    assert abs(left.item()) <= 1e-9 * float(held.quantity) * max(1.0, level / float(held.entry))


@given(directions, st.floats(1.5, 100.0), st.floats(0.0, 0.005), prices, st.floats(1e-8, 1e-2))
def test_the_three_kinds_of_contract_share_levels_to_first_order(
    direction: int, leverage: float, rate: float, entry: float, multiplier: float
) -> None:
    """Linear and quanto agree exactly; inverse lies nearer for longs and farther for shorts, by the square of the distance."""
    levels = {}
    for kind in KINDS:
        held = Positions.isolated(direction, 1_000.0 * multiplier, entry=entry, leverage=leverage, kind=kind)
        levels[kind] = liquidation_price(held, Maintenance.of(rate)).item() / entry
    assert levels["quanto"] == pytest.approx(levels["linear"], rel=1e-12)
    distance = abs(levels["linear"] - 1)
    assume(distance < 0.3)
    assert levels["inverse"] >= levels["linear"] - 1e-12
    assert levels["inverse"] - levels["linear"] <= 2.5 * (distance + rate) ** 2 + 2.5 * rate


@given(isolated(), st.floats(0.001, 0.5))
def test_more_margin_moves_the_level_away(case: tuple[Positions, Maintenance], share: float) -> None:
    held, owed = case
    extra = held.notional_at(held.entry) * share
    safer = Positions.of(
        held.direction, held.quantity, entry=held.entry, margin=held.margin + extra, kind=held.kind
    )
    before, after = liquidation_price(held, owed).item(), liquidation_price(safer, owed).item()
    assert after <= before if held.direction > 0 else after >= before


@given(schedules(), directions, st.floats(1.0, 1e11), st.tuples(prices, fees), st.floats(0.001, 1.2))
def test_exactly_one_tier_is_self_consistent(
    table: TierTable, direction: int, notional: float, entry_and_fee: tuple[float, float], margin_share: float
) -> None:
    """Solve in every tier; the roots whose notional lies in their own tier are one price, the one the search returns."""
    entry, fee = entry_and_fee
    held = Positions.of(direction, notional / entry, entry=entry, margin=notional * margin_share)
    roots = []
    for i, (floor, cap) in enumerate(zip(table.floors, np.append(table.floors[1:], np.inf), strict=True)):
        root = liquidation_price(
            held, Maintenance.of(table.rates[i], table.deductions[i], close_fee=fee)
        ).item()
        at = held.notional_at(root).item()
        if root > 0 and floor * (1 - 1e-9) <= at <= cap * (1 + 1e-9):
            roots.append(root)
    found = tiered_liquidation_price(held, table, close_fee=fee).item()
    if not roots:
        assert direction > 0
        assert found == pytest.approx(0.0, abs=1e-6 * entry)
        return
    assert max(roots) == pytest.approx(min(roots), rel=1e-6)
    assert found == pytest.approx(roots[0], rel=1e-6)


@given(schedules(), directions, st.floats(1.0, 1e11), prices, st.floats(0.01, 0.9))
def test_bankruptcy_lies_beyond_liquidation_under_tiers(
    table: TierTable, direction: int, notional: float, entry: float, margin_share: float
) -> None:
    held = Positions.of(direction, notional / entry, entry=entry, margin=notional * margin_share)
    level, bankrupt = tiered_liquidation_price(held, table).item(), bankruptcy_price(held).item()
    assert direction * (level - bankrupt) >= -1e-9 * entry


@given(
    schedules(),
    st.lists(st.tuples(directions, st.floats(1.0, 1e11), prices, st.floats(0.01, 1.0)), min_size=1),
)
def test_a_batch_is_its_positions_bit_for_bit(
    table: TierTable, rows: list[tuple[int, float, float, float]]
) -> None:
    direction, notional, entry, share = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    batch = tiered_liquidation_price(
        Positions.of(direction, notional / entry, entry=entry, margin=notional * share), table
    )
    for i in range(len(rows)):
        one = Positions.of(
            direction[i], notional[i] / entry[i], entry=entry[i], margin=notional[i] * share[i]
        )  # fmt: skip
        assert tiered_liquidation_price(one, table).item() == batch[i]


@given(schedules(), directions, st.floats(10.0, 1e10), prices, st.floats(0.01, 0.9))
def test_more_tiers_never_help(
    table: TierTable, direction: int, notional: float, entry: float, share: float
) -> None:
    """A schedule with rising rates liquidates no later than its lowest rate alone."""
    held = Positions.of(direction, notional / entry, entry=entry, margin=notional * share)
    lowest = liquidation_price(held, Maintenance.of(table.rates[0])).item()
    tiered = tiered_liquidation_price(held, table).item()
    assert direction * (tiered - lowest) >= -1e-9 * entry
    assert self_consistent(held, table).rate >= table.rates[0]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e5)), min_size=1, max_size=20))
def test_cross_remainders_leave_out_exactly_the_own_position(rows: list[tuple[float, float]]) -> None:
    profit, owed = (np.array(column) for column in zip(*rows, strict=True))
    for i, remainder in enumerate(cross_remainders(profit, owed)):
        others = np.delete(profit - owed, i).sum()
        assert remainder == pytest.approx(others, abs=1e-6)
