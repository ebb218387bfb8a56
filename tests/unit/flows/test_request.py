"""What people type, read or refused."""

from __future__ import annotations

import pytest

from liqatlas.base.errors import InputError, TiersUnknownError
from liqatlas.base.instruments import Instrument
from liqatlas.flows.request import parse_amount, parse_bins, parse_leverage, parse_range
from liqatlas.flows.terms import risk_terms


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("25-100", (25, 100)), ("50+", (50, float("inf"))), ("10x-25x", (10, 25)), ("10", (10, 10))],
)
def test_leverage(text: str, wanted: tuple[float, float]) -> None:
    low, high = parse_leverage(text)
    assert (low, high) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("text", ["", "x", "100-25", "-5", "1-2-3", "ten"])
def test_odd_leverage_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="leverage"):
        parse_leverage(text)


def test_ranges() -> None:
    assert parse_range("10%").around(200.0) == pytest.approx((180, 220))
    assert parse_range("1500:2200").around(1.0) == (1500, 2200)
    for text in ("0%", "100%", "2200:1500", "5", "a:b"):
        with pytest.raises(InputError, match="range"):
            parse_range(text)


def test_bins_and_amounts() -> None:
    assert parse_bins("200") == (200, None)
    assert parse_bins("step:0.5") == (None, 0.5)
    assert parse_amount("2.5M") == 2_500_000
    assert parse_amount("$1,200k") == 1_200_000
    for text in ("0", "-1", "step:0", "many", ""):
        with pytest.raises(InputError, match="bins"):
            parse_bins(text)
    for text in ("0", "-5", "1e999", "lots", ""):
        with pytest.raises(InputError, match="amount"):
            parse_amount(text)


def test_terms_are_sourced_or_the_callers_and_never_invented() -> None:
    moment = 1_790_640_000_000_000_000  # 2026-09-29
    sourced = risk_terms(Instrument("binance", "BTCUSDT", "BTC"), moment)
    assert (sourced.max_leverage, sourced.lookahead) == (150.0, False)
    assert sourced.nearest[0] == pytest.approx((1 / 150 - 0.004) / (1 - 0.004))
    early = risk_terms(Instrument("binance", "ETHUSDT", "ETH"), moment - 200 * 86_400 * 10**9)
    assert early.lookahead
    with pytest.raises(TiersUnknownError, match="--max-leverage"):
        risk_terms(Instrument("nowhere", "BTCUSDT", "BTC"), moment)
    own = risk_terms(Instrument("nowhere", "BTCUSDT", "BTC"), moment, max_leverage=50, maintenance_rate=0.01)
    assert own.nearest == pytest.approx((0.01 / 0.99, 0.01 / 1.01))
    with pytest.raises(InputError, match="both"):
        risk_terms(Instrument("binance", "BTCUSDT", "BTC"), moment, max_leverage=50)
