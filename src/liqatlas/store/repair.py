"""Repair: set aside what is damaged, write down what is missing, remove nothing.

Needs the lake alone. Everything set aside goes to ``quarantine/`` under its own path.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import LakeCorruptError, LakeVersionError
from liqatlas.store import gaps, manifest
from liqatlas.store.catalogue import all_series, write_sidecar
from liqatlas.store.coverage import remove_recorded
from liqatlas.store.database import VERSION, connect, sqlite_errors, transaction
from liqatlas.store.layout import ACCOUNTS, CATALOGUE, QUARANTINE, SEGMENTS
from liqatlas.store.lock import Lock
from liqatlas.store.migration import layout_version
from liqatlas.store.salvage import salvage
from liqatlas.store.verification import Problem, damage_of, verify

if TYPE_CHECKING:
    from pathlib import Path


#: Databases beside the catalogue, and what follows where one is lost.
_SIDE_DATABASES = {
    SEGMENTS: "they are derived and will be built again",
    ACCOUNTS: "the next scan finds accounts anew; positions closed since their last snapshot show until then",
}


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done, one line each; none if nothing was wrong."""

    actions: tuple[str, ...]


def repair(root: Path) -> Repair:
    """Bring a damaged lake back to a state in which everything that is shown is true.

    Raises
    ------
    LakeLockedError
        If a process writes to the lake.
    LakeVersionError
        If the lake is of another layout: nothing is touched.
    """
    actions: list[str] = []
    with Lock(root, None):
        stamp = isoformat(now_ns()).replace(":", "")
        if not _catalogue_is_sound(root):
            actions += _renew_catalogue(root, stamp)
        for name, consequence in _SIDE_DATABASES.items():
            actions += _drop_if_bad(root, name, consequence, stamp)
        connection = connect(root / CATALOGUE, writable=True)
        try:
            with sqlite_errors(root / CATALOGUE):
                for problem in verify(connection, root, young_s=0).problems:
                    actions.append(_set_aside(connection, root, problem, stamp))
                write_sidecar(connection, root)
        finally:
            connection.close()
    return Repair(tuple(actions))


def _catalogue_is_sound(root: Path) -> bool:
    """Whether SQLite finds nothing wrong with the catalogue.

    Raises
    ------
    LakeVersionError
        If it is whole but of another layout.
    """
    path = root / CATALOGUE
    if not path.exists():
        return False
    try:
        connection = connect(path, writable=True)
    except LakeCorruptError:
        return False
    try:
        found = layout_version(connection, path)
        if damage_of(connection) or found is None:
            return False
    except (sqlite3.DatabaseError, LakeCorruptError):
        return False
    finally:
        connection.close()
    if found != VERSION:
        raise LakeVersionError(
            f"{path} has layout {found}, this program repairs layout {VERSION}; nothing was changed, use the program that made it",
            found=found,
            known=VERSION,
        )
    return True


def _renew_catalogue(root: Path, stamp: str) -> list[str]:
    """Put a new catalogue with everything that can be read in the place of the damaged one, which is kept."""
    kept = _move_database(root, CATALOGUE, stamp)
    fresh_path = root / f"{CATALOGUE}.fresh"
    for left in root.glob(f"{CATALOGUE}.fresh*"):
        left.unlink()
    fresh = connect(fresh_path, writable=True)
    try:
        with sqlite_errors(fresh_path):
            saved = salvage(kept, root, fresh)
            fresh.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        fresh.close()
    fresh_path.replace(root / CATALOGUE)
    held = (
        ", ".join(f"{count:,} of {name}" for name, count in saved.rows.items() if count) or "no rows at all"
    )
    actions = [
        f"catalogue: damaged, kept as {kept.relative_to(root) if kept else 'nothing'}; new one holds {held}"
    ]
    if saved.incomplete:
        actions.append(f"catalogue: not all of {', '.join(saved.incomplete)} could be read; gaps were noted")
    if saved.adopted:
        actions.append(f"manifest: {saved.adopted} files taken in again from what they say of themselves")
    return actions


def _move_database(root: Path, name: str, stamp: str) -> Path | None:
    """Move a database with its write-ahead log to the quarantine."""
    moved = None
    for suffix in ("-wal", "-shm", ""):
        path = root / f"{name}{suffix}"
        if path.exists():
            target = root / QUARANTINE / stamp / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            moved = target
    return moved


def _drop_if_bad(root: Path, name: str, consequence: str, stamp: str) -> list[str]:
    """Set a damaged database beside the catalogue aside, and say what follows from that."""
    path = root / name
    if not path.exists():
        return []
    try:
        connection = connect(path, writable=True)
        try:
            sound = not damage_of(connection)
        finally:
            connection.close()
    except (sqlite3.DatabaseError, LakeCorruptError):
        sound = False
    if sound:
        return []
    _move_database(root, name, stamp)
    return [f"{path.stem}: damaged, set aside; {consequence}"]


def _set_aside(connection: sqlite3.Connection, root: Path, problem: Problem, stamp: str) -> str:
    """Deal with one problem and say what was done."""
    path = root / problem.path
    entry = problem.entry
    if problem.kind in {"database", "overlap"}:
        return f"{problem.path}: {problem.message}; NOT repaired; take a backup back (liqatlas lake restore)"
    if path.exists():
        target = root / QUARANTINE / stamp / problem.path
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    if entry is None:
        return f"{problem.path}: {problem.message}; set aside"
    with transaction(connection):
        series = all_series(connection)[entry.series]
        manifest.end(connection, [entry.file], "quarantined", now_ns())
        span = (entry.start_ns, entry.end_ns)
        remove_recorded(connection, entry.dataset, entry.series, span)
        place = gaps.Place(entry.dataset, series.venue, series.symbol)
        gaps.open_gap(connection, place, span[0], end_ns=span[1], reason=f"{gaps.REPAIR}file {problem.kind}")
    return (
        f"{problem.path}: {problem.kind}, set aside; {entry.rows:,} rows of {entry.dataset} {series.venue}:"
        f"{series.symbol} {isoformat(span[0])} to {isoformat(span[1])} noted as a gap"
    )
