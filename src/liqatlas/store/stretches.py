"""What makes up a span, stretch by stretch: as many rows of its files, its hot rows and newer ones as fit in little memory.

A stretch is made of whole cells of the keys (:data:`~liqatlas.store.keys.CELL_NS`), so that merging stretch by stretch is
merging the whole. It holds :data:`~liqatlas.store.parquet.BATCH_ROWS` rows of each source at most, or those of one cell where that holds more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from liqatlas.store import parquet
from liqatlas.store.hot import HOT
from liqatlas.store.keys import CELL_NS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from liqatlas.store.coverage import Span
    from liqatlas.store.keys import Keying


class Source(Protocol):
    """Rows in order of time, taken from the front."""

    def moment_after(self, at_ns: int, rows: int) -> int | None:
        """Return the moment of the row that follows ``rows`` rows from ``at_ns`` on, ``None`` where there is none."""
        ...


class FileRows:
    """Rows of files that follow each other, held only as far as they were looked at.

    Parameters
    ----------
    rule
        The dataset's keying.
    frames
        The rows, sorted by moment, from the first file's on.
    """

    def __init__(self, rule: Keying, frames: Iterator[pl.DataFrame]) -> None:
        self._time, self._frames = rule.time, frames
        self._held = rule.table.empty()

    def moment_after(self, at_ns: int, rows: int) -> int | None:
        """See :class:`Source`; ``at_ns`` is where the last taken stretch ended."""
        del at_ns
        while self._held.height <= rows and self._more():
            continue
        return int(self._held[self._time][rows]) if self._held.height > rows else None

    def before(self, moment_ns: int) -> pl.DataFrame:
        """Take the rows before a moment."""
        while (not self._held.height or self._held[self._time][-1] < moment_ns) and self._more():
            continue
        count = int(np.searchsorted(self._held[self._time].to_numpy(), moment_ns))
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def _more(self) -> bool:
        frame = next(self._frames, None)
        if frame is None:
            return False
        self._held = pl.concat([self._held, frame], rechunk=True) if self._held.height else frame
        return True


class HotRows:
    """Hot rows of a series written up to a write number; what is written meanwhile is not seen."""

    def __init__(
        self, connection: sqlite3.Connection, dataset: str, series: int, end_ns: int, *, up_to_seq: int
    ) -> None:
        self._connection, self._table, self._series = connection, HOT[dataset], series
        self._end, self._up_to = end_ns, up_to_seq

    def moment_after(self, at_ns: int, rows: int) -> int | None:
        """See :class:`Source`."""
        return self._table.moment_after(self._connection, self._series, (at_ns, self._end), rows)

    def within(self, start_ns: int, end_ns: int) -> pl.DataFrame:
        """Return the rows of ``[start_ns, end_ns)``."""
        return self._table.select(self._connection, self._series, start_ns, end_ns, up_to_seq=self._up_to)


class HeldRows:
    """Rows that are in memory already, sorted by moment."""

    def __init__(self, rule: Keying, frame: pl.DataFrame) -> None:
        self._frame, self._moments = frame, frame[rule.time].to_numpy()

    def moment_after(self, at_ns: int, rows: int) -> int | None:
        """See :class:`Source`."""
        row = int(np.searchsorted(self._moments, at_ns)) + rows
        return int(self._moments[row]) if row < len(self._moments) else None

    def within(self, start_ns: int, end_ns: int) -> pl.DataFrame:
        """Return the rows of ``[start_ns, end_ns)``."""
        low, high = np.searchsorted(self._moments, (start_ns, end_ns))
        return self._frame[int(low) : int(high)]


def stretches(span: Span, sources: Sequence[Source]) -> Iterator[Span]:
    """Cut a span that begins and ends with a cell into stretches, each asked for when the former one was taken."""
    at, end = span
    while at < end:
        ahead = [
            moment for one in sources if (moment := one.moment_after(at, parquet.BATCH_ROWS)) is not None
        ]
        stop = min([end, *(moment // CELL_NS * CELL_NS for moment in ahead)])
        stop = min(max(stop, (at // CELL_NS + 1) * CELL_NS), end)
        yield at, stop
        at = stop
