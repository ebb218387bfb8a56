"""A lake's folder, opened: made or migrated where it must be, one connection to its catalogue for each thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from liqatlas.base.errors import InputError, SourceUnavailableError
from liqatlas.store import migration
from liqatlas.store.database import Connection, connect, snapshot, sqlite_errors, transaction
from liqatlas.store.layout import CATALOGUE
from liqatlas.store.parquet import sync_folder

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType


class LakeFolder:
    """The open folder; what can be done with it is :class:`~liqatlas.store.lake.Lake`.

    Parameters
    ----------
    root
        The lake's folder; use :meth:`open` or :meth:`create`.
    writable
        Whether it may be changed.
    """

    def __init__(self, root: Path, *, writable: bool) -> None:
        self.root = root
        self.writable = writable
        self._path = root / CATALOGUE
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    @classmethod
    def create(cls, root: Path) -> Self:
        """Open a lake for writing, made where there is none and migrated where it is older.

        Raises
        ------
        LakeVersionError
            If it was made by a newer program; nothing is changed.
        LakeCorruptError
            If the catalogue is damaged.
        LakeError
            If the folder cannot be made or written.
        """
        try:
            if not root.exists():
                root.mkdir(parents=True, exist_ok=True)
                sync_folder(root.parent)
        except OSError as error:
            raise SourceUnavailableError(
                f"lake {root} cannot be made: {error.strerror}; choose another folder with --lake"
            ) from error
        lake = cls(root, writable=True)
        with sqlite_errors(lake._path):
            migration.bring_up_to_date(lake._connection(), root, lake._path)
        return lake

    @classmethod
    def open(cls, root: Path) -> Self:
        """Open a lake for reading.

        Raises
        ------
        SourceUnavailableError
            If there is no lake.
        LakeVersionError
            If it is of another layout.
        LakeCorruptError
            If the catalogue is damaged.
        """
        if not (root / CATALOGUE).is_file():
            raise SourceUnavailableError(
                f"no lake at {root}: wanted a folder made by record, backfill or ingest; run one of them, or give --lake"
            )
        lake = cls(root, writable=False)
        with sqlite_errors(lake._path):
            migration.require_present(lake._connection(), lake._path)
        return lake

    def close(self) -> None:
        """Close every connection; the lake can be opened again."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None and connection.still:
            self._connections.remove(connection)
            connection.close()
            connection = None
        if connection is None:
            connection = connect(self._path, writable=self.writable)
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with sqlite_errors(self._path), snapshot(self._connection()) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with sqlite_errors(self._path), transaction(self._for_writing()) as connection:
            yield connection

    def _for_writing(self) -> sqlite3.Connection:
        if not self.writable:
            raise InputError(
                f"lake {self.root} was opened for reading; open it with Lake.create to change it"
            )
        return self._connection()
