"""Sparse segments: what the numbers made of an hour, a day or a month, kept as opaque arrays. All of it is derived.

They live in a database of their own: writing them never holds up the recorder, and losing them loses nothing that
cannot be made again. ``version`` names the parameters they were made with; other parameters, other segments.
"""

from __future__ import annotations

import json
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from isal import isal_zlib

from liqatlas.base.errors import InputError, LakeCorruptError, LakeVersionError
from liqatlas.store.database import Connection, connect, sqlite_errors, transaction
from liqatlas.store.layout import SEGMENTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from liqatlas.store.coverage import Span

Level = Literal["hour", "day", "month", "ever"]
#: An open connection and the number of the file it reads.
_Held = tuple[Connection, int]
#: Reads go through mapped memory up to this size: no copy of each page, no call per page.
_MAPPED_BYTES = 1 << 36
_ALL_COLUMNS = "level, start_ns, end_ns, seq, low_bin, high_bin, header, payload"
_APPLICATION_ID = 0x4C715367
_VERSION = 1
_CHECKSUM = struct.Struct("<I")
_TABLE = """CREATE TABLE IF NOT EXISTS segment (
    venue TEXT NOT NULL, symbol TEXT NOT NULL, version TEXT NOT NULL, level TEXT NOT NULL, start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL, seq INTEGER NOT NULL, low_bin INTEGER NOT NULL, high_bin INTEGER NOT NULL,
    header TEXT NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (venue, symbol, version, level, start_ns)) STRICT"""
_PROGRESS = """CREATE TABLE IF NOT EXISTS progress (
    venue TEXT NOT NULL, symbol TEXT NOT NULL, version TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (venue, symbol, version)) STRICT"""
#: Widest first, so that every array stays aligned in the payload.
_COLUMNS: dict[str, np.dtype[Any]] = {
    "inflow": np.dtype("<f8"),
    "bin": np.dtype("<i4"),
    "position": np.dtype("<u1"),
    "bucket": np.dtype("<u1"),
}


@dataclass(frozen=True, slots=True, eq=False)
class StoredSegment:
    """One segment as it rests.

    Attributes
    ----------
    level, start_ns, end_ns
        Which stretch ``[start_ns, end_ns)`` it stands for.
    low_bin, high_bin
        Bins of the lowest and highest mark.
    survival
        float64, any shape; kept with its shape.
    position, bucket, bin, inflow
        uint8, uint8, int32, float64, shape ``(n,)``: the entries that are not zero.
    seq
        Write number of the lake's rows it was built from; see ``Lake.touched_since``.
    extra
        Anything more the numbers want back, as JSON values.
    """

    level: Level
    start_ns: int
    end_ns: int
    low_bin: int
    high_bin: int
    survival: NDArray[np.float64]
    position: NDArray[np.uint8]
    bucket: NDArray[np.uint8]
    bin: NDArray[np.int32]
    inflow: NDArray[np.float64]
    seq: int = 0
    extra: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """Which segment there is, without its arrays."""

    level: Level
    start_ns: int
    end_ns: int
    seq: int


class SegmentStore:
    """The segments of a lake.

    Parameters
    ----------
    root
        The lake's folder.
    writable
        Whether to make the file where it is absent; a reader of an absent file sees no segments.
    """

    def __init__(self, root: Path, *, writable: bool) -> None:
        self._path = root / SEGMENTS
        self._writable = writable
        self._local = threading.local()
        self._all: list[_Held] = []

    def close(self) -> None:
        """Close every connection; the store can be used again."""
        for connection, _ in self._all:
            connection.close()
        self._all.clear()
        self._local = threading.local()

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection | None]:
        """Give this thread's connection, ``None`` where there is no file to read; errors of SQLite become ours."""
        with sqlite_errors(self._path):
            held: _Held | None = getattr(self._local, "held", None)
            if held is not None and (held[0].still or held[1] != self._file_number()):
                self._all.remove(held)
                held[0].close()
                held = None
            if held is None and (self._writable or self._path.exists()):
                held = self._local.held = self._opened()
                self._all.append(held)
            there = held is not None and self._check(held[0])
            yield held[0] if held is not None and there else None

    def _file_number(self) -> int:
        """Return which file stands under the path, 0 for none: it may be removed while it is held open."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def _opened(self) -> _Held:
        connection = connect(self._path, writable=self._writable)
        connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
        return connection, self._file_number()

    def _check(self, connection: sqlite3.Connection) -> bool:
        """Return whether there are tables; a writer makes them."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > _VERSION:
            raise LakeVersionError(
                f"{self._path} has layout {version}, this program knows up to {_VERSION}; use a newer liqatlas",
                found=version,
                known=_VERSION,
            )
        if version == 0 and self._writable:
            with transaction(connection):
                connection.execute(_TABLE)
                connection.execute(_PROGRESS)
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        return version > 0 or self._writable

    def write(
        self,
        venue: str,
        symbol: str,
        segments: Sequence[StoredSegment],
        *,
        version: str,
        progress: Mapping[str, int] | None = None,
    ) -> None:
        """Write segments, and how far they now reach, in one transaction, each in the place of the one with the same key.

        Raises
        ------
        InputError
            If a level is unknown, arrays differ in length or do not fit their types.
        """
        rows = [(venue, symbol, version, *_to_row(segment)) for segment in segments]
        with self._session() as connection:
            assert connection is not None
            with transaction(connection):
                connection.executemany(
                    "INSERT OR REPLACE INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
                )
                if progress is not None:
                    connection.execute(
                        "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?)",
                        (venue, symbol, version, json.dumps(dict(progress))),
                    )

    def progress(self, venue: str, symbol: str, version: str) -> dict[str, int] | None:
        """Return how far the segments of a version reach, as it was written with them."""
        with self._session() as connection:
            if connection is None:
                return None
            row = connection.execute(
                "SELECT facts FROM progress WHERE venue = ? AND symbol = ? AND version = ?",
                (venue, symbol, version),
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def read(self, venue: str, symbol: str, *, version: str, level: Level, span: Span) -> list[StoredSegment]:
        """Return segments of one level that lie within a span ``[start, end)``, in order of time."""
        rows = self._select(
            _ALL_COLUMNS,
            "AND level = ? AND start_ns >= ? AND start_ns < ? AND end_ns <= ? ORDER BY start_ns",  # the index ends at start_ns
            (venue, symbol, version, level, *span, span[1]),
        )
        return [self._from_row(row) for row in rows]

    def last(
        self, venue: str, symbol: str, *, version: str, level: Level, before_ns: int
    ) -> StoredSegment | None:
        """Return the newest segment of a level that ends at or before a moment."""
        rows = self._select(
            _ALL_COLUMNS,
            "AND level = ? AND start_ns < ? AND end_ns <= ? ORDER BY start_ns DESC LIMIT 1",
            (venue, symbol, version, level, before_ns, before_ns),
        )
        return self._from_row(rows[0]) if rows else None

    def entries(self, venue: str, symbol: str, version: str) -> list[SegmentEntry]:
        """Return which segments there are, by level and time."""
        rows = self._select(
            "level, start_ns, end_ns, seq", "ORDER BY level, start_ns", (venue, symbol, version)
        )
        return [SegmentEntry(*row) for row in rows]  # type: ignore[arg-type]

    def delete(self, venue: str, symbol: str, version: str) -> int:
        """Remove all segments of a version; return how many there were."""
        with self._session() as connection:
            if connection is None:
                return 0
            with transaction(connection):
                connection.execute(
                    "DELETE FROM progress WHERE venue = ? AND symbol = ? AND version = ?",
                    (venue, symbol, version),
                )
                return connection.execute(
                    "DELETE FROM segment WHERE venue = ? AND symbol = ? AND version = ?",
                    (venue, symbol, version),
                ).rowcount

    def _select(self, columns: str, more: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        with self._session() as connection:
            if connection is None:
                return []
            return connection.execute(
                f"SELECT {columns} FROM segment WHERE venue = ? AND symbol = ? AND version = ? {more}",  # noqa: S608
                values,
            ).fetchall()

    def _from_row(self, row: tuple[object, ...]) -> StoredSegment:
        level, start, end, seq, low, high, header, payload = row
        try:
            facts = json.loads(str(header))
            survival, arrays = _unpack(payload, facts["shape"], facts["n"])  # type: ignore[arg-type]
        except (ValueError, KeyError, struct.error) as error:
            raise LakeCorruptError(
                self._path, f"segment {level} at {start} is damaged ({error}); build it again"
            ) from error
        return StoredSegment(  # the table's columns are typed by SQLite (STRICT)
            level=level,  # type: ignore[arg-type]
            start_ns=start,  # type: ignore[arg-type]
            end_ns=end,  # type: ignore[arg-type]
            low_bin=low,  # type: ignore[arg-type]
            high_bin=high,  # type: ignore[arg-type]
            survival=survival,
            seq=seq,  # type: ignore[arg-type]
            extra=facts["extra"],
            **arrays,  # type: ignore[arg-type]
        )


def _to_row(segment: StoredSegment) -> tuple[object, ...]:
    if segment.level not in get_args(Level):
        raise InputError(
            f"segment level {segment.level!r} is unknown: wanted one of {', '.join(get_args(Level))}"
        )
    arrays = [_exact(name, getattr(segment, name), dtype) for name, dtype in _COLUMNS.items()]
    lengths = {array.size for array in arrays}
    if len(lengths) != 1:
        raise InputError(
            f"segment at {segment.start_ns}: columns of lengths {sorted(lengths)}; wanted one length"
        )
    survival = np.ascontiguousarray(segment.survival, "<f8")
    header = json.dumps({"shape": survival.shape, "n": arrays[0].size, "extra": segment.extra})
    payload = _pack([survival, *arrays])
    return (
        segment.level, segment.start_ns, segment.end_ns, segment.seq, segment.low_bin, segment.high_bin, header, payload,
    )  # fmt: skip


def _exact(name: str, values: NDArray[np.generic], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return a column in its stored type, refused if that would change a value."""
    out = np.ascontiguousarray(values, dtype)
    if out.ndim != 1 or not np.array_equal(out, values):
        raise InputError(
            f"segment column {name}: shape {values.shape} {values.dtype} does not fit {dtype} in one row"
        )
    return out


def _pack(arrays: Sequence[NDArray[np.generic]]) -> bytes:
    data = b"".join(array.tobytes() for array in arrays)
    return data + _CHECKSUM.pack(isal_zlib.crc32(data))


def _unpack(
    payload: bytes, shape: Sequence[int], count: int
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.generic]]]:

    data = memoryview(payload)[: -_CHECKSUM.size]
    if _CHECKSUM.unpack_from(payload, len(data))[0] != isal_zlib.crc32(data):
        raise ValueError("checksum differs")
    cells = int(np.prod(shape, dtype=np.int64))
    survival = np.frombuffer(data, "<f8", cells).reshape(shape)
    arrays: dict[str, NDArray[np.generic]] = {}
    at = cells * 8
    for name, dtype in _COLUMNS.items():
        arrays[name] = np.frombuffer(data, dtype, count, at)
        at += count * dtype.itemsize
    if at != len(data):
        raise ValueError(f"{len(data)} bytes in place of {at}")
    return survival, arrays
