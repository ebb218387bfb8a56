"""Runs: trades, bars and marks as touches and openings in time order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InternalError
from liqatlas.base.units import prices_from_ticks
from liqatlas.levels import event_kernels

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid
    from liqatlas.base.recording import Recording

#: Widest price range, in ticks, for which bins are looked up by tick.
_TABLE_LIMIT = 1 << 22


@dataclass(frozen=True, slots=True)
class Runs:
    """Touches and openings in time order; see :mod:`liqatlas.levels.event_kernels`.

    Attributes
    ----------
    entry, low, high
        int32 ``(R,)``: absolute bins; ``low > high`` where a run touches nothing.
    qty
        float64 ``(R,)`` [native].
    first
        int64 ``(n + 1,)``: first run of each bar.
    """

    entry: NDArray[np.int32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    qty: NDArray[np.float64]
    first: NDArray[np.int64]


Marks = tuple[
    "NDArray[np.int64]",
    "NDArray[np.int64]",
    "NDArray[np.float64]",
    "NDArray[np.float64]",
    "NDArray[np.float64]",
]


def coordinates(prices: NDArray[np.float64], grid: LogGrid) -> NDArray[np.float64]:
    """Return log price / step, moved by a rounding where needed so that its floor is the grid's bin."""
    coordinate = np.log(prices) / grid.step
    bins = grid.bins(prices)
    return np.asarray(np.clip(coordinate, bins, np.nextafter(bins + 1.0, -np.inf)))


def mark_events(known: Recording, grid: LogGrid) -> tuple[Marks, str]:
    """Return mark events of samples and bars merged in time, and their name."""
    samples, bars = known.marks, known.mark_bars
    start = np.concatenate((samples["ts_event_ns"].to_numpy(), bars["ts_open_ns"].to_numpy()))
    moment = np.concatenate((samples["ts_event_ns"].to_numpy(), bars["ts_close_ns"].to_numpy()))
    mark = samples["mark_price"].to_numpy()
    low = np.concatenate((mark, bars["low"].to_numpy()))
    high = np.concatenate((mark, bars["high"].to_numpy()))
    close = np.concatenate((mark, bars["close"].to_numpy()))
    order = np.argsort(moment, kind="stable")
    names = (["mark samples"] if samples.height else []) + (["mark bars"] if bars.height else [])
    columns = [
        coordinates(c[order].astype(np.float64), grid) if len(c) else np.zeros(0) for c in (low, high, close)
    ]
    return (
        start[order].astype(np.int64),
        moment[order].astype(np.int64),
        columns[0],
        columns[1],
        columns[2],
    ), " and ".join(names)


PerBar = tuple["NDArray[np.int64]", "NDArray[np.float64]", "NDArray[np.float64]"]


RunColumns = tuple["NDArray[np.int32]", "NDArray[np.int32]", "NDArray[np.int32]", "NDArray[np.float64]"]


def _new_columns(size: int) -> RunColumns:
    """Return unfilled run columns; memory is taken only where they are written."""
    return (
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.float64),
    )


def _cut(columns: RunColumns, count: int, first: NDArray[np.int64]) -> Runs:
    """Return the filled part of run columns, copied so that the rest can be freed."""
    entry, low, high, qty = columns
    return Runs(entry[:count].copy(), low[:count].copy(), high[:count].copy(), qty[:count].copy(), first)


def runs_of_trades(
    known: Recording,
    grid: LogGrid,
    *,
    marks: Marks,
    edges: NDArray[np.int64],
    nearest: tuple[int, int],
    per_bar: PerBar,
    carry: NDArray[np.float64] | None = None,
) -> Runs:
    """Merge the trades and marks of a recording into runs; ``carry`` is what came before, see ``trade_runs``."""
    trades = known.trades
    ticks = trades["price_ticks"].to_numpy()
    low, high = (int(ticks.min()), int(ticks.max())) if trades.height else (1, 1)
    if high - low < _TABLE_LIMIT:
        all_ticks = np.arange(low, high + 1, dtype=np.int64)
    else:  # a price range too wide for a table by tick: one row per distinct tick
        all_ticks, ticks = np.unique(ticks, return_inverse=True)
        low = 0
    prices = prices_from_ticks(all_ticks, known.instrument.tick_size)
    table = (grid.bins(prices), coordinates(prices, grid), low)
    buys = trades["taker_buy"].fill_null(value=False).to_numpy()
    out = _new_columns(trades.height + len(marks[0]) + len(edges))
    count, _ = event_kernels.trade_runs(
        (trades["ts_event_ns"].to_numpy(), ticks, trades["qty_native"].to_numpy(), buys),
        table,
        marks,
        edges,
        nearest,
        out,
        (*per_bar, np.full(3, np.nan) if carry is None else carry),
    )
    return _cut(out, count, per_bar[0])


def _amounts(values: pl.Series) -> NDArray[np.float64]:
    """Return a column of amounts, what is not said as zero."""
    known = values.fill_null(0.0) if values.null_count() else values
    return known.to_numpy().astype(np.float64)


def runs_of_bars(
    known: Recording, grid: LogGrid, *, edges: NDArray[np.int64], nearest: tuple[int, int], per_bar: PerBar
) -> Runs:
    """Walk the path that bars and mark samples suggest."""
    bars = known.bars
    ohlc = np.stack(
        [coordinates(bars[c].to_numpy().astype(np.float64), grid) for c in ("open", "high", "low", "close")],
        axis=1,
    )
    volume, bought = (_amounts(bars[name]) for name in ("volume_native", "taker_buy_native"))
    marks = known.marks
    mark = (
        coordinates(marks["mark_price"].to_numpy().astype(np.float64), grid) if marks.height else np.zeros(0)
    )
    size = 5 * bars.height + marks.height + 1
    nodes = (np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(size))
    count = event_kernels.bar_nodes(
        (bars["ts_open_ns"].to_numpy(), bars["ts_close_ns"].to_numpy(), ohlc, volume, bought),
        (marks["ts_event_ns"].to_numpy().astype(np.int64), mark),
        nodes,
    )
    walked = (nodes[0][:count], nodes[1][:count], nodes[2][:count], nodes[3][:count])
    steps = np.abs(np.diff(np.floor(walked[1]))).sum() if count else 0
    out = _new_columns(int(steps) + 2 * count + len(edges) + 8)
    runs = event_kernels.path_runs(walked, edges, nearest, out, per_bar)
    if runs < 0:
        raise InternalError("path_runs was given too little room")
    return _cut(out, runs, per_bar[0])


def bracket(runs: Runs, *, lower: bool) -> Runs:
    """Return runs that bound the exact fold when the order inside a bar is unknown.

    ``lower`` touches after all openings of the bar (fewest survivors), otherwise before them (most survivors).
    """
    first = np.zeros_like(runs.first)
    out = _new_columns(len(runs.qty) + len(runs.first))
    count = event_kernels.bracket_runs(
        runs.first, (runs.entry, runs.low, runs.high, runs.qty), lower, out, first
    )
    return _cut(out, count, first)


def order_matters(runs: Runs, nearest: tuple[int, int]) -> float:
    """Return the share of bars that are wider than the nearest level, in which the order of events decides who survives."""
    touching = runs.low <= runs.high
    starts = runs.first[:-1][np.diff(runs.first) > 0]
    if not len(starts):
        return 0.0
    low = np.minimum.reduceat(np.where(touching, runs.low, 1 << 30), starts)
    high = np.maximum.reduceat(np.where(touching, runs.high, -(1 << 30)), starts)
    opened = runs.qty > 0
    top = np.maximum.reduceat(np.where(opened, runs.entry, -(1 << 30)), starts)
    bottom = np.minimum.reduceat(np.where(opened, runs.entry, 1 << 30), starts)
    wide = (high >= low) & ((low <= top - nearest[0]) | (high >= bottom + nearest[1])) & (top >= bottom)
    return float(np.mean(wide))
