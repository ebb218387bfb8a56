"""Tier tables: look-up at the edges, continuity, refusal of what is no schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from liqatlas.base.errors import RuleError
from liqatlas.base.schemas import MARGIN_TIERS
from liqatlas.rules import TierTable, continuous_deductions

DAY = date(2024, 10, 24)
FLOORS = np.array([0.0, 50e3, 600e3, 3e6])
RATES = np.array([0.004, 0.005, 0.0065, 0.01])
TABLE = TierTable(
    "binance", "BTCUSDT", FLOORS, RATES, continuous_deductions(FLOORS, RATES), np.array([125.0, 100.0, 75.0, 50.0]),
    "usd", DAY, "freqtrade at c9ae5e1e", DAY, size_limit=12e6,
)  # fmt: skip


def test_deductions_are_those_the_venue_publishes() -> None:
    np.testing.assert_allclose(TABLE.deductions, [0.0, 50.0, 950.0, 11_450.0], rtol=1e-12)


def test_a_size_on_a_floor_belongs_to_the_tier_below_or_above_as_the_venue_says() -> None:
    assert TABLE.tier_index([0.0, 50e3, 50e3 + 1]).tolist() == [0, 0, 1]
    assert replace(TABLE, cap_inclusive=False).tier_index([0.0, 50e3 - 1, 50e3]).tolist() == [0, 0, 1]


def test_sizes_beyond_the_limit_stay_in_the_last_tier() -> None:
    assert TABLE.tier_index(1e12) == 3
    assert TABLE.caps.tolist() == [50e3, 600e3, 3e6, 12e6]


def test_lookups() -> None:
    assert TABLE.maintenance_rate([1.0, 700e3]).tolist() == [0.004, 0.0065]
    assert TABLE.deduction(700e3) == pytest.approx(950.0)
    assert TABLE.max_leverage_at([1.0, 4e6]).tolist() == [125.0, 50.0]
    assert TABLE.leverage_cap == 125.0
    assert TABLE.maintenance_amount(1e6) == pytest.approx(1e6 * 0.0065 - 950)
    with pytest.raises(RuleError, match="negative"):
        TABLE.tier_index(-1.0)


def test_maintenance_does_not_jump_at_a_floor() -> None:
    assert TABLE.is_continuous()
    below, above = (
        TABLE.maintenance_amount(FLOORS[1:] * (1 - 1e-12)),
        TABLE.maintenance_amount(FLOORS[1:] * (1 + 1e-12)),
    )
    np.testing.assert_allclose(below, above, rtol=1e-9)


def test_a_wrong_deduction_and_a_whole_position_table_jump() -> None:
    wrong = replace(TABLE, deductions=np.array([0.0, 50.0, 900.0, 11_450.0]))
    assert not wrong.is_continuous()
    assert wrong.continuity_gap() == pytest.approx(50 / (600e3 * 0.005 - 50))
    assert not replace(TABLE, deductions=np.zeros(4), whole_position=True).is_continuous()
    assert replace(TABLE, deductions=np.zeros(4), whole_position=True).maintenance_amount(
        700e3
    ) == pytest.approx(4550.0)


def test_columns_follow_the_table_schema() -> None:
    columns = TABLE.columns()
    assert list(columns) == list(MARGIN_TIERS.columns)
    assert columns["tier"].tolist() == [1, 2, 3, 4]
    assert columns["cap"][-1] == np.inf
    assert TABLE.caps[-1] == 12e6


def test_a_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TABLE.rates[0] = 0.5


def test_contracts_are_not_notional() -> None:
    counted = replace(TABLE, floor_unit="contracts")
    with pytest.raises(RuleError, match="contracts"):
        counted.maintenance_amount(1e6)
    assert counted.maintenance_amount(1e6, size=100.0) == pytest.approx(4000.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"floors": np.array([1.0, 50e3, 600e3, 3e6])}, "start at 0"),
        ({"floors": np.array([0.0, 600e3, 50e3, 3e6])}, "rise"),
        ({"rates": np.array([0.004, 0.003, 0.0065, 0.01])}, "not fall"),
        ({"rates": np.array([0.4, 0.5, 0.65, 1.0])}, r"\(0, 1\)"),
        ({"rates": np.array([0.004, 0.005])}, "equal length"),
        ({"rates": np.array([0.004, np.nan, 0.0065, 0.01])}, "not finite"),
        ({"max_leverages": np.array([125.0, 0.0, 75.0, 50.0])}, "leverage"),
        ({"size_limit": 3e6}, "size limit"),
    ],
)
def test_what_is_no_schedule_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        replace(TABLE, **changed)  # type: ignore[arg-type]
