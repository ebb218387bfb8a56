"""Hot rows: one SQLite table per dataset, clustered by series and moment, its primary key the dataset's key.

A null inside a key would make SQLite see every row as new, so a key column that may be null rests as a number no row
can have; reading turns it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import InternalError
from liqatlas.store.keys import KEYINGS, OCCURRENCE, Keying
from liqatlas.store.layout import hour_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from polars._typing import PolarsDataType

#: Rows removed in one transaction, so that a group commit never waits long behind a compaction.
DELETE_CHUNK = 20_000
#: Rows turned into a table at once.
READ_CHUNK = 5_000
_NO_ID = -(2**63)
_NO_FLAG = -1
#: Higher than any write number.
_NO_SEQ = 2**63 - 1


def _sql_type(dtype: PolarsDataType) -> str:
    if dtype == pl.Float64:
        return "REAL"
    if dtype in (pl.Int64, pl.Int32, pl.Boolean):
        return "INTEGER"
    if dtype == pl.String or isinstance(dtype, pl.Enum):
        return "TEXT"
    raise InternalError(f"column type {dtype} has no place in SQLite: wanted an integer, float, flag or text")


def _rest_type(dtype: PolarsDataType) -> PolarsDataType:
    """Return the type a column has between SQLite and its schema."""
    if dtype == pl.Boolean:
        return pl.Int64()
    return pl.String() if isinstance(dtype, pl.Enum) else dtype


def _chunks(
    rows: list[tuple[object, ...]], cursor: sqlite3.Cursor, types: dict[str, PolarsDataType]
) -> Iterator[pl.DataFrame]:
    """Yield a result as tables from its first rows on, never holding many Python rows at once."""
    while rows:
        values = zip(types.items(), zip(*rows, strict=True), strict=True)
        yield pl.DataFrame([pl.Series(name, data, dtype) for (name, dtype), data in values])
        rows = cursor.fetchmany(READ_CHUNK)


class HotTable:
    """The SQL of one dataset's hot rows."""

    def __init__(self, rule: Keying) -> None:
        self.rule = rule
        self.name = f"hot_{rule.table.name}"
        columns = rule.table.columns
        self._occurs = () if rule.rule == "last" else (OCCURRENCE,)
        self._key = (*rule.columns, *((rule.id_column,) if rule.id_column else ()))
        self._absent = {
            name: _NO_FLAG if columns[name].dtype == pl.Boolean else _NO_ID
            for name in self._key
            if columns[name].nullable
        }
        values = [name for name in columns if name not in self._key]
        #: Columns as the table has them: the key first, because SQLite 3.40 checks tables without rowid by that order.
        self.stored = ("series", *self._key, *self._occurs, "seq", *values)
        schema = dict(rule.table.schema) | dict.fromkeys(self._occurs, pl.Int64())
        self._empty = pl.DataFrame(schema=schema)

    @property
    def ddl(self) -> str:
        """The statement that makes the table."""
        columns = []
        for name in self.stored:
            column = self.rule.table.columns.get(name)
            kind = "INTEGER" if column is None else _sql_type(column.dtype)
            free = column is not None and column.nullable and name not in self._absent
            columns.append(f"{name} {kind}{'' if free else ' NOT NULL'}")
        key = ", ".join(("series", *self._key, *self._occurs))
        return f"CREATE TABLE {self.name} ({', '.join(columns)}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"

    @property
    def _insert(self) -> str:
        marks = ", ".join("?" for _ in self.stored)
        key = ", ".join(("series", *self._key, *self._occurs))
        values = [name for name in self.rule.table.columns if name not in self._key]
        action = "NOTHING"
        if self.rule.rule == "last" and values:
            changes = ", ".join(f"{name} = excluded.{name}" for name in ("seq", *values))
            old = ", ".join(f"{self.name}.{name}" for name in values)
            new = ", ".join(f"excluded.{name}" for name in values)
            action = f"UPDATE SET {changes} WHERE ({old}) IS NOT ({new})"
        return (
            f"INSERT INTO {self.name} ({', '.join(self.stored)}) VALUES ({marks}) "  # noqa: S608 names of our schemas
            f"ON CONFLICT ({key}) DO {action}"
        )

    def rows(self, frame: pl.DataFrame, *, series: int, seq: int) -> list[tuple[object, ...]]:
        """Return a checked frame, with :data:`OCCURRENCE` where the rule counts, as rows to insert."""
        rest = frame.select(
            pl.lit(series, dtype=pl.Int64).alias("series"),
            pl.int_range(seq, seq + pl.len(), dtype=pl.Int64).alias("seq"),
            *(pl.col(name) for name in self._occurs),
            *(
                pl.col(name).cast(_rest_type(column.dtype)).fill_null(self._absent[name])
                if name in self._absent
                else pl.col(name).cast(_rest_type(column.dtype))
                for name, column in self.rule.table.columns.items()
            ),
        )
        return rest.select(self.stored).rows()

    def insert(self, connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> int:
        """Insert rows inside the running transaction; return how many were new or changed."""
        before = connection.total_changes
        connection.executemany(self._insert, rows)
        return connection.total_changes - before

    def select(
        self,
        connection: sqlite3.Connection,
        series: int,
        start_ns: int,
        end_ns: int,
        *,
        up_to_seq: int = _NO_SEQ,
    ) -> pl.DataFrame:
        """Return hot rows of ``[start_ns, end_ns)`` written up to ``up_to_seq``, in order of moment and arrival.

        The frame has the schema's columns, and :data:`OCCURRENCE` where the rule counts.
        """
        time = self.rule.time
        cursor = connection.execute(
            f"SELECT {', '.join(self.stored[1:])} FROM {self.name} "  # noqa: S608 names of our schemas
            f"WHERE series = ? AND {time} >= ? AND {time} < ? AND seq <= ? ORDER BY {time}, seq",
            (series, start_ns, end_ns, up_to_seq),
        )
        columns = self.rule.table.columns
        first = cursor.fetchmany(READ_CHUNK)
        if not first:
            return self._empty.clone()
        types: dict[str, PolarsDataType] = {
            name: _rest_type(columns[name].dtype) if name in columns else pl.Int64()
            for name in self.stored[1:]
        }
        raw = pl.concat(_chunks(first, cursor, types))
        return raw.select(
            *(
                pl.when(pl.col(name) != self._absent[name]).then(pl.col(name)).cast(column.dtype).alias(name)
                if name in self._absent
                else pl.col(name).cast(column.dtype)
                for name, column in columns.items()
            ),
            *(pl.col(name) for name in self._occurs),
        )

    def moment_after(
        self, connection: sqlite3.Connection, series: int, span: tuple[int, int], rows: int
    ) -> int | None:
        """Return the moment of the row that comes after ``rows`` rows of a span, ``None`` where there is none."""
        time = self.rule.time
        row = connection.execute(
            f"SELECT {time} FROM {self.name} WHERE series = ? AND {time} >= ? AND {time} < ? "  # noqa: S608
            "ORDER BY 1 LIMIT 1 OFFSET ?",
            (series, *span, rows),
        ).fetchone()
        return None if row is None else int(row[0])

    def count(self, connection: sqlite3.Connection, series: int, start_ns: int, end_ns: int) -> int:
        """Return how many rows a stretch holds."""
        time = self.rule.time
        row = connection.execute(
            f"SELECT count(*) FROM {self.name} WHERE series = ? AND {time} >= ? AND {time} < ?",  # noqa: S608
            (series, start_ns, end_ns),
        ).fetchone()
        return int(row[0])

    def extent(
        self, connection: sqlite3.Connection, series: int, start_ns: int, end_ns: int
    ) -> tuple[int, int, int]:
        """Return first and last moment [ns] and the highest write number of a stretch that holds rows."""
        time = self.rule.time
        first, last, seq = connection.execute(
            f"SELECT min({time}), max({time}), max(seq) FROM {self.name} "  # noqa: S608
            f"WHERE series = ? AND {time} >= ? AND {time} < ?",
            (series, start_ns, end_ns),
        ).fetchone()
        return int(first), int(last), int(seq)

    def delete(
        self, connection: sqlite3.Connection, series: int, span: tuple[int, int], *, up_to_seq: int
    ) -> int:
        """Remove at most :data:`DELETE_CHUNK` rows (and those of the same moment) of a span written up to ``up_to_seq``.

        Returns
        -------
        The moment up to which the span is now clear; the span's end when done.
        """
        time, (start, end) = self.rule.time, span
        moment = self.moment_after(connection, series, span, DELETE_CHUNK)
        stop = end if moment is None else max(moment, start + 1)
        connection.execute(
            f"DELETE FROM {self.name} WHERE series = ? AND {time} >= ? AND {time} < ? AND seq <= ?",  # noqa: S608
            (series, start, stop, up_to_seq),
        )
        return stop

    def hours(self, connection: sqlite3.Connection) -> list[tuple[int, int]]:
        """Return ``(series, hour)`` of every UTC hour that holds hot rows, hour as its start [ns].

        One look into the clustered index per hour, whatever the number of rows.
        """
        found: list[tuple[int, int]] = []
        time = self.rule.time
        next_row = (
            f"SELECT series, {time} FROM {self.name} WHERE (series, {time}) >= (?, ?) ORDER BY 1, 2 LIMIT 1"  # noqa: S608
        )
        at = (0, _NO_ID)
        while (row := connection.execute(next_row, at).fetchone()) is not None:
            start = hour_of(int(row[1]))
            found.append((int(row[0]), start))
            at = (int(row[0]), start + HOUR_NS)
        return found

    def rescale(self, connection: sqlite3.Connection, series: int, factor: int) -> None:
        """Multiply the stored price ticks of a series, after its tick became finer."""
        connection.execute(
            f"UPDATE {self.name} SET price_ticks = price_ticks * ? WHERE series = ?",  # noqa: S608
            (factor, series),
        )


HOT: dict[str, HotTable] = {name: HotTable(rule) for name, rule in KEYINGS.items()}
