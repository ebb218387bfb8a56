"""The plain layout of docs/reference/file_formats.md, as CSV and as Parquet."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.importers import read_paths
from liqatlas.venues.importers.plain_parquet import INSTRUMENT_KEY, instrument_json

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

pytestmark = pytest.mark.kernels
T0 = 1_717_200_000_000_000_000
S = 1_000_000_000


def one(path: Path, **options: str) -> Recording:
    (recording,) = read_paths([path], **options)  # type: ignore[arg-type]
    return recording


def csv(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "moments"),
    [
        ("ts_event_ns", [str(T0), str(T0 + 1_500_000_000)]),
        ("timestamp", [str(T0 // 1_000_000), str(T0 // 1_000_000 + 1_500)]),
        ("time", ["1717200000", "1717200001.5"]),
        ("time", ["2024-06-01T00:00:00Z", "2024-06-01T00:00:01.500Z"]),
        ("datetime", ["2024-06-01 00:00:00", "2024-06-01 00:00:01.5"]),
        ("datetime", ["2024-06-01 00:00:00+00:00", "2024-06-01 00:00:01.5+00:00"]),
    ],
)
def test_trades_with_every_kind_of_time(tmp_path: Path, name: str, moments: list[str]) -> None:
    path = csv(
        tmp_path,
        "bybit_BTCUSDT_trades.csv",
        f"{name},price,qty,taker_side",
        f"{moments[0]},67500.5,0.25,buy",
        f"{moments[1]},67501,1,sell",
    )
    recording = one(path)
    assert recording.instrument.key == "bybit:BTCUSDT"
    assert recording.trades.rows() == [
        (T0, 675005, 0.25, True, None),
        (T0 + 1_500_000_000, 675010, 1.0, False, None),
    ]


def test_bare_side_is_taken_as_the_takers_and_said(tmp_path: Path) -> None:
    recording = one(
        csv(
            tmp_path,
            "okx_ETHUSDT.csv",
            "time,price,size,side",
            f"{T0},3400.5,1,Sell",
            f"{T0 + 1},3400.5,1,Buy",
        )
    )
    assert recording.trades["taker_buy"].to_list() == [False, True]
    assert any("column side is read as the taker's side" in warning for warning in recording.warnings)


def test_trades_of_several_symbols_by_column(tmp_path: Path) -> None:
    path = csv(
        tmp_path, "mine.csv", "venue,symbol,time,price,qty,taker_side,trade_id", f"bybit,BTCUSDT,{T0},67500.5,1,buy,1",
        f"okx,ETH-USDT-SWAP,{T0},3400.25,2,sell,1", f"bybit,BTCUSDT,{T0 + 1},67500.5,1,buy,2",
    )  # fmt: skip
    recordings = {recording.instrument.key: recording.trades.height for recording in read_paths([path])}
    assert recordings == {"bybit:BTCUSDT": 2, "okx:ETH-USDT-SWAP": 1}
    (eth,) = read_paths([path], asset="ETH")
    assert eth.instrument.tick_size == Decimal("0.01")


def test_venue_that_nothing_names_is_assumed_and_said(tmp_path: Path) -> None:
    recording = one(csv(tmp_path, "BTCUSDT.csv", "time,price,qty", f"{T0},67500.5,1", f"{T0 + 1},67500.5,1"))
    assert recording.instrument.key == "binance:BTCUSDT"
    assert any("nothing names the venue" in warning for warning in recording.warnings)
    assert recording.trades["taker_buy"].null_count() == 2


def test_bars_marks_open_interest_funding(tmp_path: Path) -> None:
    folder = tmp_path / "bybit_sol"
    folder.mkdir()
    csv(
        folder,
        "bars.csv",
        "time,open,high,low,close,volume",
        f"{T0},10,12,9,11,100",
        f"{T0 + 60 * S},11,12,9,11,",
    )
    csv(folder, "oi.csv", "time,open_interest,oi_usd", f"{T0},1000,11000", f"{T0 + 60 * S},1010,11110")
    csv(folder, "mark.csv", "time,mark_price,index_price", f"{T0 + 7 * S},11.5,", f"{T0 + 60 * S},11.25,11.5")
    csv(folder, "funding.csv", "time,funding_rate,interval_h", f"{T0},-0.0001,8", f"{T0 + S},0.0001,8")
    csv(folder, "prints.csv", "time,price,qty,liquidated", f"{T0},10.5,4,long", f"{T0},10.5,4,long")
    csv(folder, "totals.csv", "time,long_usd,short_usd", f"{T0},100,0", f"{T0 + 3600 * S},0,5")
    recording = one(folder)
    assert recording.instrument.key == "bybit:SOLUSDT"
    assert recording.bars.row(0) == (T0, T0 + 60 * S, 10.0, 12.0, 9.0, 11.0, 100.0, None, "last")
    assert recording.bars["volume_native"][1] is None
    assert recording.open_interest.row(1) == (T0 + 60 * S, 505.0, 1010.0, 5555.0)  # Bybit counts both sides
    assert recording.marks.rows() == [(T0 + 7 * S, 11.5, None), (T0 + 60 * S, 11.25, 11.5)]
    assert recording.funding["funding_rate"].to_list() == [-0.0001, 0.0001]
    assert recording.liquidations.rows() == [(T0, "long", 10.5, "order", 4.0, 42.0, None)] * 2
    assert recording.liquidation_bars.row(1) == (T0 + 3600 * S, T0 + 7200 * S, 0.0, 5.0)


def test_mark_bars_by_their_kind(tmp_path: Path) -> None:
    lines = [f"{T0 + i * 60 * S},10,12,9,11,mark" for i in range(3)]
    recording = one(csv(tmp_path, "bybit_SOLUSDT.csv", "time,open,high,low,close,price_kind", *lines))
    assert recording.bars.is_empty()
    assert recording.mark_bars.height == 3


def test_impossible_bar_is_refused(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "bybit_SOLUSDT.csv",
        "time,open,high,low,close",
        f"{T0},10,9,8,11",
        f"{T0 + 60 * S},10,12,8,11",
    )
    with pytest.raises(FormatError, match="high below or low above"):
        read_paths([path])


def trades_parquet(path: Path, rows: int, *, metadata: bool = True) -> Path:
    """Write a table in the schema of trades, as another tool would."""
    rng = np.random.default_rng(5)
    table = pa.table(
        {
            "ts_event_ns": T0 + np.arange(rows) * 1_000_000,
            "price_ticks": 135_000 + rng.integers(-50, 50, rows),
            "qty_native": rng.integers(1, 500, rows) / 1000,
            "taker_buy": rng.random(rows) < 0.5,
            "trade_id": np.arange(rows),
        }
    )
    if metadata:
        instrument = Instrument(
            "bybit", "BTCUSDT", "BTC", tick_size=Decimal("0.5"), lot_size=Decimal("0.001")
        )
        table = table.replace_schema_metadata({INSTRUMENT_KEY: instrument_json(instrument)})
    pq.write_table(table, path)
    return path


def test_parquet_of_the_trades_schema(tmp_path: Path) -> None:
    path = trades_parquet(tmp_path / "x.parquet", 1_000)
    recording = one(path)
    assert recording.instrument.key == "bybit:BTCUSDT"
    assert recording.instrument.tick_size == Decimal("0.5")
    assert recording.trades.equals(pl.read_parquet(path))


def test_ticks_without_a_tick_size_are_refused(tmp_path: Path) -> None:
    path = trades_parquet(tmp_path / "bybit_BTCUSDT.parquet", 10, metadata=False)
    with pytest.raises(FormatError, match="how large a tick is"):
        read_paths([path])


def test_ticks_join_prices_of_another_file(tmp_path: Path) -> None:
    trades_parquet(tmp_path / "x.parquet", 10)
    csv(
        tmp_path,
        "bybit_BTCUSDT.csv",
        "time,price,qty,taker_side,trade_id",
        f"{T0 + 60 * S},67500.25,1,buy,999",
        f"{T0 + 61 * S},67500,1,buy,1000",
    )
    recording = one(tmp_path)
    assert recording.instrument.tick_size == Decimal("0.01")
    first = pl.read_parquet(tmp_path / "x.parquet")["price_ticks"][0]
    assert recording.trades["price_ticks"].to_list()[0] == first * 50
    assert recording.trades["price_ticks"].to_list()[-2:] == [6750025, 6750000]


def test_parquet_with_float_prices_and_datetimes(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    frame = pl.DataFrame(
        {
            "timestamp": [
                datetime(2024, 6, 1, tzinfo=UTC),
                datetime(2024, 6, 1, 0, 0, 1, 500_000, tzinfo=UTC),
            ],
            "price": [67500.5, 67501.0],
            "qty": [0.25, 1.0],
            "taker_side": ["buy", "sell"],
        }
    )
    frame.write_parquet(tmp_path / "okx_BTCUSDT.parquet")
    recording = one(tmp_path / "okx_BTCUSDT.parquet")
    assert recording.trades.rows() == [
        (T0, 675005, 0.25, True, None),
        (T0 + 1_500_000_000, 675010, 1.0, False, None),
    ]


def test_parquet_with_bad_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"time": [T0 + i for i in range(300)], "price": [5.0] * 299 + [float("nan")], "qty": [1.0] * 300}
    )
    path = tmp_path / "okx_BTCUSDT.parquet"
    frame.write_parquet(path)
    recording = one(path)
    assert recording.trades.height == 299
    assert any("1 bad row of 300 left out" in warning for warning in recording.warnings)
    frame.with_columns(pl.lit(-1.0).alias("price")).write_parquet(path)
    with pytest.raises(FormatError, match="300 of 300"):
        read_paths([path])


def test_cut_off_parquet(tmp_path: Path) -> None:
    path = trades_parquet(tmp_path / "x.parquet", 10_000)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(FormatError, match="Parquet file cannot be read"):
        read_paths([path])
