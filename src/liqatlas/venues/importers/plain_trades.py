"""Trades in the plain layout: CSV by the scanner, Parquet by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import NS_PER_S, parse_time
from liqatlas.base.errors import FormatError, TimeError
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.recognition import is_number, unit_ns
from liqatlas.venues.importers.scaled_prices import scaled_trades
from liqatlas.venues.importers.scanned_trades import trades_piece
from liqatlas.venues.importers.text_table import Columns, read_text_table
from liqatlas.venues.importers.trade_scan import TradeLayout

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.importers.pieces import Counts
    from liqatlas.venues.importers.plain_columns import PlainColumns
    from liqatlas.venues.importers.recognition import Recognised
    from liqatlas.venues.importers.sources import Source

_BARE_SIDE = "column side is read as the taker's side; name it taker_side to be sure"
_BUY = ("buy", "b", "bid", "true")
_SELL = ("sell", "s", "a", "ask", "false")


def scanned_plain_trades(source: Source, known: Recognised, plain: PlainColumns) -> Piece:
    """Read a delimited file of one instrument's trades."""
    names, have = plain.names, known.details["columns"]
    if "price" not in names:
        raise FormatError(
            source.label, "price_ticks in a CSV file: nothing says how large a tick is; wanted price"
        )
    row = known.details["row"]
    moment = row[have.index(names["time"])] if len(row) == len(have) else ""
    if not is_number(moment):
        return _dated_trades(source, known, plain)
    flag = next((name for name in ("taker_buy", "taker_side", "side", "is_buyer_maker") if name in names), "")
    layout = TradeLayout(
        columns=len(have),
        ts=have.index(names["time"]),
        price=have.index(names["price"]),
        qty=have.index(names["qty"]),
        flag=have.index(names[flag]) if flag else -1,
        trade_id=_numbered(row, have, names),
        same=(have.index(plain.venue),) if plain.venue else (),
        ts_factor=unit_ns(int(float(moment))) if moment.isdigit() else NS_PER_S,
        flag_is_maker=flag == "is_buyer_maker",
    )
    piece = trades_piece(source, known, layout)
    return piece.warn(_BARE_SIDE) if flag == "side" else piece


def _numbered(row: tuple[str, ...], have: tuple[str, ...], names: dict[str, str]) -> int:
    """Return the column of trade numbers, -1 where there is none or where it holds text."""
    if "trade_id" not in names:
        return -1
    place = have.index(names["trade_id"])
    return place if row[place].isdigit() and len(row[place]) <= 18 else -1


def _dated_trades(source: Source, known: Recognised, plain: PlainColumns) -> Piece:
    """Read trades whose moments are written as dates."""
    have = known.details["columns"]
    try:
        parse_time(known.details["row"][have.index(plain.names["time"])])
    except (TimeError, IndexError):
        raise FormatError(
            source.label, "the time column holds neither an epoch nor an ISO 8601 moment", line=2
        ) from None
    columns = Columns(
        read_text_table(source, header=True),
        len(have),
        {ours: have.index(name) for ours, name in plain.names.items()},
    )
    columns.moments("time")
    columns.numbers(("price", "qty"))
    columns.positive(("price", "qty"))
    frame, counts, warnings = columns.good()
    made = trades_pieces(
        frame, venue=known.venue, symbol=known.symbol, known=known, label=source.label, counts=counts
    )
    return made[0].told(warnings)


def trades_pieces(
    rows: pl.DataFrame, *, venue: str, symbol: str, known: Recognised, label: str, counts: Counts
) -> list[Piece]:
    """Return the trades of one instrument out of checked rows under our names.

    Raises
    ------
    FormatError
        If ticks come without their size, or a side is no side.
    """
    instrument: Instrument | None = known.details.get("instrument")
    side, told = _taker_buy(rows, label)
    if "price_ticks" in rows.columns and "price" not in rows.columns:
        if instrument is None:
            raise FormatError(
                label, "price_ticks without metadata liqatlas.instrument: nothing says how large a tick is"
            )
        frame = rows.select(
            "ts_event_ns", pl.col("price_ticks").alias("price_scaled"), pl.col("qty").alias("qty_native")
        )
        decimals = lot = -1
    else:
        columns, decimals, lot = scaled_trades(label, rows["price"], rows["qty"])
        frame = pl.concat([rows.select("ts_event_ns"), columns], how="horizontal")
        instrument = None
    frame = frame.with_columns(rows.with_columns(side.alias("taker_buy"))["taker_buy"])
    ids = rows["trade_id"].cast(pl.Int64, strict=False) if "trade_id" in rows.columns else None
    if ids is not None and not ids.null_count():
        frame = frame.with_columns(ids.alias("trade_id"))
    piece = Piece(
        venue=venue, symbol=symbol, table="trades", frame=frame, title=known.title, label=label, counts=counts,
        price_decimals=decimals, lot_decimals=lot, instrument=instrument,
    )  # fmt: skip
    return [piece.warn(told)]


def _taker_buy(rows: pl.DataFrame, label: str) -> tuple[pl.Expr, str]:
    """Return who took: true for a buyer, null where the file does not say."""
    for name in ("taker_buy", "taker_side", "side", "is_buyer_maker"):
        if name not in rows.columns:
            continue
        said = pl.col(name)
        if rows.schema[name] != pl.Boolean:
            word = pl.col(name).cast(pl.String).str.to_lowercase()
            wrong = rows.filter(word.is_not_null() & ~word.is_in([*_BUY, *_SELL, "unknown", "", "1", "0"]))
            if wrong.height:
                raise FormatError(
                    label, f"{name} holds {wrong[name][0]!r}; wanted buy or sell, true or false"
                )
            said = pl.when(word.is_in([*_BUY, "1"])).then(True).when(word.is_in([*_SELL, "0"])).then(False)
        told = _BARE_SIDE if name == "side" else ""
        return (~said if name == "is_buyer_maker" else said), told
    return pl.lit(None, pl.Boolean), ""
