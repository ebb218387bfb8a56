"""Tardis CSV samples, written by hand after https://docs.tardis.dev/downloadable-csv-files/data-types."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers import read_paths, recognise

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

T0 = 1_717_200_000_000_000
US = 1_000
TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
TICKER = (
    "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,"
    "last_price,index_price,mark_price"
)


def one(
    folder: Path, name: str, header: str, rows: list[str], *, tables: list[str] | None = None
) -> Recording:
    path = folder / name
    path.write_bytes(gzip.compress(("\n".join([header, *rows]) + "\n").encode()))
    (recording,) = read_paths([path], tables=tables) if tables else read_paths([path])
    return recording


def test_trades(tmp_path: Path) -> None:
    rows = [
        f"binance-futures,BTCUSDT,{T0},{T0 + 9},501,sell,67500.1,0.012",
        f"binance-futures,BTCUSDT,{T0 + 1500},{T0 + 1509},502,buy,67500.2,1.5",
        f"binance-futures,BTCUSDT,{T0 + 1600},{T0 + 1709},503,unknown,67500.2,1",
    ]
    recording = one(tmp_path, "binance-futures_trades_2024-06-01_BTCUSDT.csv.gz", TRADES, rows)
    assert recording.instrument.key == "binance:BTCUSDT"
    assert recording.trades.rows() == [
        (T0 * US, 675001, 0.012, False, 501),
        ((T0 + 1500) * US, 675002, 1.5, True, 502),
        ((T0 + 1600) * US, 675002, 1.0, None, 503),
    ]


def test_trades_with_text_ids_in_usd_contracts(tmp_path: Path) -> None:
    rows = [f"bitmex,XBTUSD,{T0 + i},{T0 + i},ddd4d2fb-313d-{i},buy,67500.5,1500" for i in range(3)]
    recording = one(tmp_path, "bitmex_trades_2024-06-01_XBTUSD.csv.gz", TRADES, rows)
    assert recording.instrument.is_inverse
    assert recording.instrument.settle == "BTC"
    assert recording.trades["trade_id"].null_count() == 3
    assert recording.trades["qty_native"].to_list() == [1500.0] * 3


def test_okx_sizes_are_contracts(tmp_path: Path) -> None:
    rows = [f"okex-swap,BTC-USDT-SWAP,{T0 + i},{T0 + i},{i + 1},buy,67500.5,150" for i in range(3)]
    recording = one(tmp_path, "okex-swap_trades_2024-06-01_BTC-USDT-SWAP.csv.gz", TRADES, rows)
    assert recording.instrument.key == "okx:BTC-USDT-SWAP"
    assert recording.trades["qty_native"].to_list() == [1.5] * 3


@pytest.mark.parametrize(
    ("exchange", "symbol", "why"),
    [
        ("okex-swap", "ABC-USDT-SWAP", "contracts of ABC-USDT-SWAP, whose value is not known"),
        ("huobi-dm-swap", "BTC-USD", "units of huobi-dm-swap's sizes are not known"),
        ("binance", "btcusdt", "spot market"),
    ],
)
def test_unknown_units_are_refused(tmp_path: Path, exchange: str, symbol: str, why: str) -> None:
    path = tmp_path / f"{exchange}_trades_2024-06-01_{symbol}.csv"
    path.write_text(f"{TRADES}\n{exchange},{symbol},{T0},{T0},1,buy,67500.5,150\n")
    assert why in recognise(path)[0].unused
    with pytest.raises(FormatError, match=why):
        read_paths([path])


def test_side_of_a_liquidation_is_the_orders(tmp_path: Path) -> None:
    """buy liquidated a short, sell liquidated a long (tardis-node, NORMALIZED_MAPPING_GUIDELINES)."""
    rows = [
        f"binance-futures,BTCUSDT,{T0},{T0},,sell,67000.5,2",
        f"binance-futures,BTCUSDT,{T0 + 1},{T0 + 1},,buy,68000.5,0.5",
    ]
    recording = one(tmp_path, "binance-futures_liquidations_2024-06-01_BTCUSDT.csv.gz", TRADES, rows)
    assert recording.liquidations.rows() == [
        (T0 * US, "long", 67000.5, "fill", 2.0, 134001.0, None),
        ((T0 + 1) * US, "short", 68000.5, "fill", 0.5, 34000.25, None),
    ]


def test_liquidations_of_inverse_contracts_are_worth_their_face(tmp_path: Path) -> None:
    rows = [f"bybit,BTCUSD,{T0},{T0},,buy,67000.5,2500"]
    recording = one(tmp_path, "bybit_liquidations_2024-06-01_BTCUSD.csv.gz", TRADES, rows)
    assert recording.instrument.is_inverse
    assert recording.liquidations.row(0)[1:6] == ("short", 67000.5, "bankruptcy", 2500.0, 2500.0)


def test_trades_or_liquidations_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    path.write_text(f"{TRADES}\nbinance-futures,BTCUSDT,{T0},{T0},1,buy,67500.5,1\n")
    with pytest.raises(FormatError, match="neither the file's nor a folder's name says which"):
        read_paths([path])


def test_derivative_ticker(tmp_path: Path) -> None:
    minute = 60_000_000
    payment = T0 + 8 * 3_600_000_000
    rows = [
        f"binance-futures,BTCUSDT,{T0},{T0},,,,80000.5,67500.1,,",
        f"binance-futures,BTCUSDT,{T0 + 10},{T0},{payment},0.0001,,80000.5,67500.2,67501.5,67502.5",
        f"binance-futures,BTCUSDT,{T0 + 20},{T0},{payment},0.0001,,80000.5,67500.3,67501.5,67502.5",
        f"binance-futures,BTCUSDT,{T0 + 30},{T0},{payment},0.0001,,80001.5,67500.3,67501.5,67503.5",
        f"binance-futures,BTCUSDT,{T0 + minute},{T0},{payment + 14_400_000_000},0.0002,,80001.5,67500.3,67501.5,67503.5",
    ]
    recording = one(tmp_path, "binance-futures_derivative_ticker_2024-06-01_BTCUSDT.csv.gz", TICKER, rows)
    assert [row[:3] for row in recording.open_interest.rows()] == [
        (T0 * US, 80000.5, 80000.5),
        ((T0 + 30) * US, 80001.5, 80001.5),
        ((T0 + minute) * US, 80001.5, 80001.5),
    ]
    assert recording.marks.row(0) == ((T0 + 10) * US, 67502.5, 67501.5)
    assert recording.marks.height == 3
    assert recording.funding.rows() == [
        ((T0 + 10) * US, 0.0001, 4.0, False),
        ((T0 + minute) * US, 0.0002, 4.0, False),
    ]


def test_both_sided_open_interest_is_halved(tmp_path: Path) -> None:
    rows = [f"hyperliquid,BTC,{T0 + i * 60_000_000},{T0},,,,25000.5,,,67502.5" for i in range(3)]
    recording = one(tmp_path, "hyperliquid_derivative_ticker_2024-06-01_BTC.csv.gz", TICKER, rows)
    assert recording.open_interest.row(0)[1:3] == (12500.25, 25000.5)


def test_book_snapshot(tmp_path: Path) -> None:
    header = "exchange,symbol,timestamp,local_timestamp," + ",".join(
        f"asks[{i}].price,asks[{i}].amount,bids[{i}].price,bids[{i}].amount" for i in range(5)
    )
    levels = ",".join(f"{67501 + i},{i + 1},{67500 - i},{i + 2}" for i in range(4))
    recording = one(
        tmp_path,
        "binance-futures_book_snapshot_5_2024-06-01_BTCUSDT.csv.gz",
        header,
        [f"binance-futures,BTCUSDT,{T0},{T0},{levels},,,67496,9"],
        tables=["book_levels"],
    )
    book = recording.book_levels
    assert book.height == 9  # the fifth ask is empty
    assert book.row(0) == (T0 * US, "bid", 0, 67500.0, 2.0)
    assert book.row(-1) == (T0 * US, "ask", 3, 67504.0, 4.0)
