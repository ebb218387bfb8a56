"""Holes in time series: stretches without rows that are too long to be quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS, MINUTE_NS, format_moment, isoformat

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

#: Trades are missing where nothing trades for this long, and for a hundred times the usual distance.
_TRADE_GAP_NS = 2 * MINUTE_NS
_TRADE_GAP_FACTOR = 100
#: Samples and bars are missing where the distance is this much above the usual one.
_SAMPLE_GAP_FACTOR = 1.9
_BLOCK = 1 << 17
#: Tables whose rows come when something happens, so that a pause says nothing.
_EVENTS = frozenset({"liquidations", "positions", "book_levels"})


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch ``[start, end)`` without rows [ns]."""

    start_ns: int
    end_ns: int

    @property
    def length_ns(self) -> int:
        """How long it is."""
        return self.end_ns - self.start_ns


def find_gaps(table: str, frame: pl.DataFrame) -> list[Gap]:
    """Return the gaps of a sorted table; none for tables of single events."""
    if table in _EVENTS or frame.height < 3:
        return []
    bars = "ts_open_ns" in frame.columns
    starts = frame["ts_open_ns" if bars else "ts_event_ns"].to_numpy()
    ends = frame["ts_close_ns"].to_numpy() if bars else starts
    limit = _limit(table, starts, bars=bars, width=int(ends[0] - starts[0]))
    return [Gap(int(ends[i]), int(starts[i + 1])) for i in _long_steps(starts, ends, limit)]


def _long_steps(starts: NDArray[np.int64], ends: NDArray[np.int64], limit: float) -> list[int]:
    """Return the rows after which the next begins too late, block by block, as one array of steps would be as large again."""
    found: list[int] = []
    for low in range(0, starts.size - 1, _BLOCK):
        high = min(low + _BLOCK, starts.size - 1)
        steps = starts[low + 1 : high + 1] - ends[low:high]
        found += (np.flatnonzero(steps > limit) + low).tolist()
    return found


def _limit(table: str, starts: NDArray[np.int64], *, bars: bool, width: int) -> float:
    if bars:
        return 0.5 * width
    if table == "trades":
        usual = (int(starts[-1]) - int(starts[0])) / max(1, starts.size - 1)
        return max(_TRADE_GAP_NS, _TRADE_GAP_FACTOR * usual)
    return _SAMPLE_GAP_FACTOR * float(np.median(np.diff(starts)))


def describe_gaps(table: str, gaps: list[Gap]) -> str:
    """Return one sentence on a table's gaps, an empty text where there are none."""
    if not gaps:
        return ""
    longest = max(gaps, key=lambda gap: gap.length_ns)
    total = sum(gap.length_ns for gap in gaps)
    number = f"{len(gaps):,} gaps" if len(gaps) > 1 else "1 gap"
    return (
        f"{table}: {number}, {_length(total)} in all; the longest {format_moment(longest.start_ns)} to "
        f"{isoformat(longest.end_ns)[:16].replace('T', ' ')} ({_length(longest.length_ns)})"
    )


def _length(ns: int) -> str:
    if ns >= 48 * HOUR_NS:
        return f"{ns / (24 * HOUR_NS):.1f} days"
    return f"{ns / HOUR_NS:.1f} h" if ns >= HOUR_NS else f"{ns / MINUTE_NS:.0f} min"
