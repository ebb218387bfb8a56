"""The folder layout of ``binance_btc_5m_oi``: hourly vendor totals, spot klines and funding beside ``oi_5m.csv``.

* ``liquidations_ohlc_1h.csv``: per hour (time is the bar's start) the spot price, realised liquidations [USD] of Binance,
  Bybit and OKX together as a vendor reports them, and open interest [USD] of Binance alone;
* ``klines_1h.csv``: hourly Binance SPOT price and volume, not the perpetual's;
* ``funding_8h.csv``: ``rate`` is the fraction per HOUR.

The coin comes from the folder's name, otherwise from what the caller asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.names import asset_above, symbol_in, usdt_symbol, venue_in
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.pieces import Counts
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

PRINTS_SCOPE = "Binance + Bybit + OKX as a vendor reports"
_SPOT = "prices and volumes are of Binance's SPOT market; the perpetual's turnover is several times as large"
_VENDOR = "liquidation totals are of Binance, Bybit and OKX together, open interest is of Binance alone"
_DERIVED = "open interest is the vendor's hourly USD figure divided by the hour's close, used where no samples are given"
_PRICES = ("open", "high", "low", "close")
_TOTALS = {
    "timestamp", "price_open", "price_high", "price_low", "price_close", "liquidation_long_usd", "liquidation_short_usd",
}  # fmt: skip


def _known(head: Head, kind: str, title: str, tables: tuple[str, ...]) -> Recognised:
    asset = asset_above(head.path)
    symbol = symbol_in(head.name) or (usdt_symbol(asset) if asset else "")
    return found(
        head,
        format=f"oi_folder_{kind}",
        title=title,
        venue=venue_in(head.path) or "binance",
        symbol=symbol,
        tables=tables,
        how="by columns" + (", symbol by folder" if asset else ""),
        details={"kind": kind, "columns": head.columns},
    )


def _match(head: Head) -> Recognised | None:
    if set(head.columns) >= _TOTALS:
        tables = ("liquidation_bars", "bars") + (("open_interest",) if "oi_close" in head.columns else ())
        return _known(head, "totals", "vendor's hourly liquidations with price and open interest", tables)
    if head.columns == ("ts", "rate"):
        return _known(head, "funding", "funding CSV (ts, rate per hour)", ("funding",))
    beside = {path.name for path in head.path.parent.iterdir()} if head.name.startswith("klines_") else set()
    if head.columns == ("timestamp", *_PRICES, "volume") and any(name.startswith("oi_") for name in beside):
        return _known(head, "klines", "spot klines beside open interest", ("bars",))
    return None


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    kind = known.details["kind"]
    reader = {"totals": _totals, "funding": _funding, "klines": _klines}[kind]
    return [piece for piece in reader(source, known) if wanted.takes_table(piece.table)]


def _columns(source: Source, known: Recognised, names: dict[str, str]) -> Columns:
    have = known.details["columns"]
    places = {name: have.index(column) for name, column in names.items() if column in have}
    return Columns(read_text_table(source, header=True), len(have), places)


def _piece(
    source: Source, known: Recognised, table: str, frame: pl.DataFrame, counts: Counts, **facts: Any
) -> Piece:
    return Piece(
        venue=known.venue, symbol=known.symbol, table=table, frame=frame, title=known.title, label=source.label,
        counts=counts, **facts,
    )  # fmt: skip


def bar_length(label: str, ts_open: pl.Series) -> int:
    """Return the usual distance of bars [ns].

    Raises
    ------
    FormatError
        If there are not two bars to measure it.
    """
    steps = ts_open.unique().sort().diff().drop_nulls()
    if steps.is_empty():
        raise FormatError(label, "one bar alone does not say how long it is; wanted at least two")
    return int(steps.mode().min())  # type: ignore[arg-type]


def _spot_bars(frame: pl.DataFrame, step: int, volume: pl.Expr) -> pl.DataFrame:
    return frame.select(
        "ts_open_ns",
        (pl.col("ts_open_ns") + step).alias("ts_close_ns"),
        *_PRICES,
        volume.alias("volume_native"),
        pl.lit(None, pl.Float64).alias("taker_buy_native"),
        pl.lit("spot").alias("price_kind"),
    )


def _klines(source: Source, known: Recognised) -> list[Piece]:
    columns = _columns(source, known, {name: name for name in ("timestamp", *_PRICES, "volume")})
    columns.moments("timestamp", "ts_open_ns")
    columns.numbers(_PRICES)
    columns.numbers(("volume",), optional=True)
    columns.positive(_PRICES)
    columns.positive(("volume",), or_zero=True)
    columns.check_bars()
    frame, counts, warnings = columns.good()
    bars = _spot_bars(frame, bar_length(source.label, frame["ts_open_ns"]), pl.col("volume"))
    return [_piece(source, known, "bars", bars, counts, rank=1, warnings=warnings).warn(_SPOT)]


def _totals(source: Source, known: Recognised) -> list[Piece]:
    names = {name: f"price_{name}" for name in _PRICES} | {
        "timestamp": "timestamp", "long_usd": "liquidation_long_usd", "short_usd": "liquidation_short_usd",
        "oi_value": "oi_close",
    }  # fmt: skip
    columns = _columns(source, known, names)
    columns.moments("timestamp", "ts_open_ns")
    columns.numbers(_PRICES)
    columns.numbers(("long_usd", "short_usd"), optional=True)
    columns.positive(_PRICES)
    columns.positive(("long_usd", "short_usd"), or_zero=True)
    columns.check_bars()
    with_interest = "oi_close" in known.details["columns"]
    if with_interest:
        columns.numbers(("oi_value",), optional=True)
    frame, counts, warnings = columns.good()
    step = bar_length(source.label, frame["ts_open_ns"])
    close = (pl.col("ts_open_ns") + step).alias("ts_close_ns")
    told = frame.select("ts_open_ns", close, "long_usd", "short_usd").drop_nulls()
    totals = _piece(
        source, known, "liquidation_bars", told, counts,
        prints_scope=PRINTS_SCOPE, warnings=warnings,
    )  # fmt: skip
    bars = _spot_bars(frame, step, pl.lit(None, pl.Float64))
    pieces = [totals.warn(_VENDOR), _piece(source, known, "bars", bars, counts, rank=2)]
    if with_interest:
        native = (pl.col("oi_value") / pl.col("close")).alias("oi_native")
        interest = frame.filter(pl.col("oi_value") > 0).select(
            (pl.col("ts_open_ns") + step).alias("ts_event_ns"), native, native.alias("oi_published"),
            pl.col("oi_value").alias("oi_usd"),
        )  # fmt: skip
        pieces.append(_piece(source, known, "open_interest", interest, counts, rank=2).derived(_DERIVED))
    return pieces


def _funding(source: Source, known: Recognised) -> list[Piece]:
    columns = _columns(source, known, {"ts": "ts", "rate": "rate"})
    columns.moments("ts")
    columns.numbers(("rate",))
    frame, counts, warnings = columns.good()
    table = frame.select(
        "ts_event_ns",
        pl.col("rate").alias("funding_rate"),
        pl.lit(1.0).alias("interval_h"),
        pl.lit(value=True).alias("settled"),
    )
    return [_piece(source, known, "funding", table, counts, warnings=warnings)]


FORMATS = (
    Format(
        "oi_folder", "folder of oi_5m, liquidations_ohlc_1h, klines_1h, funding_8h CSV files", _match, _read
    ),
)
