"""Parquet files of several venues and coins in one: liquidations, candles, funding_rates, open_interest.

The layout of the recordings in ``okx_liquidations``. Facts of that source, as its notes and a comparison of sizes tell:

* OKX ``size_usd`` and candle volumes are contracts × price and contracts: the contract value is missing and is applied here;
* the side of an OKX print is the order's: ``sell`` closed a long; the side ``S`` of its Hyperliquid prints is explained
  nowhere, such rows are left out;
* open interest is in USD; Hyperliquid's counts both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.oi_folder import bar_length
from liqatlas.venues.importers.pieces import Counts, Piece
from liqatlas.venues.importers.recognition import Format, found

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_SHAPES = {
    ("timestamp", "venue", "coin", "side", "size_usd", "price"): "liquidations",
    ("timestamp", "venue", "coin", "o", "h", "l", "c", "v"): "bars",
    ("timestamp", "venue", "coin", "funding_rate"): "funding",
    ("timestamp", "venue", "coin", "oi_usd"): "open_interest",
}
_SYMBOL = {"okx": "{}-USDT-SWAP", "binance": "{}USDT", "bybit": "{}USDT", "dydx": "{}-USD"}
_LIQUIDATED = {"sell": "long", "buy": "short"}
_IN_CONTRACTS = frozenset({"okx"})


def _match(head: Head) -> Recognised | None:
    table = _SHAPES.get(tuple(head.schema))
    if table is None:
        return None
    return found(
        head, format=f"vendor_{table}", title=f"Parquet of several venues: {table}", tables=(table,), how="by columns",
        details={"several": True, "table": table},
    )  # fmt: skip


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    table = known.details["table"]
    frame = pl.read_parquet(source.path).sort("timestamp", maintain_order=True)
    if frame.null_count().sum_horizontal().item():
        raise FormatError(
            source.label, "empty cells where venue, coin, time and numbers are wanted; get the file again"
        )
    frame = frame.with_columns(pl.col("timestamp").dt.epoch("us").mul(1000).alias("ts_event_ns"))
    pieces = []
    for (venue, coin), rows in frame.group_by(["venue", "coin"], maintain_order=True):
        symbol = _SYMBOL.get(str(venue), "{}").format(coin)
        if not wanted.takes(str(venue), symbol):
            continue
        piece = Piece(
            venue=str(venue), symbol=symbol, table=table, frame=rows, title=known.title, label=source.label,
            counts=Counts(rows=frame.height),
        )  # fmt: skip
        made = {"liquidations": _prints, "bars": _bars, "funding": _funding, "open_interest": _interest}[
            table
        ](piece)
        pieces += [made] if made is not None else []
    return pieces


def _with(piece: Piece, frame: pl.DataFrame, *told: str) -> Piece:
    from dataclasses import replace

    return replace(piece, frame=frame).warn(*told)


def _size(piece: Piece) -> float | None:
    """Return what a size must be multiplied with, ``None`` where sizes are contracts of unknown value."""
    return contract_value(piece.venue, piece.symbol) if piece.venue in _IN_CONTRACTS else 1.0


def _prints(piece: Piece) -> Piece | None:
    size = _size(piece)
    known = piece.frame.filter(
        pl.col("side").is_in(list(_LIQUIDATED)) & (pl.col("size_usd") > 0) & (pl.col("price") > 0)
    )
    lost = piece.frame.height - known.height
    told = (
        f"{lost:,} prints of {piece.venue}:{piece.symbol} are left out, their side or size says nothing"
        if lost
        else ""
    )
    if size is None:
        unknown = (
            f"sizes of {piece.symbol} are contracts whose value is not known here; its prints are left out"
        )
        return _with(piece, piece.frame.head(0).pipe(_prints_table, 1.0), told, unknown)
    return _with(piece, known.pipe(_prints_table, size), told)


def _prints_table(rows: pl.DataFrame, size: float) -> pl.DataFrame:
    usd = pl.col("size_usd") * size
    return rows.select(
        "ts_event_ns",
        pl.col("side").replace_strict(_LIQUIDATED, return_dtype=pl.String).alias("liquidated"),
        "price",
        pl.lit("bankruptcy").alias("price_kind"),
        (usd / pl.col("price")).alias("qty_native"),
        usd.alias("notional_usd"),
    )


def _bars(piece: Piece) -> Piece:
    size = _size(piece)
    step = bar_length(piece.label, piece.frame["ts_event_ns"])
    volume = pl.lit(None, pl.Float64) if size is None else pl.col("v") * size
    table = piece.frame.select(
        pl.col("ts_event_ns").alias("ts_open_ns"),
        (pl.col("ts_event_ns") + step).alias("ts_close_ns"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        volume.alias("volume_native"),
        pl.lit(None, pl.Float64).alias("taker_buy_native"),
        pl.lit("last").alias("price_kind"),
    )
    sound = table.filter((pl.col("low") > 0) & (pl.col("high") >= pl.col("low")))
    bad = table.height - sound.height
    return _with(
        piece,
        sound,
        f"{bad:,} bars of {piece.venue}:{piece.symbol} with impossible prices are left out" if bad else "",
        f"volumes of {piece.symbol} are contracts whose value is not known here, left empty"
        if size is None
        else "",
    )


def _funding(piece: Piece) -> Piece:
    steps = piece.frame["ts_event_ns"].diff().drop_nulls()
    hours = float(round(float(np.median(steps.to_numpy())) / HOUR_NS)) if len(steps) else 8.0
    table = piece.frame.select(
        "ts_event_ns", "funding_rate", pl.lit(hours).alias("interval_h"), pl.lit(value=True).alias("settled")
    )
    return _with(piece, table)


def _interest(piece: Piece) -> Piece:
    sides = VENUES[piece.venue].open_interest_sides if piece.venue in VENUES else 1
    table = piece.frame.filter(pl.col("oi_usd") > 0).select(
        "ts_event_ns", (pl.col("oi_usd") / sides).alias("oi_usd")
    )
    return _with(piece, table)


FORMATS = (
    Format(
        "vendor_parquet",
        "Parquet of several venues (liquidations, candles, funding, open interest)",
        _match,
        _read,
    ),
)
