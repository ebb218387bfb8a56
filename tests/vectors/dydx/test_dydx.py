"""dYdX v4: the documentation's two examples and the chain's integer tests.

Sources, read 22 Nov 2026: dydxprotocol/v4-documentation at 3e475b73, docs/pages/concepts/trading/liquidations.mdx (10, 11);
dydxprotocol/v4-chain at 84d4664b, protocol/x/clob/keeper/liquidations_test.go (12).
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.rules.by_venue.dydx import fillable_price, subaccount_bankruptcy_price
from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from tests.vectors.published import assert_printed

RULE = margin_rule("dydx", "linear", date(2026, 4, 22))
ORACLE, QUOTE, MMF = 50_000.0, -4501.0, 0.10
COLLATERAL, OWED = 0.1 * ORACLE + QUOTE, 0.1 * ORACLE * MMF


def test_isolated_short() -> None:
    """Vector 10: equity 1000, short 3 ETH at 3000, 5 %."""
    held = Positions.of(-1, 3.0, entry=3000.0, margin=1000.0)
    assert_printed(RULE.liquidation_price(held, Maintenance.of(0.05)), "3174.60")


def test_cross_short_beside_another_market() -> None:
    """Vector 11: equity 1000, short 1.5 ETH at 3000 (5 %), long 1000 STRK at 1.75 (10 %: 175 USD owed)."""
    held = Positions.of(-1, 1.5, entry=3000.0, margin=1000.0, cross_remainder=-(1000 * 1.75 * 0.10))
    assert_printed(RULE.liquidation_price(held, Maintenance.of(0.05)), "3380.95")


def test_bankruptcy_price_of_the_chain() -> None:
    """Vector 12: a 0.1 BTC long with -4501 USD is bankrupt at 4501 USD for the 0.1 BTC, a price of 45,010."""
    held = Positions.of(1, 0.1, entry=ORACLE, margin=COLLATERAL)
    assert_printed(RULE.bankruptcy_price(held), "45010")
    by_chain = subaccount_bankruptcy_price(
        ORACLE, direction=1, maintenance_fraction=MMF, collateral=COLLATERAL, total_maintenance=OWED
    )
    assert_printed(by_chain, "45010")
    assert_printed(by_chain * 0.1, "4501")


@pytest.mark.parametrize(
    ("adjustment", "spread", "printed"), [(1.0, 0.1, "49999"), (2.0, 0.1, "49998"), (1.0, 0.2, "49998")]
)
def test_fillable_price_of_the_chain(adjustment: float, spread: float, printed: str) -> None:
    """Vector 12, second part."""
    price = fillable_price(
        ORACLE,
        direction=1,
        maintenance_fraction=MMF,
        collateral_ratio=COLLATERAL / OWED,
        spread_to_maintenance=spread,
        bankruptcy_adjustment=adjustment,
    )
    assert_printed(price, printed)
