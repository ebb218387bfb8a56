"""Ingest: many rows at once, straight into the files of their days, past the hot rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import DAY_NS
from liqatlas.store import coverage, jobs
from liqatlas.store.catalogue import ensure_series, write_sidecar
from liqatlas.store.commit import in_ticks_of, touched_hours
from liqatlas.store.compaction import rewrite
from liqatlas.store.database import take_seq, transaction
from liqatlas.store.keys import checked, keying

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from liqatlas.base.instruments import Instrument
    from liqatlas.store.coverage import Span


def ingest(
    connection: sqlite3.Connection,
    root: Path,
    dataset: str,
    instrument: Instrument,
    frame: pl.DataFrame,
    *,
    covers: Span | None,
    checkpoint: tuple[str, str] | None,
) -> int:
    """Write rows day by day, each day all or nothing; return how many days changed.

    A crash in between leaves whole days and no checkpoint: the same call again does the rest.
    """
    rule = keying(dataset)
    rows = checked(dataset, frame)
    with transaction(connection):
        series = ensure_series(connection, instrument)
    write_sidecar(connection, root)
    rows = in_ticks_of(connection, series.number, rows, instrument.tick_size).sort(
        rule.time, maintain_order=True
    )
    changed = 0
    by_day = rows.with_columns((pl.col(rule.time) // DAY_NS).alias("day"))
    for day in by_day.partition_by("day", include_key=False, maintain_order=True):
        start = int(day[rule.time][0]) // DAY_NS * DAY_NS
        if rewrite(connection, root, dataset, series.number, (start, start + DAY_NS), extra=day) is None:
            continue
        changed += 1
        with transaction(connection):
            seq = take_seq(connection, day.height)
            hours = touched_hours(day[rule.time])
            coverage.touch(connection, dataset, series.number, hours, seq=seq + day.height - 1)
    with transaction(connection):
        if covers is not None:
            coverage.add_recorded(connection, dataset, series.number, covers)
        if checkpoint is not None:
            jobs.put_checkpoint(connection, *checkpoint)
    return changed
