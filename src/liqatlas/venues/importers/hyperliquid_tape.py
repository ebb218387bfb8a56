"""Hyperliquid tape as JSON lines: ``trades_``, ``ctx_`` and ``l2_`` files of one coin and day, gzipped or not.

Trades carry no number; ``side`` is the taker's, B buys and A sells. ``oi`` counts both sides and is halved. ``funding`` is
the rate per hour. A reconnect sends up to half an hour of trades again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.importers.json_lines import read_json_lines
from liqatlas.venues.importers.pieces import Counts, Piece, judge
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.scaled_prices import scaled_trades

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_VENUE = "hyperliquid"
_NAME = re.compile(r"(trades|ctx|l2)_([A-Za-z0-9]+)_\d{6,8}.*", re.ASCII)
_FUNDING_INTERVAL_H = 1.0


class _Trade(msgspec.Struct):
    ts: int
    px: float
    sz: float
    side: str


class _Context(msgspec.Struct):
    ts: int
    funding: float
    oi: float
    mark: float
    oracle: float


class _Book(msgspec.Struct):
    ts: int
    bids: list[list[float]]
    asks: list[list[float]]


_SCHEMAS: dict[str, tuple[type[msgspec.Struct], dict[str, Any]]] = {
    "trades": (_Trade, {"ts": pl.Int64(), "px": pl.Float64(), "sz": pl.Float64(), "side": pl.String()}),
    "ctx": (_Context, dict.fromkeys(("ts",), pl.Int64()) | dict.fromkeys(("funding", "oi", "mark", "oracle"), pl.Float64())),
    "l2": (_Book, {"ts": pl.Int64(), "bids": pl.List(pl.List(pl.Float64())), "asks": pl.List(pl.List(pl.Float64()))}),
}  # fmt: skip
_TABLES = {"trades": ("trades",), "ctx": ("marks", "open_interest", "funding"), "l2": ("book_levels",)}
_NEEDS = {
    "trades": {"ts", "px", "sz", "side"},
    "ctx": {"ts", "oi", "mark", "funding"},
    "l2": {"ts", "bids", "asks"},
}


def _match(head: Head) -> Recognised | None:
    """Recognise by the keys of the first line; the name adds the coin."""
    if not head.row or not head.row[0].startswith("{"):
        return None
    keys = set(re.findall(r'"([a-z]+)"\s*:', head.row[0]))
    kind = next((kind for kind, needs in _NEEDS.items() if needs <= keys), None)
    if kind is None:
        return None
    name = _NAME.fullmatch(head.name.rsplit(".jsonl", 1)[0])
    return found(
        head,
        format=f"hyperliquid_{kind}",
        title=f"Hyperliquid tape {kind}",
        venue=_VENUE,
        symbol=name[2] if name else "",
        tables=_TABLES[kind],
        how="by keys" + (" and name" if name else ""),
        details={"kind": kind},
    )


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    kind = known.details["kind"]
    row, schema = _SCHEMAS[kind]
    frame, counts = read_json_lines(source, row, schema)
    if kind == "trades":
        return [_trades(source, known, frame, counts)]
    if kind == "l2":
        return [_book(source, known, frame, counts)] if wanted.takes_table("book_levels") else []
    return [piece for piece in _context(source, known, frame, counts) if wanted.takes_table(piece.table)]


def _piece(source: Source, known: Recognised, table: str, frame: pl.DataFrame, **facts: Any) -> Piece:
    return Piece(
        venue=_VENUE,
        symbol=known.symbol,
        table=table,
        frame=frame,
        title=known.title,
        label=source.label,
        **facts,
    )


def _without(frame: pl.DataFrame, counts: Counts, wrong: pl.Expr, reason: str) -> tuple[pl.DataFrame, Counts]:
    """Take out rows whose values cannot be; JSON that parses may still say nonsense."""
    bad = frame.select(wrong.arg_true()).to_series()
    if bad.is_empty():
        return frame, counts
    line = counts.bad_line or int(bad[0]) + 1
    told = Counts(
        rows=counts.rows - bad.len(), bad=counts.bad + bad.len(), bad_line=line,
        bad_reason=counts.bad_reason or reason, blank=counts.blank, cut_off=counts.cut_off,
    )  # fmt: skip
    return frame.filter(~wrong), told


def _trades(source: Source, known: Recognised, frame: pl.DataFrame, counts: Counts) -> Piece:
    wrong = ~((pl.col("px") > 0) & (pl.col("sz") > 0) & pl.col("side").is_in(["A", "B"]) & (pl.col("ts") > 0))
    frame, counts = _without(frame, counts, wrong, "price or size not positive, or side neither A nor B")
    warnings = judge(source, counts)
    columns, decimals, lot = scaled_trades(source.label, frame["px"], frame["sz"])
    table = columns.with_columns(
        (frame["ts"] * NS_PER_MS).alias("ts_event_ns"), (frame["side"] == "B").alias("taker_buy")
    )
    return _piece(
        source, known, "trades", table, counts=counts, warnings=warnings, stream="tape", price_decimals=decimals,
        lot_decimals=lot,
    )  # fmt: skip


def _context(source: Source, known: Recognised, frame: pl.DataFrame, counts: Counts) -> list[Piece]:
    wrong = ~((pl.col("mark") > 0) & (pl.col("oracle") > 0) & (pl.col("oi") >= 0) & (pl.col("ts") > 0))
    frame, counts = _without(frame, counts, wrong, "mark or oracle not positive, or open interest negative")
    warnings = judge(source, counts)
    sides = VENUES[_VENUE].open_interest_sides
    ts = pl.col("ts") * NS_PER_MS
    marks = frame.select(
        ts.alias("ts_event_ns"), pl.col("mark").alias("mark_price"), pl.col("oracle").alias("index_price")
    )
    interest = frame.select(
        ts.alias("ts_event_ns"),
        (pl.col("oi") / sides).alias("oi_native"),
        pl.col("oi").alias("oi_published"),
        (pl.col("oi") / sides * pl.col("mark")).alias("oi_usd"),
    )
    funding = frame.select(
        ts.alias("ts_event_ns"),
        pl.col("funding").alias("funding_rate"),
        pl.lit(_FUNDING_INTERVAL_H).alias("interval_h"),
        pl.lit(value=False).alias("settled"),
    )
    return [
        _piece(source, known, "marks", marks, counts=counts, warnings=warnings),
        _piece(source, known, "open_interest", interest, counts=counts),
        _piece(source, known, "funding", funding, counts=counts),
    ]


def _book(source: Source, known: Recognised, frame: pl.DataFrame, counts: Counts) -> Piece:
    warnings = judge(source, counts)
    sides = []
    for book_side, column in (("bid", "bids"), ("ask", "asks")):
        levels = (
            frame.lazy()
            .select((pl.col("ts") * NS_PER_MS).alias("ts_event_ns"), pl.col(column).alias("pair"))
            .with_row_index("snapshot")
            .explode("pair")
            .filter(pl.col("pair").is_not_null())
            .select(
                "ts_event_ns",
                pl.lit(book_side).alias("book_side"),
                pl.int_range(pl.len()).over("snapshot").cast(pl.Int32).alias("level"),
                pl.col("pair").list.get(0, null_on_oob=True).alias("price"),
                pl.col("pair").list.get(1, null_on_oob=True).alias("qty_native"),
            )
            .collect()
        )
        sides.append(levels)
    table = pl.concat(sides)
    if table["price"].null_count() or table["qty_native"].null_count():
        raise FormatError(source.label, "a book level is no [price, size] pair; get the file again")
    return _piece(source, known, "book_levels", table, counts=counts, warnings=warnings)


FORMATS = (Format("hyperliquid_tape", "Hyperliquid tape (trades_, ctx_, l2_ JSON lines)", _match, _read),)
