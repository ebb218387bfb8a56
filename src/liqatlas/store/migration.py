"""Versions of the catalogue's layout, and the steps between them.

=======  =============================================================================================
version  what changed
=======  =============================================================================================
0        before the first release: hot rows without write numbers, manifest without digests and ticks
1        ``seq`` in hot rows, digest and tick per file, recorded spans, touched hours, jobs in parts
2        long/short ratios and insurance funds are kept; touched hours are found by their write number
=======  =============================================================================================

A step runs in one transaction; before the first the catalogue is copied beside itself. Only a writer migrates, alone;
a reader refuses another version.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import DAY_NS, now_ns
from liqatlas.base.errors import LakeCorruptError, LakeVersionError
from liqatlas.store import coverage, parquet
from liqatlas.store.commit import touched_hours
from liqatlas.store.database import (
    APPLICATION_ID,
    TABLES,
    TOUCHED_INDEX,
    VERSION,
    create,
    take_seq,
    transaction,
)
from liqatlas.store.hot import HOT
from liqatlas.store.keys import KEYINGS, checked, counted
from liqatlas.store.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def layout_version(connection: sqlite3.Connection, path: Path) -> int | None:
    """Return the layout version of a catalogue, ``None`` for a file without tables.

    Raises
    ------
    LakeCorruptError
        If it is an SQLite file of something else.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    marked = int(connection.execute("PRAGMA application_id").fetchone()[0]) == APPLICATION_ID
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not names:
        return None
    if not marked and not (version == 0 and {"series", "manifest"} <= names):
        raise LakeCorruptError(
            path, "an SQLite file, but not the catalogue of a lake; give the lake's own folder"
        )
    return version


def require_present(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse to read a layout of another version.

    Raises
    ------
    LakeVersionError
        If the lake was made by a newer or an older program.
    """
    found = layout_version(connection, path)
    if found is None:
        raise LakeCorruptError(
            path,
            "the catalogue is empty; take a backup back (liqatlas lake restore) or run liqatlas lake repair",
        )
    if found > VERSION:
        raise _too_new(path, found)
    if found < VERSION:
        raise LakeVersionError(
            f"{path} has layout {found}, this program reads {VERSION}; open the lake for writing once to migrate it",
            found=found,
            known=VERSION,
        )


def _too_new(path: Path, found: int) -> LakeVersionError:
    return LakeVersionError(
        f"{path} has layout {found}, made by a newer liqatlas; this one knows up to {VERSION}. "
        "Use the newer program; nothing was changed",
        found=found,
        known=VERSION,
    )


def bring_up_to_date(connection: sqlite3.Connection, root: Path, path: Path) -> None:
    """Make the tables of a new catalogue, or take an old one to the present layout.

    Raises
    ------
    LakeVersionError
        If the lake is newer than this program.
    LakeLockedError
        If it must be migrated while another process writes.
    """
    found = layout_version(connection, path)
    if found is not None and found > VERSION:
        raise _too_new(path, found)
    if found == VERSION:
        return
    if found is None:
        with transaction(connection):
            if layout_version(connection, path) is None:  # another process may have been faster
                create(connection)
        return
    with Lock(root, None):
        for version in range(layout_version(connection, path) or 0, VERSION):
            _keep_copy(connection, path, version)
            with transaction(connection):
                _STEPS[version](connection, root)
                connection.execute(f"PRAGMA user_version = {version + 1}")


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy the catalogue as it was, once."""
    kept = path.with_name(f"{path.name}.layout-{version}")
    if not kept.exists():
        partial = kept.with_name(f"{kept.name}.partial")
        partial.unlink(missing_ok=True)
        target = sqlite3.connect(partial)
        try:
            connection.backup(target)
        finally:
            target.close()
        partial.replace(kept)


def _from_0(connection: sqlite3.Connection, root: Path) -> None:
    """Take layout 0 to 1: set the old tables aside, make the new ones, carry everything over."""
    old = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in old:
        connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO counter VALUES ('seq', 0)")
    connection.execute("INSERT INTO series SELECT series, venue, symbol, tick_size, NULL FROM old_series")
    connection.execute("INSERT INTO instrument SELECT *, NULL FROM old_instrument")
    connection.execute(
        "INSERT INTO gap SELECT gap, dataset, venue, symbol, start_ns, end_ns, reason, 0, start_ns FROM old_gap"
    )
    connection.execute("INSERT INTO checkpoint SELECT name, value, 0 FROM old_checkpoint")
    _files_from_0(connection, root)
    _hot_rows_from_0(connection, set(old))
    for name in old:
        connection.execute(f"DROP TABLE old_{name}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _files_from_0(connection: sqlite3.Connection, root: Path) -> None:
    """Carry the manifest over; what it lacked is read from the files."""
    now = now_ns()
    rows = connection.execute(
        "SELECT dataset, series, day_ns, path, rows, (SELECT tick_size FROM old_series s WHERE s.series = m.series) "
        "FROM old_manifest m"
    ).fetchall()
    for dataset, series, day, path, count, tick in rows:
        try:
            data = (root / path).read_bytes()
            moments = parquet.read(root / path, KEYINGS[dataset], expected_digest=None)[KEYINGS[dataset].time]
        except FileNotFoundError:
            raise LakeCorruptError(
                root / path, "the manifest names it but it is missing; restore it, nothing was migrated"
            ) from None
        tick_size = tick if dataset == "trades" else ""
        connection.execute(
            "INSERT INTO manifest (dataset, series, start_ns, end_ns, path, rows, bytes, digest, first_ns, last_ns, "
            "tick_size, state, created_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?)",
            (
                dataset, series, day, day + DAY_NS, path, count, len(data), parquet.digest(data), int(moments[0]),
                int(moments[-1]), tick_size, now,
            ),
        )  # fmt: skip
        coverage.touch(connection, dataset, series, touched_hours(moments), seq=take_seq(connection, 1))


def _hot_rows_from_0(connection: sqlite3.Connection, old: set[str]) -> None:
    """Carry hot rows over in the order they were written; layout 0 kept them without key or number."""
    for dataset, table in HOT.items():
        if f"hot_{dataset}" not in old:
            continue
        rule = KEYINGS[dataset]
        for (series,) in connection.execute(f"SELECT DISTINCT series FROM old_hot_{dataset}").fetchall():  # noqa: S608
            columns = ", ".join(rule.table.columns)
            rows = connection.execute(
                f"SELECT {columns} FROM old_hot_{dataset} WHERE series = ? ORDER BY rowid",  # noqa: S608
                (series,),
            ).fetchall()
            raw = pl.DataFrame(rows, schema=list(rule.table.columns), orient="row", infer_schema_length=None)
            frame = counted(rule, checked(dataset, raw))
            seq = take_seq(connection, frame.height)
            table.insert(connection, table.rows(frame, series=series, seq=seq))
            coverage.touch(
                connection, dataset, series, touched_hours(frame[rule.time]), seq=seq + frame.height - 1
            )


def _from_1(connection: sqlite3.Connection, root: Path) -> None:
    """Take layout 1 to 2: two more tables of hot rows, and touched hours found by their number."""
    del root
    connection.execute(TOUCHED_INDEX.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS"))
    for dataset in ("long_short_ratios", "insurance_fund"):
        connection.execute(HOT[dataset].ddl.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))


#: Step from each layout to the next.
_STEPS: dict[int, Callable[[sqlite3.Connection, Path], None]] = {0: _from_0, 1: _from_1}
