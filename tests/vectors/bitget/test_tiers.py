"""Bitget's documented tier sample (BTCUSDT, two tiers).

Source: https://www.bitget.com/api-doc/contract/position/Get-Query-Position-Lever, read 22 Nov 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from liqatlas.base.errors import FormatError, RuleError, TiersUnknownError
from liqatlas.rules.catalogue import tiers
from liqatlas.rules.loaders import Origin, load_bitget_tiers
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
    assert "not published" in table.warning  # what is not said is not passed over in silence


def test_an_error_and_a_lost_tier_are_refused() -> None:
    with pytest.raises(FormatError, match="40034"):
        load_bitget_tiers({"code": "40034", "msg": "Parameter does not exist"}, ORIGIN)
    with pytest.raises(FormatError, match="starts at 50000, the one below ends at 0"):
        load_bitget_tiers({"code": "00000", "data": ROWS[1:]}, ORIGIN)


@pytest.mark.parametrize("venue", ["bitget", "gate", "bitfinex", "bitmex", "binance_coinm"])
def test_tiers_nobody_published_are_a_typed_unknown(venue: str) -> None:
    with pytest.raises(TiersUnknownError, match="none ship for this"):
        tiers(venue, "NOSUCHCONTRACT", date(2026, 1, 1))


def test_bitfinex_has_no_rule_to_guess_from() -> None:
    """Its maintenance rate for derivatives is not published: no rule is registered, and the error says what is known."""
    with pytest.raises(RuleError, match="no margin rule for linear contracts on 'bitfinex'"):
        margin_rule("bitfinex", "linear", date(2026, 1, 1))
