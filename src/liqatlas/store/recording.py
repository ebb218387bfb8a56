"""From the lake's tables to a ``Recording``: what the numbers take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import format_window, isoformat
from liqatlas.base.recording import Recording
from liqatlas.base.schemas import PRICE_KIND
from liqatlas.store.catalogue import find_series, instrument_at, renamed_to
from liqatlas.store.gaps import Place, list_gaps
from liqatlas.store.jobs import checkpoint
from liqatlas.store.keys import KEYINGS

if TYPE_CHECKING:
    import sqlite3

    from liqatlas.store.coverage import Span
    from liqatlas.store.reading import Reader

#: Kept, but no part of a ``Recording``: read them by name.
_NOT_IN_IT = {"long_short_ratios", "insurance_fund"}
#: Tables of what was liquidated, whose files may say whose prints they count.
PRINTS = ("liquidations", "liquidation_bars")
#: More gaps than this are summed up in one warning.
_GAPS_NAMED = 5


def recording(
    connection: sqlite3.Connection, reader: Reader, venue: str, symbol: str, span: Span
) -> Recording:
    """Return every table of one instrument in a window, bars split by the price they are of.

    Raises
    ------
    UnknownSymbolError
        If the lake has no such series.
    NotEnoughDataError
        If the series has no instrument.
    """
    series = find_series(connection, venue, symbol)
    tables = {
        name: reader.read(connection, name, venue, symbol, span) for name in KEYINGS if name not in _NOT_IN_IT
    }
    instrument = replace(instrument_at(connection, series, span[1]), tick_size=tables["trades"][1])
    warnings = _gap_warnings(connection, Place("*", venue, symbol), span)
    if new_name := renamed_to(connection, series):
        warnings.append(f"{venue}:{symbol} goes on as {new_name}; its later rows are there")
    traded, marked, more = split_bars(tables["bars"][0])
    counted = [name for name in PRINTS if tables[name][0].height]
    scopes = [checkpoint(connection, scope_name(name, venue, symbol)) for name in counted]
    return Recording(
        instrument=instrument,
        bars=traded,
        mark_bars=marked,
        sources=(f"lake: {venue}:{symbol} {isoformat(span[0])} to {isoformat(span[1])}",),
        warnings=(*warnings, *more),
        simulated=venue == "simulated",
        prints_scope="; ".join(dict.fromkeys(scope for scope in scopes if scope)),
        **{name: table for name, (table, _) in tables.items() if name != "bars"},
    )


def scope_name(dataset: str, venue: str, symbol: str) -> str:
    """Return the checkpoint that says whose prints a table of a series counts, and how they are thinned."""
    return f"prints_scope {dataset} {venue}:{symbol}"


def split_bars(bars: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Return bars of trades and of the mark, no two overlapping, and a sentence for each choice that was made."""
    codes = np.unique(bars["price_kind"].to_physical().to_numpy())
    kinds = [PRICE_KIND.categories[int(code)] for code in codes]
    by_kind = {kind: bars if len(kinds) == 1 else bars.filter(pl.col("price_kind") == kind) for kind in kinds}
    traded, warnings = _one_length(by_kind.get("last", by_kind.get("spot", bars.clear())), "bars")
    marked, more = _one_length(by_kind.get("mark", bars.clear()), "mark bars")
    if {"last", "spot"} <= by_kind.keys():
        warnings.append("bars of the spot price are left out beside those of the contract's own")
    return traded, marked, [*warnings, *more]


def _gap_warnings(connection: sqlite3.Connection, place: Place, span: Span) -> list[str]:
    found = [str(gap) for gap in list_gaps(connection, place, span=span, filled=False)]
    if len(found) > _GAPS_NAMED:
        found[_GAPS_NAMED:] = [f"{len(found) - _GAPS_NAMED} more gaps in the window; see the list of gaps"]
    return found


def _one_length(bars: pl.DataFrame, what: str) -> tuple[pl.DataFrame, list[str]]:
    """Return bars of which no two overlap, the shorter preferred, and a warning if some were left out."""
    lengths = np.unique(bars["ts_close_ns"].to_numpy() - bars["ts_open_ns"].to_numpy()).tolist()
    if len(lengths) < 2:
        return bars, []
    length = pl.col("ts_close_ns") - pl.col("ts_open_ns")
    kept = bars.filter(length == lengths[0])
    for longer in lengths[1:]:
        candidates = bars.filter(length == longer)
        opens = kept["ts_open_ns"]
        inside = opens.search_sorted(candidates["ts_close_ns"], "left") > opens.search_sorted(
            candidates["ts_open_ns"], "left"
        )
        kept = pl.concat([kept, candidates.filter(~inside)]).sort("ts_open_ns")
    named = ", ".join(format_window(value) for value in lengths)
    return kept, [f"{what} of several lengths ({named}): of those that overlap the shorter are used"]
