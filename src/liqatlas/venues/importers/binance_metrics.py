"""Binance archive ``metrics`` files: open interest every five minutes, and ratios that no map needs.

Columns as published at https://github.com/binance/binance-public-data (read 2026-11-22): create_time, symbol,
sum_open_interest, sum_open_interest_value, four long/short ratios. In COIN-M files open interest is contracts and its value
is coins. For USD-M, value / open interest is the mark price at the sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.venues.importers.names import binance_venue
from liqatlas.venues.importers.open_interest import interest_pieces
from liqatlas.venues.importers.recognition import Format, found, is_date, is_epoch, is_number
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.pieces import Piece
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_WIDTH = 8
_PLACES = {"time": 0, "symbol": 1, "oi": 2, "oi_value": 3}


def _match(head: Head) -> Recognised | None:
    row = head.row
    if len(row) != _WIDTH or not (is_date(row[0]) or is_epoch(row[0])):
        return None
    if is_number(row[1]) or not row[1] or not is_number(row[2]) or not is_number(row[3]):
        return None
    lines = [line.split(b",") for line in head.raw.split(b"\n")[bool(head.columns) : -1]]
    several = len({line[1].strip(b' "') for line in lines if len(line) == _WIDTH}) > 1
    symbol = "" if several else row[1]
    return found(
        head,
        format="binance_metrics",
        title="Binance metrics",
        venue="" if several else binance_venue(symbol),
        symbol=symbol,
        tables=("open_interest",) if binance_venue(symbol) == "binance_coinm" else ("open_interest", "marks"),
        how="by columns",
        details={"header": bool(head.columns), "several": several},
    )


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    columns = Columns(read_text_table(source, header=known.details["header"]), _WIDTH, _PLACES)
    columns.moments("time")
    columns.numbers(("oi",))
    columns.numbers(("oi_value",), optional=True)
    columns.positive(("oi", "oi_value"))
    frame, counts, warnings = columns.good()
    pieces: list[Piece] = []
    symbols = frame["symbol"].unique(maintain_order=True).to_list()
    for number, symbol in enumerate(symbols):
        rows = frame.filter(pl.col("symbol") == symbol)
        made = interest_pieces(
            rows,
            venue=binance_venue(symbol),
            symbol=symbol,
            title=known.title,
            label=source.label,
            counts=counts,
        )
        if number == 0 and made:
            mixed = (
                f"two symbols mixed ({', '.join(symbols)}); each is read as its own"
                if len(symbols) > 1
                else ""
            )
            made[0] = made[0].warn(mixed).told(warnings)
        pieces += made
    return [piece for piece in pieces if wanted.takes_table(piece.table)]


FORMATS = (Format("binance_metrics", "Binance metrics (open interest)", _match, _read),)
