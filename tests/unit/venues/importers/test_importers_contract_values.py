"""The table of contract values: every value has evidence, and unknown ones stay unknown."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from liqatlas.venues.importers.contract_values import contract_value

TABLE = json.loads(
    files("liqatlas.venues.importers").joinpath("contract_values.json").read_text(encoding="utf-8")
)["venues"]


@pytest.mark.parametrize("venue", TABLE)
def test_every_value_is_covered_by_one_entry_of_evidence(venue: str) -> None:
    covered = [name for entry in TABLE[venue]["evidence"] for name in entry["covers"]]
    assert sorted(covered) == sorted(TABLE[venue]["values"])
    for entry in TABLE[venue]["evidence"]:
        assert entry["kind"] in {"page", "payload", "inferred"}
        assert entry["source"].startswith("https://")
        assert entry["read_on"] >= "2026-11-22"
        assert entry["says"]


@pytest.mark.parametrize(
    ("venue", "symbol", "value"),
    [("binance_coinm", "ETHUSD_PERP", 10.0), ("bitmex", "XBTUSD", 1.0), ("bitmex", "ETHUSD", None),
     ("okx", "ETH-USD-SWAP", None), ("nobody", "BTCUSDT", None)],
)  # fmt: skip
def test_what_nobody_says_is_unknown(venue: str, symbol: str, value: float | None) -> None:
    assert contract_value(venue, symbol) == value
