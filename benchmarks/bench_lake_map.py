"""A map by window and as-of from the lake: a year of one coin on five venues, beside the floor of reading its segments.

The lake (five venues, a year of one-minute bars and five-minute open interest, made by a seed) is built once, which takes a few
minutes, and kept in the folder ``LIQATLAS_BENCH_LAKE`` where that is set.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from benchmarks.markets import BTC

from liqatlas.base import schemas
from liqatlas.base.clock import DAY_NS, MINUTE_NS, parse_time, parse_window
from liqatlas.flows.build import build_map
from liqatlas.flows.lake import held
from liqatlas.flows.request import Request
from liqatlas.flows.segments import cuts, recipe, update
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters
from liqatlas.store import Lake

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

START = parse_time("2025-10-01")
DAYS = 365
VENUES = ("binance", "bybit", "okx", "hyperliquid", "dydx")
SYMBOLS = {"okx": "BTC-USDT-SWAP", "hyperliquid": "BTC", "dydx": "BTC-USD"}


def _minutes(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    count = DAYS * 1440
    shared = np.cumsum(np.random.default_rng(7).normal(0, 0.0006, count))
    close = 80_000 * np.exp(shared + rng.normal(0, 0.0001, count))
    opened = np.append(close[0], close[:-1])
    high, low = np.maximum(opened, close) * 1.0003, np.minimum(opened, close) * 0.9997
    moments = START + np.arange(count, dtype=np.int64) * MINUTE_NS
    bars = pl.DataFrame(
        {
            "ts_open_ns": moments, "ts_close_ns": moments + MINUTE_NS, "open": opened, "high": high, "low": low, "close": close,
            "volume_native": rng.lognormal(3.5, 1.0, count),
        }
    )  # fmt: skip
    bars = bars.with_columns(taker_buy_native=pl.col("volume_native") * 0.5, price_kind=pl.lit("last"))
    samples = moments[::5]
    interest = 80_000 * np.exp(np.cumsum(rng.normal(0, 0.0006, len(samples))))
    oi = pl.DataFrame({"ts_event_ns": samples, "oi_native": interest, "oi_published": interest})
    return schemas.BARS.conform(bars), schemas.OPEN_INTEREST.conform(oi)


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("LIQATLAS_BENCH_LAKE")
    root = Path(named) if named else tmp_path_factory.mktemp("lake")
    with Lake.create(root) as lake:
        if not lake.instruments():
            for seed, venue in enumerate(VENUES):
                instrument = replace(BTC, venue=venue, symbol=SYMBOLS.get(venue, BTC.symbol))
                bars, oi = _minutes(seed)
                lake.ingest("bars", instrument, bars)
                lake.ingest("open_interest", instrument, oi)
        for one in held(lake):
            terms = risk_terms(one.instrument, one.newest_ns)
            update(lake, one.instrument, recipe(load_parameters(), terms), one.newest_ns)
    return root


@pytest.mark.parametrize("as_of", ["newest", "2026-06-01T12:34:56Z"])
@pytest.mark.parametrize("window", ["24h", "7d", "90d", "1y"])
def test_map_of_a_window(benchmark: BenchmarkFixture, year: Path, window: str, as_of: str) -> None:
    moment = None if as_of == "newest" else parse_time(as_of)
    request = Request(asset="BTC", lake=year, window_ns=parse_window(window), as_of_ns=moment)
    made = benchmark(build_map, request)
    assert len(made.head.venues) == len(VENUES)


def test_floor_segments_of_a_year_read(benchmark: BenchmarkFixture, year: Path) -> None:
    lake = Lake.open(year)
    found = held(lake)
    end = (START + (DAYS - 1) * DAY_NS) // DAY_NS * DAY_NS
    made = [
        (one.instrument, recipe(load_parameters(), risk_terms(one.instrument, one.newest_ns)).version)
        for one in found
    ]

    def read() -> int:
        return sum(
            len(lake.read_segments(i.venue, i.symbol, low, high, version=version, level=level))
            for i, version in made
            for level, low, high in cuts(START, end)
        )

    assert benchmark(read) > 0
