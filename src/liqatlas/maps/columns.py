"""Heatmap columns: what was open at each of many moments, each with its full look-back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.errors import InputError
from liqatlas.base.grid import LogGrid
from liqatlas.base.schemas import POSITION
from liqatlas.levels.stream import LevelStream
from liqatlas.maps.candles import candles
from liqatlas.maps.heatmap import Heatmap
from liqatlas.maps.modelled import head_of
from liqatlas.maps.readout import mixture_under_cap, moved, normalisation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.maps.modelled import PreparedInstrument

#: Most cells a heatmap may have.
MAX_CELLS = 4_000_000
PRINTS_SCHEMA = pl.Schema(
    {
        "ts_event_ns": pl.Int64(),
        "liquidated": POSITION,
        "price": pl.Float64(),
        "notional_usd": pl.Float64(),
        "venue": pl.String(),
    }
)


def column_times(as_of_ns: int, window_ns: int, columns: int) -> NDArray[np.int64]:
    """Return ``columns`` moments, evenly spaced, the last at the as-of moment [ns]."""
    step = window_ns // columns
    return np.asarray(as_of_ns - step * np.arange(columns - 1, -1, -1, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class HeatmapSize:
    """How many cells a heatmap has.

    Attributes
    ----------
    columns, rows
        Counts; ``rows`` counts only where ``price_edges`` is not given: then rows span the window's prices and 15 % beyond.
    price_edges
        float64, ascending [quote of the reference].
    """

    columns: int = 400
    rows: int = 300
    price_edges: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        cells = self.columns * self.rows
        if self.columns < 1 or self.rows < 1 or cells > MAX_CELLS:
            raise InputError(
                f"a heatmap of {self.columns} x {self.rows} cells was asked for; wanted 1 to {MAX_CELLS:,} cells"
            )


@dataclass(frozen=True, slots=True)
class _Axes:
    """The common axes of all instruments of one heatmap."""

    grid: LogGrid
    times: NDArray[np.int64]
    edges: NDArray[np.float64]
    reference_marks: NDArray[np.float64]


def modelled_heatmap(
    prepared: Sequence[PreparedInstrument],
    parameters: EstimatorParameters,
    *,
    as_of_ns: int,
    window_ns: int,
    size: HeatmapSize | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Heatmap:
    """Return outstanding levels over time.

    Parameters
    ----------
    prepared
        Instruments of one asset, see :func:`liqatlas.maps.modelled.prepare`.
    window_ns
        Length of the time axis, which ends at ``as_of``; each column looks back over all stored history.
    progress
        Called with (columns done, columns in all).
    """
    size = size or HeatmapSize()
    columns = size.columns
    reference = max(prepared, key=lambda p: p.info.open_interest_usd)
    times = column_times(as_of_ns, window_ns, columns)
    edges_in_time = np.append(times - window_ns // columns, as_of_ns)
    window_candles = candles(reference.recording.until(as_of_ns), edges_in_time)
    edges = (
        size.price_edges
        if size.price_edges is not None
        else row_edges_of(window_candles, reference.mark, size.rows)
    )
    axes = _Axes(LogGrid(parameters.grid_step), times, edges, _marks_at(reference, times))
    usd = np.zeros((2, columns, len(edges) - 1))
    for number, one in enumerate(prepared):
        for done, amounts in enumerate(_columns_of(one, parameters, axes)):
            usd[:, done] += amounts
            if progress:
                progress(number * columns + done + 1, len(prepared) * columns)
    head = head_of(prepared, parameters, as_of_ns=as_of_ns, window_ns=window_ns, coverage=None)
    return Heatmap(
        head,
        times,
        edges,
        usd[0],
        usd[1],
        window_candles,
        prints_within([one.recording for one in prepared], edges_in_time),
    )


def row_edges_of(window_candles: pl.DataFrame, mark: float, rows: int) -> NDArray[np.float64]:
    """Return log-spaced price rows over the window's prices and 15 % beyond on each side."""
    low = min([mark, *window_candles["low"].to_list()])
    high = max([mark, *window_candles["high"].to_list()])
    return np.asarray(np.geomspace(low * 0.85, high / 0.85, rows + 1))


def _marks_at(one: PreparedInstrument, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return an instrument's newest mark at or before each moment, its first one before all marks."""
    marks = one.recording.marks if one.recording.marks.height else None
    if marks is not None:
        moments, values = marks["ts_event_ns"].to_numpy(), marks["mark_price"].to_numpy()
    elif one.recording.mark_bars.height:
        moments, values = (
            one.recording.mark_bars["ts_close_ns"].to_numpy(),
            one.recording.mark_bars["close"].to_numpy(),
        )
    else:
        span = np.append(times, times[-1] + 1)
        span = np.insert(span, 0, one.flow.edges_ns[0])
        frame = candles(one.recording, np.unique(span))
        moments, values = frame["ts_close_ns"].to_numpy(), frame["close"].to_numpy()
        if not len(values):
            return np.full(len(times), one.mark)
    at = np.searchsorted(moments, times, side="right") - 1
    return np.asarray(values[np.maximum(at, 0)])


def _columns_of(
    one: PreparedInstrument, parameters: EstimatorParameters, axes: _Axes
) -> Iterator[NDArray[np.float64]]:
    """Yield one instrument's levels at each moment, float64 ``(2, rows)`` [USD]."""
    flow, stream, grid = one.flow, one.before or LevelStream(parameters, one.offsets), axes.grid
    weights = mixture_under_cap(np.array(parameters.weights), one.offsets, parameters.edges_array())
    own_marks = _marks_at(one, axes.times)
    shifts = np.log(axes.reference_marks / own_marks) / grid.step
    ends = np.searchsorted(flow.edges_ns[1:], axes.times, side="right")
    row_edges = np.log(axes.edges) / grid.step
    low, high = int(np.floor(row_edges[0])) - 1, int(np.ceil(row_edges[-1])) + 2
    fine = np.arange(low, high + 1, dtype=np.float64)
    folded = 0
    for column, end in enumerate(ends):
        if end > folded:
            stream.update(flow, folded, int(end))
            folded = int(end)
        if folded == 0 and one.before is None:
            yield np.zeros((2, len(axes.edges) - 1))
            continue
        origin, levels, unlevered = stream.density(weights)
        at = grid.bin(float(own_marks[column])) - origin
        levels[0, max(at, 0) :] = 0.0
        levels[1, : max(at + 1, 0)] = 0.0
        usd_per_native = 1.0 if one.recording.instrument.is_inverse else float(own_marks[column])
        factor = normalisation(levels.sum(axis=1) + unlevered, float(flow.open_interest[folded]))
        placed = moved(
            levels * (factor * usd_per_native)[:, None], origin, float(shifts[column]), (low, high)
        )
        running = np.concatenate((np.zeros((2, 1)), np.cumsum(placed, axis=1)), axis=1)
        yield np.stack([np.diff(np.interp(row_edges, fine, running[p])) for p in (0, 1)])


def prints_within(recordings: Sequence[Recording], edges_in_time: NDArray[np.int64]) -> pl.DataFrame:
    """Return the realised prints inside the heatmap's time span."""
    frames = [
        one.liquidations.filter(
            pl.col("ts_event_ns").is_between(int(edges_in_time[0]), int(edges_in_time[-1]))
        ).select(
            "ts_event_ns",
            "liquidated",
            "price",
            "notional_usd",
            pl.lit(one.instrument.venue).alias("venue"),
        )
        for one in recordings
        if one.liquidations.height
    ]
    return pl.concat(frames).sort("ts_event_ns") if frames else pl.DataFrame(schema=PRINTS_SCHEMA)
