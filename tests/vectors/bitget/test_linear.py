"""Bitget isolated: its published formula is the generic equation with the taker fee in maintenance.

Source: https://bitget.com/asia/support/articles/12560603808759 (18 Sep 2025), read 22 Nov 2026: the formula, no numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance, liquidation_price


@pytest.mark.parametrize("direction", [1, -1])
def test_formula_of_the_support_page(direction: int) -> None:
    margin, size, entry, rate, taker, offset = 130.0, 0.25, 4000.0, 0.006, 0.0006, 1.5
    published = (margin + offset - size * entry * direction) / (size * (rate + taker - direction))
    held = Positions.of(direction, size, entry=entry, margin=margin)
    np.testing.assert_allclose(
        liquidation_price(held, Maintenance.of(rate, offset, close_fee=taker)), published, rtol=1e-14
    )
