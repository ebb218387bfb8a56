"""BitMEX public daily files of trades: one CSV a day for all contracts, ``timestamp`` as ``2024-11-24D08:15:38.704000000``.

Columns as published at https://public.bitmex.com/ (``data/trade``, read 2026-11-22). ``side`` is the taker's. Sizes are contracts:
USD of XBTUSD, coins (``homeNotional``) of contracts quoted in USDT; contracts of unknown size are left out with a warning.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.pieces import Counts, Piece, judge
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.scaled_prices import scaled_trades

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_VENUE = "bitmex"
_NEEDS = ("timestamp", "symbol", "side", "size", "price", "tickdirection", "trdmatchid", "homenotional")


def _match(head: Head) -> Recognised | None:
    if not set(_NEEDS) <= set(head.columns):
        return None
    return found(
        head, format="bitmex_trades", title="BitMEX daily trades", venue=_VENUE, tables=("trades",), how="by columns",
        details={"several": True},
    )  # fmt: skip


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    if not wanted.takes_table("trades"):
        return []
    try:
        table = pl.read_csv(io.BytesIO(source.read()), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise FormatError(source.label, f"the CSV cannot be read: {error}") from None
    table = table.rename({name: name.lower() for name in table.columns})
    if "trdtype" in table.columns:
        table = table.filter(pl.col("trdtype") == "Regular")
    rows = table.select(
        "symbol",
        pl.col("timestamp").str.replace("D", "T", literal=True).str.to_datetime(time_unit="ns", strict=False)
        .dt.epoch("ns").alias("ts_event_ns"),
        pl.col("price").cast(pl.Float64, strict=False), pl.col("size").cast(pl.Float64, strict=False),
        pl.col("homenotional").cast(pl.Float64, strict=False).alias("coins"),
        (pl.col("side") == "Buy").alias("taker_buy"), pl.col("side").is_in(["Buy", "Sell"]).alias("sided"),
    )  # fmt: skip
    sound = rows.filter(
        pl.col("ts_event_ns").is_not_null() & (pl.col("price") > 0) & (pl.col("size") > 0) & pl.col("sided")
    )
    bad = rows.height - sound.height
    counts = Counts(sound.height, bad, bad_reason="time, price, size or side cannot be" if bad else "")
    told = judge(source, counts)
    pieces, unknown = [], []
    for (symbol,), mine in sound.group_by(["symbol"], maintain_order=True):
        piece = _piece(source, known, str(symbol), mine.sort("ts_event_ns", maintain_order=True), counts)
        if piece is None:
            unknown.append(str(symbol))
        else:
            pieces.append(piece)
    if not pieces:
        raise FormatError(
            source.label, f"no contract of known size: the file holds {', '.join(unknown[:10])}"
        )
    pieces[0] = pieces[0].told(told)
    if unknown:
        pieces[0] = pieces[0].warn(f"left out, size of one contract unknown: {', '.join(sorted(unknown))}")
    return pieces


def _piece(
    source: Source, known: Recognised, symbol: str, rows: pl.DataFrame, counts: Counts
) -> Piece | None:
    """Return the trades of one contract, ``None`` where nothing says what one contract is."""
    value = contract_value(_VENUE, symbol)
    if value is not None:
        qty = rows["size"] * value
    elif symbol.endswith(("USDT", "_USDT")):
        qty = rows["coins"].abs()
    else:
        return None
    frame, price_decimals, lot_decimals = scaled_trades(source.label, rows["price"], qty)
    frame = frame.with_columns(rows["ts_event_ns"], rows["taker_buy"])
    return Piece(
        venue=_VENUE, symbol=symbol, table="trades", frame=frame, title=known.title, label=source.label, counts=counts,
        price_decimals=price_decimals, lot_decimals=lot_decimals,
    )  # fmt: skip


FORMATS = (Format("bitmex_trades", "BitMEX daily trades", _match, _read),)
