"""Ticks and lots: what rests as an integer comes back as the decimal it was."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base import units
from liqatlas.base.errors import InputError

TICKS = st.sampled_from(
    [Decimal(text) for text in ("0.00000001", "0.0001", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "10")]
)


@given(tick=TICKS, ticks=st.lists(st.integers(0, 2**40), min_size=1))
def test_prices_on_the_tick_come_back(tick: Decimal, ticks: list[int]) -> None:
    array = np.array(ticks, dtype=np.int64)
    prices = units.prices_from_ticks(array, tick)
    assert units.ticks_from_prices(prices, tick).tolist() == ticks
    assert [units.ticks_from_price(units.price_from_ticks(count, tick), tick) for count in ticks] == ticks
    assert [units.ticks_from_price(float(price), tick) for price in prices] == ticks


@given(ticks=st.integers(0, 2**50), digits=st.integers(0, 10))
def test_float_price_is_the_nearest_to_the_exact_decimal(ticks: int, digits: int) -> None:
    tick = Decimal(1).scaleb(-digits)
    (price,) = units.prices_from_ticks(np.array([ticks], dtype=np.int64), tick).tolist()
    assert price == float(Fraction(ticks, 10**digits))


@given(tick=TICKS, price=st.decimals(0, 10**7, places=9))
def test_rounding_brackets_the_price(tick: Decimal, price: Decimal) -> None:
    down, nearest, up = (units.ticks_from_price(price, tick, how) for how in ("down", "nearest", "up"))
    assert down * tick <= price <= up * tick
    assert down in (nearest, up, up - 1)
    assert abs(nearest * tick - price) <= tick / 2


def test_published_rounding() -> None:
    """A long's COIN-M liquidation price of 33,599.4186 is shown as 33,599.4 with a tick of 0.1."""
    assert units.ticks_from_price("33599.4186", Decimal("0.1")) == 335_994
    assert units.ticks_from_price("5739.084", Decimal("0.5"), "up") * Decimal("0.5") == Decimal("5739.5")


@pytest.mark.parametrize(
    "value", ["", "abc", "1,5", "nan", "inf", "-Infinity", float("nan"), float("inf"), Decimal("NaN")]
)
def test_what_is_no_number_is_refused(value: str | float | Decimal) -> None:
    with pytest.raises(InputError, match=r"not a (finite )?number"):
        units.to_decimal(value)


def test_float_is_read_as_a_person_writes_it() -> None:
    assert units.to_decimal(0.1) == Decimal("0.1")
    assert units.to_decimal(1e-8) == Decimal("0.00000001")


@given(digits=st.integers(0, 8), counts=st.lists(st.integers(1, 10**11), min_size=1, max_size=30))
def test_step_of_a_file_is_the_coarsest_that_fits(digits: int, counts: list[int]) -> None:
    values = np.array([float(Decimal(count).scaleb(-digits)) for count in counts])
    step = units.decimals_step(values)
    exact = [Decimal(count).scaleb(-digits) for count in counts]
    assert all(value % step == 0 for value in exact)
    assert step == 1 or any(value % (step * 10) != 0 for value in exact)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([1671.7, 1671.85], "0.01"),
        ([0.1 + 0.2], "0.1"),  # the noise of arithmetic is not a digit
        ([100_000.123456], "0.000001"),
        ([5e-10], "1E-10"),
        ([30.0, 100.0], "1"),
        ([], "1"),
        ([math.pi], "1E-10"),
    ],
)
def test_step_of_a_file(values: list[float], step: str) -> None:
    assert units.decimals_step(np.array(values, dtype=np.float64)) == Decimal(step)
