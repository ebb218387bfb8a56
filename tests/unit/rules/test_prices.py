"""Liquidation and bankruptcy price at the edges the vectors do not reach."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import RuleError
from liqatlas.rules import Maintenance, Positions, bankruptcy_price, level_from_bankruptcy, liquidation_price


def level(direction: int, leverage: float, rate: float, kind: str = "linear") -> float:
    held = Positions.isolated(direction, 1000.0, entry=100.0, leverage=leverage, kind=kind)  # type: ignore[arg-type]
    return liquidation_price(held, Maintenance.of(rate)).item()


def test_inverse_shorts_at_low_leverage() -> None:
    assert level(-1, 1.0, 0.0, "inverse") == np.inf
    assert level(-1, 1.0, 0.005, "inverse") == np.inf
    assert level(-1, 0.5, 0.005, "inverse") == np.inf
    assert level(-1, 2.0, 0.005, "inverse") == pytest.approx(199.0)


def test_linear_longs_at_low_leverage() -> None:
    assert level(1, 1.0, 0.0) == 0.0
    assert level(1, 1.0, 0.005) == 0.0
    assert level(1, 0.5, 0.005) == 0.0


def test_a_linear_short_and_an_inverse_long_always_have_a_level() -> None:
    assert level(-1, 0.01, 0.005) == pytest.approx(100 * 101 / 1.005)
    assert level(1, 0.01, 0.005, "inverse") == pytest.approx(100 * 1.005 / 101)


def test_an_account_eaten_by_others_is_liquidated_at_every_price() -> None:
    short = Positions.of(-1, 1.0, entry=100.0, margin=10.0, cross_remainder=-1e6)
    assert liquidation_price(short, Maintenance.of(0.01)) == 0.0
    long_coin = Positions.of(1, 1000.0, entry=100.0, margin=10.0, cross_remainder=-1e6, kind="inverse")
    assert liquidation_price(long_coin, Maintenance.of(0.01)) == np.inf


def test_margin_to_a_rounding_error_of_full_cover_counts_as_full() -> None:
    held = Positions.of(-1, 35.0, entry=93.0, margin=35.0 / 93.0 * (1 - 1e-15), kind="inverse")
    assert liquidation_price(held, Maintenance.of(0.0)) == np.inf


def test_entry_basis_is_a_constant_amount() -> None:
    held = Positions.isolated([1, -1], 1.0, entry=20_000.0, leverage=50.0)
    legacy = liquidation_price(held, Maintenance.of(0.005, basis="entry"))
    assert legacy.tolist() == [19_700.0, 20_300.0]


def test_fee_raises_what_is_owed() -> None:
    held = Positions.isolated([1, -1], 1.0, entry=100.0, leverage=10.0)
    with_fee = liquidation_price(held, Maintenance.of(0.01, close_fee=0.001))
    as_rate = liquidation_price(held, Maintenance.of(0.011))
    np.testing.assert_allclose(with_fee, as_rate, rtol=1e-15)


def test_bankruptcy_needs_no_maintenance() -> None:
    held = Positions.isolated([1, -1], 1.0, entry=100.0, leverage=10.0)
    np.testing.assert_allclose(bankruptcy_price(held), [90.0, 110.0])
    np.testing.assert_allclose(held.equity_at(bankruptcy_price(held)), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("rate", "fee"), [(1.0, 0.0), (0.999, 0.002), (-0.01, 0.0), (0.5, np.nan), (np.nan, 0.0)]
)
def test_impossible_rates_are_refused(rate: float, fee: float) -> None:
    with pytest.raises(RuleError, match="fractions"):
        Maintenance.of(rate, close_fee=fee)


def test_infinite_deduction_is_refused() -> None:
    with pytest.raises(RuleError, match="deduction"):
        Maintenance.of(0.01, np.inf)


def test_shapes_broadcast() -> None:
    held = Positions.isolated(np.array([[1], [-1]]), 1.0, entry=100.0, leverage=[2.0, 5.0, 10.0])
    assert liquidation_price(held, Maintenance.of(0.01)).shape == (2, 3)
    assert (
        liquidation_price(Positions.isolated(1, 1.0, entry=1.0, leverage=2.0), Maintenance.of(0.01)).shape
        == ()
    )


def test_level_from_bankruptcy_refuses_what_cannot_be() -> None:
    with pytest.raises(RuleError, match="bankruptcy price"):
        level_from_bankruptcy(0.0, 0.005, direction=1)
    with pytest.raises(RuleError, match="fraction"):
        level_from_bankruptcy(100.0, 1.5, direction=1)
    with pytest.raises(RuleError, match="direction"):
        level_from_bankruptcy(100.0, 0.005, direction=0)
