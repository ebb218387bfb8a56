"""BitMEX: inverse, linear and quanto by one equation, with rates of the recorded instrument row.

XBTUSD: maintMargin 0.005, takerFee 0.0005 (recorded 2024-11-24). The venue's own algebra is not stored, so the equation is proved
by what a level means: margin plus profit equals maintenance plus fee there, and by the identity of quanto and linear.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule

DAY = date(2024, 11, 24)
RATE, TAKER = Maintenance.of(0.005), 0.0005
directions = st.sampled_from([1, -1])
leverages = st.floats(2.0, 80.0)
prices = st.floats(100.0, 200_000.0)


@given(directions, leverages, prices)
def test_inverse_level_leaves_maintenance_and_fee(direction: int, leverage: float, entry: float) -> None:
    face = 1_000.0
    margin = face / entry / leverage
    held = Positions.of(direction, face, entry=entry, margin=margin, kind="inverse")
    level = margin_rule("bitmex", "inverse", DAY).liquidation_price(held, RATE, taker_fee=TAKER).item()
    profit = direction * face * (1 / entry - 1 / level)
    assert margin + profit == pytest.approx((0.005 + TAKER) * face / level, rel=1e-9)


@given(directions, leverages, prices)
def test_quanto_is_linear_with_the_multiplier_in_the_size(
    direction: int, leverage: float, entry: float
) -> None:
    """ETHUSD: a point is worth ``multiplier`` satoshi a contract, so q = contracts x multiplier."""
    contracts, multiplier = 300.0, 1e-6
    size = contracts * multiplier
    given_quanto = Positions.of(direction, size, entry=entry, margin=size * entry / leverage, kind="quanto")
    given_linear = Positions.of(direction, size, entry=entry, margin=size * entry / leverage)
    quanto = margin_rule("bitmex", "quanto", DAY).liquidation_price(given_quanto, RATE, taker_fee=TAKER)
    linear = margin_rule("bitmex", "linear", DAY).liquidation_price(given_linear, RATE, taker_fee=TAKER)
    assert quanto.item() == pytest.approx(linear.item(), rel=1e-12)


def test_an_inverse_short_without_leverage_has_no_level() -> None:
    """SCIENCE 1.3: a short with its whole face as margin is never liquidated: the level is not reachable."""
    held = Positions.of(-1, 1_000.0, entry=50_000.0, margin=1_000.0 / 50_000.0 * 1.01, kind="inverse")
    level = margin_rule("bitmex", "inverse", DAY).liquidation_price(held, RATE, taker_fee=TAKER).item()
    assert level == float("inf")
