"""All formats, most telling first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.base.format import format_count
from liqatlas.venues.importers import (
    binance_klines,
    binance_liquidations,
    binance_metrics,
    binance_other,
    binance_raw_stream,
    binance_trades,
    bitmex_trades,
    hyperliquid_positions,
    hyperliquid_tape,
    oi_folder,
    open_interest,
    plain,
    positions_dydx,
    positions_lending,
    positions_states,
    tardis,
    vendor_parquet,
    vendor_totals,
)
from liqatlas.venues.importers.recognition import read_head

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Format, Head, Recognised
    from liqatlas.venues.importers.sources import Source

FORMATS: tuple[Format, ...] = (
    *hyperliquid_tape.FORMATS,
    *binance_trades.FORMATS,
    *bitmex_trades.FORMATS,
    *binance_klines.FORMATS,
    *binance_metrics.FORMATS,
    *open_interest.FORMATS,
    *oi_folder.FORMATS,
    *binance_liquidations.FORMATS,
    *binance_other.FORMATS,
    *binance_raw_stream.FORMATS,
    *tardis.FORMATS,
    *vendor_parquet.FORMATS,
    *vendor_totals.FORMATS,
    *hyperliquid_positions.FORMATS,
    *positions_states.FORMATS,
    *positions_lending.FORMATS,
    *positions_dydx.FORMATS,
    *plain.FORMATS,
)


def recognise_source(source: Source) -> tuple[Format, Recognised]:
    """Return the format of a source and what it says of it.

    Raises
    ------
    FormatError
        If no format knows it; the message names what was seen and lists what is understood.
    """
    head = read_head(source)
    found = match_head(head)
    if found is None:
        raise FormatError(source.label, f"{unknown_head(head)} {understood()}")
    return found


def match_head(head: Head) -> tuple[Format, Recognised] | None:
    """Return the format that knows a file by its head, and what it says of it; ``None`` where none does."""
    for one in FORMATS:
        known = one.match(head)
        if known is not None:
            return one, known
    return None


def unknown_head(head: Head) -> str:
    """Say what was seen of a file that no format knows."""
    seen = ",".join(head.columns or head.row)[:120]
    return f"unknown format: the first row is {seen!r} ({format_count(head.width, 'column')})."


def understood() -> str:
    """Say which formats there are, and what to do with another."""
    titles = "; ".join(one.title for one in FORMATS)
    return (
        f"Understood are: {titles}. Rename the columns to the plain layout of docs/reference/file_formats.md"
    )
