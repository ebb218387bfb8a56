"""Bybit inverse contracts in the three versions of the rule.

Sources, read 22 Nov 2026: https://help.bybit.com/hc/en-us/articles/360039261334 (vector 9);
https://testnet.bybit.com/ar-SA/help-center/article/Liquidation-Price-Calculation-under-Isolated-Mode-Unified-Trading-Account
(2024, 60,000 USD short); https://www.kbybit.com/en/help-center/article/… of the same name (27 May 2026, formula only).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from liqatlas.base.units import ticks_from_price
from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from tests.vectors.published import assert_printed

LEGACY = margin_rule("bybit", "inverse", date(2021, 1, 1))
IN_2024 = margin_rule("bybit", "inverse", date(2024, 1, 1))
IN_2026 = margin_rule("bybit", "inverse", date(2026, 5, 27))


def test_legacy_cross_example() -> None:
    """Vector 9: 10,000 USD long at 8000, balance 0.5 BTC, 0.5 %, fee 0.075 %; shown rounded up to the 0.5 tick."""
    held = Positions.of(1, 10_000.0, entry=8000.0, margin=0.5, kind="inverse")
    assert_printed(LEGACY.bankruptcy_price(held, taker_fee=0.00075), "5718.57")
    level = LEGACY.liquidation_price(held, Maintenance.of(0.005), taker_fee=0.00075).item()
    assert_printed(level, "5739.084")
    assert LEGACY.tick_rounding == "up"
    assert ticks_from_price(level, Decimal("0.5"), "up") * Decimal("0.5") == Decimal("5739.50")


def test_example_of_2024() -> None:
    """60,000 USD short at 50,000, 10x, 0.5 % on the entry value."""
    held = Positions.isolated(-1, 60_000.0, entry=50_000.0, leverage=10.0, kind="inverse")
    assert_printed(IN_2024.liquidation_price(held, Maintenance.of(0.005)), "55248.62")


@pytest.mark.parametrize("direction", [1, -1])
def test_formula_of_2026(direction: int) -> None:
    """The page's formula, written out as it stands there, with extra margin and deduction."""
    face, entry, leverage, rate, deduction, extra, fee = 60_000.0, 50_000.0, 10.0, 0.005, 0.001, 0.02, 0.0006
    value, margin = face / entry, face / entry / leverage
    if direction > 0:
        published = face * (rate + 1) / (value + margin + extra / (1 + fee) + deduction)
    else:
        published = face * (1 - rate) / (value - margin - extra / (1 - fee) - deduction)
    held = Positions.of(
        direction, face, entry=entry, margin=margin + extra / (1 + direction * fee), kind="inverse"
    )
    level = IN_2026.liquidation_price(held, Maintenance.of(rate, deduction)).item()
    assert level == pytest.approx(published, rel=1e-14)
