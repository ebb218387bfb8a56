"""Everything that can be wrong with one account's answer: counted, shown, the map marked, and all other accounts as they were."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from liqatlas.flows.positions import build_measured_map, check_positions, read_positions
from liqatlas.flows.request import Request
from tests.hyperliquid_stub import COINS, TIME_MS, HyperliquidStub, address, state_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from liqatlas.maps.liquidation_map import LiquidationMap

Lines = list[dict[str, Any]]
ACCOUNTS = range(1, 81)
VICTIM = next(
    n for n in ACCOUNTS if [p["position"]["coin"] for p in state_of(n, 1)["assetPositions"]] == ["BTC"]
)


def clean() -> Lines:
    return [
        {"v": 1, "type": "clearinghouseState", "time": TIME_MS, "user": address(n), "data": state_of(n, 1)}
        for n in ACCOUNTS
    ]


def saved(folder: Path, lines: Lines, tail: str = "") -> Path:
    path = folder / "scan.jsonl"
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines) + tail)
    return path


def map_of(path: Path) -> LiquidationMap:
    return build_measured_map(Request(asset="BTC", paths=(path,), open_interest_usd=1e8))


def victim(lines: Lines) -> dict[str, Any]:
    return next(line for line in lines if line["user"] == address(VICTIM))


def held(lines: Lines) -> dict[str, Any]:
    position: dict[str, Any] = victim(lines)["data"]["assetPositions"][0]["position"]
    return position


def wrong_side(lines: Lines) -> None:
    one = held(lines)
    one["liquidationPx"] = str(1e6 if float(one["szi"]) > 0 else 1.0)


TROUBLE: dict[str, tuple[Callable[[Lines], object], str]] = {
    "no address": (lambda lines: victim(lines).update(user="0x12"), "partial: 1 lines left out: no address (1)"),
    "no marginSummary": (
        lambda lines: victim(lines).update(data={"assetPositions": [], "withdrawable": "0.0"}),
        "partial: 1 of 80 answers are failures, no empty accounts: no marginSummary in the body (1)",
    ),
    "level on the wrong side": (wrong_side, "partial: 1 rows with a level on the wrong side"),
    "second perp dex": (lambda lines: held(lines).update(coin="xyz:TSLA"), "1 positions of other perp dexes left out"),
    "an unreadable number": (
        lambda lines: held(lines).update(szi="much"),
        "partial: 1 of 80 answers are failures, no empty accounts: unreadable field",
    ),
    "a margin mode nobody knows": (
        lambda lines: held(lines)["leverage"].update(type="portfolio"),
        "partial: 1 of 80 answers are failures",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(TROUBLE))
def test_trouble_costs_its_own_account_only_and_is_told(tmp_path: Path, name: str) -> None:
    spoil, sentence = TROUBLE[name]
    lines = clean()
    spoil(lines)
    found = map_of(saved(tmp_path, lines))
    assert any(sentence in warning for warning in found.head.warnings), found.head.warnings
    without = [line for line in clean() if line["user"] != address(VICTIM)]
    np.testing.assert_array_equal(found.usd, map_of(saved(tmp_path, without)).usd)


@pytest.mark.parametrize("level", [None, "0.0"])
def test_no_published_level_is_an_amount_apart(tmp_path: Path, level: str | None) -> None:
    lines = clean()
    held(lines)["liquidationPx"] = level
    usd = abs(float(held(lines)["szi"])) * COINS["BTC"][0]
    before, after = (map_of(saved(tmp_path, one)) for one in (clean(), lines))
    apart = [sum(m.head.model.parameters["apart_usd"]["no_level"].values()) for m in (before, after)]
    assert apart[1] - apart[0] == pytest.approx(usd)
    assert before.usd.sum() - after.usd.sum() == pytest.approx(usd)
    tests = [check_positions(read_positions([saved(tmp_path, one)])) for one in (clean(), lines)]
    assert tests[1].apart["no_level_published"] - tests[0].apart["no_level_published"] == 1


def test_a_coin_without_margin_table_is_drawn_unchecked_and_named(tmp_path: Path) -> None:
    lines = clean()
    held(lines)["coin"] = "NOSUCHCOIN"
    path = saved(tmp_path, lines)
    test = check_positions(read_positions([path]))
    assert test.apart["unknown_tiers"] == 1
    assert any("no sourced margin table for NOSUCHCOIN" in w for w in map_of(path).head.warnings)
    own = build_measured_map(Request(asset="NOSUCHCOIN", paths=(path,)))
    assert own.usd.sum() == pytest.approx(abs(float(held(lines)["szi"])) * COINS["BTC"][0])


def test_a_scan_cut_off_half_way_says_how_far_it_came(tmp_path: Path) -> None:
    begun = {"v": 1, "type": "scan", "time": TIME_MS, "accounts": 200, "stopped": ""}
    path = saved(tmp_path, [begun, *clean()], tail='{"v":1,"type":"clearingh')
    said = " ".join(map_of(path).head.warnings)
    assert "partial: the scan was cut off after 80 of 200 accounts" in said
    assert "cut off or no JSON (1)" in said
    ended = saved(
        tmp_path, [begun | {"accounts": 80}, *clean(), {"v": 1, "type": "scan end", "time": TIME_MS}]
    )
    assert not [w for w in map_of(ended).head.warnings if "partial" in w]


def test_a_margin_table_that_the_scan_itself_saw_change_is_used_and_told(tmp_path: Path) -> None:
    """SOL at 10x in the contexts the scan wrote down: its prices are checked by that table, not by the shipped one."""
    stub = HyperliquidStub(80, caps={"SOL": 10})
    lines = [line | {"data": state_of(n, 1, stub.caps)} for n, line in zip(ACCOUNTS, clean(), strict=True)]
    contexts = {"v": 1, "type": "metaAndAssetCtxs", "time": TIME_MS, "data": [stub._meta(), []]}
    without = check_positions(read_positions([saved(tmp_path, lines)]))
    snapshot = read_positions([saved(tmp_path, [contexts, *lines])])
    test = check_positions(snapshot)
    assert without.within < without.checked == test.checked == test.within
    assert any("margin tables of" in w and "SOL" in w for w in snapshot.holdings.warnings)
