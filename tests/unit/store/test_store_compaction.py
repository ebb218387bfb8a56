from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from liqatlas.store import Lake, compaction, manifest, parquet
from tests.conformance.store.rows import (
    BTC,
    BUSY_HOURS,
    DAY,
    HOUR,
    IDENTITY,
    MINUTE,
    SECOND,
    START,
    identities,
    in_order,
    made_up,
    trades,
)  # fmt: skip

END = START + 10 * DAY


def held(lake: Lake) -> pl.DataFrame:
    return lake.read("trades", BTC.venue, BTC.symbol, START, END)


def files(lake: Lake) -> list[manifest.FileEntry]:
    return manifest.all_live(lake._connection())


def hot_rows(lake: Lake, dataset: str = "trades") -> int:
    return int(lake._connection().execute(f"SELECT count(*) FROM hot_{dataset}").fetchone()[0])


def put(lake: Lake, rows: pl.DataFrame, dataset: str = "trades") -> None:
    with lake.writer() as writer:
        writer.append(dataset, BTC, rows)


def test_only_closed_hours_are_written(lake: Lake) -> None:
    rows = trades(180, step=MINUTE)
    put(lake, rows)
    done = lake.compact(at_ns=START + 2 * HOUR + compaction.SETTLE_NS)
    assert (done.files, done.rows, done.failures) == (2, 120, ())
    assert [(e.start_ns, e.end_ns) for e in files(lake)] == [
        (START, START + HOUR),
        (START + HOUR, START + 2 * HOUR),
    ]
    assert hot_rows(lake) == 60
    assert held(lake).equals(rows)


def test_a_closed_day_becomes_one_file_and_the_hours_are_swept(lake: Lake) -> None:
    rows = trades(180, step=MINUTE)
    put(lake, rows)
    lake.compact(at_ns=START + 2 * HOUR, settle_ns=0)
    lake.compact(at_ns=START + DAY, settle_ns=0)
    (day,) = files(lake)
    assert (day.start_ns, day.end_ns, day.rows) == (START, START + DAY, 180)
    assert lake.sweep(grace_ns=-HOUR) == 2
    assert [str(p.relative_to(lake.root)) for p in lake.root.glob("dataset=*/**/*.parquet")] == [day.path]
    assert day.path.startswith("dataset=trades/venue=binance/symbol=BTCUSDT/date=2026-02-05/h00-24-")
    assert held(lake).equals(rows)


def test_late_rows_are_rewritten_into_their_day(lake: Lake) -> None:
    rows = trades(100, step=MINUTE)
    put(lake, rows[::2])
    lake.compact(at_ns=START + 2 * DAY, settle_ns=0)
    put(lake, rows[1::2])
    assert held(lake).equals(rows)
    lake.compact(at_ns=START + 2 * DAY, settle_ns=0)
    assert [e.rows for e in files(lake)] == [100]
    assert hot_rows(lake) == 0
    assert held(lake).equals(rows)


def test_repeated_rows_do_not_rewrite_their_file(lake: Lake) -> None:
    rows = trades(100)
    put(lake, rows)
    lake.compact(at_ns=START + 2 * DAY)
    before = files(lake)
    put(lake, rows)
    assert lake.compact(at_ns=START + 2 * DAY).files == 0
    assert files(lake) == before
    assert hot_rows(lake) == 0


def test_late_row_of_an_hour_in_a_whole_day_file(lake: Lake) -> None:
    rows = trades(50, step=MINUTE)
    lake.ingest("trades", BTC, rows[:40])
    put(lake, rows[40:])
    lake.compact(at_ns=START + HOUR, settle_ns=0)
    assert [(e.end_ns - e.start_ns, e.rows) for e in files(lake)] == [(DAY, 50)]
    assert held(lake).equals(rows)


def test_rows_that_arrive_while_the_file_is_written_stay(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = trades(60)
    put(lake, rows[:30])
    finish = parquet.Draft.finish

    def slow_finish(*arguments: Any) -> parquet.WrittenFile:
        written = finish(*arguments)
        put(lake, rows[30:])
        return written

    monkeypatch.setattr(parquet.Draft, "finish", slow_finish)
    lake.compact(at_ns=START + 2 * DAY)
    assert [e.rows for e in files(lake)] == [30]
    assert hot_rows(lake) == 30
    assert held(lake).equals(rows)


def test_two_processes_that_compact_one_day_lose_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = trades(60)
    put(lake, rows[:20])
    finish = parquet.Draft.finish

    def overtaken(*arguments: Any) -> parquet.WrittenFile:
        monkeypatch.setattr(parquet.Draft, "finish", finish)
        written = finish(*arguments)
        with Lake.create(lake.root) as other:
            put(other, rows[20:])
            other.compact(at_ns=START + 2 * DAY)
        return written

    monkeypatch.setattr(parquet.Draft, "finish", overtaken)
    lake.compact(at_ns=START + 2 * DAY)
    assert held(lake).equals(rows)
    assert [e.rows for e in files(lake)] == [60]
    assert lake.verify(young_s=-1).ok


def test_a_crash_before_the_hot_rows_are_removed_shows_nothing_twice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made_up("trades", 80, 1)
    put(lake, rows)
    wanted = in_order(identities("trades", held(lake)))
    monkeypatch.setattr(compaction, "_drop_hot", lambda *_: None)
    lake.compact(at_ns=START + 3 * DAY)
    assert hot_rows(lake) == 80
    assert in_order(identities("trades", held(lake))) == wanted
    monkeypatch.undo()
    lake.compact(at_ns=START + 3 * DAY)
    assert hot_rows(lake) == 0
    assert in_order(identities("trades", held(lake))) == wanted


def test_an_ingest_that_crashes_before_hot_rows_are_removed_keeps_its_newer_state(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = made_up("marks", 1, 1)
    new = old.with_columns(mark_price=123.0)
    put(lake, old, "marks")
    monkeypatch.setattr(compaction, "_drop_hot", lambda *_: None)
    lake.ingest("marks", BTC, new)
    assert lake.read("marks", BTC.venue, BTC.symbol, START, END).equals(new)


@pytest.mark.parametrize("dataset", sorted(IDENTITY))
def test_every_dataset_is_the_same_hot_and_in_files(lake: Lake, dataset: str) -> None:
    rows = made_up(dataset, 200, 3)
    put(lake, rows, dataset)
    hot = lake.read(dataset, BTC.venue, BTC.symbol, START, END)
    lake.compact(at_ns=END)
    filed = lake.read(dataset, BTC.venue, BTC.symbol, START, END)
    assert filed.equals(hot)
    assert filed.schema == rows.schema
    assert hot_rows(lake, dataset) == 0
    assert {
        h for h in BUSY_HOURS if (filed[IDENTITY[dataset][0][0]] // HOUR == START // HOUR + h).any()
    } == set(BUSY_HOURS)


def test_files_can_be_read_by_others(lake: Lake) -> None:
    put(lake, trades(100))
    lake.compact(at_ns=END)
    path = lake.root / files(lake)[0].path
    meta = pq.ParquetFile(path).metadata.row_group(0)
    columns = {meta.column(i).path_in_schema: meta.column(i) for i in range(meta.num_columns)}
    assert "DELTA_BINARY_PACKED" in columns["price_ticks"].encodings
    assert columns["qty_native"].compression == "ZSTD"
    plain = pl.scan_parquet(lake.root / "dataset=trades/**/*.parquet", hive_partitioning=True).collect()
    assert plain["symbol"].unique().to_list() == ["BTCUSDT"]
    assert plain.height == 100


def test_a_finer_tick_rescales_hot_rows_and_files(lake: Lake) -> None:
    from dataclasses import replace

    put(lake, trades(10))
    lake.compact(at_ns=END)
    put(lake, trades(10, start=START + HOUR, first_id=11))
    finer = replace(BTC, tick_size=Decimal("0.01"))
    with lake.writer() as writer:
        writer.append("trades", finer, trades(10, start=START + 2 * HOUR, first_id=21))
        writer.append("trades", BTC, trades(10, start=START + 3 * HOUR, first_id=31))
    assert lake.tick_size(BTC.venue, BTC.symbol) == Decimal("0.01")
    base = trades(10)["price_ticks"]
    wanted = pl.concat([base * 10, base * 10, base, base * 10])
    assert held(lake)["price_ticks"].equals(wanted)
    lake.compact(at_ns=END)
    assert held(lake)["price_ticks"].equals(wanted)
    put(lake, trades(10))  # the first block again, in the old tick
    assert held(lake)["price_ticks"].equals(wanted)


def test_ingest_goes_past_the_hot_rows_and_is_idempotent(lake: Lake) -> None:
    rows = trades(50, step=HOUR)
    span = (START, START + 50 * HOUR)
    assert lake.ingest("trades", BTC, rows, covers=span, checkpoint=("import", "done")) == 3
    assert hot_rows(lake) == 0
    assert held(lake).equals(rows)
    assert lake.ingest("trades", BTC, rows) == 0
    assert lake.checkpoint("import") == "done"
    assert lake.coverage("trades", BTC.venue, BTC.symbol, *span).share == 1.0
    assert lake.ingest("trades", BTC, trades(0)) == 0


def test_hot_rows_go_in_chunks(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from liqatlas.store import hot

    monkeypatch.setattr(hot, "DELETE_CHUNK", 7)
    rows = pl.concat([trades(50), trades(30, start=START + 60 * SECOND, step=0, first_id=51)])
    put(lake, rows)
    lake.compact(at_ns=END)
    assert hot_rows(lake) == 0
    assert held(lake).equals(rows)
