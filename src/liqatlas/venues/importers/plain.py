"""Any CSV or Parquet file whose columns bear the documented names; see docs/reference/file_formats.md.

Venue and symbol come from columns ``venue`` and ``symbol``, else from the file's metadata, else from its name or folder, else
from what the caller asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.venues.importers.names import (
    asset_above,
    asset_in_folder,
    binance_venue,
    symbol_in,
    usdt_symbol,
    venue_in,
)
from liqatlas.venues.importers.plain_columns import plain_columns
from liqatlas.venues.importers.plain_parquet import frame_of_parquet, instrument_in
from liqatlas.venues.importers.plain_rows import table_pieces
from liqatlas.venues.importers.plain_trades import scanned_plain_trades, trades_pieces
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    import polars as pl

    from liqatlas.venues.importers.pieces import Piece
    from liqatlas.venues.importers.plain_columns import PlainColumns
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_ASSUMED = "nothing names the venue; taken as Binance's, by the form of the symbol"

_POSITIVE = ("price", "open", "high", "low", "close", "qty", "mark_price", "index_price", "interval_h")
_NOT_NEGATIVE = (
    "oi", "oi_one_sided", "oi_value", "long_usd", "short_usd", "notional_usd", "volume", "taker_buy_volume", "trade_id",
    "price_ticks",
)  # fmt: skip
_MAY_BE_EMPTY = frozenset({"volume", "taker_buy_volume", "oi_value", "index_price", "trade_id"})
_NUMBERS = (*_POSITIVE, *_NOT_NEGATIVE, "funding_rate")


def _match(head: Head) -> Recognised | None:
    plain = plain_columns(head.columns)
    if plain is None:
        return None
    instrument = instrument_in(head.metadata)
    venue, symbol, how = _identity(head, plain)
    if instrument is not None:
        venue, symbol, how = instrument.venue, instrument.symbol, "by columns and metadata"
    assumed = not venue and not plain.venue and bool(symbol)
    return found(
        head,
        format=f"plain_{plain.table}",
        title=f"plain {'Parquet' if head.schema else 'CSV'} {plain.table}",
        venue=binance_venue(symbol) if assumed else venue,
        symbol=symbol,
        tables=("mark_bars", "bars") if plain.table == "bars" else (plain.table,),
        how=how,
        details={
            "plain": plain, "several": bool(plain.symbol), "header": True, "row": head.row, "columns": head.columns,
            "sample": head.raw, "instrument": instrument, "parquet": bool(head.schema), "needs_venue": not (venue or plain.venue),
            "assumed": assumed,
        },
    )  # fmt: skip


def _identity(head: Head, plain: PlainColumns) -> tuple[str, str, str]:
    """Return venue, symbol and what told, from the first row and the names of file and folders."""
    row = dict(zip(head.columns, head.row, strict=False))
    venue = "" if plain.venue else venue_in(head.path)
    if plain.symbol:
        return venue, "", "by columns"
    symbol = symbol_in(head.name)
    if symbol:
        return venue or row.get(plain.venue, ""), symbol, "by columns and name"
    asset = asset_in_folder(head.path.stem) or asset_above(head.path)
    symbol = (asset if venue == "hyperliquid" else usdt_symbol(asset)) if asset else ""
    return venue or row.get(plain.venue, ""), symbol, "by columns" + (" and name" if symbol else "")


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    plain: PlainColumns = known.details["plain"]
    if plain.table == "trades" and not known.details["parquet"] and not plain.symbol:
        made = [scanned_plain_trades(source, known, plain)]
    else:
        frame, counts, warnings = _rows(source, known, plain)
        reader = trades_pieces if plain.table == "trades" else table_pieces
        made = []
        for (venue, symbol), rows in _by_instrument(frame, known):
            if wanted.takes(venue, symbol):
                made += reader(
                    rows, venue=venue, symbol=symbol, known=known, label=source.label, counts=counts
                )
        if made:
            made[0] = made[0].told(warnings)
    if made and known.details["assumed"]:
        made[0] = made[0].warn(_ASSUMED)
    return made


def _rows(
    source: Source, known: Recognised, plain: PlainColumns
) -> tuple[pl.DataFrame, Any, tuple[str, ...]]:
    """Return the rows under our names, as text checked and turned into numbers."""
    names = dict(plain.names)
    if plain.venue:
        names["venue"] = plain.venue
    if plain.symbol:
        names["symbol"] = plain.symbol
    if known.details["parquet"]:
        return frame_of_parquet(source, plain, names)
    have = known.details["columns"]
    columns = Columns(
        read_text_table(source, header=True),
        len(have),
        {ours: have.index(name) for ours, name in names.items()},
    )
    check_columns(columns, plain.table, set(names))
    return columns.good()


def _optional(name: str, table: str) -> bool:
    """Tell whether a cell may be empty."""
    return name in _MAY_BE_EMPTY or (name == "mark_price" and table != "marks")


def check_columns(columns: Columns, table: str, have: set[str]) -> None:
    """Turn the text columns of a plain table into checked numbers and moments."""
    opens = table in ("bars", "liquidation_bars")
    columns.moments("time", "ts_open_ns" if opens else "ts_event_ns")
    if "ts_close" in have:
        columns.moments("ts_close", "ts_close_ns")
    must = [name for name in _NUMBERS if name in have and not _optional(name, table)]
    columns.numbers(must)
    columns.numbers([name for name in _NUMBERS if name in have and _optional(name, table)], optional=True)
    columns.positive([name for name in _POSITIVE if name in have])
    columns.positive([name for name in _NOT_NEGATIVE if name in have], or_zero=True)
    if table == "bars":
        columns.check_bars()
    if "liquidated" in have:
        columns.one_of("liquidated", ("long", "short"))


def _by_instrument(frame: pl.DataFrame, known: Recognised) -> list[tuple[tuple[str, str], pl.DataFrame]]:
    """Split rows by the venue and symbol that their own columns name."""
    by = [name for name in ("venue", "symbol") if name in frame.columns]
    if not by:
        return [((known.venue, known.symbol), frame)]
    split = []
    for key, rows in frame.group_by(by, maintain_order=True):
        named = dict(zip(by, map(str, key), strict=True))
        symbol = named.get("symbol", known.symbol)
        venue = named.get("venue", "").lower() or known.venue or binance_venue(symbol)
        split.append(((venue, symbol), rows))
    return split


FORMATS = (Format("plain", "plain CSV or Parquet with documented column names", _match, _read),)
