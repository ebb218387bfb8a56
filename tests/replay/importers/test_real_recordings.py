"""Every real recording but the tape that carries trades, bars, marks, open interest or liquidations, with facts counted by other means.

Counts and sums were taken from the files with zcat, wc and awk, or stand in the data folder's README; not from this reader.
"""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.clock import isoformat, parse_time
from liqatlas.venues.importers import audit_open_interest, inspect_paths, read_paths, recognise

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

pytestmark = pytest.mark.data
MS = 1_000_000


@pytest.fixture(scope="module")
def btc_folder(data_dir: Path) -> Recording:
    (recording,) = read_paths([data_dir / "binance_btc_5m_oi"])
    return recording


def test_folder_of_open_interest(btc_folder: Recording) -> None:
    assert btc_folder.instrument.key == "binance:BTCUSDT"
    assert {name: frame.height for name, frame in btc_folder.tables().items()} == {
        "bars": 3_624,
        "marks": 34_847,
        "open_interest": 34_847,
        "funding": 363,
        "liquidation_bars": 2_821,
    }
    assert btc_folder.prints_scope == "Binance + Bybit + OKX as a vendor reports"
    assert btc_folder.bars["price_kind"].unique().to_list() == ["spot"]
    assert btc_folder.funding["interval_h"].unique().to_list() == [1.0]
    assert isoformat(int(btc_folder.open_interest["ts_event_ns"][0])) == "2025-12-01T00:05:00Z"
    assert isoformat(int(btc_folder.open_interest["ts_event_ns"][-1])) == "2026-03-31T23:55:00Z"


def test_folder_sums_match_the_csv(data_dir: Path, btc_folder: Recording) -> None:
    with (data_dir / "binance_btc_5m_oi" / "liquidations_ohlc_1h.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    longs = sum(float(row["liquidation_long_usd"]) for row in rows)
    assert btc_folder.liquidation_bars["long_usd"].sum() == pytest.approx(longs, rel=1e-12)
    worst = btc_folder.liquidation_bars.sort("long_usd")[-1]
    assert worst["long_usd"][0] == pytest.approx(134e6, rel=0.01)  # README: worst hour 134 M USD of longs
    assert worst["ts_open_ns"][0] == parse_time("2026-02-05T20:00") or worst["ts_open_ns"][0] > parse_time(
        "2026-02-05"
    )


def test_folder_marks_are_value_over_coins(data_dir: Path, btc_folder: Recording) -> None:
    """README: the ratio is the mark, about 0.05 % below the spot close."""
    with (data_dir / "binance_btc_5m_oi" / "oi_5m.csv").open(newline="") as file:
        first = next(iter(csv.DictReader(file)))
    assert btc_folder.marks["mark_price"][0] == float(first["oi_usd"]) / float(first["oi"])
    hourly = btc_folder.bars.select(pl.col("ts_close_ns").alias("ts_event_ns"), "close")
    both = hourly.join(btc_folder.marks, on="ts_event_ns")
    basis = (both["mark_price"] / both["close"] - 1).median()
    assert -0.0008 < basis < -0.0002  # type: ignore[operator]


def test_folder_gaps_are_the_five_missing_hours(btc_folder: Recording) -> None:
    assert any(
        warning.startswith("liquidation_bars: 5 gaps, 5.0 h in all") for warning in btc_folder.warnings
    )


def test_spot_volume_is_never_audited_against(btc_folder: Recording) -> None:
    assert audit_open_interest(btc_folder) == []


def test_vendor_totals_alone_give_bars_and_open_interest(data_dir: Path) -> None:
    path = data_dir / "binance_btc_5m_oi" / "liquidations_ohlc_1h.csv"
    (recording,) = read_paths([path])
    assert recording.bars.height == recording.open_interest.height == 2_821
    assert recording.bars["volume_native"].null_count() == 2_821
    assert recording.open_interest["oi_native"][0] == pytest.approx(8248989576.0 / 93140.74, rel=1e-12)
    assert any("used where no samples are given" in warning for warning in recording.warnings)


def test_folder_of_another_coin_takes_it_from_the_name_or_the_caller(data_dir: Path, tmp_path: Path) -> None:
    source = data_dir / "binance_btc_5m_oi"
    for name, asset, symbol in (("binance_sol_2026", "", "SOLUSDT"), ("unnamed", "DOGE", "DOGEUSDT")):
        folder = tmp_path / name
        folder.mkdir()
        for file in source.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (recording,) = read_paths([folder], asset=asset)
        assert recording.instrument.key == f"binance:{symbol}"
        assert set(recording.tables()) == {"bars", "marks", "open_interest", "funding", "liquidation_bars"}


def test_binance_mark_klines(data_dir: Path) -> None:
    vision = data_dir / "binance_vision"
    recordings = {one.instrument.key: one for one in read_paths([vision])}
    assert set(recordings) == {"binance:BTCUSDT", "binance:ETHUSDT", "binance_coinm:BTCUSD_PERP"}
    btc = recordings["binance:BTCUSDT"].mark_bars
    assert btc.height == 3 * 288
    assert btc["price_kind"].unique().to_list() == ["mark"]
    assert btc["volume_native"].null_count() == btc.height
    assert btc.row(0)[:6] == (
        1759968000000 * MS,
        1759968300000 * MS,
        123237.94232609,
        123282.98789855,
        123156.6,
        123156.6,
    )
    assert btc["low"].min() < 106_000  # type: ignore[operator]
    coinm = recordings["binance_coinm:BTCUSD_PERP"]
    assert coinm.mark_bars.height == 1440
    assert coinm.instrument.is_inverse
    assert (coinm.instrument.settle, int(coinm.instrument.contract_value)) == ("BTC", 100)


def test_binance_loose_files_join_as_one_instrument(data_dir: Path) -> None:
    (eth,) = read_paths([data_dir / "binance_vision"], asset="ETH")
    assert (eth.bars.height, eth.open_interest.height, eth.marks.height) == (14_399, 8_928, 8_928)
    assert eth.bars["ts_close_ns"][0] - eth.bars["ts_open_ns"][0] == 180 * 1_000 * MS
    assert eth.open_interest["oi_native"][0] == 1987892.042
    assert eth.marks["mark_price"][0] == pytest.approx(5629670505.10316 / 1987892.042, rel=1e-15)
    assert not [warning for warning in eth.warnings if "open interest" in warning]


def test_open_interest_in_usd_is_warned_of(data_dir: Path, tmp_path: Path) -> None:
    """The same open interest with USD in the coins' column, beside real bars."""
    vision = data_dir / "binance_vision"
    with (vision / "ETHUSDT_oi_5m_20251218_20260117.csv").open() as file:
        rows = [line.rstrip("\n").split(",") for line in file]
    folder = tmp_path / "binance"
    folder.mkdir()
    (folder / "ETHUSDT_oi_5m.csv").write_text(
        "".join(f"{t},{usd},{usd}\n" for t, _, usd in rows).replace("oi_usd,oi_usd", "oi,oi_usd")
    )
    (folder / "ETHUSDT_3m.parquet").write_bytes(
        (vision / "ETHUSDT_3m_20251218_20260117.parquet").read_bytes()
    )
    (eth,) = read_paths([folder])
    said = " ".join(eth.warnings)
    assert eth.marks.is_empty()
    assert "looks like USD where coins are wanted" in said
    assert "one of the two columns is of another unit" in said
    assert "changes by more than the volume traded" in said


def test_book_depth_is_known_and_not_used(data_dir: Path) -> None:
    (known,) = recognise(data_dir / "binance_vision" / "BTCUSDT-bookDepth-2025-10-10.csv.gz")
    assert (known.format, known.symbol) == ("binance_bookDepth", "BTCUSDT")
    assert "not used for maps" in known.unused


def test_raw_stream_trades(data_dir: Path) -> None:
    (recording,) = read_paths([data_dir / "binance_raw_stream"])
    trades = recording.trades
    assert trades.height == 21_313  # grep -c '"e":"trade"'
    assert recording.instrument.key == "binance:BTCUSDT"
    assert trades.row(0) == (1723161256322 * MS, 618003, 0.006, True, 5266583935)
    assert trades["trade_id"].is_sorted()
    with gzip.open(data_dir / "binance_raw_stream" / "btcusdt_20240808.gz", "rt") as file:
        sizes = [json.loads(line[20:])["data"] for line in file if '"e":"trade"' in line]
    assert trades["qty_native"].sum() == pytest.approx(sum(float(one["q"]) for one in sizes), rel=1e-12)
    assert int(trades["taker_buy"].sum()) == sum(not one["m"] for one in sizes)


def test_force_orders_by_symbol(data_dir: Path) -> None:
    recordings = read_paths([data_dir / "binance_force_orders"])
    assert sum(one.liquidations.height for one in recordings) == 541
    assert len(recordings) == 9
    with (data_dir / "binance_force_orders" / "forceorders_20260106.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for one in recordings:
        mine = [row for row in rows if row["symbol"] == one.instrument.symbol]
        assert one.liquidations.height == len(mine)
        longs = one.liquidations.filter(pl.col("liquidated") == "long").height
        assert longs == sum(row["side"] == "SELL" for row in mine)
        assert one.liquidations["notional_usd"].sum() == pytest.approx(
            sum(float(row["quote_qty"]) for row in mine), rel=1e-9
        )
        assert one.prints_scope.startswith("Binance forceOrder stream")
    first = next(one for one in recordings if one.instrument.symbol == "XRPUSDT").liquidations.row(0)
    assert first[:3] == (1767695630200 * MS, "short", 2.3656)


def test_okx_prints_get_their_contract_value(data_dir: Path) -> None:
    raw = pl.read_parquet(data_dir / "okx_liquidations" / "liquidations.parquet")
    assert raw.filter(pl.col("venue") == "okx").height == 5_816
    recordings = {
        one.instrument.key: one for one in read_paths([data_dir / "okx_liquidations"], venues=["okx"])
    }
    btc = recordings["okx:BTC-USDT-SWAP"]
    mine = raw.filter((pl.col("venue") == "okx") & (pl.col("coin") == "BTC"))
    assert btc.liquidations.height == mine.height == 1_611
    assert btc.liquidations["notional_usd"].sum() == pytest.approx(
        float(mine["size_usd"].sum()) * 0.01, rel=1e-12
    )
    assert (
        btc.liquidations.filter(pl.col("liquidated") == "short").height
        == mine.filter(pl.col("side") == "buy").height
    )
    assert 1e8 < (btc.bars["volume_native"] * btc.bars["close"]).median() < 1e9  # type: ignore[operator]
    hype = recordings["okx:HYPE-USDT-SWAP"]
    assert hype.liquidations.is_empty()
    assert any("its prints are left out" in warning for warning in hype.warnings)


def test_vendor_prints_of_unexplained_side_are_left_out_and_counted(data_dir: Path) -> None:
    recordings = read_paths([data_dir / "okx_liquidations"], venues=["hyperliquid"])
    assert all(one.liquidations.is_empty() for one in recordings)
    said = " ".join(warning for one in recordings for warning in one.warnings)
    assert "468 prints of hyperliquid:BTC are left out" in said


def test_vendor_candles_and_funding(data_dir: Path) -> None:
    (btc,) = read_paths([data_dir / "okx_liquidations"], asset="BTC", venues=["binance"])
    assert (btc.bars.height, btc.funding.height) == (8_736, 1_092)
    assert btc.funding["interval_h"].unique().to_list() == [8.0]
    assert btc.bars["volume_native"][0] == 5659.315


def test_positions_on_request(data_dir: Path) -> None:
    recordings = read_paths([data_dir / "hyperliquid_positions"], tables=["positions"])
    assert sum(one.positions.height for one in recordings) == 85_297
    eth = next(one for one in recordings if one.instrument.symbol == "ETH").positions
    assert set(eth["position"].unique().to_list()) == {"long", "short"}


def test_user_sample_of_2023_is_no_tape(data_dir: Path) -> None:
    (known,) = recognise(data_dir / "hyperliquid_2023" / "non_mm_trades.csv.gz")
    assert known.unused == "fills of a sample of users, not all trades"


def test_whole_heap_is_recognised(data_dir: Path) -> None:
    """No file of the folders that carry market data is unknown."""
    folders = (
        "binance_btc_5m_oi",
        "binance_vision",
        "binance_force_orders",
        "hyperliquid_2023",
        "okx_liquidations",
    )
    reports = inspect_paths([data_dir / folder for folder in folders])
    assert [report.path for report in reports if not report.readable] == []


def test_cut_off_zip_gives_what_is_there(data_dir: Path, tmp_path: Path) -> None:
    whole = (data_dir / "binance_vision" / "BTCUSDT-5m-2025-10-10.zip").read_bytes()
    path = tmp_path / "BTCUSDT-5m-2025-10-10.zip"
    path.write_bytes(whole[: len(whole) // 2])
    (recording,) = read_paths([path])
    assert 50 < recording.mark_bars.height < 288
    assert any(
        "the zip is cut off" in warning and f"{recording.mark_bars.height} rows before the cut" in warning
        for warning in recording.warnings
    )
