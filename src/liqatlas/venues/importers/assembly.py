"""Pieces of one instrument → one recording: sorted, each event once, one description of each stretch of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base import schemas
from liqatlas.base.account_tables import EMPTIED
from liqatlas.base.clock import DAY_NS
from liqatlas.base.errors import FormatError
from liqatlas.base.format import format_count
from liqatlas.base.instruments import VENUES
from liqatlas.base.recording import Recording
from liqatlas.venues.importers.gaps import describe_gaps, find_gaps
from liqatlas.venues.importers.identity import described_by, instrument_of
from liqatlas.venues.importers.layers import one_layer
from liqatlas.venues.importers.native_interest import with_native
from liqatlas.venues.importers.open_interest_audit import audit_open_interest
from liqatlas.venues.importers.trade_order import order_trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.venues.importers.pieces import Piece

#: Factor between two prices of one time that no market of one contract shows.
_STRANGE = 4
_SCHEMA_OF = {"mark_bars": schemas.BARS, "emptied": EMPTIED}


@dataclass(frozen=True, slots=True)
class Assembled:
    """A recording and how its rows were cleaned, in rows."""

    recording: Recording
    duplicates: int
    out_of_order: int


def assemble(venue: str, symbol: str, pieces: Sequence[Piece]) -> Assembled:
    """Return the recording of one instrument.

    Parameters
    ----------
    pieces
        Everything read of it, in the order of reading.
    """
    warnings = list(dict.fromkeys(warning for piece in pieces for warning in piece.warnings))
    filled = [piece for piece in pieces if not piece.frame.is_empty()]
    tables: dict[str, pl.DataFrame] = {}
    duplicates = moved = 0
    for name in dict.fromkeys(piece.table for piece in filled):
        mine = [piece for piece in filled if piece.table == name]
        if name == "trades":
            frame, told, twice, late = _trades(mine)
        elif name == "liquidations":
            frame, told, twice, late = _events(mine)
        else:
            frame, told, twice, late = one_layer(name, mine)
        tables[name] = frame
        warnings += told
        duplicates += twice
        moved += late
    warnings += with_native(tables, VENUES[venue].open_interest_sides if venue in VENUES else 1)
    instrument = instrument_of(venue, symbol, filled, tables)
    conformed = {name: _SCHEMA_OF.get(name, schemas.ALL_TABLES.get(name)) for name in tables}
    recording = Recording(
        instrument=instrument,
        sources=_sources(pieces),
        prints_scope="; ".join(dict.fromkeys(piece.prints_scope for piece in pieces if piece.prints_scope)),
    )
    done = {name: schema.conform(tables[name]) for name, schema in conformed.items() if schema is not None}
    if "book_levels" in done:  # bids before asks, as the schema's type orders them
        done["book_levels"] = done["book_levels"].sort(schemas.BOOK_LEVELS.sort_by)
    recording = replace(recording, **done)  # type: ignore[arg-type]
    for name, frame in recording.tables().items():
        gap = describe_gaps(name, find_gaps(name, frame))
        warnings += [gap] if gap else []
    warnings += audit_open_interest(recording)
    return Assembled(replace(recording, warnings=tuple(warnings)), duplicates, moved)


def _sources(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Return one line for each format: its name, files and rows."""
    lines = []
    for title in dict.fromkeys(piece.title for piece in pieces):
        mine = [piece for piece in pieces if piece.title == title]
        files = dict.fromkeys(piece.label for piece in mine)
        rows = sum(max(piece.frame.height for piece in mine if piece.label == label) for label in files)
        lines.append(f"{title}, {format_count(len(files), 'file')}, {format_count(rows, 'row')}")
    return tuple(lines)


def _trades(pieces: list[Piece]) -> tuple[pl.DataFrame, list[str], int, int]:
    """Return the trades of the preferred stream at each time, in ticks, each fill once."""
    kept, told = _one_stream(pieces)
    if described_by(kept) is None:
        kept = [_as_decimals(piece) for piece in kept]
    decimals = max(piece.price_decimals for piece in kept)
    with_id = all("trade_id" in piece.frame.columns for piece in kept)
    columns = ["ts_event_ns", "price_scaled", "qty_native", "taker_buy"] + (["trade_id"] if with_id else [])
    frames = [
        piece.frame.select(columns)
        if piece.price_decimals == decimals
        else piece.frame.select(columns).with_columns(
            pl.col("price_scaled") * 10 ** (decimals - piece.price_decimals)
        )
        for piece in kept
    ]
    _refuse_strangers(kept, frames)
    ordered = order_trades(frames)
    if ordered.replays:
        told.append(
            f"trades: {ordered.replayed:,} rows in {ordered.replays} blocks were sent again (a reconnect, or a file given "
            "twice) and are counted once"
        )
    if ordered.duplicates:
        told.append(f"trades: {ordered.duplicates:,} rows repeat a trade number and are counted once")
    if ordered.out_of_order:
        told.append(f"trades: {ordered.out_of_order:,} rows were out of order and are sorted")
    frame = ordered.frame.rename({"price_scaled": "price_ticks"})
    return frame, told, ordered.duplicates + ordered.replayed, ordered.out_of_order


def _refuse_strangers(pieces: list[Piece], frames: list[pl.DataFrame]) -> None:
    """Raise where a file's first price is far from what another file holds at that time: another symbol under a wrong name."""
    order = sorted(range(len(frames)), key=lambda i: int(frames[i]["ts_event_ns"][0]))
    for before, after in pairwise(order):
        ts = frames[before]["ts_event_ns"]
        start = int(frames[after]["ts_event_ns"][0])
        place = min(max(int(ts.search_sorted(start)) - 1, 0), ts.len() - 1)
        if start - int(ts[place]) > DAY_NS:
            continue
        first, second = int(frames[before]["price_scaled"][place]), int(frames[after]["price_scaled"][0])
        if max(first, second) > _STRANGE * min(first, second):
            raise FormatError(
                pieces[after].label,
                f"its first price is {second / first:.3g} times that of {pieces[before].label} at the same time: two symbols "
                "under one name? read them apart",
            )


def _as_decimals(piece: Piece) -> Piece:
    """Return trades that count ticks of their own as trades that count a power of ten."""
    if piece.instrument is None:
        return piece
    tick = piece.instrument.tick_size
    decimals = max(0, -int(tick.as_tuple().exponent))
    factor = int(tick.scaleb(decimals))
    frame = piece.frame.with_columns(pl.col("price_scaled") * factor)
    return replace(piece, frame=frame, price_decimals=decimals, instrument=None)


def _one_stream(pieces: list[Piece]) -> tuple[list[Piece], list[str]]:
    """Leave out files that describe a stretch of time which a preferred stream covers too."""
    kept: list[Piece] = []
    told: list[str] = []
    for piece in sorted(pieces, key=lambda one: one.rank):
        first, last = piece.frame["ts_event_ns"].min(), piece.frame["ts_event_ns"].max()
        rival = next(
            (
                other
                for other in kept
                if other.stream != piece.stream
                and other.frame["ts_event_ns"].min() <= last  # type: ignore[operator]
                and first <= other.frame["ts_event_ns"].max()  # type: ignore[operator]
            ),
            None,
        )
        if rival is None:
            kept.append(piece)
        else:
            told.append(
                f"{piece.label}: left out, because {rival.label} holds the same trades ({rival.stream} and {piece.stream})"
            )
    order = {id(piece): place for place, piece in enumerate(pieces)}
    return sorted(kept, key=lambda one: order[id(one)]), told


def _events(pieces: list[Piece]) -> tuple[pl.DataFrame, list[str], int, int]:
    """Return liquidation prints of all files; what two files both hold counts once, equal prints within one stay."""
    frames = []
    for piece in pieces:
        key = piece.frame.columns
        frames.append(piece.frame.with_columns(pl.int_range(pl.len()).over(key).alias("_nth")))
    every = pl.concat(frames, how="diagonal_relaxed")
    once = every.unique(maintain_order=True)
    twice = every.height - once.height
    late = 0 if once["ts_event_ns"].is_sorted() else 1
    told = [f"liquidations: {twice:,} rows stand in two files and are counted once"] if twice else []
    return once.drop("_nth").sort("ts_event_ns", maintain_order=True), told, twice, late
