"""Venues and instruments."""

from __future__ import annotations

import pytest

from liqatlas.base.instruments import VENUES, Instrument, venue_name


def test_notional_of_coins_and_of_face_value() -> None:
    linear = Instrument("binance", "BTCUSDT", "BTC")
    inverse = Instrument("binance_coinm", "BTCUSD_PERP", "BTC", "USD", "BTC", "inverse")
    quanto = Instrument("bitmex", "ETHUSD", "ETH", "USD", "BTC", "quanto")
    assert linear.notional_usd(2.0, 50_000.0) == 100_000.0
    assert inverse.notional_usd(100_000.0, 50_000.0) == 100_000.0
    assert inverse.notional_usd(100_000.0, 25_000.0) == 100_000.0
    assert quanto.notional_usd(3.0, 2_000.0) == 6_000.0
    assert [linear.is_inverse, inverse.is_inverse, quanto.is_inverse] == [False, True, False]
    assert linear.key == "binance:BTCUSDT"


@pytest.mark.parametrize("key", VENUES)
def test_venue_is_listed_under_its_key_and_a_double_count_is_sourced(key: str) -> None:
    venue = VENUES[key]
    assert venue.key == key == key.lower()
    assert venue.open_interest_sides in (1, 2)
    assert venue.open_interest_source or venue.open_interest_sides == 1
    assert venue_name(key) == venue.name


def test_unlisted_venue_is_shown_as_it_is() -> None:
    assert venue_name("my_exchange") == "my_exchange"
