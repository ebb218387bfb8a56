"""Binance COIN-M: the price Binance's page showed for a position, and the one a user got with an outdated deduction.

Source: https://dev.binance.vision/t/coin-margined-futures-liquidation-price-calculation-help-cm-variable/6292, read 22 Nov 2026;
maintenance example: https://www.binance.com/es-MX/support/faq/ceccfcfb4e3a45e3b48b0b1bb1a8ae46, read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from liqatlas.base.units import ticks_from_price
from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from tests.vectors.published import assert_printed

RULE = margin_rule("binance_coinm", "inverse", date(2024, 1, 1))
LONG_10M = Positions.of(1, 10_000_000.0, entry=45_000.0, margin=101.0, kind="inverse")


def test_price_shown_by_the_venue() -> None:
    """Vector 6: exact 33,599.4186, shown as 33,599.40 at the 0.1 tick."""
    level = RULE.liquidation_price(LONG_10M, Maintenance.of(0.125, 11.605)).item()
    assert_printed(level, "33599.4186")
    assert RULE.tick_rounding == "nearest"
    assert ticks_from_price(level, Decimal("0.1"), "nearest") * Decimal("0.1") == Decimal("33599.40")


def test_price_with_an_outdated_deduction() -> None:
    """Vector 7: the user's value to its nine decimals."""
    level = RULE.liquidation_price(LONG_10M, Maintenance.of(0.125, 11.81)).item()
    assert_printed(level, "33578.859744834")


def test_maintenance_example() -> None:
    """100 contracts of 100 USD at 25,000 are 0.4 BTC; at 0.4 % they owe 0.0016 BTC."""
    held = Positions.of(1, 100 * 100.0, entry=25_000.0, margin=1.0, kind="inverse")
    assert_printed(held.notional_at(25_000.0), "0.4")
    assert_printed(Maintenance.of(0.004).amount_at(held, 25_000.0), "0.0016")
