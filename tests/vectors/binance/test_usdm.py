"""Binance USD-M liquidation prices, as freqtrade's test suite records them from Binance's calculation example.

Source: https://github.com/freqtrade/freqtrade at c9ae5e1e (24 Oct 2024), tests/exchange/test_binance.py,
``test_liquidation_price_binance`` and tests/exchange/test_exchange.py, ``test_get_liquidation_price``; read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.registry import margin_rule
from tests.vectors.published import assert_printed

RULE = margin_rule("binance", "linear", date(2024, 10, 24))
WALLET = 1535443.01
ETH = {"quantity": 3683.979, "entry": 1456.84, "mark": 1335.18, "rate": 0.10, "cum": 135365.0}
BTC = {"quantity": 109.488, "entry": 32481.98, "mark": 31967.27, "rate": 0.025, "cum": 16300.0}


def long_level(of: dict[str, float], other: dict[str, float] | None = None) -> float:
    """Return the level of a long backed by the wallet, with another long in the account or without."""
    remainder = 0.0
    if other:
        profit = other["quantity"] * (other["mark"] - other["entry"])
        remainder = profit - (other["quantity"] * other["mark"] * other["rate"] - other["cum"])
    held = Positions.of(1, of["quantity"], entry=of["entry"], margin=WALLET, cross_remainder=remainder)
    return RULE.liquidation_price(held, Maintenance.of(of["rate"], of["cum"])).item()


@pytest.mark.parametrize(
    ("of", "other", "printed"),
    [
        pytest.param(ETH, None, "1114.78", id="1-eth-isolated"),
        pytest.param(BTC, None, "18778.73", id="2-btc-isolated"),
        pytest.param(ETH, BTC, "1153.26", id="3-eth-cross"),
        pytest.param(BTC, ETH, "26316.89", id="4-btc-cross"),
    ],
)
def test_wallet_of_the_calculation_example(
    of: dict[str, float], other: dict[str, float] | None, printed: str
) -> None:
    assert_printed(long_level(of, other), printed)


@pytest.mark.parametrize(
    ("direction", "leverage", "entry", "quantity", "printed"),
    [
        (-1, 5, 10, 1.0, "11.89108910891089"),
        (-1, 5, 8, 1.0, "9.514851485148514"),
        (-1, 5, 10, 0.6, "11.897689768976898"),
        (1, 5, 10, 1.0, "8.070707070707071"),
        (1, 5, 8, 1.0, "6.454545454545454"),
        (1, 3, 10, 1.0, "6.723905723905723"),
        (1, 5, 10, 0.6, "8.063973063973064"),
    ],
)
def test_isolated_with_rate_and_deduction_of_one_percent(
    direction: int, leverage: float, entry: float, quantity: float, printed: str
) -> None:
    """Vector 5, Binance part: mmr .01, cum .01."""
    held = Positions.isolated(direction, quantity, entry=entry, leverage=leverage)
    assert_printed(RULE.liquidation_price(held, Maintenance.of(0.01, 0.01)), printed)


def test_the_one_figure_whose_margin_was_cut() -> None:
    """Vector 5, Binance short at 3x: 13.211221122079207 is the exact answer for a margin of 3.3333333333, not of 10/3."""
    cut = Positions.of(-1, 1.0, entry=10.0, margin=3.3333333333)
    assert_printed(RULE.liquidation_price(cut, Maintenance.of(0.01, 0.01)), "13.211221122079207")
    whole = Positions.isolated(-1, 1.0, entry=10.0, leverage=3.0)
    assert_printed(RULE.liquidation_price(whole, Maintenance.of(0.01, 0.01)), "13.2112211221")
