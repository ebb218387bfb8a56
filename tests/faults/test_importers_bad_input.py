"""Bad input: each kind gives a typed error with path and line, or a warning that says what was left out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import FormatError, LiqAtlasError, UnknownSymbolError
from liqatlas.venues.importers import inspect_paths, read_paths
from liqatlas.venues.importers.selection import ALL_TABLES
from tests.faults.archive_files import HEADER, NAME, T0, agg_rows, read_one, written

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernels


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_paths([tmp_path / "nothing.csv"])


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.touch()
    with pytest.raises(FormatError, match="empty"):
        read_paths([path])


@pytest.mark.parametrize("content", [b"\n\n  \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_file_of_nothing_but_blanks(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(FormatError, match="no rows"):
        read_paths([path])


def test_header_without_rows(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        read_paths([written(tmp_path, [])])


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no data files"):
        read_paths([tmp_path])


def test_unknown_format_names_what_was_seen_and_what_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("city,rain\nParis,3\n")
    with pytest.raises(
        FormatError, match=r"city,rain.*\(2 columns\).*Binance aggTrades.*Tardis.*plain"
    ) as caught:
        read_paths([path])
    assert caught.value.path == str(path)


def test_binary_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(FormatError, match="not text"):
        read_paths([path])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2000,61800.1,0.5,1,1", "wrong number of columns"),
        (f"2000,61800.1,0.5,1,1,{T0},true,true", "wrong number of columns"),
        (f"2000,abc,0.5,1,1,{T0},true", "text, NaN or infinity"),
        (f"2000,61800.1x,0.5,1,1,{T0},true", "text, NaN or infinity"),
        (f"2000,nan,0.5,1,1,{T0},true", "text, NaN or infinity"),
        (f"2000,inf,0.5,1,1,{T0},true", "text, NaN or infinity"),
        (f"2000,,0.5,1,1,{T0},true", "text, NaN or infinity"),
        (f"2000,1e400,0.5,1,1,{T0},true", "text, NaN or infinity"),
        (f"2000,-61800.1,0.5,1,1,{T0},true", "price not positive"),
        (f"2000,0,0.5,1,1,{T0},true", "price not positive"),
        (f"2000,61800.1,0,1,1,{T0},true", "size not positive"),
        (f"2000,61800.1,-0.5,1,1,{T0},true", "size not positive"),
        ("2000,61800.1,0.5,1,1,5,true", "time outside"),
        (f"2000,61800.1,0.5,1,1,{T0},perhaps", "side neither"),
        (f"12:30,61800.1,0.5,1,1,{T0},true", "text, NaN or infinity"),
    ],
)
def test_one_bad_row_of_many_is_left_out_and_named(tmp_path: Path, row: str, reason: str) -> None:
    rows = agg_rows(500)
    path = written(tmp_path, [*rows[:250], row, *rows[250:]])
    recording = read_one(path)
    assert recording.trades.height == 500
    (warning,) = [text for text in recording.warnings if "bad row" in text]
    assert f"{path}:252: 1 bad row of 501 left out" in warning
    assert reason in warning


def test_many_bad_rows_are_an_error_with_the_first_line(tmp_path: Path) -> None:
    rows = agg_rows(90)
    path = written(tmp_path, [*rows[:10], *["1,2,3"] * 10, *rows[10:]])
    with pytest.raises(FormatError, match="10 of 100 rows cannot be read") as caught:
        read_paths([path])
    assert caught.value.line == 12
    assert caught.value.path == str(path)


def test_byte_order_mark_crlf_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / NAME
    lines = [HEADER, *agg_rows(200)]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(lines).encode())
    plain = read_one(written(tmp_path, agg_rows(200), name="BTCUSDT-aggTrades-2024-06-02.csv"))
    assert read_one(path).trades.equals(plain.trades)
    (report,) = inspect_paths([path])
    assert (report.rows, report.blank_rows) == (200, 200)


def test_byte_order_mark_without_header(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(agg_rows(200)).encode())
    assert read_one(path).trades.height == 200


def test_unsorted_trades_are_sorted_and_counted(tmp_path: Path) -> None:
    rows = agg_rows(300)
    mixed = [*rows[:100], *rows[200:], *rows[100:200]]
    recording = read_one(written(tmp_path, mixed))
    assert recording.trades["trade_id"].to_list() == list(range(1, 301))
    assert any("100 rows were out of order" in text for text in recording.warnings)


def test_duplicated_trades_count_once(tmp_path: Path) -> None:
    rows = agg_rows(300)
    recording = read_one(written(tmp_path, [*rows, *rows[:40]]))
    assert recording.trades.height == 300
    assert any("40 rows repeat a trade number" in text for text in recording.warnings)


def test_overlapping_files_count_once(tmp_path: Path) -> None:
    written(tmp_path, agg_rows(300), name="BTCUSDT-aggTrades-2024-06-01.csv")
    written(tmp_path, agg_rows(300, first=201), name="BTCUSDT-aggTrades-2024-06-02.csv")
    (recording,) = read_paths([tmp_path])
    assert recording.trades["trade_id"].to_list() == list(range(1, 501))


def test_gap_of_days_is_named(tmp_path: Path) -> None:
    rows = [*agg_rows(300), *agg_rows(300, first=3_000_001)]
    recording = read_one(written(tmp_path, rows))
    assert any("1 gap, 3.5 days in all" in text for text in recording.warnings)


def test_two_symbols_in_one_file_of_trades(tmp_path: Path) -> None:
    path = written(tmp_path, [*agg_rows(300), *agg_rows(300, first=301, price=3_400.0)])
    with pytest.raises(FormatError, match="two symbols in one file") as caught:
        read_paths([path])
    assert caught.value.line == 302


def test_two_symbols_in_two_named_files_of_one_symbol(tmp_path: Path) -> None:
    written(tmp_path, agg_rows(300), name="BTCUSDT-aggTrades-2024-06-01.csv")
    written(tmp_path, agg_rows(300, first=301, price=3_400.0), name="BTCUSDT-aggTrades-2024-06-02.csv")
    with pytest.raises(FormatError, match="two symbols"):
        read_paths([tmp_path])


def test_two_symbols_in_tardis_trades(tmp_path: Path) -> None:
    head = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    rows = [f"binance-futures,BTCUSDT,{T0 * 1000 + i},{T0 * 1000 + i},{i},buy,61800.1,0.1" for i in range(50)]
    rows[20] = rows[20].replace("BTCUSDT", "BTCUSDC")
    path = written(tmp_path, rows, name="binance-futures_trades_2024-06-01_BTCUSDT.csv", header=head)
    with pytest.raises(FormatError, match="two symbols or venues") as caught:
        read_paths([path])
    assert caught.value.line == 22


def test_two_symbols_in_metrics_are_read_apart_and_said(tmp_path: Path) -> None:
    head = (
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
        "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
    )
    rows = [f"2024-06-01 00:{5 * i:02d}:00,BTCUSDT,80000.1,5000000000.5,1,1,1,1" for i in range(6)]
    rows += [f"2024-06-01 00:{5 * i:02d}:00,ETHUSDT,900000.1,3400000000.5,1,1,1,1" for i in range(6)]
    path = written(tmp_path, rows, name="BTCUSDT-metrics-2024-06-01.csv", header=head)
    recordings = {one.instrument.symbol: one for one in read_paths([path])}
    assert {symbol: one.open_interest.height for symbol, one in recordings.items()} == {
        "BTCUSDT": 6,
        "ETHUSDT": 6,
    }
    assert any("two symbols mixed" in text for text in recordings["BTCUSDT"].warnings)
    (eth,) = read_paths([path], asset="ETH")
    assert eth.instrument.symbol == "ETHUSDT"


def test_symbol_that_nothing_names(tmp_path: Path) -> None:
    path = written(tmp_path, agg_rows(300), name="trades.csv")
    with pytest.raises(FormatError, match="does not say whose it is"):
        read_paths([path])
    (recording,) = read_paths([path], asset="BTC")
    assert recording.instrument.key == "binance:BTCUSDT"


def test_asset_that_no_file_holds(tmp_path: Path) -> None:
    path = written(tmp_path, agg_rows(300))
    with pytest.raises(UnknownSymbolError, match="BTCUSDT"):
        read_paths([path], asset="ETH")


def test_broken_file_in_a_folder_is_named_and_the_rest_read(tmp_path: Path) -> None:
    written(tmp_path, agg_rows(300), name="BTCUSDT-aggTrades-2024-06-01.csv")
    broken = written(tmp_path, ["x"] * 300, name="BTCUSDT-aggTrades-2024-06-02.csv")
    (tmp_path / "README.md").write_text("notes")
    (recording,) = read_paths([tmp_path])
    assert recording.trades.height == 300
    assert any(f"not read: {broken}" in text for text in recording.warnings)
    with pytest.raises(FormatError):
        read_paths([broken])


def test_every_fault_has_a_report_and_none_a_traceback(tmp_path: Path) -> None:
    """``inspect_paths`` over a heap of broken files tells each apart."""
    good = written(tmp_path, agg_rows(300))
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").write_text("city,rain\nParis,3\n")
    (tmp_path / "c.csv.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    (tmp_path / "d.zip").write_bytes(b"PK\x03\x04broken")
    (tmp_path / "e.parquet").write_bytes(b"PAR1broken")
    (tmp_path / "f.jsonl").write_text('{"ts":1\n')
    reports = {report.path: report for report in inspect_paths([tmp_path])}
    assert reports.pop(str(good)).readable
    assert len(reports) == 6
    for report in reports.values():
        assert not report.readable
        assert report.problems[0].startswith(report.path)


def test_bad_lines_in_a_tape(tmp_path: Path) -> None:
    rows = [f'{{"ts":{T0 + i * 10},"px":{1671.7 + i % 3},"sz":0.5,"side":"A"}}' for i in range(1_000)]
    rows[500] = '{"ts":1717200000000,"px":"abc","sz":0.5,"side":"A"}'
    rows[600] = '{"ts":1717200000000,"px":1671.7,"sz":0.5'
    rows[700] = '{"ts":1717200000000,"px":-1.0,"sz":0.5,"side":"A"}'
    path = tmp_path / "trades_ETH_20240601.jsonl"
    path.write_text("\n".join([*rows[:10], "", *rows[10:]]) + "\n")
    recording = read_one(path)
    assert recording.trades.height == 997
    (warning,) = [text for text in recording.warnings if "bad row" in text]
    assert f"{path}:502: 3 bad rows of 1,000 left out" in warning


def test_side_that_is_no_side_in_a_tape(tmp_path: Path) -> None:
    path = tmp_path / "trades_ETH_20240601.jsonl"
    path.write_text("".join(f'{{"ts":{T0 + i},"px":1671.7,"sz":0.5,"side":"X"}}\n' for i in range(100)))
    with pytest.raises(FormatError, match="100 of 100 rows cannot be read"):
        read_paths([path])


SAMPLES = {
    "BTCUSDT-aggTrades-2024-06-01.csv": [HEADER, *agg_rows(120)],
    "BTCUSDT-5m-2024-06-01.csv": [
        f"{T0 + i * 300_000},100.5,101.25,99.75,100.75,12.5,{T0 + (i + 1) * 300_000 - 1},1250.0,30,5.25,0,0"
        for i in range(120)
    ],
    "BTCUSDT-metrics-2024-06-01.csv": [
        f"2024-06-01 {i // 12:02d}:{i % 12 * 5:02d}:00,BTCUSDT,80000.5,5400000000.25,1.1,1.2,1.3,1"
        for i in range(120)
    ],
    "ETHUSDT_oi_5m.csv": ["t,oi,oi_usd", *(f"{T0 + i * 300_000},80000.5,5400000000.25" for i in range(120))],
    "trades_ETH_20240601.jsonl": [f'{{"ts":{T0 + i},"px":1671.7,"sz":0.5,"side":"A"}}' for i in range(120)],
    "ctx_ETH_20240601.jsonl": [
        f'{{"ts":{T0 + i * 60_000},"funding":1e-05,"oi":713748.5,"mark":1672.0,"oracle":1672.9}}'
        for i in range(120)
    ],
    "l2_ETH_20240601.jsonl": [
        f'{{"ts":{T0 + i},"bids":[[1671.9,2.5],[1671.8,1]],"asks":[[1672.0,3]]}}' for i in range(120)
    ],
    "binance-futures_derivative_ticker_2024-06-01_BTCUSDT.csv": [
        (
            "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,"
            "last_price,index_price,mark_price"
        ),
        *(
            f"binance-futures,BTCUSDT,{T0 + i}000,{T0 + i}000,,0.0001,,80000.5,67500.1,67501.5,67502.5"
            for i in range(120)
        ),
    ],
    "forceorders.csv": [
        "ts_s,symbol,side,price,base_qty,quote_qty",
        *(f"1717200000.{i:03d},XRPUSDT,BUY,2.36,4.5,10.62" for i in range(120)),
    ],
    "bybit_SOLUSDT_bars.csv": [
        "time,open,high,low,close,volume",
        *(f"{T0 + i * 60_000},10,12,9,11,100" for i in range(120)),
    ],
    "bybit_SOLUSDT.csv": [
        "time,price,qty,taker_side",
        *(f"2024-06-01T00:00:{i % 60:02d}Z,10.5,1,buy" for i in range(120)),
    ],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_errors_are_of_the_tree(tmp_path: Path, name: str) -> None:
    """Whatever bytes come, the error is one of ours, and what is read is sound."""
    rng = random.Random(name)
    good = "\n".join(SAMPLES[name]).encode()
    path = tmp_path / name
    path.write_bytes(good)
    (sound,) = read_paths([path], tables=ALL_TABLES)
    assert sound.tables()
    for _ in range(80):
        mangled = bytearray(good)
        for _ in range(rng.choice((1, 3, 30))):
            mangled[rng.randrange(len(mangled))] = (
                rng.choice(b'0,.-"e\n\r\x00\xffx{}[]:') if rng.random() < 0.8 else rng.randrange(256)
            )
        path.write_bytes(bytes(mangled[: rng.choice((len(mangled), rng.randrange(1, len(mangled))))]))
        try:
            recordings = read_paths([path], tables=ALL_TABLES)
        except LiqAtlasError:
            continue
        for recording in recordings:
            for column in ("price_ticks", "qty_native"):
                if recording.trades.height:
                    assert recording.trades[column].min() > 0  # type: ignore[operator]
            assert recording.marks["mark_price"].is_finite().all()
            assert (recording.open_interest["oi_native"] >= 0).all()
