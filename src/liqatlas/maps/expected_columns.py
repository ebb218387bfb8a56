"""The expected heatmap: the map of every hour's start, drawn round its own mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.maps.candles import candles
from liqatlas.maps.columns import HeatmapSize, prints_within, row_edges_of
from liqatlas.maps.expected import ExpectedInstrument, expected_head
from liqatlas.maps.head import LONG, SHORT
from liqatlas.maps.heatmap import Heatmap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.hourly_maps import HourlyMaps


def expected_heatmap(
    one: ExpectedInstrument,
    maps: HourlyMaps,
    *,
    as_of_ns: int,
    window_ns: int,
    size: HeatmapSize | None = None,
) -> Heatmap:
    """Return expected prints over time; each column is as of the start of an hour and knows nothing later.

    Parameters
    ----------
    one
        The instrument at the as-of moment, for the head and the reference price.
    maps
        Its hourly maps until the as-of moment, of all stored history.
    size
        Columns are whole hours apart, so that there may be fewer than asked for.

    Raises
    ------
    NotEnoughDataError
        If no hour of the window is known.
    """
    size = size or HeatmapSize()
    rows = np.flatnonzero((maps.start_ns > as_of_ns - window_ns) & (maps.start_ns <= as_of_ns))
    if not len(rows):
        raise NotEnoughDataError(f"{one.recording.instrument.key}: no hour of the window is known")
    rows = rows[::-1][:: max(-(-len(rows) // size.columns), 1)][::-1]
    times = maps.start_ns[rows]
    step = int(times[1] - times[0]) if len(times) > 1 else HOUR_NS
    edges_in_time = np.append(times[0] - step, times)
    shown = candles(one.recording.until(as_of_ns), edges_in_time)
    edges = size.price_edges if size.price_edges is not None else row_edges_of(shown, one.mark, size.rows)
    usd = np.stack([_column(maps, int(row), np.log(edges)) for row in rows], axis=1)
    head = expected_head([one], as_of_ns=as_of_ns, window_ns=window_ns)
    return Heatmap(
        head, times, edges, usd[LONG], usd[SHORT], shown, prints_within([one.recording], edges_in_time)
    )


def _column(maps: HourlyMaps, row: int, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one hour's expected prints in rows of log price, ``(2, B)`` [USD]; what lies beyond the kept distances is not drawn."""
    away = edges - np.log(maps.price[row])
    below = np.interp(np.maximum(-away, 0.0), maps.distance, maps.within_usd[row, LONG])
    above = np.interp(np.maximum(away, 0.0), maps.distance, maps.within_usd[row, SHORT])
    return np.stack([-np.diff(below), np.diff(above)])
