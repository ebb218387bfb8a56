"""What else stands where a cluster is: round numbers, swing highs and lows, volume nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS
from liqatlas.base.format import format_price
from liqatlas.signals.volatility import hourly_bars
from liqatlas.signals.zones import find_zones

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.signals.clusters import Cluster, ClusterSet
    from liqatlas.signals.settings import Settings


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Prices that people watch.

    Attributes
    ----------
    round_step
        Multiples of it are round numbers [quote].
    swing_highs, swing_lows
        Hourly extremes not exceeded for ``swing_hours`` on either side [quote].
    volume_nodes
        Peaks of traded volume by price [quote].
    """

    round_step: float
    swing_highs: tuple[float, ...] = ()
    swing_lows: tuple[float, ...] = ()
    volume_nodes: tuple[float, ...] = ()


def round_step(price: float) -> float:
    """Return the step of round numbers: half the power of ten at or below the price.

    Examples
    --------
    >>> round_step(73_148.0), round_step(3_764.6), round_step(0.25)
    (5000.0, 500.0, 0.05)
    """
    return 10.0 ** math.floor(math.log10(price)) / 2.0


def landmarks(
    recording: Recording, settings: Settings, *, price: float, as_of_ns: int, smoothing: float
) -> Landmarks:
    """Return what a recording shows of the last weeks; missing parts are empty."""
    rules = settings.confluence
    bars = hourly_bars(recording, as_of_ns=as_of_ns, days=rules.swing_days)
    highs = _pivots(bars["high"].to_numpy(), rules.swing_hours)
    lows = _pivots(-bars["low"].to_numpy(), rules.swing_hours)
    return Landmarks(
        round_step(price),
        tuple(float(v) for v in highs),
        tuple(float(-v) for v in lows),
        _volume_nodes(recording, settings, price=price, as_of_ns=as_of_ns, smoothing=smoothing),
    )


def _pivots(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the values that are the largest of the ``reach`` before and after them; the ends have no full neighbourhood."""
    if len(values) < 2 * reach + 1:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1)
    middle = values[reach : len(values) - reach]
    return np.asarray(middle[middle >= windows.max(axis=1)])


def _volume_nodes(
    recording: Recording, settings: Settings, *, price: float, as_of_ns: int, smoothing: float
) -> tuple[float, ...]:
    """Return the prices where most was traded, found as zones are, the heaviest first."""
    start = as_of_ns - settings.confluence.volume_days * DAY_NS
    known = recording.until(as_of_ns)
    if known.trades.height:
        trades = known.trades.filter(pl.col("ts_event_ns") >= start)
        prices = trades["price_ticks"].to_numpy() * float(recording.instrument.tick_size)
        low, high, volume = prices, prices, trades["qty_native"].to_numpy()
    else:
        bars = known.bars.filter((pl.col("ts_open_ns") >= start) & pl.col("volume_native").is_not_null())
        low, high, volume = (bars[c].to_numpy() for c in ("low", "high", "volume_native"))
    if not len(volume) or not volume.sum() > 0:
        return ()
    edges = np.exp(
        np.arange(np.log(low.min()) - smoothing, np.log(high.max()) + 2 * smoothing, smoothing / 8)
    )
    if np.array_equal(low, high):
        mass, _ = np.histogram(low, edges, weights=volume)
    else:
        mass = _spread(low, high, volume, edges)
    zones = find_zones(edges, mass, anchor=price, smoothing=smoothing, rules=settings.clusters)
    heaviest = sorted(zones, key=lambda z: -z.density)[: settings.confluence.volume_nodes]
    return tuple(z.peak_price for z in heaviest)


def _spread(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    volume: NDArray[np.float64],
    edges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return volume per bin, each bar's spread evenly in log price between its low and high."""
    at, start, end = np.log(edges), np.log(low), np.log(np.maximum(high, low * (1 + 1e-9)))
    mass = np.zeros(len(edges) - 1)
    for first, last, amount in zip(start, end, volume, strict=True):
        mass += amount * np.diff(np.clip((at - first) / (last - first), 0.0, 1.0))
    return mass


def with_confluence(clusters: ClusterSet, marks: Landmarks) -> ClusterSet:
    """Return the clusters with what else stands inside their bands."""
    return replace(
        clusters,
        below=tuple(replace(c, confluence=_inside(c, marks)) for c in clusters.below),
        above=tuple(replace(c, confluence=_inside(c, marks)) for c in clusters.above),
    )


def _inside(cluster: Cluster, marks: Landmarks) -> tuple[str, ...]:
    """Name the landmarks in a cluster's band."""
    found = []
    number = math.ceil(cluster.price_low / marks.round_step - 1e-9) * marks.round_step
    if number < cluster.price_high:
        found.append(f"round number {format_price(number)}")
    for name, prices in (
        ("swing high", marks.swing_highs),
        ("swing low", marks.swing_lows),
        ("volume node", marks.volume_nodes),
    ):
        within = [p for p in prices if cluster.price_low <= p < cluster.price_high]
        if within:
            best = min(within, key=lambda p: abs(p - cluster.peak_price))
            found.append(f"{name} {format_price(best)}")
    return tuple(found)
