"""Binance archive files beside trades and bars: ``fundingRate``, and those no map of this release uses.

``fundingRate`` columns: calc_time, funding_interval_hours, last_funding_rate. ``bookDepth``: depth within 1 to 5 % of the
mid price; ``bookTicker``: best bid and ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.venues.importers.names import binance_name, binance_venue, symbol_in
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.recognition import Format, found, is_date, is_number
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")
_UNUSED = {
    "bookDepth": "depth by distance from the mid price; not used for maps",
    "bookTicker": "best bid and ask; not used for maps",
}


def _match(head: Head) -> Recognised | None:
    name = binance_name(head.path, head.name)
    symbol = name.symbol if name else symbol_in(head.name)
    if head.columns == _FUNDING:
        return found(
            head, format="binance_funding", title="Binance fundingRate", venue=binance_venue(symbol), symbol=symbol,
            tables=("funding",), how="by columns and name",
        )  # fmt: skip
    dataset = _unused_dataset(head)
    if not dataset:
        return None
    return found(
        head, format=f"binance_{dataset}", title=f"Binance {dataset}", venue=binance_venue(symbol), symbol=symbol,
        tables=(), how="by columns and name", unused=_UNUSED[dataset],
    )  # fmt: skip


def _unused_dataset(head: Head) -> str:
    row = head.row
    depth = (
        len(row) in (4, 5) and is_date(row[0]) and all(map(is_number, row[1:])) and abs(float(row[1])) <= 5
    )
    if head.columns[:4] == ("timestamp", "percentage", "depth", "notional") or (
        depth and "bookDepth" in head.name
    ):
        return "bookDepth"
    if head.columns[:3] == ("update_id", "best_bid_price", "best_bid_qty"):
        return "bookTicker"
    return ""


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    del wanted
    if known.unused:
        return []
    columns = Columns(
        read_text_table(source, header=True), 3, {"time": 0, "interval_h": 1, "funding_rate": 2}
    )
    columns.moments("time")
    columns.numbers(("interval_h", "funding_rate"))
    columns.positive(("interval_h",))
    frame, counts, warnings = columns.good()
    table = frame.select("ts_event_ns", "funding_rate", "interval_h", pl.lit(value=True).alias("settled"))
    return [
        Piece(
            venue=known.venue, symbol=known.symbol, table="funding", frame=table, title=known.title, label=source.label,
            counts=counts, warnings=warnings,
        )
    ]  # fmt: skip


FORMATS = (Format("binance_other", "Binance fundingRate, bookDepth, bookTicker", _match, _read),)
