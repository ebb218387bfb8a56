"""Numbers in payloads: missing, zero and absent-by-zero are three things."""

from __future__ import annotations

from decimal import Decimal

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.fields import moment, not_negative, number, optional, positive, ticks, zero_is_absent
from liqatlas.venues.payload import coin_of, usual_interval


def test_missing_zero_and_zero_means_absent_are_three_parsers() -> None:
    assert number("0", "x") == 0.0
    assert optional("0", "x") == 0.0
    assert optional("", "x") is None
    assert optional(None, "x") is None
    assert zero_is_absent("0", "x") is None
    assert zero_is_absent("0.5", "x") == 0.5


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "-inf"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="number"):
        number(text, "price")


def test_prices_are_above_zero_and_turnover_is_not_below() -> None:
    with pytest.raises(FormatError, match="above zero"):
        positive("0", "price")
    with pytest.raises(FormatError, match="below zero"):
        not_negative("-1", "volume")


@pytest.mark.parametrize("text", ["", "x", "0", "-5", "1.5"])
def test_moments_are_whole_positive_milliseconds(text: str) -> None:
    with pytest.raises(FormatError, match="moment"):
        moment(text, "T")
    assert moment("1700000000000", "T") == 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("price", "tick", "wanted"),
    [
        ("61800.30", "0.10", 618003), ("0.00001234", "0.00000001", 1234), ("27451.5", "0.5", 54903),
        ("104320", "1", 104320), ("99999999.99", "0.01", 9_999_999_999),
    ],
)  # fmt: skip
def test_prices_become_whole_ticks(price: str, tick: str, wanted: int) -> None:
    assert ticks(price, Instrument("x", "X", "X", tick_size=Decimal(tick))) == wanted


def test_a_price_between_two_ticks_says_that_the_listing_is_old() -> None:
    with pytest.raises(FormatError, match="out of date"):
        ticks("61800.35", Instrument("x", "X", "X", tick_size=Decimal("0.1")))


@pytest.mark.parametrize(
    ("base", "coin", "multiplier"),
    [
        ("BTC", "BTC", 1), ("1000PEPE", "PEPE", 1000), ("kPEPE", "PEPE", 1000), ("WBETH", "WBETH", 1),
        ("1000000MOG", "MOG", 1_000_000), ("币安人生", "币安人生", 1), ("4", "4", 1), ("KAVA", "KAVA", 1),
    ],
)  # fmt: skip
def test_base_assets_become_coins(base: str, coin: str, multiplier: int) -> None:
    assert coin_of(base) == (coin, multiplier)


@pytest.mark.parametrize(
    ("spacing", "listed", "wanted"),
    [
        (8.0, 4.0, 8.0),
        (1.0, 8.0, 1.0),
        (16.0, 8.0, 8.0),
        (4.00001, None, 4.0),
        (471_000.0, None, 8.0),
        (2.5, 1.0, 1.0),
    ],
)
def test_a_payment_covers_its_spacing_where_that_is_usual(
    spacing: float, listed: float | None, wanted: float
) -> None:
    assert usual_interval(spacing, listed) == wanted
