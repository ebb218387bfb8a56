"""Tardis ``derivative_ticker`` rows → open interest, mark prices, funding.

A row repeats what has not changed and leaves empty what was never sent. Rows in which a quantity is neither new nor the
first of its minute are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Recognised
    from liqatlas.venues.importers.sources import Source

_NUMBERS = ("open_interest", "mark_price", "index_price", "funding_rate")
#: Hours between payments where the file does not hold two of them; eight elsewhere.
_USUAL_INTERVAL_H = {"hyperliquid": 1.0, "dydx": 1.0}


def ticker_pieces(
    source: Source, known: Recognised, contract_size: float, open_interest_sides: int
) -> list[Piece]:
    """Return the three tables of a derivative_ticker file."""
    have = known.details["columns"]
    wanted = ("exchange", "symbol", "timestamp", "funding_timestamp", *_NUMBERS)
    columns = Columns(
        read_text_table(source, header=True),
        len(have),
        {name: have.index(name) for name in wanted if name in have},
    )
    columns.same(("exchange", "symbol"))
    columns.moments("timestamp")
    columns.numbers([name for name in _NUMBERS if name in have], optional=True)
    columns.positive([name for name in ("mark_price", "index_price") if name in have])
    columns.positive(("open_interest",), or_zero=True)
    frame, counts, warnings = columns.good()
    frame = frame.sort("ts_event_ns", maintain_order=True)
    published = pl.col("open_interest") * contract_size
    interest = _news(frame, "open_interest").select(
        "ts_event_ns", (published / open_interest_sides).alias("oi_native"), published.alias("oi_published")
    )
    index = pl.col("index_price") if "index_price" in have else pl.lit(None, pl.Float64).alias("index_price")
    marks = _news(frame, "mark_price").select("ts_event_ns", "mark_price", index)
    funding = _news(frame, "funding_rate").select(
        "ts_event_ns",
        "funding_rate",
        pl.lit(_interval_h(frame, known)).alias("interval_h"),
        pl.lit(value=False).alias("settled"),
    )
    facts: dict[str, Any] = {
        "venue": known.venue,
        "symbol": known.symbol,
        "title": known.title,
        "label": source.label,
    }
    made = [
        Piece(table=name, frame=table, counts=counts, **facts)
        for name, table in (("open_interest", interest), ("marks", marks), ("funding", funding))
        if not table.is_empty()
    ]
    if made:
        made[0] = made[0].told(warnings)
    return made


def _news(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return rows in which a quantity changed, and the first of each minute."""
    said = frame.filter(pl.col(name).is_not_null())
    changed = pl.col(name).diff().fill_null(1.0) != 0
    minute = (pl.col("ts_event_ns") // MINUTE_NS).diff().fill_null(1) != 0
    return said.filter(changed | minute)


def _interval_h(frame: pl.DataFrame, known: Recognised) -> float:
    """Return the hours between two payments that the file names, else the venue's usual ones."""
    if "funding_timestamp" in frame.columns:
        times = (
            frame["funding_timestamp"]
            .cast(pl.Int64, strict=False)
            .drop_nulls()
            .unique()
            .sort()
            .diff()
            .drop_nulls()
        )
        if not times.is_empty():
            return float(times.min()) * 1000 / HOUR_NS  # type: ignore[arg-type]
    return _USUAL_INTERVAL_H.get(known.venue, 8.0)
