"""The registry and the capability table."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from liqatlas.base.errors import InputError
from liqatlas.base.instruments import VENUES
from liqatlas.venues import capabilities, venue, venue_keys

CAPABILITIES = {
    "trades", "klines", "mark", "open_interest", "open_interest_history", "funding", "long_short_ratio", "tiers", "book",
    "liquidations",
}  # fmt: skip


def test_every_client_is_a_known_venue() -> None:
    for key in venue_keys():
        client = venue(key)
        assert client.key == key
        assert client.name == VENUES[key].name
        assert client.capabilities().venue == key


def test_an_unknown_venue_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="binance, bybit, okx, hyperliquid"):
        venue("mtgox")


def test_the_table_has_the_shape_doctor_promises() -> None:
    table = msgspec.to_builtins(capabilities())
    assert [row["venue"] for row in table] == [*venue_keys(), "bitmex"]
    for row in table:
        assert set(row) == {
            "venue",
            "capabilities",
            "liquidations_censoring",
            "closed_on",
            "source",
            "read_on",
        }
        assert set(row["capabilities"]) == CAPABILITIES
        assert set(row["capabilities"].values()) <= {"live", "history", "both", "files", "none", "unknown"}
        assert row["source"].startswith("https://")
        assert row["read_on"] >= "2026-11-22"


@pytest.mark.parametrize("key", venue_keys())
def test_what_the_table_promises_live_has_a_stream(key: str) -> None:
    from importlib import import_module

    streamed = import_module(f"liqatlas.venues.{key}.stream").DATASETS | venue(key).polled
    offered = msgspec.to_builtins(venue(key).capabilities().capabilities)
    names = {
        "trades": "trades",
        "mark": "marks",
        "book": "book_levels",
        "liquidations": "liquidations",
        "klines": "bars",
    }
    for capability, dataset in names.items():
        assert (dataset in streamed) == (offered[capability] in {"live", "both"}), capability


def test_the_table_costs_no_network_library() -> None:
    code = "import sys, liqatlas.venues as v; v.capabilities(); print(*({'aiohttp', 'polars'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
