"""Reading: files and hot rows of one moment, as one exact, sorted table.

The manifest and the hot rows are read in one snapshot of the catalogue. Files a compaction replaces stay on the disk for
a while; should one be gone nevertheless, the whole read starts over from a new snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.errors import LakeCorruptError
from liqatlas.store import manifest, parquet
from liqatlas.store.catalogue import find_series
from liqatlas.store.database import snapshot
from liqatlas.store.hot import HOT
from liqatlas.store.keys import keying, merge

if TYPE_CHECKING:
    import sqlite3
    from decimal import Decimal
    from pathlib import Path

    from liqatlas.store.catalogue import Series
    from liqatlas.store.coverage import Span
    from liqatlas.store.keys import Keying

_TRIES = 3
#: Files of at most so many rows, and so many of them, are kept decoded: a map reads the same day several times.
_SMALL_ROWS = 20_000
_FILES_HELD = 64


class Reader:
    """Reads tables of a lake; remembers which files it has compared with their digest.

    Parameters
    ----------
    root
        The lake's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._compared: set[str] = set()
        self._recent: dict[str, pl.DataFrame] = {}

    def read(
        self, connection: sqlite3.Connection, dataset: str, venue: str, symbol: str, span: Span
    ) -> tuple[pl.DataFrame, Decimal]:
        """Return the rows of ``[start, end)`` by the dataset's moment, and the step their price ticks count.

        Raises
        ------
        UnknownSymbolError
            If the lake has no such series.
        LakeCorruptError
            If a file is missing or damaged.
        """
        rule = keying(dataset)
        for attempt in range(_TRIES):
            with snapshot(connection):
                series = find_series(connection, venue, symbol)
                entries = manifest.live(connection, dataset, series.number, *span)
                hot = HOT[dataset].select(connection, series.number, *span)
            try:
                return self._joined(rule, series, entries, hot, span), series.tick_size
            except FileNotFoundError as error:
                if attempt == _TRIES - 1:
                    raise LakeCorruptError(
                        str(error.filename),
                        "the manifest names it but it is missing; see liqatlas lake verify, then liqatlas lake repair",
                    ) from None
        raise AssertionError  # the loop returns or raises

    def _joined(
        self, rule: Keying, series: Series, entries: list[manifest.FileEntry], hot: pl.DataFrame, span: Span
    ) -> pl.DataFrame:
        """Return files and hot rows in order of time; where both have rows of a span they are merged."""
        pieces: list[pl.DataFrame] = []
        empty, at = rule.table.empty(), span[0]
        for entry in entries:
            before = _between(hot, rule.time, at, entry.start_ns)
            if not before.is_empty():
                pieces.append(merge(rule, empty, before))
            start, end = max(entry.start_ns, span[0]), min(entry.end_ns, span[1])
            frame = _between(self._file(rule, entry, (start, end)), rule.time, start, end)
            frame = parquet.rescaled(frame, entry.tick_size, series.tick_size)
            late = _between(hot, rule.time, start, end)
            pieces.append(frame if late.is_empty() else merge(rule, frame, late))
            at = end
        after = _between(hot, rule.time, at, span[1])
        if not after.is_empty():
            pieces.append(merge(rule, empty, after))
        filled = [piece for piece in pieces if not piece.is_empty()]
        if len(filled) == 1:
            return filled[0]
        return pl.concat(filled) if filled else empty

    def _file(self, rule: Keying, entry: manifest.FileEntry, span: Span) -> pl.DataFrame:
        """Return a file's table, its bytes compared with the manifest the first time; small ones are kept at hand.

        Of a large file only what may lie within the span is read. A file never changes under its name.
        """
        held = self._recent.get(entry.path)
        if held is not None:
            return held
        expected = None if entry.path in self._compared else entry.digest
        path = self._root / entry.path
        if entry.rows > parquet.BATCH_ROWS and span != (entry.start_ns, entry.end_ns):
            frame = parquet.read_near(path, rule, span, expected_digest=expected)
            self._compared.add(entry.path)
            return frame
        frame = parquet.read(path, rule, expected_digest=expected)
        self._compared.add(entry.path)
        if entry.rows <= _SMALL_ROWS:
            self._recent[entry.path] = frame
            if len(self._recent) > _FILES_HELD:
                self._recent.pop(next(iter(self._recent)), None)
        return frame

    def count(self, connection: sqlite3.Connection, dataset: str, venue: str, symbol: str, span: Span) -> int:
        """Return how many rows the files and hot rows hold that meet a span: at least those within it."""
        with snapshot(connection):
            number = find_series(connection, venue, symbol).number
            entries = manifest.live(connection, dataset, number, *span)
            return sum(e.rows for e in entries) + HOT[dataset].count(connection, number, *span)


def _between(frame: pl.DataFrame, time: str, start_ns: int, end_ns: int) -> pl.DataFrame:
    """Return the rows of a sorted table with moments in ``[start, end)``."""
    if frame.is_empty() or start_ns >= end_ns:
        return frame.clear()
    moments = frame[time]
    if start_ns <= moments[0] and moments[-1] < end_ns:
        return frame
    low, high = np.searchsorted(
        moments.to_numpy(), (start_ns, end_ns)
    )  # NumPy: an expression costs more than the look
    return frame.slice(int(low), int(high - low))
