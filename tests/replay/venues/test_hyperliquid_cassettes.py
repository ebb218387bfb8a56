"""Answers of the real Hyperliquid API of 2023, as its SDK's tests recorded them."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from liqatlas.base.clock import HOUR_NS
from liqatlas.venues.hyperliquid import parse_account, parse_rest
from liqatlas.venues.hyperliquid.messages import Level
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


@pytest.mark.parametrize(
    ("name", "least"),
    [("test_user_funding_history_with_end_time", 10), ("test_user_funding_history_without_end_time", 100)],
)
def test_payments_of_an_account_prove_who_pays(name: str, least: int, data_dir: Path) -> None:
    """``szi`` is signed, ``usdc`` what the account received: a long pays where ``fundingRate`` is positive.

    -usdc / (szi x rate x nSamples) is the price the payment was reckoned at (an entry of 2023 sums up ``nSamples`` payments); every
    entry of a coin must give nearly the same one.
    """
    paid = [entry["delta"] for body in answers(data_dir, name) for entry in json.loads(body)]
    assert len(paid) >= least
    prices: dict[str, list[float]] = {}
    for one in paid:
        assert one["type"] == "funding"
        size, rate, received = (float(one[field]) for field in ("szi", "fundingRate", "usdc"))
        samples = one.get("nSamples") or 1
        if abs(received) > 1e-3 and rate:  # sent with six decimals
            prices.setdefault(one["coin"], []).append(-received / (size * rate * samples))
    assert min(min(found) for found in prices.values()) > 0
    for coin, found in prices.items():
        assert max(found) < 1.5 * min(found), coin  # two weeks of spring 2023
    assert 28_000 < np.median(prices["BTC"]) < 30_000


def test_the_sketch_of_a_book_names_the_fields_of_a_level(data_dir: Path) -> None:
    """The documentation's file shows two lists of levels without what wraps them in a real answer; the fields are the same."""
    text = (data_dir / "payloads" / "hyperliquid_sdk_cassettes" / "l2book.yaml").read_text(encoding="utf-8")
    example = text.partition("example:\n                  [")[2]
    levels = [msgspec.convert(json.loads(level), Level) for level in re.findall(r'\{ *"px"[^}]*\}', example)]
    assert len(levels) >= 2
    assert all(float(level.px) > 0 and float(level.sz) > 0 and level.n >= 1 for level in levels)
