"""What one group commit writes: rows of many appends, the hours they touch, spans, checkpoints and gaps, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import HOUR_NS
from liqatlas.store import coverage, gaps, jobs
from liqatlas.store.database import take_seq
from liqatlas.store.hot import HOT
from liqatlas.store.keys import keying
from liqatlas.store.layout import hour_of

if TYPE_CHECKING:
    import sqlite3

    from liqatlas.store.coverage import Span


@dataclass(frozen=True, slots=True)
class Item:
    """One append that waits: checked rows with their occurrence numbers, or none and a gap."""

    number: int
    dataset: str
    series: int
    tick_size: Decimal
    rows: pl.DataFrame | None
    covers: Span | None = None
    checkpoint: tuple[str, str] | None = None
    size: int = 0
    since: float = 0.0
    gap: tuple[str, str, int, int, str] | None = None


def write_group(connection: sqlite3.Connection, items: list[Item]) -> int:
    """Write items inside the running transaction; return how many rows were new or changed something."""
    grouped: dict[tuple[str, int], list[pl.DataFrame]] = {}
    for item in items:
        if item.rows is not None and not item.rows.is_empty():
            rows = in_ticks_of(connection, item.series, item.rows, item.tick_size)
            grouped.setdefault((item.dataset, item.series), []).append(rows)
    written = 0
    for (dataset, series), frames in grouped.items():
        frame = pl.concat(frames)
        seq = take_seq(connection, frame.height)
        new = HOT[dataset].insert(connection, HOT[dataset].rows(frame, series=series, seq=seq))
        if new:
            hours = touched_hours(frame[keying(dataset).time])
            coverage.touch(connection, dataset, series, hours, seq=seq + frame.height - 1)
        written += new
    for item in items:
        if item.covers is not None:
            coverage.add_recorded(connection, item.dataset, item.series, item.covers)
        if item.checkpoint is not None:
            jobs.put_checkpoint(connection, *item.checkpoint)
        if item.gap is not None:
            venue, symbol, start, end, reason = item.gap
            place = gaps.Place(item.dataset, venue, symbol)
            gaps.open_gap(connection, place, start, end_ns=end, reason=reason)
    return written


def in_ticks_of(
    connection: sqlite3.Connection, series: int, rows: pl.DataFrame, tick_size: Decimal
) -> pl.DataFrame:
    """Return rows with their price ticks counted in the step that the series stores."""
    if "price_ticks" not in rows.columns:
        return rows
    stored = Decimal(
        connection.execute("SELECT tick_size FROM series WHERE series = ?", (series,)).fetchone()[0]
    )
    factor = int(tick_size / stored)
    return rows if factor == 1 else rows.with_columns(pl.col("price_ticks") * factor)


def touched_hours(moments: pl.Series) -> list[tuple[int, int, int]]:
    """Return ``(hour, first, last)`` of every UTC hour that has moments [ns]."""
    first, last = int(moments.min()), int(moments.max())  # type: ignore[arg-type]
    if hour_of(first) == hour_of(last):
        return [(hour_of(first), first, last)]
    by_hour = moments.to_frame("moment").group_by(
        pl.col("moment").floordiv(HOUR_NS).alias("hour"), maintain_order=True
    )
    found = by_hour.agg(pl.col("moment").min().alias("first"), pl.col("moment").max().alias("last"))
    return [(hour * HOUR_NS, low, high) for hour, low, high in found.rows()]
