"""Rows of the plain layout other than trades → pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.base.schemas import PRICE_KIND, PRINT_PRICE_KIND
from liqatlas.venues.importers.identity import is_inverse
from liqatlas.venues.importers.oi_folder import bar_length
from liqatlas.venues.importers.open_interest import interest_pieces
from liqatlas.venues.importers.pieces import Piece

if TYPE_CHECKING:
    from liqatlas.venues.importers.pieces import Counts
    from liqatlas.venues.importers.recognition import Recognised


def table_pieces(
    rows: pl.DataFrame, *, venue: str, symbol: str, known: Recognised, label: str, counts: Counts
) -> list[Piece]:
    """Return the pieces of one instrument out of checked rows under our names.

    Raises
    ------
    FormatError
        If the rows do not make the table.
    """
    table = known.details["plain"].table
    facts: dict[str, Any] = {
        "venue": venue,
        "symbol": symbol,
        "title": known.title,
        "label": label,
        "counts": counts,
    }
    if table == "open_interest":
        return _interest(rows, facts)
    makers = {
        "bars": _bars, "marks": _marks, "funding": _funding, "liquidations": _liquidations,
        "liquidation_bars": _liquidation_bars,
    }  # fmt: skip
    return [makers[table](rows, facts)]


def _or_null(rows: pl.DataFrame, name: str, alias: str) -> pl.Expr:
    return (pl.col(name) if name in rows.columns else pl.lit(None, pl.Float64)).alias(alias)


def _close_time(rows: pl.DataFrame, label: str) -> pl.Expr:
    if "ts_close_ns" in rows.columns:
        return pl.col("ts_close_ns")
    return (pl.col("ts_open_ns") + bar_length(label, rows["ts_open_ns"])).alias("ts_close_ns")


def _kind(rows: pl.DataFrame, label: str, known: pl.Enum, default: str) -> pl.Expr:
    """Return the price kind that the rows name, else the usual one."""
    if "price_kind" not in rows.columns:
        return pl.lit(default).alias("price_kind")
    words = list(known.categories)
    wrong = rows.filter(~pl.col("price_kind").cast(pl.String).str.to_lowercase().is_in(words))
    if wrong.height:
        raise FormatError(
            label, f"price_kind holds {wrong['price_kind'][0]!r}; wanted one of {', '.join(words)}"
        )
    return pl.col("price_kind").cast(pl.String).str.to_lowercase().alias("price_kind")


def _bars(rows: pl.DataFrame, facts: dict[str, Any]) -> Piece:
    frame = rows.select(
        "ts_open_ns",
        _close_time(rows, facts["label"]),
        "open",
        "high",
        "low",
        "close",
        _or_null(rows, "volume", "volume_native"),
        _or_null(rows, "taker_buy_volume", "taker_buy_native"),
        _kind(rows, facts["label"], PRICE_KIND, "last"),
    )
    kinds = frame["price_kind"].unique().to_list()
    if len(kinds) > 1:
        raise FormatError(
            facts["label"], f"bars of several price kinds ({', '.join(kinds)}) in one file; split it"
        )
    return Piece(
        table="mark_bars" if kinds == ["mark"] else "bars", frame=frame, rank=int(kinds == ["spot"]), **facts
    )


def _interest(rows: pl.DataFrame, facts: dict[str, Any]) -> list[Piece]:
    if "oi_one_sided" not in rows.columns:
        named = rows.select("ts_event_ns", "oi", _or_null(rows, "oi_value", "oi_value"))
        return interest_pieces(named, **facts)
    sides = VENUES[facts["venue"]].open_interest_sides if facts["venue"] in VENUES else 1
    published = pl.col("oi") if "oi" in rows.columns else pl.col("oi_one_sided") * sides
    frame = rows.select(
        "ts_event_ns", pl.col("oi_one_sided").alias("oi_native"), published.alias("oi_published"),
        _or_null(rows, "oi_value", "oi_usd"),
    )  # fmt: skip
    return [Piece(table="open_interest", frame=frame, **facts)]


def _marks(rows: pl.DataFrame, facts: dict[str, Any]) -> Piece:
    frame = rows.select("ts_event_ns", "mark_price", _or_null(rows, "index_price", "index_price"))
    return Piece(table="marks", frame=frame, **facts)


def _funding(rows: pl.DataFrame, facts: dict[str, Any]) -> Piece:
    settled = pl.lit(value=True)
    if "settled" in rows.columns:
        settled = pl.col("settled").cast(pl.String).str.to_lowercase().is_in(["true", "1"])
    frame = rows.select("ts_event_ns", "funding_rate", "interval_h", settled.alias("settled"))
    return Piece(table="funding", frame=frame, **facts)


def _liquidations(rows: pl.DataFrame, facts: dict[str, Any]) -> Piece:
    value = pl.lit(1.0) if is_inverse(facts["venue"], facts["symbol"]) else pl.col("price")
    have = rows.columns
    qty = pl.col("qty") if "qty" in have else pl.col("notional_usd") / value
    usd = pl.col("notional_usd") if "notional_usd" in have else pl.col("qty") * value
    frame = rows.select(
        "ts_event_ns",
        pl.col("liquidated").cast(pl.String),
        "price",
        _kind(rows, facts["label"], PRINT_PRICE_KIND, "order"),
        qty.alias("qty_native"),
        usd.alias("notional_usd"),
        _or_null(rows, "mark_price", "mark_price"),
    )
    return Piece(table="liquidations", frame=frame, **facts)


def _liquidation_bars(rows: pl.DataFrame, facts: dict[str, Any]) -> Piece:
    frame = rows.select("ts_open_ns", _close_time(rows, facts["label"]), "long_usd", "short_usd")
    return Piece(table="liquidation_bars", frame=frame, **facts)
