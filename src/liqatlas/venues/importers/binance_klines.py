"""Binance archive files of klines: traded prices, mark, index and premium, with or without a header.

Columns as published at https://github.com/binance/binance-public-data (read 2026-11-22): open_time, open, high, low, close,
volume, close_time (inclusive, the last unit of the bar), quote_volume, count, taker_buy_volume, taker_buy_quote_volume,
ignore. In COIN-M files ``volume`` is contracts. In mark and index files all volumes are 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.names import binance_name, binance_venue, symbol_in
from liqatlas.venues.importers.pieces import Piece
from liqatlas.venues.importers.recognition import Format, found, is_epoch, is_number
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_WIDTH = 12
_PLACES = {
    "open_time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "close_time": 6, "taker_buy_volume": 9,
}  # fmt: skip
_UNUSED = {
    "indexPriceKlines": "index prices; a map is touched by the mark price",
    "premiumIndexKlines": "premiums, not prices",
}


def _match(head: Head) -> Recognised | None:
    row = head.row
    if len(row) != _WIDTH or not (is_epoch(row[0]) and is_epoch(row[6]) and all(map(is_number, row))):
        return None
    name = binance_name(head.path, head.name)
    symbol = name.symbol if name else symbol_in(head.name)
    dataset = name.dataset if name else "klines"
    mark = dataset in ("markPriceKlines", "markOrIndexPriceKlines") or _no_turnover(head)
    spot = name is not None and name.market == "spot"
    return found(
        head,
        format="binance_klines",
        title="Binance mark-price klines" if mark else f"Binance {dataset}",
        venue=binance_venue(symbol),
        symbol=symbol,
        tables=("mark_bars",) if mark else ("bars",),
        how="by columns"
        + (" and name" if symbol else "")
        + (", volume 0" if mark and _no_turnover(head) else ""),
        unused=_UNUSED.get(dataset, ""),
        details={"header": bool(head.columns), "mark": mark, "spot": spot, "dataset": dataset},
    )


def _no_turnover(head: Head) -> bool:
    """Tell a file of mark prices: no row of its beginning has a volume, though prices move."""
    rows = [line.split(b",") for line in head.raw.split(b"\n")[1:-1] if line.count(b",") == _WIDTH - 1]
    moving = [row for row in rows if row[1] != row[4]]
    return bool(moving) and all(row[5].strip(b' "').strip(b"0.") == b"" for row in rows)


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    del wanted
    columns = Columns(read_text_table(source, header=known.details["header"]), _WIDTH, _PLACES)
    columns.moments("open_time", "ts_open_ns")
    columns.moments("close_time", "ts_last_ns")
    prices = ("open", "high", "low", "close")
    columns.numbers(prices)
    columns.positive(prices)
    columns.numbers(("volume", "taker_buy_volume"))
    columns.positive(("volume", "taker_buy_volume"), or_zero=True)
    columns.check_bars()
    frame, counts, warnings = columns.good()
    step = _interval(source, frame)
    mark = bool(known.details["mark"])
    size = contract_value(known.venue, known.symbol)
    if size is None:
        raise FormatError(known.label, f"the contract value of {known.symbol} on {known.venue} is unknown")
    kind = "mark" if mark else "spot" if known.details["spot"] else "last"
    nothing = pl.lit(None, pl.Float64)
    table = frame.select(
        "ts_open_ns",
        (pl.col("ts_open_ns") + step).alias("ts_close_ns"),
        *prices,
        nothing.alias("volume_native") if mark else (pl.col("volume") * size).alias("volume_native"),
        nothing.alias("taker_buy_native")
        if mark
        else (pl.col("taker_buy_volume") * size).alias("taker_buy_native"),
        pl.lit(kind).alias("price_kind"),
    )
    piece = Piece(
        venue=known.venue, symbol=known.symbol, table="mark_bars" if mark else "bars", frame=table, title=known.title,
        label=source.label, counts=counts, warnings=warnings, rank=1 if kind == "spot" else 0,
    )  # fmt: skip
    return [piece.warn(_ambiguity(known))]


def _interval(source: Source, frame: pl.DataFrame) -> int:
    """Return the bars' length [ns] from their own open and close times, rounded to the second."""
    second = 1_000_000_000
    lengths = ((frame["ts_last_ns"] - frame["ts_open_ns"]).to_numpy() + second // 2) // second * second
    step = int(lengths[0])
    if step <= 0 or (lengths != step).any():
        raise FormatError(
            source.label, "bars of different lengths in one file; wanted one interval, split the file"
        )
    return step


def _ambiguity(known: Recognised) -> str:
    if known.details["dataset"] == "markOrIndexPriceKlines":
        return "the name does not say whether these are mark or index prices; taken as the mark price"
    if known.details["mark"] and known.details["dataset"] == "klines":
        return "no row has a volume, as in Binance's mark-price klines; taken as the mark price"
    return ""


FORMATS = (Format("binance_klines", "Binance klines and mark-price klines", _match, _read),)
