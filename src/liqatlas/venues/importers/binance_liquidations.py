"""Binance liquidation prints: archive ``liquidationSnapshot`` files and recordings of the ``forceOrder`` stream.

``side`` is the side of the liquidation ORDER: SELL closes a long, BUY closes a short. The archive repeats rows; equal rows
count once. Columns of the archive: time, [symbol,] side, order_type, time_in_force, original_quantity, price (the order's),
average_price (of its fills), order_status, last_fill_quantity, accumulated_fill_quantity; sizes of COIN-M are contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.names import binance_name, binance_venue, symbol_in
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.pieces import Counts
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_SNAPSHOT = {"time", "side", "original_quantity", "average_price", "accumulated_fill_quantity"}
_FORCE_ORDERS = ("ts_s", "symbol", "side", "price", "base_qty", "quote_qty")
_STREAM_SCOPE = "Binance forceOrder stream: at most one print a symbol and second"
_ARCHIVE_SCOPE = "Binance liquidationSnapshot archive: a thinned sample"
LIQUIDATED_BY_ORDER = {"sell": "long", "buy": "short"}


def _match(head: Head) -> Recognised | None:
    name = binance_name(head.path, head.name)
    symbol = name.symbol if name else symbol_in(head.name)
    if head.columns == _FORCE_ORDERS:
        return found(
            head, format="binance_force_orders", title="Binance forceOrder prints", venue="binance",
            tables=("liquidations",), how="by columns", details={"several": True, "columns": head.columns},
        )  # fmt: skip
    if set(head.columns) >= _SNAPSHOT:
        several = "symbol" in head.columns
        return found(
            head, format="binance_liquidation_snapshot", title="Binance liquidationSnapshot",
            venue="binance" if several else binance_venue(symbol), symbol="" if several else symbol,
            tables=("liquidations",), how="by columns", details={"several": several, "columns": head.columns},
        )  # fmt: skip
    return None


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    del wanted
    archive = known.format == "binance_liquidation_snapshot"
    names = (
        {"time": "time", "side": "side", "price": "average_price", "qty": "accumulated_fill_quantity"}
        if archive
        else {"time": "ts_s", "side": "side", "price": "price", "qty": "base_qty"}
    )
    have = known.details["columns"]
    if "symbol" in have:
        names["symbol"] = "symbol"
    places = {name: have.index(column) for name, column in names.items()}
    columns = Columns(read_text_table(source, header=True), len(have), places)
    columns.moments("time")
    columns.one_of("side", tuple(LIQUIDATED_BY_ORDER))
    columns.numbers(("price", "qty"))
    columns.positive(("price", "qty"))
    frame, counts, warnings = columns.good()
    if "symbol" not in frame.columns:
        frame = frame.with_columns(pl.lit(known.symbol).alias("symbol"))
    pieces = [
        _piece(source, known, rows, counts, archive=archive)
        for rows in frame.partition_by("symbol", maintain_order=True)
    ]
    pieces[0] = pieces[0].told(warnings)
    return pieces


def _piece(source: Source, known: Recognised, rows: pl.DataFrame, counts: Counts, *, archive: bool) -> Piece:
    """Return the prints of one symbol."""
    symbol = str(rows["symbol"][0])
    venue = binance_venue(symbol)
    size = contract_value(venue, symbol) or 1.0
    inverse = venue == "binance_coinm"
    repeated = 0
    if archive:
        once = rows.unique(subset=["ts_event_ns", "side", "price", "qty"], maintain_order=True)
        repeated, rows = rows.height - once.height, once
    native = pl.col("qty") * size
    table = rows.select(
        "ts_event_ns",
        pl.col("side").replace_strict(LIQUIDATED_BY_ORDER, return_dtype=pl.String).alias("liquidated"),
        "price",
        pl.lit("fill" if archive else "order").alias("price_kind"),
        native.alias("qty_native"),
        (native if inverse else native * pl.col("price")).alias("notional_usd"),
    )
    piece = Piece(
        venue=venue, symbol=symbol, table="liquidations", frame=table, title=known.title, label=source.label, counts=counts,
        prints_scope=_ARCHIVE_SCOPE if archive else _STREAM_SCOPE,
    )  # fmt: skip
    return piece.warn(f"{repeated:,} repeated rows of the archive are counted once" if repeated else "")


FORMATS = (Format("binance_liquidations", "Binance liquidationSnapshot and forceOrder CSV", _match, _read),)
