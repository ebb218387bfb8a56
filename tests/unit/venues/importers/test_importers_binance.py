"""Binance archive layouts: with and without header, ms, us and ns, plain, gzip and zip, USD-M and COIN-M."""

from __future__ import annotations

import gzip
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers import read_paths, recognise

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

pytestmark = pytest.mark.kernels
T0 = 1_717_200_000_000
MS = 1_000_000
AGG_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
AGG_ROWS = [
    f"100,67500.10,0.012,1,1,{T0},true",
    f"101,67500.20,1.500,2,9,{T0 + 5},false",
    f"102,67499.9,0.001,10,10,{T0 + 5},true",
]
WANT = [
    (T0 * MS, 675001, 0.012, False, 100),
    ((T0 + 5) * MS, 675002, 1.5, True, 101),
    ((T0 + 5) * MS, 674999, 0.001, False, 102),
]


def text(rows: list[str], header: str = "") -> bytes:
    return ("\n".join([header, *rows] if header else rows) + "\n").encode()


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name.replace(".zip", ".csv"), content)
    else:
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def one(path: Path, **options: str) -> Recording:
    (recording,) = read_paths([path], **options)  # type: ignore[arg-type]
    return recording


@pytest.mark.parametrize("header", ["", AGG_HEADER])
@pytest.mark.parametrize("packing", [".csv", ".csv.gz", ".zip"])
@pytest.mark.parametrize("date", ["2024-06-01", "2024-06"])
def test_agg_trades_in_every_packing(tmp_path: Path, header: str, packing: str, date: str) -> None:
    recording = one(put(tmp_path, f"BTCUSDT-aggTrades-{date}{packing}", text(AGG_ROWS, header)))
    assert recording.trades.rows() == WANT
    assert recording.instrument.key == "binance:BTCUSDT"
    assert (recording.instrument.tick_size, recording.instrument.lot_size) == (
        Decimal("0.1"),
        Decimal("0.001"),
    )
    assert recording.sources == ("Binance aggTrades, 1 file, 3 rows",)
    assert recording.warnings == ()


@pytest.mark.parametrize(("factor", "digits"), [(1_000, 16), (1_000_000, 19)])
def test_finer_times_are_read_and_said(tmp_path: Path, factor: int, digits: int) -> None:
    rows = [
        row.replace(str(T0), str(T0 * factor)).replace(str(T0 + 5), str((T0 + 5) * factor))
        for row in AGG_ROWS
    ]
    assert len(rows[0].split(",")[5]) == digits
    recording = one(put(tmp_path, "BTCUSDT-aggTrades-2025-06-01.csv", text(rows)))
    assert recording.trades.rows() == WANT
    assert any("SPOT" in warning for warning in recording.warnings)


def test_buyer_maker_true_means_the_taker_sold(tmp_path: Path) -> None:
    recording = one(put(tmp_path, "BTCUSDT-aggTrades-2024-06-01.csv", text(AGG_ROWS)))
    assert recording.trades["taker_buy"].to_list() == [False, True, False]


def test_trades_files(tmp_path: Path) -> None:
    rows = [f"7,67500.1,0.012,810.0012,{T0},True", f"8,67500.2,1.5,101250.3,{T0 + 5},False"]
    for header in ("", "id,price,qty,quote_qty,time,is_buyer_maker"):
        recording = one(put(tmp_path, "BTCUSDT-trades-2024-06-01.zip", text(rows, header)))
        assert recording.trades.rows() == [
            (T0 * MS, 675001, 0.012, False, 7),
            ((T0 + 5) * MS, 675002, 1.5, True, 8),
        ]


def test_trades_and_agg_trades_of_one_day_are_not_added_up(tmp_path: Path) -> None:
    put(tmp_path, "BTCUSDT-aggTrades-2024-06-01.csv", text(AGG_ROWS))
    put(tmp_path, "BTCUSDT-trades-2024-06-01.csv", text([f"7,67500.1,0.012,810.0012,{T0 + 2},true"]))
    recording = one(tmp_path)
    assert recording.trades.height == 3
    assert any("holds the same trades" in warning for warning in recording.warnings)


def test_coin_margined_sizes_are_usd(tmp_path: Path) -> None:
    for symbol, usd in (("BTCUSD_PERP", 100.0), ("ETHUSD_PERP", 10.0), ("BTCUSD_240628", 100.0)):
        path = put(
            tmp_path,
            f"{symbol}-aggTrades-2024-06-01.csv",
            text([f"1,67500.1,3,1,1,{T0},true", f"2,67500.1,2,1,1,{T0},true"]),
        )
        recording = one(path)
        assert recording.instrument.venue == "binance_coinm"
        assert recording.instrument.is_inverse
        assert recording.trades["qty_native"].to_list() == [3 * usd, 2 * usd]


def test_finer_prices_later_in_a_file_keep_all_exact(tmp_path: Path) -> None:
    rows = [
        f"{i},{price},1,1,1,{T0 + i},true"
        for i, price in enumerate(("0.5", "0.25", "0.00000125", "100000", "3e-5"), start=1)
    ]
    rows[3] = f"4,0.5,1,1,1,{T0 + 4},true"
    with pytest.raises(FormatError, match="two symbols"):  # a fall from 0.25 to 0.00000125 is another symbol
        one(put(tmp_path, "XUSDT-aggTrades-2024-06-01.csv", text(rows)))
    steady = [
        f"{i},{price},1,1,1,{T0 + i},true"
        for i, price in enumerate(("0.5", "0.25", "0.33333333", "2.5e-1", "0.250"), start=1)
    ]
    recording = one(put(tmp_path, "YUSDT-aggTrades-2024-06-01.csv", text(steady)))
    assert recording.instrument.tick_size == Decimal("1E-8")
    assert recording.trades["price_ticks"].to_list() == [
        50_000_000,
        25_000_000,
        33_333_333,
        25_000_000,
        25_000_000,
    ]


def test_spot_files_are_known_and_not_used(tmp_path: Path) -> None:
    path = put(tmp_path, "BTCUSDT-aggTrades-2024-06-01.csv", text([f"{row},true" for row in AGG_ROWS]))
    assert "spot" in recognise(path)[0].unused
    with pytest.raises(FormatError, match="spot market"):
        read_paths([path])


KLINE_HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"


def klines(*, volume: str = "12.5", factor: int = 1) -> list[str]:
    step = 300_000
    rows = []
    for i in range(3):
        start, last = (T0 + i * step) * factor, (T0 + (i + 1) * step) * factor - 1
        taker = "0" if volume == "0" else "5.25"
        rows.append(f"{start},100.5,101.25,99.75,100.75,{volume},{last},1250.0,30,{taker},0,0")
    return rows


@pytest.mark.parametrize("header", ["", KLINE_HEADER])
@pytest.mark.parametrize("factor", [1, 1_000])
def test_klines(tmp_path: Path, header: str, factor: int) -> None:
    recording = one(put(tmp_path, "ETHUSDT-5m-2024-06-01.zip", text(klines(factor=factor), header)))
    assert recording.bars.height == 3
    assert recording.bars.row(0) == (
        T0 * MS,
        (T0 + 300_000) * MS,
        100.5,
        101.25,
        99.75,
        100.75,
        12.5,
        5.25,
        "last",
    )
    assert recording.mark_bars.is_empty()


def test_mark_klines_by_folder_and_by_volume(tmp_path: Path) -> None:
    folder = tmp_path / "markPriceKlines" / "ETHUSDT"
    folder.mkdir(parents=True)
    by_folder = one(put(folder, "ETHUSDT-5m-2024-06-01.zip", text(klines(volume="0"))))
    assert by_folder.mark_bars["price_kind"].unique().to_list() == ["mark"]
    assert by_folder.warnings == ()
    by_volume = one(put(tmp_path, "ETHUSDT-5m-2024-06-02.zip", text(klines(volume="0"))))
    assert by_volume.mark_bars.height == 3
    assert any("taken as the mark price" in warning for warning in by_volume.warnings)


def test_index_klines_are_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "indexPriceKlines"
    folder.mkdir()
    (known,) = recognise(put(folder, "ETHUSDT-5m-2024-06-01.csv", text(klines(volume="0"))))
    assert "index prices" in known.unused


def test_spot_klines_keep_their_name(tmp_path: Path) -> None:
    folder = tmp_path / "spot" / "daily"
    folder.mkdir(parents=True)
    recording = one(put(folder, "ETHUSDT-5m-2024-06-01.csv", text(klines())))
    assert recording.bars["price_kind"].unique().to_list() == ["spot"]


def test_finer_bars_win_where_two_intervals_overlap(tmp_path: Path) -> None:
    put(tmp_path, "ETHUSDT-5m-2024-06-01.csv", text(klines()))
    hourly = [
        f"{T0 + i * 3_600_000},100,102,99,101,150,{T0 + (i + 1) * 3_600_000 - 1},1,1,70,1,0" for i in range(2)
    ]
    put(tmp_path, "ETHUSDT-1h-2024-06-01.csv", text(hourly))
    recording = one(tmp_path)
    lengths = (recording.bars["ts_close_ns"] - recording.bars["ts_open_ns"]).to_list()
    assert lengths == [300_000 * MS] * 3 + [3_600_000 * MS]
    assert any("better ones cover their time" in warning for warning in recording.warnings)


METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)


@pytest.mark.parametrize("header", ["", METRICS_HEADER])
def test_metrics(tmp_path: Path, header: str) -> None:
    rows = [f"2024-06-01 00:{m:02d}:00,BTCUSDT,80000.000,5400000000.000,1.1,1.2,1.3," for m in (5, 10, 15)]
    recording = one(put(tmp_path, "BTCUSDT-metrics-2024-06-01.zip", text(rows, header)))
    assert recording.open_interest.row(0) == ((T0 + 300_000) * MS, 80000.0, 80000.0, 5.4e9)
    assert recording.marks["mark_price"].to_list() == [67500.0] * 3


def test_metrics_of_coin_margined_contracts(tmp_path: Path) -> None:
    rows = [f"2024-06-01 00:{m:02d}:00,BTCUSD_PERP,5000000,7407.4,1,1,1,1" for m in (5, 10, 15)]
    recording = one(put(tmp_path, "BTCUSD_PERP-metrics-2024-06-01.csv", text(rows)))
    assert recording.open_interest["oi_native"].unique().to_list() == [5e8]
    assert recording.open_interest["oi_usd"].unique().to_list() == [5e8]
    assert recording.marks.is_empty()


def test_liquidation_snapshot(tmp_path: Path) -> None:
    header = (
        "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
        "accumulated_fill_quantity"
    )
    rows = [
        f"{T0},SELL,LIMIT,IOC,7,66000.5,66500.5,FILLED,6,7",
        f"{T0},SELL,LIMIT,IOC,7,66000.5,66500.5,FILLED,6,7",
        f"{T0 + 9},BUY,LIMIT,IOC,2,68000.5,67500.5,FILLED,2,2",
    ]
    recording = one(put(tmp_path, "BTCUSD_PERP-liquidationSnapshot-2024-06-01.zip", text(rows, header)))
    assert recording.liquidations.rows() == [
        (T0 * MS, "long", 66500.5, "fill", 700.0, 700.0, None),
        ((T0 + 9) * MS, "short", 67500.5, "fill", 200.0, 200.0, None),
    ]
    assert any("1 repeated rows" in warning for warning in recording.warnings)


def test_funding_rate(tmp_path: Path) -> None:
    rows = [f"{T0 + i * 28_800_000},8,0.0001" for i in range(3)]
    recording = one(
        put(
            tmp_path,
            "BTCUSDT-fundingRate-2024-06.zip",
            text(rows, "calc_time,funding_interval_hours,last_funding_rate"),
        )
    )
    assert recording.funding.row(1) == ((T0 + 28_800_000) * MS, 0.0001, 8.0, True)


def test_zip_of_several_days(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-aggTrades-2024-06-01.csv", text(AGG_ROWS))
        later = [row.replace(str(T0), str(T0 + 99)).replace("10", "20", 1) for row in AGG_ROWS[:1]]
        archive.writestr("ETHUSDT-aggTrades-2024-06-01.csv", text(later))
        archive.writestr("__MACOSX/._x", b"\x00")
    recordings = read_paths([path])
    assert [recording.instrument.symbol for recording in recordings] == ["BTCUSDT", "ETHUSDT"]
    assert [known.symbol for known in recognise(path)] == ["BTCUSDT", "ETHUSDT"]
