"""A scan's columns → the trades piece of a recording, zero-copy, with what the scan noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.pieces import Counts, Piece, judge
from liqatlas.venues.importers.trade_scan import scan_source

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from liqatlas.venues.importers.recognition import Recognised
    from liqatlas.venues.importers.sources import Source
    from liqatlas.venues.importers.trade_scan import Scan, TradeLayout


def trades_piece(
    source: Source, known: Recognised, layout: TradeLayout, *, contract_size: float = 1.0
) -> Piece:
    """Read a delimited file of trades.

    Parameters
    ----------
    contract_size
        Native quantity of one unit of the size column.

    Raises
    ------
    FormatError
        If too many rows are bad, or prices jump as they do where two symbols are mixed.
    """
    skip = 1 if known.details["header"] else 0
    scan = scan_source(source, layout, skip_lines=skip, sample=known.details["sample"])
    counts = Counts(
        rows=scan.ts_ns.size, bad=scan.bad_rows, bad_line=scan.bad_line, bad_reason=scan.bad_reason,
        blank=scan.blank_rows, cut_off=source.cut_off,
    )  # fmt: skip
    if scan.mixed_line:
        raise FormatError(
            source.label,
            "two symbols or venues in one file of trades; split it by symbol",
            line=scan.mixed_line,
        )
    warnings = judge(source, counts)
    refuse_jump(source.label, scan.jump_line, scan.jump)
    return Piece(
        venue=known.venue, symbol=known.symbol, table="trades", frame=_frame(scan, contract_size), title=known.title,
        label=source.label, counts=counts, warnings=warnings, price_decimals=scan.decimals,
        lot_decimals=scan.lot_decimals,
    )  # fmt: skip


def refuse_jump(label: str, line: int, jump: tuple[float, float]) -> None:
    """Raise where the price changes fourfold from one trade to the next."""
    if line:
        raise FormatError(
            label,
            f"the price jumps from {jump[0]:g} to {jump[1]:g} between two trades: two symbols in one file? "
            "split it by symbol",
            line=line,
        )


def _frame(scan: Scan, contract_size: float) -> pl.DataFrame:
    if contract_size != 1.0:
        scan.qty.__imul__(contract_size)
    flag = series("taker_buy", scan.taker_buy)
    said = flag == 1
    if (flag == 255).any():
        said = pl.select(pl.when(flag != 255).then(said)).to_series()
    columns = [
        series("ts_event_ns", scan.ts_ns),
        series("price_scaled", scan.price),
        series("qty_native", scan.qty),
        said.alias("taker_buy"),
    ]
    if scan.trade_id is not None:
        columns.append(series("trade_id", scan.trade_id))
    return pl.DataFrame(columns)


def series(name: str, values: NDArray[Any]) -> pl.Series:
    """Return a Polars column over an array's own memory."""
    import pyarrow as pa

    column = pl.from_arrow(pa.array(values))
    assert isinstance(column, pl.Series)  # an array is never a table
    return column.alias(name)
