"""Hot rows become files: hours as they close, whole days once the day is over, late rows rewritten into their day.

Rows pass through stretch by stretch, so that a day takes no more memory than a batch of it. A file is written and synced first; one transaction then puts it in the place of those it was made from. What was read
is checked again inside that transaction, so two processes that compact the same day cannot lose a row: the later one
starts over. Hot rows go afterwards, in small steps; until then they and the file tell the same, which the merge of
reading sees through. A crash anywhere leaves at most a file that no manifest row names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, now_ns
from liqatlas.base.errors import LakeCorruptError, LakeError
from liqatlas.store import manifest, parquet
from liqatlas.store.catalogue import Series, all_series
from liqatlas.store.database import last_seq, snapshot, transaction
from liqatlas.store.hot import HOT
from liqatlas.store.keys import counted, keying, merge
from liqatlas.store.layout import day_of
from liqatlas.store.stretches import FileRows, HeldRows, HotRows, stretches

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from liqatlas.store.coverage import Span
    from liqatlas.store.keys import Keying

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
class _Found:
    """What stands in a span at one moment: its files, and hot rows written up to a write number."""

    series: Series
    span: Span
    entries: list[manifest.FileEntry]
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
    extra = None if extra is None else counted(rule, extra)
    for _ in range(_TRIES):
        found = _gather(connection, dataset, number, span)
        draft = _draft(root, rule, found)
        try:
            changed = _merge_into(draft, connection, root, found, extra)
            if draft.rows and not changed:
                _drop_hot(connection, dataset, found)
            if not changed:
                return None
            facts = _facts(dataset, found, draft)
            written = draft.finish(facts)
        finally:
            draft.discard()
        if _commit(connection, found, facts, written, eager=extra is not None):
            _drop_hot(connection, dataset, found)
            return manifest.live(connection, dataset, number, *found.span)[0]
        with suppress(OSError):
            (root / written.path).unlink()
    raise LakeError(
        f"{dataset} of series {number}: other processes kept rewriting the same day; try again later"
    )


def _gather(connection: sqlite3.Connection, dataset: str, number: int, span: Span) -> _Found:
    """Return what stands in a span, widened to the files that reach out of it."""
    with snapshot(connection):
        series = all_series(connection)[number]
        met = manifest.live(connection, dataset, number, *span)
        start = min([span[0], *(e.start_ns for e in met)])
        end = max([span[1], *(e.end_ns for e in met)])
        entries = manifest.live(connection, dataset, number, start, end)
        return _Found(series, (start, end), entries, last_seq(connection))


def _draft(root: Path, rule: Keying, found: _Found) -> parquet.Draft:
    series = found.series
    return parquet.Draft(
        root, rule, parquet.place_of(rule.table.name, series.venue, series.symbol, found.span)
    )


def _merge_into(
    draft: parquet.Draft,
    connection: sqlite3.Connection,
    root: Path,
    found: _Found,
    extra: pl.DataFrame | None,
) -> bool:
    """Write everything of a span into a draft; return whether that is other than what its one file holds.

    Hot rows that another process writes meanwhile have higher write numbers, those it removes are in a file of its own,
    which the commit notices.
    """
    rule = draft.rule
    files = FileRows(rule, _filed(root, rule, found))
    hot = HotRows(connection, rule.table.name, found.series.number, found.span[1], up_to_seq=found.up_to_seq)
    newest = HeldRows(rule, rule.table.empty() if extra is None else extra)
    changed = [(e.start_ns, e.end_ns) for e in found.entries] != [found.span]
    for start, end in stretches(found.span, (files, hot, newest)):
        older = merged = files.before(end)
        for newer in (hot.within(start, end), newest.within(start, end)):
            if not newer.is_empty():
                merged = merge(rule, merged, newer)
        changed = changed or not merged.equals(older)
        draft.add(merged)
    return changed and draft.rows > 0


def _filed(root: Path, rule: Keying, found: _Found) -> Iterator[pl.DataFrame]:
    """Yield the rows of a span's files, some at a time."""
    for entry in found.entries:
        path = root / entry.path
        try:
            for frame in parquet.batches(path, rule, expected_digest=entry.digest, rows=parquet.BATCH_ROWS):
                yield parquet.rescaled(frame, entry.tick_size, found.series.tick_size)
        except FileNotFoundError:
            raise LakeCorruptError(
                path, "missing; see liqatlas lake verify, then liqatlas lake repair"
            ) from None


def _facts(dataset: str, found: _Found, draft: parquet.Draft) -> parquet.FileFacts:
    has_ticks = "price_ticks" in keying(dataset).table.columns
    return parquet.FileFacts(
        dataset=dataset,
        series=found.series.number,
        venue=found.series.venue,
        symbol=found.series.symbol,
        start_ns=found.span[0],
        end_ns=found.span[1],
        first_ns=draft.first_ns,
        last_ns=draft.last_ns,
        rows=draft.rows,
        tick_size=format(found.series.tick_size, "f") if has_ticks else "",
        created_ns=now_ns(),
    )


def _commit(
    connection: sqlite3.Connection,
    found: _Found,
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


def _drop_hot(connection: sqlite3.Connection, dataset: str, found: _Found) -> None:
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
