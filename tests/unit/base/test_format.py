from __future__ import annotations

import locale
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.format import (
    format_change,
    format_duration,
    format_price,
    format_share,
    format_usd,
    step_decimals,
)

_FACTOR = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (1640.0, "1,640"),
        (1671.86, "1,671.9"),
        (0.00001234, "0.00001234"),
        (0.000012345678, "0.000012346"),
        (63412.5, "63,412"),
        (1234567.0, "1,234,567"),
        (1.0, "1"),
        (0.0, "0"),
        (999.999, "1,000"),
        (-3.5, "−3.5"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_prices_have_separators_and_no_exponent(price: float, text: str) -> None:
    assert format_price(price) == text


@pytest.mark.parametrize(
    ("price", "step", "text"),
    [
        (1640.0, 0.25, "1,640.00"),
        (1640.0, 20.0, "1,640"),
        (0.0000105, 5e-8, "0.00001050"),
        (2.5, 2.5, "2.5"),
    ],
)
def test_prices_on_an_axis_share_their_decimals(price: float, step: float, text: str) -> None:
    assert format_price(price, step=step) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0"),
        (0.5, "$0.5"),
        (0.0000001, "$<0.001"),
        (7, "$7"),
        (999.4, "$999"),
        (999.6, "$1K"),
        (12_345_678, "$12.3M"),
        (999_499, "$999K"),
        (999_960, "$1M"),
        (2.5e9, "$2.5B"),
        (3.2e15, "$3,200T"),
        (-1.5e6, "−$1.5M"),
        (math.nan, "unknown"),
    ],
)
def test_amounts_keep_three_digits(usd: float, text: str) -> None:
    assert format_usd(usd) == text


@given(st.floats(min_value=1.0, max_value=9e14))
def test_amount_reads_back_within_its_last_digit(usd: float) -> None:
    text = format_usd(usd).removeprefix("$").replace(",", "")
    suffix = text[-1] if text[-1].isalpha() else ""
    assert float(text.removesuffix(suffix)) * _FACTOR[suffix] == pytest.approx(usd, rel=0.0051)


@given(st.floats(min_value=1e-10, max_value=1e9))
def test_price_reads_back_within_its_digits(price: float) -> None:
    text = format_price(price)
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(price, rel=5.1e-5)


def test_shares_and_changes_carry_sign_and_unit() -> None:
    assert [format_share(s) for s in (0.853, 0.0321, 1.0, 0.0996, 0.0, math.nan)] == [
        "85 %", "3.2 %", "100 %", "10 %", "0 %", "unknown",
    ]  # fmt: skip
    assert [format_change(c) for c in (0.0321, -0.1, 0.0, -0.00001)] == ["+3.2 %", "−10 %", "0 %", "0 %"]


def test_durations_take_the_largest_fitting_unit() -> None:
    second = 10**9
    assert [format_duration(n * second) for n in (3, 119, 120, 7_199, 7_200, 172_800)] == [
        "3 s", "119 s", "2 min", "120 min", "2 h", "2 d",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "decimals"), [(10, 0), (2.5, 1), (0.25, 2), (1e-8, 8), (1e-15, 15), (1e-30, 18)]
)
def test_step_tells_its_decimals(step: float, decimals: int) -> None:
    assert step_decimals(step) == decimals


def test_no_locale_changes_a_number() -> None:
    before = locale.setlocale(locale.LC_ALL)
    available = [name for name in ("de_DE.UTF-8", "C.UTF-8") if _can_set(name)]
    try:
        for name in available:
            locale.setlocale(locale.LC_ALL, name)
            assert format_usd(1234.5) == "$1.23K"
            assert format_price(1234.5) == "1,234.5"
    finally:
        locale.setlocale(locale.LC_ALL, before)


def _can_set(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_ALL, before)
    return True
