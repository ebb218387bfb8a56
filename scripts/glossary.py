"""Write the tables of docs/reference/glossary.md anew from the schemas: ``./dev run python scripts/glossary.py``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from liqatlas.base.account_tables import ACCOUNT_TABLES
from liqatlas.base.schemas import ALL_TABLES, Column, Table

GLOSSARY = Path(__file__).resolve().parent.parent / "docs" / "reference" / "glossary.md"
HEADING = "## Tables\n"
INTRODUCTION = """
The tables that pass between rooms, and the columns of Parquet files. Rows are sorted by the columns named under the heading;
`?` marks a column that may be null. This part is written by `scripts/glossary.py` from `liqatlas.base.schemas` and `liqatlas.base.account_tables`.
"""


def type_words(column: Column) -> str:
    """Return a column's type for people."""
    if isinstance(column.dtype, pl.Enum):
        return "one of " + ", ".join(f"`{name}`" for name in column.dtype.categories)
    return str(column.dtype).lower()


def table_words(table: Table) -> str:
    """Return one table's part of the page."""
    keys = ", ".join(f"`{name}`" for name in table.sort_by)
    rows = [
        f"| `{name}`{' ?' if column.nullable else ''} | {type_words(column)} | {column.unit} | {column.meaning} |"
        for name, column in table.columns.items()
    ]
    meaning = table.meaning[0].upper() + table.meaning[1:]
    head = [f"\n### {table.name}\n", f"{meaning}. Sorted by {keys}.\n"]
    return "\n".join([*head, "| column | type | unit | meaning |", "|---|---|---|---|", *rows, ""])


def tables_part() -> str:
    """Return the page from the heading of the tables to its end."""
    return (
        HEADING
        + INTRODUCTION
        + "".join(table_words(table) for table in (*ALL_TABLES.values(), *ACCOUNT_TABLES.values()))
    )


if __name__ == "__main__":
    words, _, _ = GLOSSARY.read_text(encoding="utf-8").partition(HEADING)
    GLOSSARY.write_text(words + tables_part(), encoding="utf-8")
