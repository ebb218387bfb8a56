"""Account states, loans and subaccounts as files: what is read, what is counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.clock import parse_time
from liqatlas.base.errors import FormatError
from liqatlas.flows.positions import build_measured_map, read_positions
from liqatlas.flows.request import Request
from liqatlas.venues.hyperliquid_accounts.addresses import addresses_in, checked, ranked_accounts
from liqatlas.venues.hyperliquid_accounts.state import Outcome, read_state
from liqatlas.venues.importers import read_paths, recognise
from tests.hyperliquid_stub import TIME_MS, address, state_of

if TYPE_CHECKING:
    from pathlib import Path

WETH = "ethereum:0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"


def holder() -> dict[str, Any]:
    return next(s for n in range(1, 50) if (s := state_of(n, 1))["assetPositions"])


def test_one_saved_answer_is_an_account(tmp_path: Path) -> None:
    path = tmp_path / f"{address(7)}.json"
    state = holder()
    path.write_text(json.dumps(state, indent=1))
    assert recognise(path)[0].format == "hyperliquid_states"
    recordings = read_paths([path], tables={"positions"})
    assert sum(r.positions.height for r in recordings) == len(state["assetPositions"])
    assert {a for r in recordings for a in r.positions["account"]} == {address(7)}


def test_answer_without_margin_summary_is_a_failure_never_empty() -> None:
    state = state_of(1, 1)
    assert read_state(state, "a", 0).outcome in {Outcome.HOLDS, Outcome.EMPTY}
    del state["marginSummary"]
    found = read_state(json.dumps(state).encode(), "a", 5)
    assert (found.outcome, found.reason, found.ts_event_ns) == (
        Outcome.FAILED,
        "no marginSummary in the body",
        5,
    )


@pytest.mark.data
def test_recorded_answer_lacks_the_summary(data_dir: Path) -> None:
    path = data_dir / "payloads" / "hyperliquid" / "http_clearinghouse_state_negative_total_raw_usd.json"
    assert read_state(path.read_bytes(), "a", 0).outcome is Outcome.FAILED


@pytest.mark.parametrize("body", [b"null", b"[]", b"<html>", b"\xff\xfe", b"{}", b'{"marginSummary":1}'])
def test_anything_else_is_a_failure(body: bytes) -> None:
    assert read_state(body, "a", 0).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("szi", "x"),
        ("entryPx", None),
        ("positionValue", "0"),
        ("szi", "NaN"),
        ("leverage", {"type": "odd", "value": 1}),
    ],
)
def test_unreadable_position_fails_the_account(field: str, value: object) -> None:
    state = holder()
    state["assetPositions"][0]["position"][field] = value
    assert read_state(state, "a", 0).outcome is Outcome.FAILED


@pytest.mark.parametrize("level", [None, "0.0", "0", "-3.5"])
def test_no_level_has_several_spellings(level: str | None) -> None:
    state = holder()
    state["assetPositions"][0]["position"]["liquidationPx"] = level
    assert read_state(state, "a", 0).rows[0].liquidation_price is None


def test_addresses_across_pieces() -> None:
    text = f'x {address(1)} y 0x{"a" * 64} z "{address(2)}"'.encode() * 40
    for size in (7, 41, 300, 5000):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert list(addresses_in(pieces)) == [address(1), address(2)]


def test_leaderboard_rows_across_pieces() -> None:
    rows = [
        {"ethAddress": address(n), "accountValue": f"{n}.25", "windowPerformances": []} for n in range(1, 200)
    ]
    text = json.dumps({"leaderboardRows": rows}).encode()
    found = ranked_accounts(text[i : i + 333] for i in range(0, len(text), 333))
    assert found == {address(n): n + 0.25 for n in range(1, 200)}


def test_what_is_no_address_is_refused() -> None:
    from liqatlas.base.errors import InputError

    assert checked(address(3).upper().replace("0X", "0x")) == address(3)
    with pytest.raises(InputError, match="40 hexadecimal"):
        checked("0x12")


def loans(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "liqs.json"
    path.write_text(json.dumps({"ethereum": {"liqs": rows}, "time": TIME_MS / 1000}))
    return path


def test_loans_are_spot_collateral_priced_by_the_asset(tmp_path: Path) -> None:
    rows = [
        {
            "owner": "0xa",
            "liqPrice": 1500.0,
            "collateral": WETH,
            "collateralAmount": "5000000000000000000",
            "extra": {},
        },
        {"owner": "0xa", "liqPrice": 1200, "collateral": WETH, "collateralAmount": "1000000000000000000"},
        {"owner": "0xb", "liqPrice": 1.0, "collateral": "ethereum:0x0", "collateralAmount": "1"},
        {"owner": "0xc", "liqPrice": -1, "collateral": WETH, "collateralAmount": "1"},
    ]
    path = loans(tmp_path, rows)
    recording = read_paths([path], tables={"positions"})[0]
    assert (recording.instrument.venue, recording.instrument.settle) == ("defi_lending", "spot collateral")
    assert recording.positions["qty_native"].to_list() == [5.0, 1.0]
    assert recording.positions["account"].to_list() == ["0xa", "0xa#2"]
    assert "1 of tokens that are not listed, 1 without a positive amount" in recording.warnings[0]
    perp = tmp_path / "scan.jsonl"
    lines = [
        {"v": 1, "type": "clearinghouseState", "time": TIME_MS, "user": address(n), "data": state_of(n, 1)}
        for n in range(1, 60)
    ]
    perp.write_text("\n".join(json.dumps(line, separators=(",", ":")) for line in lines))
    result = build_measured_map(Request(asset="ETH", paths=(perp, path)))
    layer = result.by_venue()["defi_lending"]
    assert layer[0].sum() == pytest.approx(6 * 2000.0)
    assert layer[1].sum() == 0
    assert [v.settle for v in result.head.venues] == ["USDC", "spot collateral"]
    assert result.head.coverage is not None
    futures = result.by_venue()["hyperliquid"].sum()
    assert sum(b.long_usd + b.short_usd for b in result.head.coverage.by_distance) == pytest.approx(futures)
    assert any(w.startswith("defi_lending") for w in result.head.warnings)


def test_loans_alone_have_no_price(tmp_path: Path) -> None:
    from liqatlas.base.errors import NotEnoughDataError

    path = loans(
        tmp_path,
        [{"owner": "0xa", "liqPrice": 1500.0, "collateral": WETH, "collateralAmount": "5000000000000000000"}],
    )
    with pytest.raises(NotEnoughDataError, match="mark price"):
        read_positions([path])


def test_dydx_subaccount_gets_its_level_from_equity(tmp_path: Path) -> None:
    """Vector 10: equity 1000, short 3 ETH at 3000, maintenance 5 %: 3174.60. The shipped ETH-USD rate is another."""
    from datetime import date

    from liqatlas.rules import tiers

    answer = {
        "status": "success", "isoTimestamp": "2026-01-20T00:00:00.000Z",
        "result": {"subaccounts": [{
            "address": "dydx1abc", "subaccountNumber": 0, "equity": "1000", "freeCollateral": "500",
            "openPerpetualPositions": {"ETH-USD": {
                "market": "ETH-USD", "status": "OPEN", "side": "SHORT", "size": "-3", "entryPrice": "3100", "unrealizedPnl": "300",
            }},
        }]},
    }  # fmt: skip
    path = tmp_path / "subaccounts.json"
    path.write_text(json.dumps(answer))
    held = read_positions([path]).holdings.frame.row(0, named=True)
    rate = float(tiers("dydx", "ETH-USD", date(2026, 1, 20)).rates[0])
    assert held["mark_price"] == 3000
    assert held["level"] == pytest.approx((1000 + 3 * 3000) / (3 * (1 + rate)))
    assert held["ts_event_ns"] == parse_time("2026-01-20")


def test_scan_without_a_position_says_why(tmp_path: Path) -> None:
    path = tmp_path / "scan.jsonl"
    path.write_text(
        json.dumps(
            {"v": 1, "type": "failed", "time": 1, "user": address(1), "reason": "HTTP 500"},
            separators=(",", ":"),
        )
    )
    with pytest.raises(FormatError, match=r"1 of 1 answers are failures.*HTTP 500"):
        read_paths([path], tables={"positions"})
