"""Random markets of hours, and folders of files that hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.levels.hour_market import HourMarket

if TYPE_CHECKING:
    from pathlib import Path

HOUR_NS = 3_600_000_000_000
START_NS = 1_780_272_000_000_000_000  # 2026-06-01


def random_market(hours: int = 24 * 14, seed: int = 1, *, volatility: float = 0.0012) -> HourMarket:
    """A market whose prints follow what its hours travelled, with bursts of volatility."""
    rng = np.random.default_rng(seed)
    burst = np.exp(0.6 * np.repeat(rng.normal(size=hours), 12))
    log_price = np.concatenate([[0.0], np.cumsum(rng.normal(0, volatility, hours * 12) * burst)])
    mark = 50_000 * np.exp(log_price)
    interest = 80_000 * np.exp(np.concatenate([[0.0], np.cumsum(rng.normal(0, 5e-4, hours * 12))]))
    path = np.lib.stride_tricks.sliding_window_view(mark, 13)[::12].copy()
    held = np.lib.stride_tricks.sliding_window_view(interest, 13)[::12].copy()
    beyond = np.exp(rng.exponential(volatility, (hours, 2)))
    low, high = path.min(axis=1) / beyond[:, 0], path.max(axis=1) * beyond[:, 1]
    volume = 6_000 * burst[::12] * np.exp(0.3 * rng.normal(size=hours))
    depth = np.stack([np.log(path[:, 0] / low), np.log(high / path[:, 0])], axis=1)
    printed = rng.gamma(1.0, 3e7 * (depth + 1e-4) * volume[:, None] / 6_000)
    return HourMarket(
        "binance:BTCUSDT",
        "BTC",
        START_NS + HOUR_NS * np.arange(hours, dtype=np.int64),
        path[:, 0],
        low,
        high,
        path[:, -1],
        volume,
        held,
        path,
        np.ones(hours, dtype=np.bool_),
        printed,
        prints_scope="made up",
    )


def write_folder(folder: Path, market: HourMarket) -> Path:
    """Write a market in the layout of ``binance_btc_5m_oi``: five-minute open interest, hourly klines, hourly totals."""
    folder.mkdir(parents=True)
    hours = len(market)
    step = 300_000
    start_ms = int(market.start_ns[0]) // 1_000_000
    at = start_ms + step * np.arange(hours * 12 + 1)
    mark = np.append(market.path[:, :-1].ravel(), market.path[-1, -1])
    held = np.append(market.open_interest[:, :-1].ravel(), market.open_interest[-1, -1])
    pl.DataFrame({"t": at, "oi": held, "oi_usd": held * mark}).write_csv(folder / "oi_5m.csv")
    ms = market.start_ns // 1_000_000
    text = [datetime.fromtimestamp(m / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S+00:00") for m in ms.tolist()]
    prices = {"open": market.open, "high": market.high, "low": market.low, "close": market.close}
    pl.DataFrame({"timestamp": text, **prices, "volume": market.volume / 8.5}).write_csv(
        folder / "klines_1h.csv"
    )
    totals = pl.DataFrame(
        {"timestamp": ms}
        | {f"price_{name}": values for name, values in prices.items()}
        | {
            "liquidation_long_usd": market.printed_usd[:, 0],
            "liquidation_short_usd": market.printed_usd[:, 1],
        }
    )
    totals.filter(pl.col("liquidation_long_usd").is_not_nan()).write_csv(folder / "liquidations_ohlc_1h.csv")
    return folder
