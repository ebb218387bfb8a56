"""The reference pages say what the parsers read."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import msgspec
import pytest

from liqatlas.venues import capabilities, venue_keys
from tests.conformance.venues.test_payloads import FACTS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("key", [*venue_keys(), "bitmex"])
def test_every_venue_has_a_page_with_its_sources_date_and_proofs(key: str) -> None:
    text = (ROOT / "docs" / "reference" / "venues" / f"{key}.md").read_text(encoding="utf-8")
    (table,) = [c for c in capabilities() if c.venue == key]
    assert f"Read {table.read_on}" in text
    assert "## What was proved, and how" in text
    assert "Thinning of prints" in text or table.capabilities.liquidations == "none"


@pytest.mark.parametrize("key", venue_keys())
def test_every_field_of_a_stream_message_stands_on_the_page(key: str) -> None:
    """Fields that decide sides, sizes and prices: those of trades and liquidations."""
    text = (ROOT / "docs" / "reference" / "venues" / f"{key}.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([^`]+)`", text))
    named = {piece for word in words for piece in re.split(r"[ ,]+", word)}
    wanted = {
        "binance": {"m", "a", "S", "ap", "z", "q", "U", "u", "pu", "r", "T", "x", "V"},
        "bybit": {"S", "i", "BT", "p", "v", "u", "openInterest", "fundingIntervalHour"},
        "okx": {
            "side",
            "tradeId",
            "count",
            "posSide",
            "bkPx",
            "sz",
            "seqId",
            "prevSeqId",
            "oi",
            "realizedRate",
        },
        "hyperliquid": {"side", "tid", "openInterest", "funding", "markPx", "levels"},
        "binance_coinm": {"m", "a", "S", "ap", "z", "q", "U", "u", "pu", "r", "T", "x", "V", "contractSize"},
        "dydx": {
            "side",
            "id",
            "type",
            "oraclePrice",
            "openInterest",
            "rate",
            "startingOpenInterest",
            "liquidity",
        },
        "gate": {
            "size",
            "order_size",
            "left",
            "fill_price",
            "is_internal",
            "quanto_multiplier",
            "U",
            "u",
            "total_size",
        },
        "bitget": {"side", "tradeId", "size", "holdingAmount", "fundInterval", "keepMarginRate"},
        "bitget_coinm": {
            "v",
            "S",
            "i",
            "size",
            "execId",
            "openInterest",
            "turnover",
            "quantityMultiplier",
            "fundInterval",
            "mmr",
        },
        "bitfinex": {"POS_ID", "AMOUNT", "IS_MATCH", "IS_MARKET_SOLD", "PRICE_ACQUIRED", "OPEN_INTEREST"},
    }[key]
    assert wanted <= named


def test_sources_of_facts_are_the_venues_own_pages() -> None:
    hosts = {
        "binance": "developers.binance.com", "bybit": "bybit-exchange.github.io", "okx": "www.okx.com",
        "hyperliquid": "hyperliquid.gitbook.io", "binance_coinm": "developers.binance.com",
        "dydx": "docs.dydx.exchange", "gate": "www.gate.com", "bitget": "www.bitget.com", "bitget_coinm": "www.bitget.com", "bitfinex": "docs.bitfinex.com", "bitmex": "www.bitmex.com",
    }  # fmt: skip
    for fact in FACTS:
        assert f"//{hosts[fact.venue]}/" in fact.source


@pytest.mark.parametrize("key", venue_keys())
def test_every_field_that_is_read_at_all_stands_on_the_page(key: str) -> None:
    text = (ROOT / "docs" / "reference" / "venues" / f"{key}.md").read_text(encoding="utf-8")
    named = {piece for word in re.findall(r"`([^`]+)`", text) for piece in re.split(r"[^A-Za-z0-9_]+", word)}
    folder = ROOT / "src" / "liqatlas" / "venues" / key
    absent: dict[str, list[str]] = {}
    for path in sorted([*folder.glob("parse*.py"), *folder.glob("messages.py")]):
        module = importlib.import_module(f"liqatlas.venues.{key}.{path.stem}")
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__:
                missing = sorted(set(kind.__struct_encode_fields__) - named)
                absent |= {f"{path.stem}.{name}": missing} if missing else {}
    assert not absent
