"""Every recorded tier payload beside the checkout goes through its loader."""

from __future__ import annotations

import gzip
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.rules.catalogue import shipped_symbols, tiers
from liqatlas.rules.loaders import (
    Origin,
    load_binance_brackets,
    load_dydx_markets,
    load_hyperliquid_meta,
    load_okx_position_tiers,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.data
ORIGIN = Origin("recording", date(2026, 9, 29), date(2026, 11, 22))


def test_binance_brackets_of_907_symbols(data_dir: Path) -> None:
    """Each of 7276 published ``cum`` is the continuous deduction: the loader would refuse another."""
    path = data_dir / "binance_leverage_brackets" / "binance_leverage_tiers_2026-09-29.json.gz"
    tables = load_binance_brackets(gzip.decompress(path.read_bytes()), ORIGIN)
    assert len(tables) == 907
    assert sum(len(table) for table in tables.values()) == 7276
    for symbol in shipped_symbols("binance"):
        shipped, own = tiers("binance", symbol, ORIGIN.valid_from), tables[symbol]
        np.testing.assert_array_equal(shipped.floors, own.floors)
        np.testing.assert_array_equal(shipped.rates, own.rates)
        np.testing.assert_array_equal(shipped.max_leverages, own.max_leverages)
        assert shipped.size_limit == own.size_limit


def test_hyperliquid_samples(data_dir: Path) -> None:
    folder = data_dir / "payloads" / "hyperliquid"
    one = load_hyperliquid_meta((folder / "http_meta_perp_sample.json").read_bytes(), ORIGIN)
    assert {name: table.leverage_cap for name, table in one.items()} == {
        "BTC": 40.0,
        "ETH": 25.0,
        "ATOM": 5.0,
    }
    assert all("no margin table" in table.warning for table in one.values())
    many = load_hyperliquid_meta(
        (folder / "http_all_perp_metas_non_usdc_collateral.json").read_bytes(), ORIGIN
    )
    assert set(many) == {"BTC", "km:US500", "hyna:BTC"}


def test_okx_sample_is_of_spot_margin(data_dir: Path) -> None:
    tables = load_okx_position_tiers(
        (data_dir / "payloads/okx/http_get_position_tiers.json").read_bytes(), ORIGIN
    )
    assert tables["BTC-USDT"].rates.tolist() == [0.03]
    assert "spot margin" in tables["BTC-USDT"].warning


def test_dydx_markets(data_dir: Path) -> None:
    tables = load_dydx_markets(
        (data_dir / "payloads/dydx/http_get_perpetual_markets.json").read_bytes(), ORIGIN
    )
    assert {name: table.rates[0] for name, table in tables.items()} == {
        "BTC-USD": 0.012, "ETH-USD": 0.012, "SOL-USD": 0.03,
    }  # fmt: skip
