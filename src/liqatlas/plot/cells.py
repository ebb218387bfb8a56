"""A heatmap made ready to draw: rows of a round height, no more columns, candles and marks than can be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.errors import InputError
from liqatlas.plot.view import LEAST_REACH, fitting_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.heatmap import Heatmap

#: Cells below this share of the strongest one are not drawn, unless a threshold is given.
FAINTEST = 1 / 20
#: The same for measured positions: single ones, a thousand times as large as others, and each is real.
FAINTEST_MEASURED = 1 / 1000
#: Least range either way of the price where positions are measured: they lie farther away than estimated levels are drawn.
LEAST_REACH_MEASURED = 0.35
#: Share of a side that counts as its nearest levels, which are always in the picture.
NEAREST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Cells:
    """What a heatmap picture shows.

    Attributes
    ----------
    edges_ns
        int64, shape ``(T + 1,)``. Column ``t`` is drawn from its own moment to the next one: it is what was open before the
        candle over it began.
    price_edges
        float64, shape ``(R + 1,)``, multiples of ``step`` [quote].
    long_usd, short_usd
        float64, shape ``(T, R)`` [USD per row]; NaN in columns that stand for a gap in the data.
    merged
        Columns of the heatmap in one drawn column; the strongest value of each row is drawn.
    last
        float64, shape ``(2, R)``: the heatmap's own last column on the drawn rows, longs and shorts [USD].
    left_out
        Longs and shorts of the last column outside the drawn range [USD].
    """

    edges_ns: NDArray[np.int64]
    price_edges: NDArray[np.float64]
    step: float
    long_usd: NDArray[np.float64]
    short_usd: NDArray[np.float64]
    merged: int
    last: NDArray[np.float64]
    left_out: tuple[float, float]

    @property
    def strongest(self) -> float:
        """The largest cell of either side [USD]; 0 where nothing is drawn."""
        both = np.stack((self.long_usd, self.short_usd))
        return float(np.nanmax(both, initial=0.0))


def cells_of(
    heatmap: Heatmap,
    *,
    price_range: tuple[float, float] | None = None,
    rows: int = 320,
    columns: int = 1000,
) -> Cells:
    """Return a heatmap on at most ``rows`` rows of a round height and ``columns`` columns.

    Raises
    ------
    InputError
        If the heatmap has no column, or the range is not two ascending positive prices.
    """
    if len(heatmap.times_ns) == 0:
        raise InputError("the heatmap has no column: nothing can be drawn")
    low, high = price_range or default_range(heatmap)
    if not (0 < low < high and math.isfinite(high)):
        raise InputError(
            f"price range {low} to {high} cannot be drawn: wanted two positive prices, the lower first"
        )
    inside = int(np.count_nonzero((heatmap.price_edges > low) & (heatmap.price_edges < high)))
    edges, step = fitting_edges(low, high, max(2, min(rows, inside)))
    merged = -(-len(heatmap.times_ns) // columns)
    sides = (heatmap.long_usd, heatmap.short_usd)
    longs, shorts = (_merge(_rebin(usd, heatmap.price_edges, edges), merged) for usd in sides)
    whole = np.stack([usd[-1] for usd in sides])
    last = _rebin(whole, heatmap.price_edges, edges)
    outside = np.maximum(whole.sum(axis=1) - last.sum(axis=1), 0.0)
    edges_ns, keep = _time_edges(heatmap.times_ns[::merged])
    return Cells(
        edges_ns=edges_ns,
        price_edges=edges,
        step=step,
        long_usd=_with_gaps(longs, keep),
        short_usd=_with_gaps(shorts, keep),
        merged=merged,
        last=last,
        left_out=(float(outside[0]), float(outside[1])),
    )


def usual_threshold(heatmap: Heatmap, cells: Cells) -> float:
    """Return the amount [USD] below which cells are left blank."""
    share = FAINTEST_MEASURED if heatmap.head.kind == "measured" else FAINTEST
    return max(cells.strongest * share, 1e-9)


def default_range(heatmap: Heatmap) -> tuple[float, float]:
    """Return a range that holds all candles, ten percent (measured: 35) either way of the price and the nearest levels of each side.

    It ends where the heatmap does.
    """
    price = heatmap.head.price
    reach = LEAST_REACH_MEASURED if heatmap.head.kind == "measured" else LEAST_REACH
    lows, highs = [price * (1 - reach)], [price * (1 + reach)]
    if heatmap.candles.height:
        lows += heatmap.candles.select(pl.col("low").min()).to_series().to_list()
        highs += heatmap.candles.select(pl.col("high").max()).to_series().to_list()
    below, above = _nearest_levels(heatmap)
    lows, highs = [*lows, *below], [*highs, *above]
    edges = heatmap.price_edges
    return max(min(lows), float(edges[0])), min(max(highs), float(edges[-1]))


def _nearest_levels(heatmap: Heatmap) -> tuple[list[float], list[float]]:
    """Return how far down and up the newest column's nearest levels of each side reach: where a low cap keeps all away, further.

    A single faint cell would not be seen: :data:`NEAREST_SHARE` of the side counts as its nearest levels.
    """
    longs, shorts = np.nan_to_num(heatmap.long_usd[-1]), np.nan_to_num(heatmap.short_usd[-1])
    edges = heatmap.price_edges
    below, above = [], []
    if longs.sum() > 0:
        held = np.cumsum(longs[::-1])[::-1] >= NEAREST_SHARE * longs.sum()
        below.append(float(edges[np.flatnonzero(held)[-1]]))
    if shorts.sum() > 0:
        held = np.cumsum(shorts) >= NEAREST_SHARE * shorts.sum()
        above.append(float(edges[np.flatnonzero(held)[0] + 1]))
    return below, above


def merged_candles(heatmap: Heatmap, most: int) -> pl.DataFrame:
    """Return the candles, neighbours merged so that there are at most ``most``."""
    candles = heatmap.candles.drop_nulls(["open", "high", "low", "close"])
    size = max(1, -(-candles.height // most))
    return (
        candles.sort("ts_open_ns")
        .with_row_index("row")
        .group_by(pl.col("row") // size, maintain_order=True)
        .agg(
            pl.col("ts_open_ns").first(),
            pl.col("ts_close_ns").last(),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
        )
        .drop("row")
    )


def merged_prints(
    heatmap: Heatmap, cells: Cells, *, slots: int, most: int
) -> tuple[pl.DataFrame, int, float]:
    """Return marks: prints near in time and price added up, the ``most`` largest of them.

    Returns
    -------
    marks
        ``ts_event_ns, price`` (weighted by USD), ``liquidated, notional_usd``, largest first.
    left_out, left_out_usd
        How many marks, and how much, did not make it [USD].
    """
    first, last = int(cells.edges_ns[0]), int(cells.edges_ns[-1])
    low, high = float(cells.price_edges[0]), float(cells.price_edges[-1])
    width, height = max(1, (last - first) // slots), (high - low) / (slots / 2)
    weight = pl.col("notional_usd")
    marks = (
        heatmap.prints.filter(pl.col("price").is_between(low, high) & (weight > 0))
        .group_by(
            ((pl.col("ts_event_ns") - first) // width).alias("slot"),
            ((pl.col("price") - low) / height).floor().alias("row"),
            pl.col("liquidated"),
        )
        .agg(
            (pl.col("ts_event_ns").cast(pl.Float64) * weight).sum() / weight.sum(),
            (pl.col("price") * weight).sum() / weight.sum(),
            weight.sum().alias("notional_usd"),
        )
        .sort("notional_usd", "ts_event_ns", descending=[True, False])
    )
    rest = marks.slice(most)
    return marks.head(most), rest.height, float(rest["notional_usd"].sum())


def _merge(usd: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return runs of ``size`` columns as one, the strongest value of each row."""
    return usd if size == 1 else np.maximum.reduceat(usd, np.arange(0, len(usd), size), axis=0)


def _rebin(
    usd: NDArray[np.float64], old: NDArray[np.float64], new: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return cells on other price edges; mass inside a row is spread evenly in log price, as a map does it."""
    running = np.concatenate((np.zeros((len(usd), 1)), np.cumsum(usd, axis=1)), axis=1)
    position = np.interp(np.log(new), np.log(old), np.arange(len(old), dtype=np.float64))
    lower = np.minimum(position.astype(np.int64), usd.shape[1] - 1)
    at_edges = running[:, lower] + (position - lower) * usd[:, lower]
    return np.asarray(np.maximum(np.diff(at_edges, axis=1), 0.0))


def _time_edges(times: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return edges of the drawn columns and which are real; a wide hole between samples becomes a column of its own."""
    if len(times) == 1:
        return np.array([times[0], times[0] + 60_000_000_000]), np.array([True])
    steps = np.diff(times)
    usual = int(np.median(steps))
    edges: list[int] = []
    keep: list[bool] = []
    for moment, step in zip(times.tolist(), [*steps.tolist(), usual], strict=True):
        edges.append(moment)
        keep.append(True)
        if step > 1.5 * usual:
            edges.append(moment + usual)
            keep.append(False)
    return np.array([*edges, int(times[-1]) + usual]), np.array(keep)


def _with_gaps(usd: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    out = np.full((len(keep), usd.shape[1]), np.nan)
    out[keep] = usd
    return out
