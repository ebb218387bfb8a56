"""Positions: what they refuse, and their value, profit and equity."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import RuleError
from liqatlas.rules import Positions, cross_remainders, direction_of


def test_direction_from_words_and_flags() -> None:
    assert direction_of("long") == 1
    assert direction_of("short") == -1
    assert direction_of(np.array([True, False])).tolist() == [1.0, -1.0]
    with pytest.raises(RuleError, match="'buy'"):
        direction_of("buy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"quantity": 0.0}, "quantity"),
        ({"quantity": np.nan}, "quantity"),
        ({"entry": -1.0}, "entry"),
        ({"margin": np.inf}, "margin"),
        ({"cross_remainder": np.nan}, "cross_remainder"),
        ({"direction": 0}, "direction"),
        ({"kind": "option"}, "'option'"),
    ],
)
def test_what_is_no_position_is_refused(changed: dict[str, object], message: str) -> None:
    whole: dict[str, object] = {"direction": 1, "quantity": 1.0, "entry": 100.0, "margin": 10.0, **changed}
    with pytest.raises(RuleError, match=message):
        Positions.of(whole.pop("direction"), whole.pop("quantity"), **whole)  # type: ignore[arg-type]


def test_isolated_margin_is_the_value_over_the_leverage() -> None:
    linear = Positions.isolated([1, -1], [2.0, 3.0], entry=100.0, leverage=[10.0, 5.0])
    assert linear.margin.tolist() == [20.0, 60.0]
    inverse = Positions.isolated(1, 5000.0, entry=50_000.0, leverage=4.0, kind="inverse")
    assert inverse.margin.item() == 0.025
    with pytest.raises(RuleError, match="leverage"):
        Positions.isolated(1, 1.0, entry=100.0, leverage=0.0)


def test_value_profit_and_equity() -> None:
    short = Positions.of(-1, 2.0, entry=100.0, margin=30.0, cross_remainder=-4.0)
    assert short.notional_at(110.0) == 220.0
    assert short.profit_at(110.0) == -20.0
    assert short.equity_at(110.0) == 6.0
    coin = Positions.of(1, 1000.0, entry=100.0, margin=1.0, kind="inverse")
    assert coin.notional_at(125.0) == 8.0
    assert coin.profit_at(125.0) == 2.0
    assert coin.equity_at(125.0) == 3.0


def test_cross_remainders_per_account_row() -> None:
    both = cross_remainders([[1.0, 2.0], [5.0, -5.0]], [[0.5, 0.5], [1.0, 1.0]])
    assert both.tolist() == [[1.5, 0.5], [-6.0, 4.0]]
