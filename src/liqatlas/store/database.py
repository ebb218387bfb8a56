"""SQLite as this store uses it: how a connection is opened, the catalogue's tables, and what its errors mean.

Write-ahead log with ``synchronous=FULL``: a commit that returned is on the disk. Readers never wait for the writer.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from liqatlas.base.errors import DiskFullError, LakeCorruptError, LakeError, LakeLockedError
from liqatlas.store.hot import HOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: ``LqAt``: tells our files from other SQLite files.
APPLICATION_ID = 0x4C714174
#: Version of the catalogue's layout; see ``migration``.
VERSION = 2
#: How long a statement waits for another process's transaction [s].
BUSY_S = 20.0
_OLDEST_SQLITE = (3, 37, 0)

_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}
_CORRUPT = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_CORRUPT_VTAB"}
_NO_SHARED_FILE = {
    "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR_SHMOPEN", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE",
    "SQLITE_READONLY_CANTINIT", "SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_RECOVERY",
}  # fmt: skip
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT"}

TOUCHED_INDEX = "CREATE INDEX hour_seq ON hour (series, seq)"
TABLES = (
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    # tick_size: the step that price_ticks of this series count, the finest its instrument ever had
    """CREATE TABLE series (
        series INTEGER PRIMARY KEY, venue TEXT NOT NULL, symbol TEXT NOT NULL, tick_size TEXT NOT NULL,
        renamed_to TEXT, UNIQUE (venue, symbol)) STRICT""",
    """CREATE TABLE instrument (
        series INTEGER NOT NULL, valid_from_ns INTEGER NOT NULL, asset TEXT NOT NULL, quote TEXT NOT NULL,
        settle TEXT NOT NULL, kind TEXT NOT NULL, tick_size TEXT NOT NULL, lot_size TEXT NOT NULL,
        contract_value TEXT NOT NULL, price_multiplier INTEGER NOT NULL, expiry_ns INTEGER, delisted_ns INTEGER,
        PRIMARY KEY (series, valid_from_ns)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE margin_tier (
        series INTEGER NOT NULL, valid_from_ns INTEGER NOT NULL, tier INTEGER NOT NULL, floor REAL NOT NULL,
        cap REAL NOT NULL, maintenance_rate REAL NOT NULL, deduction REAL NOT NULL, max_leverage REAL NOT NULL,
        PRIMARY KEY (series, valid_from_ns, tier)) STRICT, WITHOUT ROWID""",
    # tick_size: the step that price_ticks of this file count; empty where the dataset has none
    """CREATE TABLE manifest (
        file INTEGER PRIMARY KEY, dataset TEXT NOT NULL, series INTEGER NOT NULL, start_ns INTEGER NOT NULL,
        end_ns INTEGER NOT NULL, path TEXT NOT NULL UNIQUE, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
        digest TEXT NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, tick_size TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('live', 'superseded', 'expired', 'quarantined')),
        created_ns INTEGER NOT NULL, ended_ns INTEGER) STRICT""",
    "CREATE INDEX manifest_live ON manifest (dataset, series, start_ns) WHERE state = 'live'",
    # seq: the last write that touched the hour; what is derived from it is stale if it was built from less
    """CREATE TABLE hour (
        series INTEGER NOT NULL, dataset TEXT NOT NULL, hour_ns INTEGER NOT NULL, first_ns INTEGER NOT NULL,
        last_ns INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (series, dataset, hour_ns))
        STRICT, WITHOUT ROWID""",
    TOUCHED_INDEX,
    """CREATE TABLE recorded (
        series INTEGER NOT NULL, dataset TEXT NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
        PRIMARY KEY (series, dataset, start_ns)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE gap (
        gap INTEGER PRIMARY KEY, dataset TEXT NOT NULL, venue TEXT NOT NULL, symbol TEXT NOT NULL,
        start_ns INTEGER NOT NULL, end_ns INTEGER, reason TEXT NOT NULL, filled INTEGER NOT NULL DEFAULT 0,
        noticed_ns INTEGER NOT NULL) STRICT""",
    "CREATE INDEX gap_place ON gap (venue, symbol, dataset, start_ns)",
    "CREATE TABLE checkpoint (name TEXT PRIMARY KEY, value TEXT NOT NULL, written_ns INTEGER NOT NULL) STRICT",
    "CREATE TABLE job (job TEXT PRIMARY KEY, spec TEXT NOT NULL, created_ns INTEGER NOT NULL) STRICT",
    """CREATE TABLE job_part (
        job TEXT NOT NULL REFERENCES job, part TEXT NOT NULL, ordinal INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed')), note TEXT NOT NULL DEFAULT '',
        tries INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (job, part)) STRICT, WITHOUT ROWID""",
    # readers of files that must not be swept yet: a backup in progress
    "CREATE TABLE pin (pin INTEGER PRIMARY KEY, reason TEXT NOT NULL, until_ns INTEGER NOT NULL) STRICT",
    *(table.ddl for table in HOT.values()),
)


class Connection(sqlite3.Connection):
    """A connection; ``still`` says that it takes the file for unchanging and must not outlive one read."""

    still = False


def connect(path: Path, *, writable: bool) -> Connection:
    """Open a database in autocommit mode; transactions are opened by :func:`transaction`.

    A reader needs room for the small file it shares with writers. On a disk that is full or read-only, with no writer
    and nothing in the log, the database is read as a file that does not change.

    Raises
    ------
    LakeError
        If SQLite itself is too old or the file cannot be opened.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise LakeError(
            f"SQLite {sqlite3.sqlite_version} is too old for the lake: wanted 3.37 or newer; use a newer Python build"
        )
    with sqlite_errors(path):
        if writable:
            return _opened(path, "mode=rwc", ("journal_mode = WAL", "synchronous = FULL"))
        try:
            return _opened(path, "mode=ro", ("schema_version",))
        except sqlite3.OperationalError as error:
            log = path.with_name(f"{path.name}-wal")
            waits = log.exists() and log.stat().st_size > 0
            if waits or getattr(error, "sqlite_errorname", "") not in _NO_SHARED_FILE or not path.exists():
                raise
        connection = _opened(path, "mode=ro&immutable=1", ("schema_version",))
        connection.still = True
        return connection


def _opened(path: Path, mode: str, pragmas: tuple[str, ...]) -> Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_S,
        check_same_thread=False,
        factory=Connection,
    )
    try:
        for pragma in ("foreign_keys = ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, naming the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise lake_error(error, path) from error


def lake_error(error: sqlite3.Error, path: Path) -> LakeError:
    """Return what an SQLite error means for a lake."""
    name = getattr(error, "sqlite_errorname", "")
    if name in _FULL:
        return DiskFullError(
            f"{path}: no room left to write ({error}); free space or lower --max-disk. Rows that were durable stay readable"
        )
    if name in _CORRUPT:
        return LakeCorruptError(
            path, f"damaged ({error}); see liqatlas lake verify, then liqatlas lake repair"
        )
    if name in _BUSY:
        return LakeLockedError(
            f"{path}: another process kept it locked for {BUSY_S:g} s ({error}); try again"
        )
    return LakeError(f"{path}: {error} ({name or type(error).__name__})")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a write transaction: committed at the end, rolled back on any error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # a full disk lets SQLite roll back by itself
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run reads that all see the same moment of the database."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of the present version inside a running transaction."""
    for statement in TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO counter VALUES ('seq', 0)")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the last write number that was given."""
    return int(connection.execute("SELECT value FROM counter WHERE name = 'seq'").fetchone()[0])


def take_seq(connection: sqlite3.Connection, count: int) -> int:
    """Return the first of ``count`` write numbers, never given before, inside a running transaction."""
    first = last_seq(connection) + 1
    connection.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (first + count - 1,))
    return first
