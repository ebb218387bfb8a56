"""Shipped tier tables: what is there, what a date gets, what is refused."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import InternalError, TiersUnknownError
from liqatlas.rules import catalogue, stored
from liqatlas.rules.catalogue import (
    leverage_cap,
    opening_limits,
    representative_maintenance,
    shipped_symbols,
    tiers,
)

if TYPE_CHECKING:
    from pathlib import Path

VENUES = ("binance", "bybit", "dydx", "hyperliquid", "okx")


@pytest.mark.parametrize("venue", VENUES)
def test_every_shipped_table_is_a_schedule(venue: str) -> None:
    file = stored.tier_file(venue)
    assert file is not None
    for snapshot in file.snapshots:
        members = [name for names in snapshot.symbols.values() for name in names]
        assert len(members) == len(set(members)), "a symbol twice in one snapshot"
        assert set(snapshot.symbols) == set(snapshot.schedules)
        assert snapshot.source
        assert date(2019, 1, 1) < snapshot.valid_from <= snapshot.read_on
        for name in members:
            table = stored.table_from(venue, name, snapshot)
            assert table is not None
            assert table.whole_position or table.is_continuous()
            assert np.all(table.rates * table.max_leverages <= 1)


def test_binance_ships_the_large_contracts() -> None:
    symbols = shipped_symbols("binance")
    assert len(symbols) >= 50
    assert {
        "BTCUSDT",
        "ETHUSDT",
        "SOLUSDT",
        "BNBUSDT",
        "XRPUSDT",
        "DOGEUSDT",
        "1000PEPEUSDT",
        "BTCUSDC",
    } <= set(symbols)


def test_hyperliquid_tiers_of_its_own_page() -> None:
    """https://hyperliquid.gitbook.io/hyperliquid-docs/trading/margin-tiers, read 22 Nov 2026."""
    on = date(2026, 1, 20)
    for coin, first, then, floor in (
        ("BTC", 40, 20, 150e6),
        ("ETH", 25, 15, 100e6),
        ("SOL", 20, 10, 70e6),
        ("XRP", 20, 10, 40e6),
    ):
        table = tiers("hyperliquid", coin, on)
        assert table.max_leverages.tolist() == [first, then]
        assert table.floors.tolist() == [0.0, floor]
        assert table.rates.tolist() == [0.5 / first, 0.5 / then]
    assert tiers("hyperliquid", "BTC", on).deductions[1] == pytest.approx(1.875e6)


def test_the_day_itself_and_a_month_after_need_no_warning() -> None:
    assert tiers("binance", "BTCUSDT", date(2026, 9, 29)).warning == ""
    assert tiers("binance", "BTCUSDT", date(2026, 10, 29)).warning == ""
    assert "earlier" in tiers("binance", "BTCUSDT", date(2026, 12, 1)).warning


def test_a_day_without_a_table_gets_the_nearest_with_a_warning() -> None:
    table = tiers("binance", "BTCUSDT", date(2026, 2, 5))
    assert table.valid_from == date(2026, 9, 29)
    assert "236 days later than 2026-02-05" in table.warning
    assert tiers("binance", "BTCUSDT", date(2025, 1, 1)).valid_from == date(2024, 10, 24)
    assert tiers("binance", "BTCUSDT", date(2021, 4, 1)).max_leverages[2] == 50.0


def test_causal_never_sees_a_later_table() -> None:
    assert tiers("binance", "BTCUSDT", date(2026, 2, 5), causal=True).valid_from == date(2024, 10, 24)
    with pytest.raises(TiersUnknownError, match="2026-02-05"):
        tiers("binance", "ETHUSDT", date(2026, 2, 5), causal=True)


def test_partly_sourced_tables_say_so() -> None:
    table = tiers("bybit", "BTCUSDT", date(2026, 9, 25))
    assert "only tiers up to 2,000,000 usd" in table.warning
    assert table.deductions.tolist() == pytest.approx([0.0, 510.0])
    assert tiers("okx", "BTC-USDT-SWAP", date(2026, 9, 25)).contract_value == 0.01


def test_bybit_deductions_are_those_of_its_page() -> None:
    """https://bybitx.global/pt-PT/announcement-info/margin-parameters, read 22 Nov 2026: the last of twenty."""
    table = tiers("bybit", "BTCUSDT", date(2023, 5, 1))
    assert len(table) == 20
    assert table.deductions[[1, 10, 19]].tolist() == pytest.approx([1200.0, 80_000.0, 1_482_000.0])


def test_unknown_is_an_error_with_a_way_out() -> None:
    with pytest.raises(TiersUnknownError, match="BTCUSDT") as caught:
        tiers("binance", "BTCUSTD", date(2026, 1, 1))
    assert (caught.value.venue, caught.value.symbol) == ("binance", "BTCUSTD")
    with pytest.raises(TiersUnknownError, match=r"rules\.loaders"):
        tiers("bitmex", "XBTUSD", date(2026, 1, 1))
    with pytest.raises(TiersUnknownError):
        tiers("../data/binance", "BTCUSDT", date(2026, 1, 1))
    assert shipped_symbols("bitmex") == []


def test_what_the_estimator_asks() -> None:
    on = date(2026, 1, 20)
    assert leverage_cap("hyperliquid", "ETH", on) == 25.0
    assert representative_maintenance("hyperliquid", "ETH", on) == 0.02
    limits = opening_limits("hyperliquid", "ETH", on)
    assert limits.nearest_long == pytest.approx(0.02 / 0.98)
    assert limits.nearest_short == pytest.approx(0.02 / 1.02)
    assert limits.table.source


def test_a_broken_shipped_file_is_our_own_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "binance.json").write_bytes(b'{"format": 1, "venue": "binance", "snapshots": [{}]}')
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    stored.tier_file.cache_clear()
    try:
        with pytest.raises(InternalError, match="binance"):
            catalogue.tiers("binance", "BTCUSDT", date(2026, 1, 1))
        (folder / "binance.json").write_bytes(b'{"format": 9, "venue": "binance", "snapshots": []}')
        with pytest.raises(InternalError, match="format 9"):
            catalogue.tiers("binance", "BTCUSDT", date(2026, 1, 1))
    finally:
        stored.tier_file.cache_clear()
