"""Ten positions over five venues in one file give the prices that venues and their documentation print.

The numbers and their sources are those of the vectors beside this folder: Binance and OKX by freqtrade's suite at c9ae5e1e,
Binance COIN-M by dev.binance.vision/t/6292, Bybit's help pages, Hyperliquid's and dYdX's documentation.
"""

from __future__ import annotations

import pytest

from liqatlas.base.clock import parse_time
from liqatlas.flows.stress import StressResult, build_stress
from liqatlas.flows.stress_market import StressRequest
from tests.vectors.published import assert_printed

HEADER = "venue,symbol,position,size,entry_price,leverage,margin_mode,margin,wallet_balance,account,mark_price,maintenance_rate,maintenance_deduction,taker_fee"  # fmt: skip
RAW_USD, HL_SIZE, HL_ENTRY = -95.059824, 0.0335, 2986.3
POSITIONS = f"""{HEADER}
binance,ETHUSDT,long,3683.979,1456.84,,isolated,1535443.01,,,,0.10,135365,
binance,BTCUSDT,long,109.488,32481.98,,isolated,1535443.01,,,,0.025,16300,
binance,ETHUSDT,long,3683.979,1456.84,,cross,,1535443.01,main,1335.18,0.10,135365,
binance,BTCUSDT,long,109.488,32481.98,,cross,,1535443.01,main,31967.27,0.025,16300,
binance_coinm,BTCUSD_PERP,long,10000000,45000,,isolated,101,,,,0.125,11.605,
bybit,BTCUSDT,long,1,20000,50,isolated,,,,,0.005,,
bybit,BTCUSD,short,60000,50000,10,isolated,,,,,0.005,,
okx,ABC-USDT-SWAP,short,1,10,5,isolated,,,,,0.01,,0.0006
hyperliquid,ETH,long,{HL_SIZE},{HL_ENTRY},,isolated,{RAW_USD + HL_SIZE * HL_ENTRY!r},,,,0.01,,
dydx,ETH-USD,short,3,3000,,isolated,1000,,,,0.05,,
"""
PRINTED = {
    2: "1114.78", 3: "18778.73", 4: "1153.26", 5: "26316.89", 6: "33599.4186", 7: "19700", 8: "55248.62",
    9: "11.87413417771621", 10: "2866.26936529", 11: "3174.60",
}  # fmt: skip


@pytest.fixture(scope="module")
def result() -> StressResult:
    return build_stress(
        StressRequest(text=POSITIONS, name="ten.csv", as_of_ns=parse_time("2024-10-24T00:00Z"))
    )


@pytest.mark.parametrize("line", PRINTED)
def test_level_is_the_published_one(result: StressResult, line: int) -> None:
    entry = next(e for e in result.tree["positions"] if e["line"] == line)
    assert entry["error"] is None
    slack = 0.5e-6 / (HL_SIZE * 0.99) if line == 10 else 0.0
    assert_printed(entry["liquidation_price"], PRINTED[line], slack=slack)


def test_five_venues_and_nothing_left_out(result: StressResult) -> None:
    entries = result.tree["positions"]
    assert len(entries) == 10
    assert {e["venue"] for e in entries} == {
        "binance",
        "binance_coinm",
        "bybit",
        "okx",
        "hyperliquid",
        "dydx",
    }
    assert (result.exit_code, result.tree["errors"]) == (0, 0)


def test_cross_account_of_dydx_over_two_coins() -> None:
    """Vector 11: equity 1000, short 1.5 ETH at 3000 (5 %), long 1000 STRK at 1.75 (10 %)."""
    text = (
        f"{HEADER}\ndydx,ETH-USD,short,1.5,3000,,cross,,1000,,3000,0.05,,\n"
        "dydx,STRK-USD,long,1000,1.75,,cross,,1000,,1.75,0.10,,\n"
    )
    tree = build_stress(
        StressRequest(text=text, name="two.csv", as_of_ns=parse_time("2026-04-22T00:00Z"))
    ).tree
    assert_printed(tree["positions"][0]["liquidation_price"], "3380.95")


def test_without_prices_the_page_claims_neither_profit_nor_safety() -> None:
    text = "venue,symbol,position,size,entry_price,leverage\nbinance,BTCUSDT,long,1,65000,10\n"
    answer = build_stress(StressRequest(text=text, name="one.csv", as_of_ns=parse_time("2026-11-22T00:00Z")))
    assert all(
        m["profit_usd"] is None and m["left_out_lines"] == [2] for m in answer.tree["portfolio"]["moves"]
    )
    page = str(answer)
    assert "No position is past its level" not in page
    assert "how near the level is cannot be said" in page
    assert "Not counted, as a price is not known: line 2." in page
    assert " $0" not in page
