"""What the lake costs beside the floor of bare SQLite and bare Parquet, in the same run.

``python -m pytest benchmarks/bench_store.py``; rows are generated, a tick of time apart, as a busy day of one symbol.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from liqatlas.store import Lake, StoredSegment
from tests.conformance.store.rows import BTC, DAY, HOUR, START

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

BATCH = 1_000
MANY = 1_000_000
MONTH = 30 * DAY
VENUES = ("binance", "bybit", "okx", "hyperliquid", "gate")
#: Level, length, how many of them make a year, entries of each.
PARTS = (("month", MONTH, 11, 20_000), ("day", DAY, 30, 6_000), ("hour", HOUR, 23, 1_500))


def busy(count: int, first: int = 0) -> pl.DataFrame:
    """Return trades with ids, random steps of price and lots of random size over one day."""
    random = np.random.default_rng(first)
    return pl.DataFrame(
        {
            "ts_event_ns": START + (first + np.arange(count)) * (DAY // (2 * MANY)),
            "price_ticks": 700_000 + np.cumsum(random.integers(-2, 3, count)),
            "qty_native": random.integers(1, 2_000, count) / 1_000,
            "taker_buy": random.random(count) < 0.5,
            "trade_id": first + np.arange(count),
        }
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of a million rows in one file."""
    root = tmp_path_factory.mktemp("read") / "lake"
    with Lake.create(root) as lake:
        lake.ingest("trades", BTC, busy(MANY))
    return root


@pytest.fixture(scope="module")
def year_of_segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of the segments a year's window of five venues is made of."""
    root = tmp_path_factory.mktemp("segments") / "lake"
    random = np.random.default_rng(0)
    with Lake.create(root) as lake:
        for venue in VENUES:
            for level, length, count, cells in PARTS:
                items = [
                    StoredSegment(
                        level=level,  # type: ignore[arg-type]
                        start_ns=START + i * length,
                        end_ns=START + (i + 1) * length,
                        low_bin=0,
                        high_bin=100,
                        survival=random.random((2, 16)),
                        position=random.integers(0, 2, cells).astype(np.uint8),
                        bucket=random.integers(0, 16, cells).astype(np.uint8),
                        bin=np.sort(random.integers(20_000, 24_096, cells)).astype(np.int32),
                        inflow=random.random(cells),
                    )
                    for i in range(count)
                ]
                lake.write_segments(venue, "BTCUSDT", items, version="1")
    return root


class TestDurableCommit:
    """One batch of 1,000 rows, durable on return."""

    @pytest.mark.benchmark(group="durable commit of 1,000 rows")
    def test_floor_bare_sqlite(self, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
        connection = sqlite3.connect(tmp_path / "bare.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (ts INTEGER, price INTEGER, qty REAL, buy INTEGER, id INTEGER)")
        batches = iter(busy(BATCH, i * BATCH).rows() for i in range(10_000))

        def commit(rows: list[Any]) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")

        benchmark.pedantic(commit, setup=lambda: ((next(batches),), {}), rounds=200)  # type: ignore[no-untyped-call]
        connection.close()

    @pytest.mark.benchmark(group="durable commit of 1,000 rows")
    def test_lake(self, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
        batches = iter(busy(BATCH, i * BATCH) for i in range(10_000))
        with Lake.create(tmp_path / "lake") as lake, lake.writer() as writer:
            benchmark.pedantic(  # type: ignore[no-untyped-call]
                lambda rows: writer.wait(writer.append("trades", BTC, rows)),
                setup=lambda: ((next(batches),), {}),
                rounds=200,
            )


class TestAppend:
    """A million rows in batches of 10,000 through the group commit, all durable at the end."""

    @pytest.mark.benchmark(group="append 1M rows, durable")
    def test_floor_bare_sqlite(self, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
        rows = busy(MANY)

        def fill() -> None:
            connection = sqlite3.connect(tmp_path / "bare.sqlite", isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(
                "CREATE TABLE t (ts INTEGER, price INTEGER, qty REAL, buy INTEGER, id INTEGER)"
            )
            for block in rows.iter_slices(100_000):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", block.rows())
                connection.execute("COMMIT")
            connection.close()

        benchmark.pedantic(fill, rounds=1)  # type: ignore[no-untyped-call]

    @pytest.mark.benchmark(group="append 1M rows, durable")
    def test_lake(self, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
        rows = busy(MANY)

        def fill() -> None:
            with Lake.create(tmp_path / "lake") as lake, lake.writer() as writer:
                for block in rows.iter_slices(10_000):
                    writer.append("trades", BTC, block)

        benchmark.pedantic(fill, rounds=1)  # type: ignore[no-untyped-call]


class TestRead:
    """A million rows of one day."""

    @pytest.mark.benchmark(group="read 1M rows from a file")
    def test_floor_bare_parquet(self, benchmark: BenchmarkFixture, filled: Path) -> None:
        (path,) = filled.glob("dataset=*/**/*.parquet")
        frame = benchmark(lambda: pl.read_parquet(path))
        assert frame.height == MANY

    @pytest.mark.benchmark(group="read 1M rows from a file")
    def test_lake(self, benchmark: BenchmarkFixture, filled: Path) -> None:
        with Lake.open(filled) as lake:
            frame = benchmark(lambda: lake.read("trades", BTC.venue, BTC.symbol, START, START + DAY))
        assert frame.height == MANY

    @pytest.mark.benchmark(group="read 1M rows from a file")
    def test_lake_first_read_with_digest(self, benchmark: BenchmarkFixture, filled: Path) -> None:
        def read() -> pl.DataFrame:
            with Lake.open(filled) as lake:
                return lake.read("trades", BTC.venue, BTC.symbol, START, START + DAY)

        assert benchmark(read).height == MANY

    @pytest.mark.benchmark(group="read 100k hot rows")
    def test_lake_hot(self, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
        with Lake.create(tmp_path / "lake") as lake:
            with lake.writer() as writer:
                writer.append("trades", BTC, busy(100_000))
            frame = benchmark(lambda: lake.read("trades", BTC.venue, BTC.symbol, START, START + DAY))
        assert frame.height == 100_000

    @pytest.mark.benchmark(group="read 100k hot rows")
    def test_floor_bare_sqlite(self, benchmark: BenchmarkFixture, tmp_path: Path) -> None:
        connection = sqlite3.connect(tmp_path / "bare.sqlite")
        connection.execute(
            "CREATE TABLE t (ts INTEGER PRIMARY KEY, price INTEGER, qty REAL, buy INTEGER, id INTEGER)"
        )
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", busy(100_000).rows())
        assert len(benchmark(lambda: connection.execute("SELECT * FROM t ORDER BY ts").fetchall())) == 100_000
        connection.close()


class TestSegments:
    """The segments that a year's window of five venues is made of: 11 months, 30 days, 23 hours each."""

    @pytest.mark.benchmark(group="segments of a year, five venues")
    def test_lake(self, benchmark: BenchmarkFixture, year_of_segments: Path) -> None:
        end = START + 400 * DAY
        with Lake.open(year_of_segments) as lake:

            def read() -> int:
                found = [
                    lake.read_segments(v, "BTCUSDT", START, end, version="1", level=level)  # type: ignore[arg-type]
                    for v in VENUES
                    for level, *_ in PARTS
                ]
                return sum(len(items) for items in found)

            assert benchmark(read) == 5 * (11 + 30 + 23)


@pytest.mark.benchmark(group="compact 1M hot rows")
def test_compact(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        with lake.writer() as writer:
            for block in busy(MANY).iter_slices(50_000):
                writer.append("trades", BTC, block)
        done = benchmark.pedantic(  # type: ignore[no-untyped-call]
            lambda: lake.compact(at_ns=START + 2 * DAY), rounds=1
        )
    assert done.rows == MANY
    benchmark.extra_info["bytes_per_row"] = done.bytes / MANY
