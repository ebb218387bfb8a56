"""A venue without prints takes a pooled calibration by name; a venue that closed is shown as history."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.instruments import VENUES, Instrument
from liqatlas.flows.build import build_heatmap, build_map
from liqatlas.flows.request import Request
from tests.unit.flows.markets import START, bars_market

if TYPE_CHECKING:
    from pathlib import Path

BITGET = Instrument("bitget", "BTCUSDT", "BTC", tick_size=Decimal("0.1"))
HOURS = 30
REQUEST = Request(
    asset="BTC", window_ns=24 * HOUR_NS, as_of_ns=START + HOURS * HOUR_NS, max_leverage=100.0, maintenance_rate=0.004
)  # fmt: skip


def test_a_venue_without_prints_takes_the_pooled_calibration_by_name() -> None:
    result = build_map(replace(REQUEST, quantity="expected"), [bars_market(HOURS, 3, instrument=BITGET)])
    assert result.head.quantity == "expected"
    assert "of binance:BTCUSDT" in result.head.model.calibration
    assert "Binance + Bybit + OKX" in result.head.prints_scope
    (said,) = [w for w in result.head.warnings if "lent by" in w]
    assert "pooled: prints of Binance + Bybit + OKX" in said
    assert "not of bitget:BTCUSDT" in said
    assert result.usd.sum() > 0


def test_it_is_the_default_where_its_training_lies_before_the_moment() -> None:
    assert build_map(REQUEST, [bars_market(HOURS, 3, instrument=BITGET)]).head.quantity == "expected"


def test_an_inverse_contract_has_none_even_where_it_is_asked_by_name() -> None:
    other = replace(BITGET, kind="inverse", settle="BTC", quote="USD")
    asked = replace(REQUEST, quantity="expected", asset=other.asset)
    with pytest.raises(NotEnoughDataError, match="no calibration exists"):
        build_map(asked, [bars_market(HOURS, 3, instrument=other)])


def test_another_asset_is_lent_one_only_where_it_is_asked_by_name_and_the_map_says_whose() -> None:
    other = replace(BITGET, asset="ETH", symbol="ETHUSDT")
    market = [bars_market(HOURS, 3, instrument=other)]
    assert build_map(replace(REQUEST, asset="ETH"), market).head.quantity == "outstanding"
    lent = build_map(replace(REQUEST, quantity="expected", asset="ETH"), market)
    assert "of binance:BTCUSDT" in lent.head.model.calibration
    assert any("not of bitget:ETHUSDT" in said for said in lent.head.warnings)


@pytest.mark.parametrize(("window_h", "later_h"), [(24, 24), (24, 24 * 200), (24 * 365, 24 * 200)])
def test_an_expected_map_of_a_moment_long_after_the_data_is_refused(window_h: int, later_h: int) -> None:
    assert REQUEST.as_of_ns is not None
    later = replace(
        REQUEST,
        window_ns=window_h * HOUR_NS,
        as_of_ns=REQUEST.as_of_ns + later_h * HOUR_NS,
        quantity="expected",
    )
    with pytest.raises(NotEnoughDataError, match=r"its hours end at .* before the moment asked for"):
        build_map(later, [bars_market(HOURS, 3, instrument=BITGET)])


def test_an_expected_map_a_little_later_says_what_it_does_not_hold() -> None:
    assert REQUEST.as_of_ns is not None
    later = replace(REQUEST, as_of_ns=REQUEST.as_of_ns + 5 * HOUR_NS, quantity="expected")
    head = build_map(later, [bars_market(HOURS, 3, instrument=BITGET)]).head
    assert [w for w in head.warnings if "its hours end 5 h before this moment" in w]


def daily_file(folder: Path, hours: int = 3) -> Path:
    """Write a public daily file of BitMEX as documented."""
    rng, begin = np.random.default_rng(1), datetime(2024, 11, 24, tzinfo=UTC)
    price = 98_000 * np.exp(np.cumsum(rng.normal(0, 4e-4, hours * 600)))
    lines = [
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional,trdType"
    ]
    for i, p in enumerate(np.round(price * 2) / 2):
        at = (begin + timedelta(seconds=6 * i)).strftime("%Y-%m-%dD%H:%M:%S.000000000")
        lines.append(
            f"{at},XBTUSD,{'Buy' if i % 3 else 'Sell'},{1000 + i},{p},PlusTick,m{i},1,{1000 / p},1000,Regular"
        )
    path = folder / "20241124.csv.gz"
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    return path


def test_a_map_of_a_closed_venue_says_that_it_is_history(tmp_path: Path) -> None:
    request = Request(
        asset="BTC", paths=(daily_file(tmp_path),), window_ns=3 * HOUR_NS, open_interest_usd=2e8, max_leverage=100.0,
        maintenance_rate=0.005,
    )  # fmt: skip
    result = build_map(request)
    (venue,) = result.head.venues
    assert (venue.venue, venue.symbol) == ("bitmex", "XBTUSD")
    assert result.usd.sum() > 0
    said = f"BitMEX closed on {VENUES['bitmex'].closed_on}: its levels are history"
    assert any(said in w for w in result.head.warnings)
    heat = build_heatmap(request, columns=10, rows=20)
    assert any(said in w for w in heat.head.warnings)
