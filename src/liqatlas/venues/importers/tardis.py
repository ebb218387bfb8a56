"""Tardis CSV files: trades, derivative_ticker, liquidations, book_snapshot_5 and book_snapshot_25.

Times are microseconds, UTC; sizes are as the venue gives them, in contracts where it counts contracts. ``side`` of trades is
the taker's. ``side`` of liquidations: ``buy`` liquidated a short, ``sell`` liquidated a long. Trades and liquidations have
the same columns: the file's or folder's name tells them apart.

Source: https://docs.tardis.dev/downloadable-csv-files/data-types and NORMALIZED_MAPPING_GUIDELINES of tardis-node (read
2026-11-22).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.recognition import Format, found, unit_ns
from liqatlas.venues.importers.scanned_trades import trades_piece
from liqatlas.venues.importers.tardis_books import book_piece
from liqatlas.venues.importers.tardis_ticker import ticker_pieces
from liqatlas.venues.importers.text_table import Columns, read_text_table
from liqatlas.venues.importers.trade_scan import TradeLayout

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

#: Tardis' exchange ids of derivative markets whose units are known here.
VENUE_OF = {
    "binance-futures": "binance",
    "binance-delivery": "binance_coinm",
    "bybit": "bybit",
    "okex-swap": "okx",
    "okex-futures": "okx",
    "bitmex": "bitmex",
    "deribit": "deribit",
    "hyperliquid": "hyperliquid",
    "dydx-v4": "dydx",
}
_SPOT = frozenset(
    {"binance", "binance-us", "bybit-spot", "okex", "coinbase", "kraken", "bitstamp", "bitfinex", "gate-io"}
)
_TRADES = ("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")
_TICKER = {"exchange", "symbol", "timestamp", "funding_rate", "open_interest", "mark_price"}
_LIQUIDATED = {"sell": "long", "buy": "short"}
#: What the price of a print is; elsewhere the fill's.
_PRICE_KIND = {"bybit": "bankruptcy", "okx": "bankruptcy", "bitmex": "order"}
_KINDS = ("trades", "liquidations")


def _match(head: Head) -> Recognised | None:
    if head.columns[:3] != ("exchange", "symbol", "timestamp") or len(head.row) < 3:
        return None
    kind = _kind(head)
    if not kind:
        return None
    exchange, symbol = head.row[0], head.row[1]
    venue = VENUE_OF.get(exchange, "")
    tables = {
        "trades": ("trades",),
        "ambiguous": ("trades", "liquidations"),
        "liquidations": ("liquidations",),
        "derivative_ticker": ("open_interest", "marks", "funding"),
        "book_snapshot": ("book_levels",),
    }
    return found(
        head,
        format=f"tardis_{kind}",
        title=f"Tardis {kind}",
        venue=venue or exchange,
        symbol=symbol,
        tables=tables.get(kind, ()),
        how="by columns" + (" and name" if kind in _KINDS else ""),
        unused=_unused(kind, exchange, symbol),
        details={"kind": kind, "header": True, "columns": head.columns, "row": head.row, "sample": head.raw},
    )


def _kind(head: Head) -> str:
    if head.columns == _TRADES:
        said = [*re.split(r"[^a-z]+", head.path.name.lower()), *reversed(head.path.parts[-7:-1])]
        return next((word for word in said if word in _KINDS), "ambiguous")
    if set(head.columns) >= _TICKER:
        return "derivative_ticker"
    if "asks[0].price" in head.columns and "bids[0].price" in head.columns:
        return "book_snapshot"
    if "is_snapshot" in head.columns:
        return "incremental_book_L2"
    return ""


def _unused(kind: str, exchange: str, symbol: str) -> str:
    if kind == "incremental_book_L2":
        return "single book updates; use book_snapshot files"
    if exchange in _SPOT:
        return f"{exchange} is a spot market, not a perpetual's"
    venue = VENUE_OF.get(exchange)
    if venue is None:
        return f"the units of {exchange}'s sizes are not known here"
    if contract_value(venue, symbol) is None:
        return f"sizes are contracts of {symbol}, whose value is not known here"
    return ""


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    kind = known.details["kind"]
    if kind == "ambiguous":
        raise FormatError(
            source.label,
            "Tardis trades and liquidations have the same columns and neither the file's nor a folder's name says which; "
            "rename it as in binance-futures_trades_2026-01-31_BTCUSDT.csv.gz",
        )
    if kind == "trades":
        return [_trades(source, known)]
    size = contract_value(known.venue, known.symbol)
    assert size is not None  # such files are marked as not used
    if kind == "book_snapshot":
        return [book_piece(source, known, size)] if wanted.takes_table("book_levels") else []
    if kind == "derivative_ticker":
        sides = VENUES[known.venue].open_interest_sides if known.venue in VENUES else 1
        made = ticker_pieces(source, known, size, sides)
    else:
        made = [_liquidations(source, known, size)]
    return [piece for piece in made if wanted.takes_table(piece.table)]


def _trades(source: Source, known: Recognised) -> Piece:
    row = known.details["row"]
    layout = TradeLayout(
        columns=8, ts=2, price=6, qty=7, flag=5, trade_id=4 if re.fullmatch(r"\d{1,18}", row[4]) else -1, same=(0, 1),
        ts_factor=unit_ns(int(row[2])) if row[2].isdigit() else 1_000,
    )  # fmt: skip
    size = contract_value(known.venue, known.symbol)
    assert size is not None  # such files are marked as not used
    return trades_piece(source, known, layout, contract_size=size)


def _liquidations(source: Source, known: Recognised, size: float) -> Piece:
    places = {"exchange": 0, "symbol": 1, "time": 2, "side": 5, "price": 6, "qty": 7}
    columns = Columns(read_text_table(source, header=True), 8, places)
    columns.same(("exchange", "symbol"))
    columns.moments("time")
    columns.one_of("side", tuple(_LIQUIDATED))
    columns.numbers(("price", "qty"))
    columns.positive(("price", "qty"))
    frame, counts, warnings = columns.good()
    native = pl.col("qty") * size
    inverse = known.venue == "binance_coinm" or known.symbol.upper().endswith(
        ("USD", "USD-SWAP", "-PERPETUAL")
    )
    table = frame.select(
        "ts_event_ns",
        pl.col("side").replace_strict(_LIQUIDATED, return_dtype=pl.String).alias("liquidated"),
        "price",
        pl.lit(_PRICE_KIND.get(known.venue, "fill")).alias("price_kind"),
        native.alias("qty_native"),
        (
            native if inverse and known.venue not in ("hyperliquid", "dydx") else native * pl.col("price")
        ).alias("notional_usd"),
    )
    facts: dict[str, Any] = {
        "title": known.title,
        "label": source.label,
        "counts": counts,
        "warnings": warnings,
    }
    return Piece(venue=known.venue, symbol=known.symbol, table="liquidations", frame=table, **facts)


FORMATS = (
    Format("tardis", "Tardis CSV trades, derivative_ticker, liquidations, book_snapshot", _match, _read),
)
