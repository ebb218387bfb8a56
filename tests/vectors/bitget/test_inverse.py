"""Bitget's coin-margined contracts are inverse, one USD each: what a real fill was charged says so, and the level follows.

Fill: 120 contracts of BTCUSD_CM at 84,350.2, maker (0.02 %), fee 0.0000002845280747 BTC, production 2026-09-23, published in the tests of
Gainium's exchange connector; contracts: https://www.bitget.com/support/articles/12560603848198 (2026-01-16), read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance, liquidation_price
from liqatlas.rules.registry import margin_rule

RULE = margin_rule("bitget_coinm", "inverse", date(2026, 11, 22))


def test_the_fee_of_a_fill_proves_a_face_of_one_usd() -> None:
    charged = 0.0000002845280747
    assert charged == pytest.approx(120 * 1.0 / 84_350.2 * 0.0002, rel=1e-9)


@pytest.mark.parametrize("direction", [1, -1])
def test_equity_in_coins_meets_maintenance_and_fee_at_the_level(direction: int) -> None:
    """margin + s F (1/E - 1/LP) = F/LP (m + fee), all in coins: what inverse contracts and the terms of the page say."""
    face, entry, rate, fee, leverage = 120_000.0, 84_350.2, 0.004, 0.0006, 20.0
    held = Positions.isolated(direction, face, entry=entry, leverage=leverage, kind="inverse")
    level = float(liquidation_price(held, Maintenance.of(rate, close_fee=fee)).item())
    assert (level < entry) == (direction == 1)
    equity = face / entry / leverage + direction * face * (1 / entry - 1 / level)
    np.testing.assert_allclose(equity, face / level * (rate + fee), rtol=1e-12)
    assert (RULE.basis, RULE.fee, RULE.trigger) == ("mark", "mark", "mark")


def test_a_short_of_one_times_has_no_level() -> None:
    held = Positions.isolated(-1, 120.0, entry=84_350.2, leverage=1.0, kind="inverse")
    assert not np.isfinite(liquidation_price(held, Maintenance.of(0.004, close_fee=0.0006)).item())
