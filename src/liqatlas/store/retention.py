"""How long each dataset is kept, what the lake takes on the disk, and what goes first when it must become smaller.

What is removed is written down as a gap with its reason, so that nothing that was once recorded looks like a quiet
market.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, isoformat, now_ns
from liqatlas.base.errors import InputError
from liqatlas.store import gaps, manifest
from liqatlas.store.catalogue import all_series
from liqatlas.store.coverage import remove_recorded
from liqatlas.store.database import transaction
from liqatlas.store.keys import KEYINGS
from liqatlas.store.layout import CATALOGUE, SEGMENTS, day_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from liqatlas.store.catalogue import Series

#: Days each dataset is kept, ``None`` for ever. What takes much room and can be had again goes; bars, open interest,
#: funding and prints are small and cannot all be had again.
KEEP_DAYS: dict[str, int | None] = {
    "book_levels": 7,
    "trades": 90,
    "marks": 90,
    "positions": 180,
    "bars": None,
    "open_interest": None,
    "funding": None,
    "long_short_ratios": None,
    "insurance_fund": None,
    "liquidation_bars": None,
    "liquidations": None,
}
#: Order in which datasets make room; prints go last of what is in files. Segments are never removed for room.
MAKE_ROOM = (
    "book_levels", "trades", "marks", "positions", "long_short_ratios", "insurance_fund", "bars", "funding", "open_interest",
    "liquidation_bars", "liquidations",
)  # fmt: skip
#: Days of files the growth per day is averaged over.
RATE_DAYS = 7


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What a lake takes and how fast it grows.

    Attributes
    ----------
    used_bytes
        Everything in the lake's folder.
    files_bytes
        Live files by dataset.
    catalogue_bytes, segments_bytes
        The two databases with their write-ahead logs.
    bytes_per_day
        Files of the last full :data:`RATE_DAYS` days by dataset, per day; ``None`` in :attr:`gb_per_day` before the
        first full day.
    free_bytes
        Room left on the disk.
    max_bytes
        The limit that was asked about, ``None`` for the disk's own.
    """

    used_bytes: int
    files_bytes: dict[str, int]
    catalogue_bytes: int
    segments_bytes: int
    bytes_per_day: dict[str, float]
    free_bytes: int
    max_bytes: int | None

    @property
    def gb_per_day(self) -> float | None:
        """Growth [GB per day], ``None`` before there is a full day to judge by."""
        return sum(self.bytes_per_day.values()) / 1e9 if self.bytes_per_day else None

    @property
    def days_left(self) -> float | None:
        """Days until the limit or the disk is full at this growth, without retention; ``None`` if not yet known."""
        rate = self.gb_per_day
        if not rate:
            return None
        room = self.free_bytes
        if self.max_bytes is not None:
            room = min(room, self.max_bytes - self.used_bytes)
        return max(0.0, room / 1e9 / rate)


@dataclass(frozen=True, slots=True)
class Retention:
    """What was removed: files, bytes, one line per dataset and day for people, and whether the limit now holds."""

    files: int
    bytes: int
    removed: tuple[str, ...]
    within_limit: bool


def disk_use(
    connection: sqlite3.Connection, root: Path, *, max_bytes: int | None = None, at_ns: int | None = None
) -> DiskUse:
    """Measure a lake."""
    today = day_of(now_ns() if at_ns is None else at_ns)
    total: dict[str, int] = defaultdict(int)
    recent: dict[str, int] = defaultdict(int)
    days: dict[str, set[int]] = defaultdict(set)
    for entry in manifest.all_live(connection):
        total[entry.dataset] += entry.bytes
        day = day_of(entry.start_ns)
        if today - RATE_DAYS * DAY_NS <= day < today:
            recent[entry.dataset] += entry.bytes
            days[entry.dataset].add(day)
    sizes = _sizes(root)
    databases = {
        name: sum(size for path, size in sizes.items() if path.parent == root and path.name.startswith(name))
        for name in (CATALOGUE, SEGMENTS)
    }
    return DiskUse(
        used_bytes=sum(sizes.values()),
        files_bytes=dict(total),
        catalogue_bytes=databases[CATALOGUE],
        segments_bytes=databases[SEGMENTS],
        bytes_per_day={name: size / len(days[name]) for name, size in recent.items()},
        free_bytes=shutil.disk_usage(root).free,
        max_bytes=max_bytes,
    )


def keep_ns(dataset: str, keep_days: Mapping[str, int | None] | None = None) -> int | None:
    """Return how long a dataset is kept [ns], ``None`` for ever."""
    days = (KEEP_DAYS | dict(keep_days or {}))[dataset]
    return None if days is None else days * DAY_NS


def _sizes(root: Path) -> dict[Path, int]:
    """Return the size of every file; one that vanishes meanwhile was swept and counts nothing."""
    sizes = {}
    for path in root.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                sizes[path] = path.stat().st_size
    return sizes


def retain(
    connection: sqlite3.Connection,
    root: Path,
    *,
    keep_days: Mapping[str, int | None] | None = None,
    max_bytes: int | None = None,
    at_ns: int | None = None,
) -> Retention:
    """Take files out of the lake that are older than their dataset is kept, then those that exceed the limit.

    Their bytes leave the disk with the next sweep. Today's files are never removed.

    Raises
    ------
    InputError
        If a kept dataset is unknown or its days are not positive.
    """
    now = now_ns() if at_ns is None else at_ns
    chosen, within = _chosen(connection, root, now, keep_days or {}, max_bytes)
    with transaction(connection):
        known = all_series(connection)
        for entry, why in chosen:
            _expire(connection, entry, known[entry.series], why, now)
    lines = tuple(
        f"{e.dataset} {known[e.series].venue}:{known[e.series].symbol} {isoformat(e.start_ns)}: {why}"
        for e, why in chosen
    )
    return Retention(len(chosen), sum(e.bytes for e, _ in chosen), lines, within)


def due(
    connection: sqlite3.Connection,
    root: Path,
    *,
    keep_days: Mapping[str, int | None] | None = None,
    max_bytes: int | None = None,
    at_ns: int | None = None,
) -> list[tuple[str, str, str]]:
    """Return dataset, venue and symbol of what :func:`retain` would remove files of now."""
    now = now_ns() if at_ns is None else at_ns
    chosen, _ = _chosen(connection, root, now, keep_days or {}, max_bytes)
    known = all_series(connection) if chosen else {}
    return sorted({(e.dataset, known[e.series].venue, known[e.series].symbol) for e, _ in chosen})


def _chosen(
    connection: sqlite3.Connection,
    root: Path,
    now: int,
    keep_days: Mapping[str, int | None],
    max_bytes: int | None,
) -> tuple[list[tuple[manifest.FileEntry, str]], bool]:
    """Return the files that must go and why, and whether the limit then holds."""
    policy = KEEP_DAYS | dict(keep_days)
    for name, days in policy.items():
        if name not in KEYINGS or (days is not None and days < 1):
            raise InputError(
                f"retention {name!r}: {days} days; wanted a known dataset and at least 1 day, or none at all"
            )
    entries = [e for e in manifest.all_live(connection) if e.end_ns <= day_of(now)]
    aged = [
        (e, f"kept {days} days")
        for e in entries
        if (days := policy[e.dataset]) is not None and e.end_ns <= now - days * DAY_NS
    ]
    return _over_limit(connection, root, entries, aged, max_bytes)


def _over_limit(
    connection: sqlite3.Connection,
    root: Path,
    entries: list[manifest.FileEntry],
    aged: list[tuple[manifest.FileEntry, str]],
    max_bytes: int | None,
) -> tuple[list[tuple[manifest.FileEntry, str]], bool]:
    """Return what must go, by age and then by the limit, and whether that is enough."""
    if max_bytes is None:
        return aged, True
    gone = {entry.file for entry, _ in aged}
    waiting = sum(
        row[0]
        for row in connection.execute("SELECT bytes FROM manifest WHERE state IN ('superseded', 'expired')")
    )
    excess = disk_use(connection, root).used_bytes - waiting - sum(e.bytes for e, _ in aged) - max_bytes
    chosen = list(aged)
    for entry in sorted(entries, key=lambda e: (MAKE_ROOM.index(e.dataset), e.start_ns, e.file)):
        if excess <= 0:
            break
        if entry.file not in gone:
            chosen.append((entry, f"removed to stay under {max_bytes:,} bytes"))
            excess -= entry.bytes
    return chosen, excess <= 0


def _expire(
    connection: sqlite3.Connection, entry: manifest.FileEntry, series: Series, why: str, now: int
) -> None:
    if not manifest.end(connection, [entry.file], "expired", now):
        return  # rewritten meanwhile; the next run looks at the new file
    span = (entry.start_ns, entry.end_ns)
    remove_recorded(connection, entry.dataset, entry.series, span)
    connection.execute(
        "DELETE FROM hour WHERE dataset = ? AND series = ? AND hour_ns >= ? AND hour_ns < ?",
        (entry.dataset, entry.series, *span),
    )
    place = gaps.Place(entry.dataset, series.venue, series.symbol)
    gaps.open_gap(connection, place, span[0], end_ns=span[1], reason=f"{gaps.RETENTION}{why}")
