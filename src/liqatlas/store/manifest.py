"""The manifest: which files make up the lake. A file that no live row names does not exist for a reader.

Live files of one dataset and series never overlap in their spans.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from liqatlas.store.parquet import FileFacts, WrittenFile

_COLUMNS = "file, dataset, series, start_ns, end_ns, path, rows, bytes, digest, first_ns, last_ns, tick_size, created_ns"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A live file: its span ``[start_ns, end_ns)``, its first and last moment, and how to check it."""

    file: int
    dataset: str
    series: int
    start_ns: int
    end_ns: int
    path: str
    rows: int
    bytes: int
    digest: str
    first_ns: int
    last_ns: int
    tick_size: str
    created_ns: int


def live(
    connection: sqlite3.Connection, dataset: str, series: int, start_ns: int, end_ns: int
) -> list[FileEntry]:
    """Return the live files of a series whose spans meet ``[start_ns, end_ns)``, in order."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM manifest WHERE state = 'live' AND dataset = ? AND series = ? "  # noqa: S608
        "AND start_ns < ? AND end_ns > ? ORDER BY start_ns",
        (dataset, series, end_ns, start_ns),
    )
    return [FileEntry(*row) for row in rows]


def all_live(connection: sqlite3.Connection) -> list[FileEntry]:
    """Return every live file, by dataset, series and span."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM manifest WHERE state = 'live' ORDER BY dataset, series, start_ns"  # noqa: S608
    )
    return [FileEntry(*row) for row in rows]


def add(connection: sqlite3.Connection, facts: FileFacts, written: WrittenFile) -> None:
    """Make a written file part of the lake."""
    connection.execute(
        "INSERT INTO manifest (dataset, series, start_ns, end_ns, path, rows, bytes, digest, first_ns, last_ns, "
        "tick_size, state, created_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?)",
        (
            facts.dataset, facts.series, facts.start_ns, facts.end_ns, written.path, facts.rows, written.bytes,
            written.digest, facts.first_ns, facts.last_ns, facts.tick_size, facts.created_ns,
        ),
    )  # fmt: skip


def end(connection: sqlite3.Connection, files: Iterable[int], state: str, now_ns: int) -> int:
    """Take live files out of the lake, ``superseded``, ``expired`` or ``quarantined``; return how many were live."""
    cursor = connection.executemany(
        "UPDATE manifest SET state = ?, ended_ns = ? WHERE file = ? AND state = 'live'",
        [(state, now_ns, file) for file in files],
    )
    return max(0, cursor.rowcount)


def ended(connection: sqlite3.Connection, before_ns: int) -> list[tuple[int, str]]:
    """Return number and path of files that left the lake before a moment and may be removed from the disk."""
    rows = connection.execute(
        "SELECT file, path FROM manifest WHERE state IN ('superseded', 'expired') AND ended_ns < ?",
        (before_ns,),
    )
    return [(int(r[0]), str(r[1])) for r in rows]


def forget(connection: sqlite3.Connection, files: Iterable[int]) -> None:
    """Drop the rows of files that are gone from the disk."""
    connection.executemany("DELETE FROM manifest WHERE file = ?", [(file,) for file in files])


def known_paths(connection: sqlite3.Connection) -> set[str]:
    """Return the paths of all files the manifest knows, those about to be swept included."""
    return {str(row[0]) for row in connection.execute("SELECT path FROM manifest")}
