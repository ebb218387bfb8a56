"""Phemex USDT contracts: the generic equation with its fee of 0.06 % (vector 15).

Source: https://phemex.com/help-center/liq-price-for-USDTM, read 22 Nov 2026.
"""

from __future__ import annotations

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance, liquidation_price
from tests.vectors.published import assert_printed


def test_long_of_the_help_page() -> None:
    """500 at 0.4, balance 40.096, maintenance 1 %."""
    held = Positions.of(1, 500.0, entry=0.4, margin=40.096)
    assert_printed(liquidation_price(held, Maintenance.of(0.01, close_fee=0.0006)), "0.3232")
