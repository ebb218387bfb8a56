"""OKX and Gate linear liquidation prices with the taker fee in maintenance (vector 5, their part).

Source: freqtrade at c9ae5e1e, tests/exchange/test_exchange.py ``test_get_liquidation_price``: mmr .01, taker .0006; read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from tests.vectors.published import assert_printed

RULE = margin_rule("okx", "linear", date(2024, 10, 24))


@pytest.mark.parametrize(
    ("direction", "leverage", "entry", "quantity", "printed"),
    [
        pytest.param(-1, 5, 10, 1.0, "11.87413417771621", id="gate-short-5x"),
        pytest.param(-1, 5, 10, 2.0, "11.87413417771621", id="gate-short-5x-twice"),
        pytest.param(-1, 3, 10, 1.0, "13.193482419684678", id="gate-short-3x"),
        pytest.param(-1, 5, 8, 1.0, "9.499307342172967", id="gate-short-5x-at-8"),
        pytest.param(-1, 3, 10, 1.0, "13.193482419684678", id="okx-short-3x"),
        pytest.param(1, 5, 10, 1.0, "8.085708510208207", id="gate-long-5x"),
        pytest.param(1, 3, 10, 1.0, "6.738090425173506", id="gate-long-3x"),
        pytest.param(1, 3, 10, 1.0, "6.738090425173506", id="okx-long-3x"),
    ],
)
def test_isolated(direction: int, leverage: float, entry: float, quantity: float, printed: str) -> None:
    held = Positions.isolated(direction, quantity, entry=entry, leverage=leverage)
    assert_printed(RULE.liquidation_price(held, Maintenance.of(0.01), taker_fee=0.0006), printed)
