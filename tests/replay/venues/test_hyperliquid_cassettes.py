"""Answers of the real Hyperliquid API of 2023, as its SDK's tests recorded them."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.clock import HOUR_NS
from liqatlas.venues.hyperliquid import parse_account, parse_rest
from tests.conformance.venues.facts import named_rows

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000 * 10**9


def answers(folder: Path, name: str) -> list[bytes]:
    """Return the response bodies of a cassette, in order (single-quoted YAML strings, folded over lines)."""
    text = (folder / "payloads" / "hyperliquid_sdk_cassettes" / f"{name}.yaml").read_text(encoding="utf-8")
    found = re.findall(r"string: '((?:[^']|'')*)'", text)
    return [re.sub(r"\n\s*", " ", body).replace("''", "'").encode() for body in found]


def test_candles(data_dir: Path) -> None:
    meta, candles = answers(data_dir, "test_get_candles_snapshot")
    listings = parse_rest.parse_instruments(meta)
    assert listings["kPEPE"].instrument.asset == "PEPE"
    assert listings["kPEPE"].instrument.price_multiplier == 1000
    rows = named_rows(parse_rest.parse_bars(candles, NOW))["bars"]
    raw = json.loads(candles)
    assert len(rows) == len(raw)
    for row, bar in zip(rows, raw, strict=True):
        assert row["ts_close_ns"] - row["ts_open_ns"] == HOUR_NS
        assert row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"]
        assert row["volume_native"] == float(bar["v"])


def test_a_candle_that_still_runs_makes_no_row(data_dir: Path) -> None:
    candles = answers(data_dir, "test_get_candles_snapshot")[1]
    last = json.loads(candles)[-1]
    whole = parse_rest.parse_bars(candles, (last["T"] + 1) * 10**6).of("bars")
    running = parse_rest.parse_bars(candles, last["T"] * 10**6).of("bars")
    assert len(whole) - len(running) == 1


@pytest.mark.parametrize("name", ["test_get_funding_history1684811870000", "test_get_funding_historyNone"])
def test_funding_intervals_follow_the_payments_of_their_day(name: str, data_dir: Path) -> None:
    """Eight-hourly until May 2023, hourly after; the answer does not say so, the spacing does. A missed hour is no interval."""
    rows = named_rows(parse_rest.parse_funding_history(answers(data_dir, name)[-1]))["funding"]
    assert len(rows) > 10
    for before, row in pairwise(rows):
        spacing = (row["ts_event_ns"] - before["ts_event_ns"]) / HOUR_NS
        assert row["interval_h"] == (8.0 if abs(spacing - 8) < 0.1 else 1.0)
    assert sum(row["interval_h"] == 8.0 for row in rows) > 10
    assert all(abs(row["funding_rate"]) < 0.01 for row in rows)


def test_book(data_dir: Path) -> None:
    book = parse_rest.parse_book(answers(data_dir, "test_get_l2_snapshot")[-1])
    assert book.symbol == "DYDX"
    assert book.bids[0] == (2.111, 134.4)
    assert book.bids[0][0] < book.asks[0][0]


def test_positions_of_a_cross_account(data_dir: Path) -> None:
    """A null liquidationPx stays null; signs of szi become positions (SCIENCE 1.3, vector 14)."""
    (state,) = answers(data_dir, "test_get_user_state")
    if b'"marginSummary"' not in state:
        pytest.fail("the recording lacks marginSummary")
    rows: dict[str, dict[str, Any]] = {
        row["symbol"]: row
        for row in named_rows(parse_account.parse_clearinghouse_state(state, "0x5e9e", ts=NOW))["positions"]
    }
    btc, eth = rows["BTC"], rows["ETH"]
    assert (btc["position"], btc["qty_native"], btc["entry_price"]) == ("short", 0.00785, 26951.0)
    assert btc["liquidation_price"] == 173198.69592357
    assert btc["margin_mode"] == "cross"
    assert btc["account_value_usd"] == pytest.approx(1182.312496)
    assert (eth["position"], eth["liquidation_price"]) == ("long", None)
    assert eth["mark_price"] == pytest.approx(227.675114 / 0.1334)
