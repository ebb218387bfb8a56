"""The registry of public accounts, in a database of its own: whom we know, when each was last seen, who holds nothing any more.

Positions themselves are rows like any other (dataset ``positions``). A scan makes its rows durable first and notes the accounts
here afterwards, so the registry never vouches for rows that are not there; after a crash those accounts are asked once more.
The recorder and a scan write at the same time: what both know (when an account traded, how large it may be) only ever rises.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.account_tables import ACCOUNT_TRADES, ACCOUNTS, EMPTIED
from liqatlas.base.errors import InputError, LakeVersionError
from liqatlas.store.database import connect, sqlite_errors, transaction
from liqatlas.store.layout import ACCOUNTS as FILE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.store.coverage import Span

_APPLICATION_ID = 0x4C714163
_VERSION = 1
_TABLES = (
    """CREATE TABLE account (
        venue TEXT NOT NULL, account TEXT NOT NULL, found_in TEXT NOT NULL, outcome TEXT NOT NULL,
        last_seen_ns INTEGER NOT NULL, last_tried_ns INTEGER NOT NULL, traded_ns INTEGER NOT NULL,
        notional_usd REAL NOT NULL, distance REAL, failures INTEGER NOT NULL, hint_usd REAL NOT NULL,
        PRIMARY KEY (venue, account)) STRICT, WITHOUT ROWID""",
    # only where something was held before: it closes what stands in the positions
    """CREATE TABLE emptied (
        venue TEXT NOT NULL, ts_event_ns INTEGER NOT NULL, account TEXT NOT NULL,
        PRIMARY KEY (venue, ts_event_ns, account)) STRICT, WITHOUT ROWID""",
)
_RISES = "traded_ns = max(traded_ns, excluded.traded_ns), hint_usd = max(hint_usd, excluded.hint_usd)"
_INSERT = (
    "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (venue, account) DO UPDATE SET "
)
#: An answer replaces what was known, unless it is older than that.
_PUT = (
    f"{_INSERT}{_RISES}, outcome = excluded.outcome, last_seen_ns = excluded.last_seen_ns, "
    "last_tried_ns = excluded.last_tried_ns, notional_usd = excluded.notional_usd, distance = excluded.distance, "
    "failures = excluded.failures WHERE excluded.last_tried_ns >= last_tried_ns"
)


class AccountStore:
    """The accounts of a lake.

    Parameters
    ----------
    root
        The lake's folder.
    writable
        Whether to make the file where it is absent; a reader of an absent file knows no account.
    """

    def __init__(self, root: Path, *, writable: bool) -> None:
        self._path = root / FILE
        self._writable = writable

    def put(self, venue: str, accounts: pl.DataFrame, emptied: pl.DataFrame | None = None) -> None:
        """Write what is known of accounts, and which of them were seen to hold nothing, in one transaction.

        Parameters
        ----------
        accounts
            In the schema ``ACCOUNTS``; a row older than what is there changes only what rises.
        emptied
            In the schema ``EMPTIED``.
        """
        rows = [
            (venue, *row)
            for row in ACCOUNTS.conform(accounts).with_columns(_null_where_infinite()).iter_rows()
        ]
        closed = [] if emptied is None else [(venue, *row) for row in EMPTIED.conform(emptied).iter_rows()]
        with self._changing() as connection:
            connection.executemany(_PUT, rows)
            connection.executemany("INSERT OR IGNORE INTO emptied VALUES (?, ?, ?)", closed)

    def discover(self, venue: str, found: pl.DataFrame, *, found_in: str) -> int:
        """Add accounts that are not known yet, and note that the others traded; return how many are new.

        Parameters
        ----------
        found
            In the schema ``ACCOUNT_TRADES``; a moment of 0 says that no trade was seen, the amount is a hint of the size.
        """
        latest = (
            ACCOUNT_TRADES.conform(found)
            .group_by("account", maintain_order=True)
            .agg(pl.col("ts_event_ns").max(), pl.col("notional_usd").sum())
        )
        rows = [
            (venue, account, found_in, "new", 0, 0, when, 0.0, None, 0, usd)
            for account, when, usd in latest.iter_rows()
        ]
        with self._changing() as connection:
            before = _count(connection, venue)
            connection.executemany(f"{_INSERT}{_RISES}", rows)
            return _count(connection, venue) - before

    def table(self, venue: str) -> pl.DataFrame:
        """Return the registry of a venue in the schema ``ACCOUNTS``, by address."""
        columns = ", ".join(ACCOUNTS.columns)
        rows = self._select(f"SELECT {columns} FROM account WHERE venue = ? ORDER BY account", (venue,))  # noqa: S608
        plain = {
            n: pl.String() if isinstance(c.dtype, pl.Enum) else c.dtype for n, c in ACCOUNTS.columns.items()
        }
        frame = pl.DataFrame(rows, schema=plain, orient="row")
        return ACCOUNTS.conform(frame.with_columns(pl.col("distance").fill_null(math.inf)))

    def emptied(self, venue: str, span: Span) -> pl.DataFrame:
        """Return who was seen to hold nothing in ``[start, end)``, in the schema ``EMPTIED``."""
        rows = self._select(
            "SELECT ts_event_ns, account FROM emptied WHERE venue = ? AND ts_event_ns >= ? AND ts_event_ns < ? "
            "ORDER BY ts_event_ns, account",
            (venue, *span),
        )
        return pl.DataFrame(rows, schema=EMPTIED.schema, orient="row")

    def forget(self, before_ns: int) -> int:
        """Remove closings older than a moment; return how many. Accounts stay known."""
        if not self._path.exists():
            return 0
        with self._changing() as connection:
            return connection.execute("DELETE FROM emptied WHERE ts_event_ns < ?", (before_ns,)).rowcount

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Open the database for one write transaction."""
        if not self._writable:
            raise InputError(
                f"{self._path} was opened for reading; open the lake with Lake.create to change it"
            )
        connection = connect(self._path, writable=True)
        try:
            with sqlite_errors(self._path), transaction(connection):
                self._bring_up_to_date(connection)
                yield connection
        finally:
            connection.close()

    def _select(self, statement: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        if not self._path.exists():
            return []
        connection = connect(self._path, writable=False)
        try:
            with sqlite_errors(self._path):
                return connection.execute(statement, values).fetchall() if self._version(connection) else []
        finally:
            connection.close()

    def _version(self, connection: sqlite3.Connection) -> int:
        """Return the layout's version, 0 for a file without tables.

        Raises
        ------
        LakeVersionError
            If a newer program made it; nothing is changed.
        """
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > _VERSION:
            raise LakeVersionError(
                f"{self._path} has layout {version}, this program knows up to {_VERSION}; use a newer liqatlas",
                found=version,
                known=_VERSION,
            )
        return version

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """Make the tables of a new file, inside the running transaction."""
        if self._version(connection) == _VERSION:
            return
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def _count(connection: sqlite3.Connection, venue: str) -> int:
    return int(connection.execute("SELECT count(*) FROM account WHERE venue = ?", (venue,)).fetchone()[0])


def _null_where_infinite() -> pl.Expr:
    return pl.when(pl.col("distance").is_finite()).then(pl.col("distance")).alias("distance")
