"""Bybit USDT contracts under the legacy rule.

Sources: https://testnet.bybit.com/en-US/help-center/s/article/Liquidation-Price-USDT-Contract (vector 8); freqtrade at c9ae5e1e,
tests/exchange/test_exchange.py ``test_get_liquidation_price`` (vector 5, Bybit part; cut off at seven decimals); read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from tests.vectors.published import assert_printed

LEGACY = margin_rule("bybit", "linear", date(2023, 6, 1))
NOW = margin_rule("bybit", "linear", date(2026, 6, 1))
EXAMPLE = Positions.isolated(1, 1.0, entry=20_000.0, leverage=50.0)


def test_legacy_example() -> None:
    """Vector 8: IM 400, MM 100 on the entry value."""
    assert LEGACY.basis == "entry"
    assert_printed(LEGACY.liquidation_price(EXAMPLE, Maintenance.of(0.005)), "19700")


def test_same_position_under_mark_value_maintenance() -> None:
    assert NOW.basis == "mark"
    assert_printed(NOW.liquidation_price(EXAMPLE, Maintenance.of(0.005)), "19698.49")


@pytest.mark.parametrize(
    ("direction", "leverage", "printed"),
    [
        (1, 1, "0.1"),
        (1, 3, "6.7666666"),
        (1, 5, "8.1"),
        (1, 10, "9.1"),
        (-1, 1, "19.9"),
        (-1, 3, "13.233333"),
        (-1, 5, "11.9"),
        (-1, 10, "10.9"),
    ],
)
def test_legacy_with_rate_of_one_percent(direction: int, leverage: float, printed: str) -> None:
    held = Positions.isolated(direction, 1.0, entry=10.0, leverage=leverage)
    cut = "666" in printed or "333" in printed
    assert_printed(LEGACY.liquidation_price(held, Maintenance.of(0.01)), printed, cut=cut)
