"""Rows: what every parser makes, light tuples grouped by table and symbol, and their way into Polars at the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base import schemas
from liqatlas.base.account_tables import ACCOUNT_TRADES
from liqatlas.base.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Datasets a venue can give: the tables of ``schemas``, with mark and index bars told apart from bars of trades, and the accounts
#: that public trades name where a venue says so.
DATASETS: dict[str, schemas.Table] = schemas.ALL_TABLES | {
    "mark_bars": schemas.BARS,
    "index_bars": schemas.BARS,
    ACCOUNT_TRADES.name: ACCOUNT_TRADES,
}

Row = tuple[object, ...]
Key = tuple[str, str]


class RowBatch:
    """Rows of one frame or page: ``rows[dataset, symbol]`` is a list of tuples in the table's column order.

    Symbols are the venue's own names; venue-wide rows (insurance funds) carry the pool's name as symbol.
    """

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: dict[Key, list[Row]] = {}

    def add(self, dataset: str, symbol: str, row: Row) -> None:
        """Append one row."""
        key = (dataset, symbol)
        rows = self.rows.get(key)
        if rows is None:
            self.rows[key] = [row]
        else:
            rows.append(row)

    def extend(self, dataset: str, symbol: str, rows: Iterable[Row]) -> None:
        """Append rows of one dataset and symbol."""
        new = list(rows)
        if new:
            self.rows.setdefault((dataset, symbol), []).extend(new)

    def merge(self, other: RowBatch) -> None:
        """Append all rows of another batch."""
        for (dataset, symbol), rows in other.rows.items():
            self.extend(dataset, symbol, rows)

    def of(self, dataset: str, symbol: str | None = None) -> list[Row]:
        """Return the rows of a dataset, of one symbol or of all in the order they came by symbol."""
        return [
            row
            for (name, sym), rows in self.rows.items()
            if name == dataset and symbol in (None, sym)
            for row in rows
        ]

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def __iter__(self) -> Iterator[tuple[str, str, list[Row]]]:
        for (dataset, symbol), rows in self.rows.items():
            yield dataset, symbol, rows

    def frames(self) -> dict[Key, pl.DataFrame]:
        """Return one conformed, sorted table per dataset and symbol."""
        return {(dataset, symbol): table_of(dataset, rows) for (dataset, symbol), rows in self.rows.items()}

    def __repr__(self) -> str:
        counts = ", ".join(f"{d}:{s} {len(rows)}" for (d, s), rows in self.rows.items())
        return f"RowBatch({counts or 'empty'})"


def table_of(dataset: str, rows: list[Row]) -> pl.DataFrame:
    """Return rows as a conformed table of their dataset, sorted as its schema says.

    Raises
    ------
    InternalError
        If the dataset is unknown, or a row has another width than its table.
    """
    table = DATASETS.get(dataset)
    if table is None:
        raise InternalError(f"dataset {dataset!r} has no table; known: {', '.join(DATASETS)}")
    if any(len(row) != len(table.columns) for row in rows):
        raise InternalError(
            f"a row of {dataset} has another width than its table ({len(table.columns)} columns)"
        )
    frame = pl.DataFrame(rows, schema=table.schema, orient="row")
    return table.conform(frame).sort(table.sort_by, maintain_order=True)
