"""Markets made by a seed for benchmarks: trades in Binance's zipped layout, minutes of a year."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000
START_MS = 1_790_640_000_000  # 2026-09-29, the day of the shipped brackets
BTC = Instrument("binance", "BTCUSDT", "BTC", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))


def trades(count: int, seed: int = 1) -> pl.DataFrame:
    """Return trades of one day: time [ms], price [ticks of 0.1], qty, whether the buyer was the maker."""
    rng = np.random.default_rng(seed)
    price = 60_000 * np.exp(np.cumsum(rng.normal(0, 0.03 / np.sqrt(count), count)))
    return pl.DataFrame(
        {
            "time": START_MS + np.sort(rng.integers(0, DAY_MS, count)),
            "ticks": np.rint(price * 10).astype(np.int64),
            "qty": np.maximum(np.round(rng.lognormal(-4, 1.5, count), 3), 0.001),
            "maker": rng.random(count) < 0.5,
        }
    )


def write_binance_day(folder: Path, count: int) -> list[Path]:
    """Write one day of aggTrades and of metrics as Binance publishes them, zipped; return the files."""
    day = trades(count)
    rows = day.select(
        agg_trade_id=pl.int_range(pl.len()) + 3_000_000_000,
        price=(pl.col("ticks") / 10).round(1),
        quantity="qty",
        first_trade_id=pl.int_range(pl.len()) + 7_000_000_000,
        last_trade_id=pl.int_range(pl.len()) + 7_000_000_000,
        transact_time="time",
        is_buyer_maker="maker",
    )
    moments = START_MS + np.arange(1, 289) * 300_000
    interest = 90_000 + np.cumsum(np.random.default_rng(2).normal(0, 60, 288))
    last = np.searchsorted(day["time"].to_numpy(), moments, side="right") - 1
    mark = day["ticks"].to_numpy()[last] / 10
    metrics = pl.DataFrame(
        {
            "create_time": pl.from_epoch(pl.Series(moments), time_unit="ms").dt.strftime("%Y-%m-%d %H:%M:%S"),
            "symbol": "BTCUSDT",
            "sum_open_interest": np.round(interest, 3),
            "sum_open_interest_value": np.round(interest * mark, 2),
            "count_toptrader_long_short_ratio": 1.2,
            "sum_toptrader_long_short_ratio": 1.1,
            "count_long_short_ratio": 1.3,
            "sum_taker_long_short_vol_ratio": 1.0,
        }
    )
    out = []
    for name, frame in (("BTCUSDT-aggTrades-2026-09-29", rows), ("BTCUSDT-metrics-2026-09-29", metrics)):
        text = io.BytesIO()
        frame.write_csv(text)
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            archive.writestr(f"{name}.csv", text.getvalue())
        out.append(folder / f"{name}.zip")
    return out


def open_interest(samples: int, spacing_ms: int) -> pl.DataFrame:
    """Return samples of open interest [BTC], one-sided."""
    values = 90_000 + np.cumsum(
        np.random.default_rng(3).normal(0, 60 * np.sqrt(spacing_ms / 300_000), samples)
    )
    moments = (START_MS + np.arange(samples, dtype=np.int64) * spacing_ms) * 1_000_000
    return schemas.OPEN_INTEREST.conform(
        pl.DataFrame({"ts_event_ns": moments, "oi_native": np.maximum(values, 1000), "oi_published": values})
    )


def trade_table(count: int) -> pl.DataFrame:
    """Return the same day in the schema at rest."""
    day = trades(count)
    return schemas.TRADES.conform(
        day.select(
            ts_event_ns=pl.col("time") * 1_000_000,
            price_ticks="ticks",
            qty_native="qty",
            taker_buy=~pl.col("maker"),
            trade_id=pl.int_range(pl.len()),
        )
    )


def year_of_minutes() -> Recording:
    """Return a year of minute bars with a sample of open interest each minute."""
    minutes = 525_600
    rng = np.random.default_rng(4)
    close = 60_000 * np.exp(np.cumsum(rng.normal(0, 0.55 / np.sqrt(minutes), minutes)))
    before = np.append(60_000, close[:-1])
    spread = np.abs(rng.normal(0, 3e-4, minutes))
    start = (START_MS + np.arange(minutes, dtype=np.int64) * 60_000) * 1_000_000
    bars = pl.DataFrame(
        {
            "ts_open_ns": start,
            "ts_close_ns": start + 60_000_000_000,
            "open": before,
            "high": np.maximum(before, close) * (1 + spread),
            "low": np.minimum(before, close) * (1 - spread),
            "close": close,
            "volume_native": rng.exponential(120.0, minutes),
            "price_kind": "last",
        }
    )
    return Recording(BTC, bars=schemas.BARS.conform(bars), open_interest=open_interest(minutes + 1, 60_000))
