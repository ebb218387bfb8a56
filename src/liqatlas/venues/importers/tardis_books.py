"""Tardis ``book_snapshot_N`` rows → book levels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Recognised
    from liqatlas.venues.importers.sources import Source

_LEVEL = re.compile(r"(asks|bids)\[(\d+)\]\.(price|amount)")


def book_piece(source: Source, known: Recognised, contract_size: float) -> Piece:
    """Return one row for each level of each snapshot; levels that a thin book lacks are left out."""
    have = known.details["columns"]
    levels = [name for name in have if _LEVEL.fullmatch(name)]
    places = {name: have.index(name) for name in ("exchange", "symbol", "timestamp", *levels)}
    columns = Columns(read_text_table(source, header=True), len(have), places)
    columns.same(("exchange", "symbol"))
    columns.moments("timestamp")
    columns.numbers(levels, optional=True)
    frame, counts, warnings = columns.good()
    parts = []
    for name in levels:
        match = _LEVEL.fullmatch(name)
        if match is None or match[3] != "price":
            continue
        parts.append(
            frame.select(
                "ts_event_ns",
                pl.lit("ask" if match[1] == "asks" else "bid").alias("book_side"),
                pl.lit(int(match[2]), pl.Int32).alias("level"),
                pl.col(name).alias("price"),
                (pl.col(f"{match[1]}[{match[2]}].amount") * contract_size).alias("qty_native"),
            ).drop_nulls()
        )
    return Piece(
        venue=known.venue, symbol=known.symbol, table="book_levels", frame=pl.concat(parts), title=known.title,
        label=source.label, counts=counts, warnings=warnings,
    )  # fmt: skip
