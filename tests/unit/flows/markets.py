"""Small markets made by a seed: what a lake is filled with in the tests of flows."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, MINUTE_NS, NS_PER_S, parse_time
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording

START = parse_time("2026-05-29T21:00Z")
X = Instrument("binance", "BTCUSDT", "BTC", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))


def bars_market(hours: int, seed: int, *, instrument: Instrument = X) -> Recording:
    """One-minute bars, mark bars and open interest at odd moments, across a month's end."""
    rng = np.random.default_rng(seed)
    count = hours * 60
    close = 60_000 * np.exp(np.cumsum(rng.normal(0, 0.0015, count)))
    opened = np.append(close[0], close[:-1]) * np.exp(rng.normal(0, 0.0002, count))
    moments = START + np.arange(count, dtype=np.int64) * MINUTE_NS
    bars = pl.DataFrame(
        {
            "ts_open_ns": moments, "ts_close_ns": moments + MINUTE_NS, "open": opened, "close": close,
            "high": np.maximum(opened, close) * 1.0004, "low": np.minimum(opened, close) * 0.9996,
            "volume_native": rng.lognormal(1, 1, count), "price_kind": "last",
        }
    )  # fmt: skip
    marks = bars.with_columns(
        volume_native=pl.lit(None, pl.Float64), price_kind=pl.lit("mark"), close=pl.col("close") * 1.0003
    )
    return Recording(
        instrument,
        bars=schemas.BARS.conform(bars),
        mark_bars=schemas.BARS.conform(marks),
        open_interest=open_interest(hours, seed),
    )


def trades_market(hours: int, seed: int, *, instrument: Instrument = X, per_hour: int = 120) -> Recording:
    """Trades with quiet stretches, mark samples of another rhythm and open interest at odd moments, across a month's end."""
    rng = np.random.default_rng(seed)
    count = hours * per_hour
    moments = np.sort(START + rng.integers(0, hours * HOUR_NS, count))
    loud = (moments // HOUR_NS) % 7 != 5  # some hours have no trade at all
    moments = moments[loud]
    price = 60_000 * np.exp(np.cumsum(rng.normal(0, 0.001, len(moments))))
    trades = pl.DataFrame(
        {
            "ts_event_ns": moments, "price_ticks": np.rint(price * 10).astype(np.int64),
            "qty_native": rng.lognormal(-2, 1, len(moments)), "taker_buy": rng.random(len(moments)) < 0.5,
            "trade_id": np.arange(len(moments)),
        }
    )  # fmt: skip
    at = np.sort(START + rng.integers(0, hours * HOUR_NS, hours * 20))
    last = np.clip(np.searchsorted(moments, at) - 1, 0, None)
    marks = pl.DataFrame(
        {"ts_event_ns": at, "mark_price": price[last] * (1 + rng.normal(0, 0.0004, len(at)))}
    )
    return Recording(
        instrument,
        trades=schemas.TRADES.conform(trades),
        marks=schemas.MARKS.conform(marks),
        open_interest=open_interest(hours, seed),
    )


def open_interest(hours: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed + 1)
    steps = rng.integers(60, 900, hours * 8) * NS_PER_S
    moments = START + 17 * NS_PER_S + np.cumsum(steps)
    moments = moments[moments < START + hours * HOUR_NS]
    value = 5_000 * np.exp(np.cumsum(rng.normal(0, 0.004, len(moments))))
    return schemas.OPEN_INTEREST.conform(
        pl.DataFrame({"ts_event_ns": moments, "oi_native": value, "oi_published": value})
    )
