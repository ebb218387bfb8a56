"""The reference page names what the code holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from liqatlas.rules.catalogue import shipped_symbols
from liqatlas.rules.registry import RULES
from liqatlas.rules.stored import tier_file

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("venue", "kind"), list(RULES))
def test_every_rule_stands_there(venue: str, kind: str) -> None:
    assert f"| {venue}, {kind} |" in PAGE


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "hyperliquid", "dydx"])
def test_every_shipped_snapshot_stands_there(venue: str) -> None:
    file = tier_file(venue)
    assert file is not None
    lines = [line for line in PAGE.splitlines() if line.startswith(f"| {venue} |")]
    for snapshot in file.snapshots:
        assert any(snapshot.valid_from.isoformat() in line for line in lines), snapshot.valid_from
    counts = {"binance": "345 contracts", "hyperliquid": "189 coins"}
    if venue in counts:
        newest = max(sum(map(len, s.symbols.values())) for s in file.snapshots)
        assert counts[venue].split()[0] == str(newest)
        assert any(counts[venue] in line for line in lines)
    else:
        assert all(any(symbol in line for line in lines) for symbol in shipped_symbols(venue))
