"""The vectorised rules against their slow twin on random positions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.rules import Positions, TierTable, continuous_deductions, tiered_liquidation_price
from tests.oracle.naive_rules import Holding, Schedule, first_liquidation_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.instruments import ContractKind
    from liqatlas.rules.tier_table import FloorUnit

DAY = date(2026, 1, 1)


def random_schedule(
    rng: np.random.Generator, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rising floors around a notional, and rates from 0.2 % to 40 %."""
    count = int(rng.integers(1, 9))
    floors = np.concatenate(([0.0], np.sort(scale * 10 ** rng.uniform(-2, 1.5, count))))
    rates = np.sort(10 ** rng.uniform(-2.7, -0.4, count + 1))
    return floors, rates


def table_of(
    floors: NDArray[np.float64], rates: NDArray[np.float64], unit: FloorUnit, *, whole: bool
) -> TierTable:
    deductions = np.zeros_like(floors) if whole else continuous_deductions(floors, rates)
    return TierTable(
        "test", "X", floors, rates, deductions, 0.5 / rates, unit, DAY, "random", DAY, whole_position=whole
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["linear", "inverse"])
@pytest.mark.parametrize("whole", [False, True], ids=["continuous", "whole-position"])
def test_random_positions_under_random_schedules(kind: ContractKind, whole: bool) -> None:
    rng = np.random.default_rng(20260122)
    inverse, compared, jumps = kind == "inverse", 0, 0
    for _ in range(60):
        entry = float(10 ** rng.uniform(-3, 5))
        notional = float(10 ** rng.uniform(2, 8))
        quantity = notional * entry if inverse else notional / entry
        floors, rates = random_schedule(rng, notional)
        fee = float(rng.choice([0.0, 0.0006]))
        table = table_of(floors, rates, "coin" if inverse else "usd", whole=whole)
        n = 40
        direction = rng.choice([-1.0, 1.0], n)
        size = quantity * 10 ** rng.uniform(-1.5, 1.0, n)
        margin = (size / entry if inverse else size * entry) * rng.uniform(0.005, 1.3, n)
        held = Positions.of(direction, size, entry=entry, margin=margin, kind=kind)
        fast = tiered_liquidation_price(held, table, close_fee=fee)
        schedule = Schedule(tuple(floors), tuple(rates), fee, whole)
        for i in range(n):
            holding = Holding(int(direction[i]), float(size[i]), entry, float(margin[i]), inverse)
            if schedule.spare(holding, entry) <= 0:
                continue
            slow = first_liquidation_price(holding, schedule)
            compared += 1
            if slow in (0.0, np.inf) or fast[i] in (0.0, np.inf):
                assert unreachable(fast[i], entry) == unreachable(slow, entry), (
                    holding,
                    schedule,
                    fast[i],
                    slow,
                )
                continue
            assert fast[i] == pytest.approx(slow, rel=1e-9), (holding, schedule)
            at = holding.notional(slow)
            jumps += bool(np.any(np.abs(floors[1:] / at - 1) < 1e-9))
    assert compared > 1000
    assert jumps > 0 or not whole, (
        "no level lies on a floor: the jumps of whole-position schedules went untested"
    )


def unreachable(level: float, entry: float) -> str:
    """Tell never reached from far away: the twin stops looking at a factor of a trillion."""
    if level < entry * 1e-11:
        return "zero"
    return "infinite" if level > entry * 1e11 else "finite"
