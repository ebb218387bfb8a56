"""Hot rows become files: hours as they close, whole days once the day is over, late rows rewritten into their day.

A file is written and synced first; one transaction then puts it in the place of those it was made from. What was read
is checked again inside that transaction, so two processes that compact the same day cannot lose a row: the later one
starts over. Hot rows go afterwards, in small steps; until then they and the file tell the same, which the merge of
reading sees through. A crash anywhere leaves at most a file that no manifest row names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, now_ns
from liqatlas.base.errors import LakeCorruptError, LakeError
from liqatlas.store import manifest, parquet
from liqatlas.store.catalogue import Series, all_series
from liqatlas.store.database import snapshot, transaction
from liqatlas.store.hot import HOT
from liqatlas.store.keys import counted, keying, merge
from liqatlas.store.layout import day_of

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from liqatlas.store.coverage import Span

#: Rows may come this late before an hour or day counts as closed; later ones are rewritten into it.
SETTLE_NS = 5 * MINUTE_NS
#: Files taken out of the lake stay this long for readers that already chose them.
GRACE_NS = 2 * MINUTE_NS
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction did; ``failures`` says which stretches could not be written and why, their rows stay hot."""

    files: int = 0
    rows: int = 0
    bytes: int = 0
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Everything that stands in a span at one moment."""

    series: Series
    span: Span
    entries: list[manifest.FileEntry]
    hot: pl.DataFrame
    up_to_seq: int


def compact(
    connection: sqlite3.Connection, root: Path, *, at_ns: int | None = None, settle_ns: int = SETTLE_NS
) -> Compaction:
    """Write every closed hour and day to files.

    Parameters
    ----------
    connection, root
        The lake.
    at_ns
        The moment that counts as now; the clock's by default.
    settle_ns
        How long after its end an hour or day counts as closed [ns].

    Raises
    ------
    DiskFullError
        If there is no room; everything stays readable, nothing is lost.
    """
    closed_before = (now_ns() if at_ns is None else at_ns) - settle_ns
    files, failures = [], []
    for dataset, number, span in _targets(connection, closed_before):
        try:
            files.append(rewrite(connection, root, dataset, number, span))
        except LakeCorruptError as error:
            failures.append(str(error))
    written = [f for f in files if f is not None]
    return Compaction(
        len(written), sum(f.rows for f in written), sum(f.bytes for f in written), tuple(failures)
    )


def _targets(connection: sqlite3.Connection, closed_before: int) -> list[tuple[str, int, Span]]:
    """Return the spans that are closed and not yet one file."""
    found: set[tuple[str, int, Span]] = set()
    for dataset, table in HOT.items():
        for number, hour in table.hours(connection):
            day = day_of(hour)
            if day + DAY_NS <= closed_before:
                found.add((dataset, number, (day, day + DAY_NS)))
            elif hour + HOUR_NS <= closed_before:
                found.add((dataset, number, (hour, hour + HOUR_NS)))
    for entry in manifest.all_live(connection):
        day = day_of(entry.start_ns)
        if entry.end_ns - entry.start_ns < DAY_NS and day + DAY_NS <= closed_before:
            found.add((entry.dataset, entry.series, (day, day + DAY_NS)))
    return sorted(found)


def rewrite(
    connection: sqlite3.Connection,
    root: Path,
    dataset: str,
    number: int,
    span: Span,
    *,
    extra: pl.DataFrame | None = None,
) -> manifest.FileEntry | None:
    """Make one file of a span from its files, its hot rows and ``extra`` rows on top.

    Returns
    -------
    The new file's manifest row, or ``None`` where the present file already holds everything.

    Raises
    ------
    LakeCorruptError
        If a file of the span cannot be read.
    """
    rule = keying(dataset)
    for _ in range(_TRIES):
        found = _gather(connection, dataset, number, span)
        older = _read_all(root, dataset, found)
        merged = merge(rule, older, found.hot)
        if extra is not None:
            merged = merge(rule, merged, counted(rule, extra))
        if merged.is_empty():
            return None
        if [(e.start_ns, e.end_ns) for e in found.entries] == [found.span] and merged.equals(older):
            _drop_hot(connection, dataset, found)
            return None
        facts = _facts(dataset, found, merged)
        written = parquet.write(root, rule, merged, facts)
        if _commit(connection, found, facts, written, eager=extra is not None):
            _drop_hot(connection, dataset, found)
            return manifest.live(connection, dataset, number, *found.span)[0]
        with suppress(OSError):
            (root / written.path).unlink()
    raise LakeError(
        f"{dataset} of series {number}: other processes kept rewriting the same day; try again later"
    )


def _gather(connection: sqlite3.Connection, dataset: str, number: int, span: Span) -> _Stretch:
    """Return what stands in a span, widened to the files that reach out of it."""
    with snapshot(connection):
        series = all_series(connection)[number]
        met = manifest.live(connection, dataset, number, *span)
        start = min([span[0], *(e.start_ns for e in met)])
        end = max([span[1], *(e.end_ns for e in met)])
        entries = manifest.live(connection, dataset, number, start, end)
        hot, up_to = HOT[dataset].select(connection, number, start, end)
    return _Stretch(series, (start, end), entries, hot, up_to)


def _read_all(root: Path, dataset: str, found: _Stretch) -> pl.DataFrame:
    rule = keying(dataset)
    frames = []
    for entry in found.entries:
        try:
            frame = parquet.read(root / entry.path, rule, expected_digest=entry.digest)
        except FileNotFoundError:
            raise LakeCorruptError(root / entry.path, "missing; run verify, then repair") from None
        frames.append(parquet.rescaled(frame, entry.tick_size, found.series.tick_size))
    return pl.concat(frames) if frames else rule.table.empty()


def _facts(dataset: str, found: _Stretch, merged: pl.DataFrame) -> parquet.FileFacts:
    moments = merged[keying(dataset).time]
    return parquet.FileFacts(
        dataset=dataset,
        series=found.series.number,
        venue=found.series.venue,
        symbol=found.series.symbol,
        start_ns=found.span[0],
        end_ns=found.span[1],
        first_ns=int(moments[0]),
        last_ns=int(moments[-1]),
        rows=merged.height,
        tick_size=format(found.series.tick_size, "f") if "price_ticks" in merged.columns else "",
        created_ns=now_ns(),
    )


def _commit(
    connection: sqlite3.Connection,
    found: _Stretch,
    facts: parquet.FileFacts,
    written: parquet.WrittenFile,
    *,
    eager: bool,
) -> bool:
    """Put the new file in the place of the old ones; false if the lake changed meanwhile.

    ``eager`` removes the hot rows at once: they are older than the extra rows of the file and would win over them.
    """
    with transaction(connection):
        now = manifest.live(connection, facts.dataset, facts.series, *found.span)
        same_tick = all_series(connection)[facts.series].tick_size == found.series.tick_size
        if [e.file for e in now] != [e.file for e in found.entries] or not same_tick:
            return False
        manifest.end(connection, [e.file for e in found.entries], "superseded", facts.created_ns)
        manifest.add(connection, facts, written)
        if eager:
            at = found.span[0]
            while at < found.span[1]:
                at = HOT[facts.dataset].delete(
                    connection, facts.series, (at, found.span[1]), up_to_seq=found.up_to_seq
                )
    return True


def _drop_hot(connection: sqlite3.Connection, dataset: str, found: _Stretch) -> None:
    """Remove hot rows that a file now holds, one short transaction after the other."""
    at, end = found.span
    while at < end:
        with transaction(connection):
            at = HOT[dataset].delete(connection, found.series.number, (at, end), up_to_seq=found.up_to_seq)


def sweep(
    connection: sqlite3.Connection, root: Path, *, at_ns: int | None = None, grace_ns: int = GRACE_NS
) -> int:
    """Remove from the disk the files that left the lake longer ago than the grace; return how many.

    Nothing is removed while a backup holds a pin.
    """
    now = now_ns() if at_ns is None else at_ns
    if connection.execute("SELECT 1 FROM pin WHERE until_ns > ?", (now,)).fetchone():
        return 0
    gone = manifest.ended(connection, now - grace_ns)
    for _, path in gone:
        (root / path).unlink(missing_ok=True)
    for folder in {(root / path).parent for _, path in gone}:
        if folder.exists():  # or a power cut brings back files that the manifest has forgotten
            parquet.sync_folder(folder)
    with transaction(connection):
        manifest.forget(connection, [file for file, _ in gone])
    return len(gone)
