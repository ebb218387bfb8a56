"""A year of hourly expected maps of one symbol. Bar: under 60 s on one core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.levels.calibration import shipped_calibrations
from liqatlas.levels.hour_market import HourMarket
from liqatlas.levels.hourly_maps import hourly_maps

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

HOURS = 8760
HOUR_NS = 3_600_000_000_000


@pytest.fixture(scope="module")
def year() -> HourMarket:
    """A random walk with bursts, five-minute samples and prints."""
    rng = np.random.default_rng(1)
    burst = np.exp(0.6 * np.repeat(rng.normal(size=HOURS), 12))
    mark = 50_000 * np.exp(np.concatenate([[0.0], np.cumsum(rng.normal(0, 0.0012, HOURS * 12) * burst)]))
    path = np.lib.stride_tricks.sliding_window_view(mark, 13)[::12].copy()
    held = np.full((HOURS, 13), 80_000.0)
    return HourMarket(
        "binance:BTCUSDT",
        "BTC",
        1_700_000_000_000_000_000 // HOUR_NS * HOUR_NS + HOUR_NS * np.arange(HOURS, dtype=np.int64),
        path[:, 0],
        path.min(axis=1) * 0.999,
        path.max(axis=1) * 1.001,
        path[:, -1],
        6_000 * burst[::12],
        held,
        path,
        np.ones(HOURS, dtype=np.bool_),
        rng.gamma(1.0, 1e6, (HOURS, 2)),
    )


def test_a_year_of_hourly_maps(benchmark: BenchmarkFixture, year: HourMarket) -> None:
    calibration = shipped_calibrations()[0]
    hourly_maps(year.first(24), calibration)  # compiles
    made = benchmark(hourly_maps, year, calibration)
    assert made.within_usd.shape[0] == HOURS
