"""What names say."""

from __future__ import annotations

from pathlib import Path

import pytest

from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.venues.importers.names import asset_in_folder, binance_name, symbol_in, venue_in
from liqatlas.venues.importers.selection import Wanted


@pytest.mark.parametrize(
    ("path", "symbol", "dataset", "interval", "venue"),
    [
        ("BTCUSDT-aggTrades-2024-06-01.zip", "BTCUSDT", "aggTrades", 0, "binance"),
        ("BTCUSDT-trades-2024-06.csv", "BTCUSDT", "trades", 0, "binance"),
        ("1000PEPEUSDT-5m-2024-06-01.csv", "1000PEPEUSDT", "klines", 5 * MINUTE_NS, "binance"),
        (
            "markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-06.zip",
            "BTCUSDT",
            "markPriceKlines",
            HOUR_NS,
            "binance",
        ),
        (
            "BTCUSD_PERP-1m-2025-10-10.markOrIndexPriceKlines.zip",
            "BTCUSD_PERP",
            "markOrIndexPriceKlines",
            MINUTE_NS,
            "binance_coinm",
        ),
        ("ETHUSD_240628-metrics-2024-06-01.csv", "ETHUSD_240628", "metrics", 0, "binance_coinm"),
    ],
)
def test_archive_names(path: str, symbol: str, dataset: str, interval: int, venue: str) -> None:
    name = binance_name(Path(path), Path(path).name)
    assert name is not None
    assert (name.symbol, name.dataset, name.interval_ns, name.venue) == (symbol, dataset, interval, venue)


@pytest.mark.parametrize(
    "name", ["trades.csv", "BTCUSDT.csv", "btcusdt-aggTrades.csv", "BTCUSDT-weather-2024-06-01.csv"]
)
def test_names_that_are_not_the_archives(name: str) -> None:
    assert binance_name(Path(name), name) is None


@pytest.mark.parametrize(
    ("folder", "asset"),
    [
        ("binance_btc_5m_oi", "BTC"),
        ("binance_eth_5m_oi", "ETH"),
        ("binance_sol_2025h2", "SOL"),
        ("okx-doge-usdt-1h", "DOGE"),
        ("binance_vision", ""),
        ("stuff", ""),
        ("eth_5m_oi", "ETH"),
    ],
)
def test_coin_in_a_folder(folder: str, asset: str) -> None:
    assert asset_in_folder(folder) == asset


def test_symbol_and_venue_in_names() -> None:
    assert symbol_in("ETHUSDT_oi_5m_20251218_20260117.csv") == "ETHUSDT"
    assert symbol_in("bybit_SOLUSDT_trades.csv") == "SOLUSDT"
    assert symbol_in("trades.csv") == ""
    assert venue_in(Path("a/okx_liquidations/x.parquet")) == "okx"
    assert venue_in(Path("home/x.parquet")) == ""


def test_wanted_asset_means_all_its_contracts() -> None:
    wanted = Wanted("PEPE")
    assert wanted.takes("binance", "1000PEPEUSDT")
    assert wanted.takes("hyperliquid", "kPEPE")
    assert not wanted.takes("binance", "BTCUSDT")
    contract = Wanted("BTCUSDT", venues=frozenset({"bybit"}))
    assert contract.takes("bybit", "BTCUSDT")
    assert not contract.takes("bybit", "BTCUSD")
    assert not contract.takes("binance", "BTCUSDT")
