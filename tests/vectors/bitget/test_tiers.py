"""Bitget's documented tier sample (BTCUSDT, two tiers).

Source: https://www.bitget.com/api-doc/contract/position/Get-Query-Position-Lever, read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.base.errors import FormatError, RuleError, TiersUnknownError
from liqatlas.rules.catalogue import tiers
from liqatlas.rules.loaders import Origin, load_bitget_tiers, load_bitget_unified_tiers
from liqatlas.rules.registry import margin_rule

ORIGIN = Origin(
    "GET /api/v2/mix/market/query-position-lever, documented sample", date(2023, 9, 27), date(2026, 11, 22)
)
ROWS = [
    {"symbol": "BTCUSDT", "level": "1", "startUnit": "0", "endUnit": "50000", "leverage": "125", "keepMarginRate": "0.004"},
    {"symbol": "BTCUSDT", "level": "2", "startUnit": "50000", "endUnit": "200000", "leverage": "100", "keepMarginRate": "0.005"},
]  # fmt: skip


def test_the_documented_sample() -> None:
    table = load_bitget_tiers({"code": "00000", "data": ROWS}, ORIGIN)["BTCUSDT"]
    assert list(table.rates) == [0.004, 0.005]
    assert list(table.floors) == [0.0, 50_000.0]
    assert (table.leverage_cap, table.floor_unit) == (125.0, "usd")
    assert (
        "not published before 2025-11-10" in table.warning
    )  # what is not said is not passed over in silence


def test_an_error_and_a_lost_tier_are_refused() -> None:
    with pytest.raises(FormatError, match="40034"):
        load_bitget_tiers({"code": "40034", "msg": "Parameter does not exist"}, ORIGIN)
    with pytest.raises(FormatError, match="starts at 50000, the one below ends at 0"):
        load_bitget_tiers({"code": "00000", "data": ROWS[1:]}, ORIGIN)


@pytest.mark.parametrize("venue", ["bitget", "gate", "bitfinex", "bitmex", "binance_coinm", "bitget_coinm"])
def test_tiers_nobody_published_are_a_typed_unknown(venue: str) -> None:
    with pytest.raises(TiersUnknownError, match="none ship for this"):
        tiers(venue, "NOSUCHCONTRACT", date(2026, 1, 1))


def test_bitfinex_has_no_rule_to_guess_from() -> None:
    """Its maintenance rate for derivatives is not published: no rule is registered, and the error says what is known."""
    with pytest.raises(RuleError, match="no margin rule for linear contracts on 'bitfinex'"):
        margin_rule("bitfinex", "linear", date(2026, 1, 1))


def test_tiers_of_the_unified_account_are_in_usd_and_named_by_who_asked() -> None:
    """GET /api/v3/market/position-tier, documented sample: https://www.bitget.com/api-doc/uta/public/Get-Position-Tier-Data"""
    row = {"tier": "1", "minTierValue": "0", "maxTierValue": "100000", "leverage": "125", "mmr": "0.004"}
    origin = Origin("GET /api/v3/market/position-tier", date(2026, 11, 22), date(2026, 11, 22))
    answer = {
        "code": "00000",
        "data": [
            row,
            row | {"tier": "2", "minTierValue": "100000", "maxTierValue": "500000", "mmr": "0.005"},
        ],
    }
    table = load_bitget_unified_tiers(answer, origin, symbol="BTCUSD_CM")["BTCUSD_CM"]
    assert (table.venue, table.floor_unit, list(table.floors)) == ("bitget_coinm", "usd", [0.0, 100_000.0])
    assert list(table.rates) == [0.004, 0.005]
    assert "not published of the unified account" in table.warning


def test_tiers_by_steps_since_november_2025_carry_no_warning() -> None:
    """https://www.bitget.com/support/articles/12560603841843: positions opened since 2025-11-10 pay each rate on its own part."""
    later = Origin("GET /api/v2/mix/market/query-position-lever", date(2025, 11, 10), date(2026, 11, 22))
    assert load_bitget_tiers(ROWS, later)["BTCUSDT"].warning == ""
