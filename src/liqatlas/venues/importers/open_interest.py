"""Open interest with its value → samples, and the mark price that their ratio is.

Also the plain file ``t, oi, oi_usd``: time, open interest in coins, its value in USD.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.instruments import VENUES
from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.names import asset_above, symbol_in, usdt_symbol, venue_in
from liqatlas.venues.importers.pieces import Counts, Piece
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

#: Ratios this close to one say that both columns hold the same unit.
_SAME_UNIT = 0.02
_SAME_UNIT_WARNING = "oi and its value are the same number: the oi column looks like USD where coins are wanted; no mark price is drawn from it"


def interest_pieces(
    rows: pl.DataFrame, *, venue: str, symbol: str, title: str, label: str, counts: Counts
) -> list[Piece]:
    """Return the open interest of one instrument, and its marks where the ratio gives them.

    Parameters
    ----------
    rows
        ``ts_event_ns``, ``oi`` [published unit], ``oi_value`` [USD; for COIN-M coins, null where absent].
    """
    inverse = venue == "binance_coinm"
    sides = VENUES[venue].open_interest_sides if venue in VENUES else 1
    size = contract_value(venue, symbol) or 1.0
    published = pl.col("oi") * size
    table = rows.select(
        "ts_event_ns",
        (published / sides).alias("oi_native"),
        published.alias("oi_published"),
        ((published if inverse else pl.col("oi_value")) / sides).alias("oi_usd"),
    )
    facts = {"venue": venue, "symbol": symbol, "title": title, "label": label, "counts": counts}
    interest = Piece(table="open_interest", frame=table, **facts)  # type: ignore[arg-type]
    if inverse:
        return [interest]
    marks = rows.filter(pl.col("oi_value").is_not_null() & (pl.col("oi") > 0)).select(
        "ts_event_ns",
        (pl.col("oi_value") / pl.col("oi")).alias("mark_price"),
        pl.lit(None, pl.Float64).alias("index_price"),
    )
    if marks.is_empty():
        return [interest]
    if float(((marks["mark_price"] - 1).abs() < _SAME_UNIT).mean() or 0.0) > 0.5:  # type: ignore[arg-type]
        return [interest.warn(_SAME_UNIT_WARNING)]
    return [interest, Piece(table="marks", frame=marks, stream="ratio", rank=1, **facts)]  # type: ignore[arg-type]


_NAMES = ("t", "oi", "oi_usd")


def _match(head: Head) -> Recognised | None:
    if head.columns != _NAMES:
        return None
    asset = asset_above(head.path)
    symbol = symbol_in(head.name) or (usdt_symbol(asset) if asset else "")
    venue = venue_in(head.path) or "binance"
    return found(
        head,
        format="open_interest_csv",
        title="open-interest CSV (t, oi, oi_usd)",
        venue=venue,
        symbol=symbol,
        tables=("open_interest", "marks"),
        how="by columns"
        + (f", symbol by {'name' if symbol_in(head.name) else 'folder'}" if symbol else "")
        + ("" if venue_in(head.path) else ", venue assumed"),
    )


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    columns = Columns(read_text_table(source, header=True), 3, {"t": 0, "oi": 1, "oi_value": 2})
    columns.moments("t")
    columns.numbers(("oi",))
    columns.numbers(("oi_value",), optional=True)
    columns.positive(("oi", "oi_value"))
    frame, counts, warnings = columns.good()
    pieces = interest_pieces(
        frame, venue=known.venue, symbol=known.symbol, title=known.title, label=source.label, counts=counts
    )
    pieces[0] = pieces[0].told(warnings)
    return [piece for piece in pieces if wanted.takes_table(piece.table)]


FORMATS = (Format("open_interest_csv", "open-interest CSV (t, oi, oi_usd)", _match, _read),)
