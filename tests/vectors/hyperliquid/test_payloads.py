"""Hyperliquid liquidation prices in the API's own answers.

Sources, read 22 Nov 2026: the documentation's ``clearinghouseState`` example (February 2024; vector 13);
hyperliquid-dex/hyperliquid-python-sdk at 7ee976d1, tests/cassettes/info_test/test_get_user_state.yaml, answered
2023-03-27T18:05:22Z (vector 14); https://hyperliquid.gitbook.io/hyperliquid-docs/trading/margin-tiers (deduction).

The API prints money with six decimals: half of the last, divided by the size, is how far its own price can lie from ours.
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from liqatlas.rules.tier_table import continuous_deductions
from tests.vectors.published import assert_printed

HALF_CENT_OF_A_MILLIONTH = 0.5e-6
ACCOUNT_VALUE, TOTAL_NOTIONAL = 1182.312496, 3434.815334


def test_isolated_long_of_the_documentation() -> None:
    """Vector 13: szi 0.0335, rawUsd -95.059824, maximum leverage 50, so maintenance is 1 %."""
    size, raw_usd, entry = 0.0335, -95.059824, 2986.3
    held = Positions.of(1, size, entry=entry, margin=raw_usd + size * entry)
    rule = margin_rule("hyperliquid", "linear", date(2024, 2, 1))
    level = rule.liquidation_price(held, Maintenance.of(0.5 / 50))
    assert_printed(level, "2866.26936529", slack=HALF_CENT_OF_A_MILLIONTH / (size * 0.99))


@pytest.mark.parametrize(
    ("coin", "size", "value", "printed"),
    [
        ("BTC", 0.00785, 211.64542, "173198.69592357"),
        ("ATOM", 0.45, 4.86, "2561.83187333"),
        ("DYDX", 121.2, 287.244, "11.841653"),
        ("APE", 131.8, 509.5388, "12.57589638"),
        ("OP", 76.4, 156.238, "17.0707113"),
    ],
)
def test_cross_shorts_of_march_2023(coin: str, size: float, value: float, printed: str) -> None:
    """Vector 14: maintenance stays at 1 % of the notional the account had when it was looked at."""
    mark = value / size
    others = -0.01 * (TOTAL_NOTIONAL - value)
    held = Positions.of(-1, size, entry=mark, margin=ACCOUNT_VALUE, cross_remainder=others)
    rule = margin_rule("hyperliquid", "linear", date(2023, 3, 27))
    assert rule.version.name == "constant maintenance", coin
    level = rule.liquidation_price(held, Maintenance.of(0.01))
    assert_printed(level, printed, slack=1.01 * HALF_CENT_OF_A_MILLIONTH / size)


def test_today_s_rule_does_not_give_the_price_of_march_2023() -> None:
    held = Positions.of(-1, 76.4, entry=156.238 / 76.4, margin=ACCOUNT_VALUE, cross_remainder=-32.79)
    rule = margin_rule("hyperliquid", "linear", date(2026, 1, 1))
    assert abs(rule.liquidation_price(held, Maintenance.of(0.01)).item() - 17.0707113) > 0.1


def test_deduction_of_btc() -> None:
    """40x up to 150 M USD, then 20x: the second tier deducts 1.875 M."""
    assert_printed(continuous_deductions([0.0, 150e6], [0.5 / 40, 0.5 / 20])[1], "1875000")
