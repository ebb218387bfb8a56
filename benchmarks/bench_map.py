"""From raw material to a map. Bars to reach: zipped CSV of 10 M trades 2.5 s and 1 GB, Parquet 0.5 s, a year of minutes as a
heatmap 2 s on one core, real trades folded at 10 M/s on one core.

LIQATLAS_BENCH_TRADES sets the number of trades (default 10 million).
"""

from __future__ import annotations

import os
import resource
import zipfile
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from benchmarks import markets
from isal import isal_zlib

from liqatlas.base.recording import Recording
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.read import read
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters
from liqatlas.maps.columns import HeatmapSize, modelled_heatmap
from liqatlas.maps.modelled import modelled_map, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from liqatlas.maps.liquidation_map import LiquidationMap

COUNT = int(os.environ.get("LIQATLAS_BENCH_TRADES", "10_000_000"))
PARAMETERS = load_parameters()


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    compile_kernels()


@pytest.fixture(scope="module")
def binance_day(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return markets.write_binance_day(tmp_path_factory.mktemp("day"), COUNT)


@pytest.fixture(scope="module")
def parquet_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("parquet") / "trades.parquet"
    markets.trade_table(COUNT).write_parquet(target, compression="zstd")
    return target


def draw_up(recordings: Sequence[Recording]) -> LiquidationMap:
    """Build the map of all that the recordings hold."""
    as_of = max(span[1] for r in recordings if (span := r.span_ns()))
    prepared = [prepare(r, PARAMETERS, risk_terms(r.instrument, as_of), as_of_ns=as_of) for r in recordings]
    return modelled_map(prepared, PARAMETERS, as_of_ns=as_of, window_ns=10**18)


@pytest.mark.benchmark(group="zipped CSV to map", min_rounds=3)
def test_zip_to_map(benchmark: BenchmarkFixture, binance_day: list[Path]) -> None:
    result = benchmark(lambda: draw_up(read(*binance_day)))
    assert result.long_usd.sum() > 0
    benchmark.extra_info["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.benchmark(group="zipped CSV to map", min_rounds=3)
def test_floor_inflate(benchmark: BenchmarkFixture, binance_day: list[Path]) -> None:
    """floor: inflate the file and do nothing with it."""

    def inflate() -> int:
        with zipfile.ZipFile(binance_day[0]) as archive:
            info = archive.infolist()[0]
            assert archive.fp is not None
            archive.fp.seek(info.header_offset + 30 + len(info.filename))
            return len(isal_zlib.decompress(archive.fp.read(info.compress_size), wbits=-15))

    assert benchmark(inflate) > COUNT * 40


@pytest.mark.benchmark(group="Parquet to map", min_rounds=3)
def test_parquet_to_map(benchmark: BenchmarkFixture, parquet_day: Path) -> None:
    interest = markets.open_interest(288, 300_000)

    def build() -> LiquidationMap:
        table = pl.read_parquet(
            parquet_day, columns=["ts_event_ns", "price_ticks", "qty_native", "taker_buy"]
        )
        table = table.with_columns(trade_id=pl.lit(None, pl.Int64))
        return draw_up([Recording(markets.BTC, trades=table, open_interest=interest)])

    assert benchmark(build).long_usd.sum() > 0


@pytest.mark.benchmark(group="Parquet to map", min_rounds=3)
def test_floor_read_parquet(benchmark: BenchmarkFixture, parquet_day: Path) -> None:
    """floor: read the four columns."""
    columns = ["ts_event_ns", "price_ticks", "qty_native", "taker_buy"]
    assert benchmark(lambda: pl.read_parquet(parquet_day, columns=columns)).height == COUNT


@pytest.mark.benchmark(group="year of minutes to heatmap", min_rounds=3)
def test_year_to_heatmap(benchmark: BenchmarkFixture) -> None:
    recording = markets.year_of_minutes()
    span = recording.span_ns()
    assert span is not None
    terms = risk_terms(recording.instrument, span[0])

    def build() -> float:
        prepared = [prepare(recording, PARAMETERS, terms, as_of_ns=span[1])]
        heat = modelled_heatmap(
            prepared, PARAMETERS, as_of_ns=span[1], window_ns=span[1] - span[0], size=HeatmapSize(730, 400)
        )
        return float(heat.long_usd.sum())

    assert benchmark(build) > 0


@pytest.mark.benchmark(group="year of minutes to heatmap", min_rounds=3)
def test_floor_one_pass(benchmark: BenchmarkFixture) -> None:
    """floor: multiply 525,600 x 32 numbers, the closing of every bucket in every minute, and nothing else."""
    factors = np.full((525_600, 32), 0.999)
    assert benchmark(lambda: float(np.multiply.reduce(factors, axis=0).sum())) > 0


@lru_cache(maxsize=1)
def real_trades(folder: Path) -> Recording:
    (recording,) = read(folder, asset="ETH")
    return recording


@pytest.mark.benchmark(group="fold real trades", min_rounds=5)
def test_fold_real_trades(benchmark: BenchmarkFixture, data_dir: Path) -> None:
    """Runs and fold of the ETH tape; rounds hold its rows 15 times over, one copy a week after the other."""
    recording = real_trades(data_dir / "hyperliquid_tape")
    week = 7 * 86_400 * 10**9
    copies = 15
    many = replace(
        recording,
        trades=pl.concat(
            recording.trades.with_columns(pl.col("ts_event_ns") + i * week) for i in range(copies)
        ),
        marks=pl.concat(
            recording.marks.with_columns(pl.col("ts_event_ns") + i * week) for i in range(copies)
        ),
        open_interest=pl.concat(
            recording.open_interest.with_columns(pl.col("ts_event_ns") + i * week) for i in range(copies)
        ),
    )
    result = benchmark(lambda: draw_up([many]))
    assert result.long_usd.sum() > 0
    benchmark.extra_info["trades"] = many.trades.height


@pytest.mark.benchmark(group="fold real trades", min_rounds=5)
def test_floor_histogram(benchmark: BenchmarkFixture, data_dir: Path) -> None:
    """floor: add each trade's size into its price bin, time order ignored, with NumPy."""
    recording = real_trades(data_dir / "hyperliquid_tape")
    ticks = np.tile(recording.trades["price_ticks"].to_numpy(), 15)
    qty = np.tile(recording.trades["qty_native"].to_numpy(), 15)
    lowest = int(ticks.min())
    assert benchmark(lambda: float(np.bincount(ticks - lowest, weights=qty).sum())) > 0
