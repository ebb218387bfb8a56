"""Hand-made maps and heatmaps with the shapes real ones have: several hills, a venue that dominates, thin tails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_S, parse_time
from liqatlas.base.grid import LogGrid
from liqatlas.maps.head import Coverage, Head, ModelInfo, SideCoverage, VenueInfo
from liqatlas.maps.heatmap import Heatmap
from liqatlas.maps.liquidation_map import LeverageBand, LiquidationMap

if TYPE_CHECKING:
    from numpy.typing import NDArray

AS_OF = parse_time("2026-02-05T18:00Z")
BANDS = (
    LeverageBand("100x+", 100, np.inf),
    LeverageBand("50-100x", 50, 100),
    LeverageBand("25-50x", 25, 50),
    LeverageBand("10-25x", 10, 25),
    LeverageBand("5-10x", 5, 10),
    LeverageBand("1-5x", 1, 5),
)
#: Typical distance of each band's levels from the entry, and its share of a venue's levels.
_DISTANCE = (0.006, 0.012, 0.025, 0.06, 0.13, 0.35)
_SHARE = (0.05, 0.12, 0.2, 0.33, 0.2, 0.1)
SIX_VENUES = ("binance", "bybit", "okx", "bitget", "bitfinex", "bitmex")


def head_of(venues: tuple[str, ...] = ("hyperliquid",), **changes: Any) -> Head:
    """Return a modelled, outstanding head at 1,671.85 with coverage; ``changes`` replace fields."""
    price = float(changes.get("price", 1671.85))
    side = SideCoverage(2.4e9, 1.25e9, 0.55e9, 0.35e9, 0.25e9)
    plain = Head(
        asset="ETH",
        kind="modelled",
        quantity="outstanding",
        as_of_ns=AS_OF,
        window_ns=3 * DAY_NS,
        price=price,
        reference="Hyperliquid mark" if venues == ("hyperliquid",) else "median mark",
        open_interest_usd=2.4e9,
        venues=tuple(
            VenueInfo(
                venue, "ETHUSDT" if venue != "hyperliquid" else "ETH", price * (1 + 1e-4 * i), "mark", 4e8,
                AS_OF - (3 + 40 * i) * NS_PER_S, quote="USDT",
            )
            for i, venue in enumerate(venues)
        ),
        model=ModelInfo("flow", "1.0", "uncalibrated prior", {"θ": 0.5, "grid_step": 0.0005}),
        coverage=Coverage(side, side),
    )  # fmt: skip
    return replace(plain, **changes)


def map_of(
    venues: tuple[str, ...] = ("hyperliquid",),
    *,
    scale: float = 4e8,
    sides: tuple[float, float] = (1.0, 1.0),
    seed: int = 7,
    **head: Any,
) -> LiquidationMap:
    """Return a map of ``scale`` USD a venue and side, longs below the price and shorts above it."""
    top = head_of(venues, **head)
    rng = np.random.default_rng(seed)
    grid = LogGrid()
    middle = grid.bin(top.price)
    edges = grid.edges(middle - 1500, middle + 1500)
    usd = np.zeros((len(venues), len(BANDS), 2, 3000))
    entries = top.price * np.exp(np.cumsum(rng.normal(0, 0.004, 240))[::-1])
    entries *= top.price / entries[-1]
    for v in range(len(venues)):
        weight = scale * (0.75**v)
        for band, (distance, share) in enumerate(zip(_DISTANCE, _SHARE, strict=True)):
            for position, sign in ((0, -1.0), (1, 1.0)):
                if sides[position] > 0:
                    amount = weight * share * sides[position]
                    usd[v, band, position] = _levels(rng, entries, sign * distance, edges, top.price) * amount
    return LiquidationMap(top, edges, BANDS, usd)


def _levels(
    rng: np.random.Generator,
    entries: NDArray[np.float64],
    distance: float,
    edges: NDArray[np.float64],
    price: float,
) -> NDArray[np.float64]:
    """Return the density of levels that entries leave at a distance, untouched ones only, summing to one."""
    spread = np.exp(rng.normal(0, 0.25, (len(entries), 60)))
    prices = (entries[:, None] * (1 + distance * spread)).ravel()
    prices = prices[prices < price * 0.997] if distance < 0 else prices[prices > price * 1.003]
    weights = rng.pareto(1.6, len(prices)) + 0.1
    counts, _ = np.histogram(prices, edges, weights=weights)
    return np.asarray(counts / max(1e-12, counts.sum()), dtype=np.float64)


def heatmap_of(
    columns: int = 240, rows: int = 500, *, minutes: int = 30, seed: int = 3, prints: int = 400, **head: Any
) -> Heatmap:
    """Return levels that walking prices leave behind and wipe out when they come back."""
    top = head_of(("binance", "bybit"), **{"window_ns": columns * minutes * MINUTE_NS, **head})
    rng = np.random.default_rng(seed)
    close = top.price * np.exp(np.cumsum(rng.normal(0, 0.0035, columns + 1))[::-1])
    close *= top.price / close[-1]
    reach = np.exp(np.abs(rng.normal(0, 0.0025, (2, columns))))
    open_, close = close[:-1], close[1:]
    high, low = np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1]
    edges = np.geomspace(low.min() * 0.88, high.max() * 1.12, rows + 1)
    long_usd, short_usd = _grow(rng, close, high, low, edges)
    times = top.as_of_ns - (columns - 1 - np.arange(columns, dtype=np.int64)) * minutes * MINUTE_NS
    candles = pl.DataFrame(
        {
            "ts_open_ns": times - minutes * MINUTE_NS,
            "ts_close_ns": times,
            "open": open_, "high": high, "low": low, "close": close,
        }
    )  # fmt: skip
    return Heatmap(top, times, edges, long_usd, short_usd, candles, _prints(rng, candles, prints))


def _grow(
    rng: np.random.Generator,
    close: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    edges: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = len(edges) - 1
    state = np.zeros((2, rows))
    out = np.zeros((2, len(close), rows))
    for t, price in enumerate(close):
        volume = rng.pareto(1.3) * 2e6
        for position, sign in ((0, -1.0), (1, 1.0)):
            distances = rng.choice([0.008, 0.012, 0.022, 0.045, 0.09], 40) * np.exp(rng.normal(0, 0.1, 40))
            counts, _ = np.histogram(price * (1 + sign * distances), edges)
            state[position] = state[position] * 0.997 + counts * volume / 40
        state[0, edges[1:] > low[t]] = 0.0
        state[1, edges[:-1] < high[t]] = 0.0
        out[:, t] = state
    return out[0], out[1]


def _prints(rng: np.random.Generator, candles: pl.DataFrame, count: int) -> pl.DataFrame:
    at = rng.integers(0, candles.height, count)
    longs = (candles["close"] < candles["open"]).to_numpy()[at]
    price = np.where(longs, candles["low"].to_numpy()[at], candles["high"].to_numpy()[at])
    frame = pl.DataFrame(
        {
            "ts_event_ns": candles["ts_open_ns"].to_numpy()[at] + rng.integers(0, HOUR_NS // 2, count),
            "liquidated": np.where(longs, "long", "short"),
            "price": price,
            "notional_usd": rng.pareto(1.1, count) * 2e4,
            "venue": rng.choice(["binance", "bybit"], count),
        }
    )
    return frame.with_columns(pl.col("liquidated").cast(pl.Enum(["long", "short"]))).sort("ts_event_ns")
