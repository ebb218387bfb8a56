"""Reading what can be read of a damaged catalogue into a new one.

Each table is read upwards until SQLite stumbles over a damaged page, then downwards from the end; what lies between is
cut in halves and tried again. What cannot be reached in the hot rows is known as a span of time. The manifest is not
trusted to be whole: files carry in their footers what it said of them, and are adopted again.

SQLite keeps no checksums of its pages: a damaged page that still looks like one is not noticed.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS, now_ns
from liqatlas.base.errors import LakeCorruptError
from liqatlas.store import coverage, gaps, manifest, parquet
from liqatlas.store.catalogue import Series, all_series, read_sidecar
from liqatlas.store.commit import touched_hours
from liqatlas.store.database import create, transaction
from liqatlas.store.hot import HOT
from liqatlas.store.keys import keying
from liqatlas.store.layout import PARTIAL, data_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.store.coverage import Span

#: How often the unread middle of a table is halved.
_DEPTH = 12
_PLAIN = (
    "series", "instrument", "margin_tier", "manifest", "hour", "recorded", "gap", "checkpoint", "job", "job_part",
)  # fmt: skip
#: Write numbers jump this far, past any that the damaged file may have given out.
_SEQ_JUMP = 10_000_000


@dataclass(slots=True)
class Salvage:
    """What was saved and what was not.

    Attributes
    ----------
    rows
        Saved rows by table.
    incomplete
        Tables of which not everything could be read.
    lost
        ``(dataset, series, span)`` of hot rows that could not be reached.
    adopted
        Files the manifest had lost and that were taken in again.
    """

    rows: dict[str, int] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    lost: list[tuple[str, int, Span]] = field(default_factory=list)
    adopted: int = 0


def salvage(damaged: Path | None, root: Path, fresh: sqlite3.Connection) -> Salvage:
    """Fill a new catalogue from a damaged one and from the lake's files.

    Parameters
    ----------
    damaged
        The damaged catalogue, ``None`` where there is none at all.
    root
        The lake, whose files and sidecar are read.
    fresh
        An empty database.
    """
    saved = Salvage()
    source = _open_damaged(damaged) if damaged is not None else None
    try:
        with transaction(fresh):
            create(fresh)
            for table in _PLAIN:
                _copy_plain(source, fresh, table, saved)
            _complete_series(root, fresh)
            _adopt_files(root, fresh, saved)
            for dataset in HOT:
                _copy_hot(source, fresh, dataset, saved)
            if saved.adopted or "hour" in saved.incomplete:
                _touch_again(root, fresh)
            top = max(_highest_seq(fresh), 0) + _SEQ_JUMP
            fresh.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (top,))
            _note_losses(fresh, saved)
    finally:
        if source is not None:
            source.close()
    return saved


def _open_damaged(path: Path) -> sqlite3.Connection | None:
    """Open a damaged database for reading, ``None`` if it is empty or not even its schema can be read."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA cell_size_check = ON")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return connection
    except sqlite3.DatabaseError:
        pass
    connection.close()
    return None


def _rows_until_damage(
    source: sqlite3.Connection, sql: str, values: tuple[object, ...]
) -> Iterator[tuple[object, ...]]:
    """Yield rows; a final ``()`` says that the rest could not be read."""
    try:
        yield from source.execute(sql, values)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        yield ()


def _put(fresh: sqlite3.Connection, table: str, row: tuple[object, ...]) -> bool:
    """Insert a row unless its key is taken; false if what was read cannot be a row of that table."""
    marks = ", ".join("?" * len(row))
    try:
        fresh.execute(f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING", row)  # noqa: S608
    except (sqlite3.IntegrityError, sqlite3.OperationalError):
        return False
    return True


def _copy_plain(
    source: sqlite3.Connection | None, fresh: sqlite3.Connection, table: str, saved: Salvage
) -> None:
    """Copy a small table from both its ends."""
    key = "1, 2, 3" if table in {"instrument", "margin_tier", "hour", "recorded"} else "1"
    complete = source is not None
    if source is not None:
        for way in ("ASC", "DESC"):
            order = ", ".join(f"{column} {way}" for column in _key_columns(fresh, table) or key.split(", "))
            complete = True
            for row in _rows_until_damage(source, f"SELECT * FROM {table} ORDER BY {order}", ()):  # noqa: S608
                complete = complete and bool(row) and _put(fresh, table, row)
            if complete:
                break
    saved.rows[table] = int(fresh.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
    if not complete:
        saved.incomplete.append(table)


def _key_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the primary key's columns in their order."""
    columns = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    return [name for name, place in sorted(columns, key=lambda c: c[1]) if place]


def _complete_series(root: Path, fresh: sqlite3.Connection) -> None:
    """Add the series that only the sidecar or the files still know."""
    known = dict(read_sidecar(root))
    for path in data_files(root):
        if path.suffix != PARTIAL:
            try:
                facts = parquet.read_facts(path)
            except LakeCorruptError:
                continue
            tick = facts.tick_size or "0.00000001"
            known.setdefault(facts.series, Series(facts.series, facts.venue, facts.symbol, Decimal(tick)))
    for series in known.values():
        _put(
            fresh, "series", (series.number, series.venue, series.symbol, format(series.tick_size, "f"), None)
        )


def _copy_hot(
    source: sqlite3.Connection | None, fresh: sqlite3.Connection, dataset: str, saved: Salvage
) -> None:
    """Copy hot rows series by series."""
    table = HOT[dataset].name
    for series in all_series(fresh):
        span = _hot_bounds(fresh, dataset, series, saved)
        if span is None:
            continue
        lost = [span] if source is None else _copy_span(source, fresh, (dataset, series), span)
        saved.lost += [(dataset, series, span) for span in _joined(lost)]
    saved.rows[table] = int(fresh.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
    if source is None or any(name == dataset for name, _, _ in saved.lost):
        saved.incomplete.append(table)


def _hot_bounds(fresh: sqlite3.Connection, dataset: str, series: int, saved: Salvage) -> Span | None:
    """Return the span in which a series can have hot rows; ``None`` if it has no rows of that dataset at all."""
    first, last = fresh.execute(
        "SELECT min(first_ns), max(last_ns) + 1 FROM hour WHERE dataset = ? AND series = ?", (dataset, series)
    ).fetchone()
    if "hour" not in saved.incomplete:
        return None if first is None else (first, last)
    files = fresh.execute(
        "SELECT min(start_ns) FROM manifest WHERE dataset = ? AND series = ?", (dataset, series)
    ).fetchone()
    return min(
        value for value in (first, files[0], now_ns()) if value is not None
    ) - DAY_NS, now_ns() + DAY_NS


def _copy_span(
    source: sqlite3.Connection,
    fresh: sqlite3.Connection,
    place: tuple[str, int],
    span: Span,
    *,
    depth: int = _DEPTH,
) -> list[Span]:
    """Copy the rows of a span from both ends and return the spans that could not be read."""
    (dataset, series), (low, high) = place, span
    table = HOT[dataset]
    time = table.rule.time
    column = table.stored.index(time)
    for way in ("ASC", "DESC"):
        sql = (
            f"SELECT {', '.join(table.stored)} FROM {table.name} "  # noqa: S608
            f"WHERE series = ? AND {time} >= ? AND {time} < ? ORDER BY {time} {way}"
        )
        whole = True
        for row in _rows_until_damage(source, sql, (series, low, high)):
            if not row or not _put(fresh, table.name, row):
                whole = False
                break
            moment = int(row[column])  # type: ignore[call-overload]
            low, high = (moment, high) if way == "ASC" else (low, moment + 1)
        if whole:
            return []
    middle = (low + high) // 2
    if depth == 0 or middle in (low, high):
        return [(low, high)]
    return [
        lost
        for half in ((low, middle), (middle, high))
        for lost in _copy_span(source, fresh, place, half, depth=depth - 1)
    ]


def _joined(spans: list[Span]) -> list[Span]:
    """Return spans with those that touch made one."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _adopt_files(root: Path, fresh: sqlite3.Connection, saved: Salvage) -> None:
    """Take in files the manifest does not know; of those that claim one span the newest, which superseded the others."""
    known = manifest.known_paths(fresh)
    found = []
    for path in data_files(root):
        if path.suffix != PARTIAL and str(path.relative_to(root)) not in known:
            try:
                found.append((parquet.read_facts(path), path))
            except LakeCorruptError:
                continue  # verify reports it as a file nobody names
    for facts, path in sorted(found, key=lambda item: -item[0].created_ns):
        if manifest.live(fresh, facts.dataset, facts.series, facts.start_ns, facts.end_ns):
            continue
        size, digest = path.stat().st_size, parquet.digest_of(path)
        written = parquet.WrittenFile(str(path.relative_to(root)), size, digest)
        manifest.add(fresh, facts, written)
        saved.adopted += 1


def _touch_again(root: Path, fresh: sqlite3.Connection) -> None:
    """Note anew which hours the files and the hot rows touch."""
    for entry in manifest.all_live(fresh):
        rule = keying(entry.dataset)
        try:
            for rows in parquet.batches(root / entry.path, rule, expected_digest=entry.digest):
                coverage.touch(fresh, entry.dataset, entry.series, touched_hours(rows[rule.time]), seq=0)
        except (LakeCorruptError, FileNotFoundError):
            continue  # repair deals with damaged files next
    for dataset, table in HOT.items():
        for series, hour in table.hours(fresh):
            first, last, seq = table.extent(fresh, series, hour, hour + HOUR_NS)
            coverage.touch(fresh, dataset, series, [(hour, first, last)], seq=seq)


def _highest_seq(fresh: sqlite3.Connection) -> int:
    tables = ["hour", *(table.name for table in HOT.values())]
    found = [fresh.execute(f"SELECT max(seq) FROM {name}").fetchone()[0] for name in tables]  # noqa: S608
    return max((int(value) for value in found if value is not None), default=0)


def _note_losses(fresh: sqlite3.Connection, saved: Salvage) -> None:
    """Write what could not be read as gaps, less what files hold."""
    known, now = all_series(fresh), now_ns()
    for dataset, number, (start, end) in saved.lost:
        series = known[number]
        files = [(f.start_ns, f.end_ns) for f in manifest.live(fresh, dataset, number, start, end)]
        for low, high in coverage.without([(start, min(end, max(now, start + 1)))], files):
            place = gaps.Place(dataset, series.venue, series.symbol)
            gaps.open_gap(
                fresh, place, low, end_ns=high, reason=f"{gaps.REPAIR}a damaged page of the catalogue"
            )
            coverage.remove_recorded(fresh, dataset, number, (low, high))
