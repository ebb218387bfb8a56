"""Binance archive ``bookDepth`` files: depth within 1 to 5 % of the mid price on each side, about every 30 s.

Columns: timestamp, percentage (below 0 bids), depth (coins, cumulative from the mid), notional (quote, cumulative) and, in
newer files, weighted_avg_price. Such a row is no price level, so these files stand beside the recordings; ``flows`` makes a
book of them. Known trap: a side can stand still for hours (bids of 2025-10-10 after 15:30:42).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.recognition import read_head
from liqatlas.venues.importers.registry import recognise_source
from liqatlas.venues.importers.sources import open_sources
from liqatlas.venues.importers.text_table import Columns, read_text_table

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.venues.importers.recognition import Recognised

FORMAT = "binance_bookDepth"


def is_book_depth(path: Path) -> bool:
    """Tell whether a file is one of these."""
    return all(recognise_source(source)[1].format == FORMAT for source in open_sources(path))


def read_book_depth(path: Path) -> tuple[pl.DataFrame, Recognised, tuple[str, ...]]:
    """Return all samples of a file, whose symbol it is of, and warnings.

    Returns
    -------
    ``ts_event_ns``, ``percent`` [signed], ``qty_native`` [coins] and ``notional_usd`` [quote], both cumulative from the mid;
    sorted by moment and percent.

    Raises
    ------
    FormatError
        If the file is another one, or cannot be read.
    """
    frames: list[pl.DataFrame] = []
    warnings: list[str] = []
    for source in open_sources(path):
        known = recognise_source(source)[1]
        if known.format != FORMAT:
            raise FormatError(source.label, f"is {known.title}, no Binance bookDepth file")
        head = read_head(source)
        table = read_text_table(source, header=bool(head.columns))
        places = {"timestamp": 0, "percent": 1, "qty_native": 2, "notional_usd": 3}
        columns = Columns(table, len(head.row), places)
        columns.moments("timestamp")
        columns.numbers(("percent", "qty_native", "notional_usd"))
        columns.positive(("qty_native", "notional_usd"), or_zero=True)
        frame, _, told = columns.good()
        frames.append(frame.select("ts_event_ns", "percent", "qty_native", "notional_usd"))
        warnings += told
    return pl.concat(frames).sort("ts_event_ns", "percent"), known, tuple(warnings)
