"""The shipped probabilities of a touch come out of the script and the recordings again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.signals.touch import student_touch, touch_calibration
from scripts.calibrate_touch import COINS, CUT, DISTANCES, excursions, fit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.data
@pytest.mark.parametrize("hours", [1, 24, 168])
def test_the_shipped_fit_and_its_table_are_reproduced(data_dir: Path, hours: int) -> None:
    candles = pl.read_parquet(data_dir / "okx_liquidations" / "candles.parquet")
    frame = pl.concat(excursions(candles, coin, hours) for coin in COINS)
    cut = int(CUT.timestamp()) // 3600
    scale, freedom = fit(frame.filter(pl.col("hour") < cut - hours)["z"].to_numpy())
    known = next(h for h in touch_calibration().horizons if h.hours == hours)
    assert (scale, freedom) == pytest.approx((known.scale, known.freedom), rel=1e-3)
    later = frame.filter(pl.col("hour") >= cut)["z"].to_numpy()
    rows = [row for row in touch_calibration().reliability if row.horizon_h == hours]
    for row, distance in zip(rows, DISTANCES, strict=True):
        assert row.observed == pytest.approx(float((later >= distance).mean()), abs=1e-9)
        stated = float(student_touch(distance, scale=known.scale, freedom=known.freedom))
        assert row.stated == pytest.approx(stated, abs=1e-9)


def test_excursions_by_hand() -> None:
    """Closes that alternate by one percent have σ² = r² per hour; the next hour's high is two percent up, its low one down."""
    import numpy as np

    count = 200
    close = 100.0 * np.exp(0.01 * (np.arange(count) % 2))
    frame = pl.DataFrame(
        {
            "timestamp": pl.datetime_range(
                pl.datetime(2025, 1, 1, time_zone="UTC"),
                pl.datetime(2025, 1, 1, time_zone="UTC") + pl.duration(hours=count - 1),
                "1h",
                eager=True,
            ),
            "venue": "binance",
            "coin": "ABC",
            "h": np.roll(close, 1) * np.exp(0.02),
            "l": np.roll(close, 1) * np.exp(-0.01),
            "c": close,
        }
    )
    z = excursions(frame, "ABC", 1)["z"].to_numpy()
    assert z[: len(z) // 2] == pytest.approx(2.0, rel=1e-6)
    assert z[len(z) // 2 :] == pytest.approx(1.0, rel=1e-6)
