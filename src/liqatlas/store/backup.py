"""Backup while recording, and restore.

A backup is a lake itself: a copy of the catalogue as of one moment, and the files that copy names. Files never change,
so on the same disk they are hard-linked and cost nothing.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import HOUR_NS, isoformat, now_ns
from liqatlas.base.errors import DiskFullError, InputError, LakeCorruptError, LakeError
from liqatlas.store import manifest, parquet
from liqatlas.store.catalogue import write_sidecar
from liqatlas.store.database import VERSION, connect, sqlite_errors, transaction
from liqatlas.store.layout import ACCOUNTS, CATALOGUE, SEGMENTS
from liqatlas.store.migration import require_present

if TYPE_CHECKING:
    from pathlib import Path

#: The note a finished backup carries.
NOTE = "backup.json"
#: A backup that takes longer than this no longer keeps files from being swept.
_PIN_NS = 24 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: where, how many files and bytes, and how many of the files are links."""

    path: str
    files: int
    bytes: int
    linked: int


def backup(connection: sqlite3.Connection, root: Path, target: Path, *, link: bool = True) -> Backup:
    """Copy a lake as of this moment; writers go on meanwhile.

    Parameters
    ----------
    connection
        A writable connection, to hold the files back from being swept.
    root, target
        The lake; the folder to make, which must not exist.
    link
        Hard-link files where the disk allows it; otherwise copy all.

    Raises
    ------
    InputError
        If the target exists or lies inside the lake.
    DiskFullError, LakeError
        If it cannot be written; nothing is left under the target's name.
    """
    _require_absent(target)
    if target.absolute().is_relative_to(root.absolute()):
        raise InputError(f"backup {target} lies inside the lake {root}; wanted a folder outside")
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with sqlite_errors(root / CATALOGUE), transaction(connection):
        pin = connection.execute(
            "INSERT INTO pin (reason, until_ns) VALUES (?, ?)", (f"backup to {target}", now_ns() + _PIN_NS)
        ).lastrowid
    try:
        result = _fill(root, partial, target, link=link)
        partial.rename(target)
        parquet.sync_folder(target.parent)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with sqlite_errors(root / CATALOGUE), transaction(connection):
            connection.execute("DELETE FROM pin WHERE pin = ?", (pin,))
    return result


def _fill(root: Path, partial: Path, target: Path, *, link: bool) -> Backup:
    """Write the copy: databases first, then the files that the copied manifest names."""
    partial.mkdir(parents=True)
    for name in (SEGMENTS, ACCOUNTS):
        if (root / name).exists():
            _copy_database(root / name, partial / name)
    _copy_database(root / CATALOGUE, partial / CATALOGUE)
    copied = connect(partial / CATALOGUE, writable=True)
    try:
        with sqlite_errors(partial / CATALOGUE):
            with transaction(copied):
                copied.execute("DELETE FROM manifest WHERE state <> 'live'")
                copied.execute("DELETE FROM pin")
            entries = manifest.all_live(copied)
            write_sidecar(copied, partial)
            copied.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        copied.close()
    linked = sum(_bring(root / e.path, partial / e.path, link=link) for e in entries)
    size = sum(e.bytes for e in entries)
    note = {
        "made": isoformat(now_ns()),
        "of": str(root),
        "layout": VERSION,
        "files": len(entries),
        "bytes": size,
    }
    with (partial / NOTE).open("w", encoding="utf-8") as file:
        json.dump(note, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return Backup(str(target), len(entries), size, linked)


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as of one moment, in one step under a read lock; writers are not held up."""
    with sqlite_errors(source):
        reading, writing = connect(source, writable=False), sqlite3.connect(target)
        try:
            reading.backup(writing)
        finally:
            writing.close()
            reading.close()


def _bring(source: Path, target: Path, *, link: bool) -> bool:
    """Link a file, or copy it where that cannot be; return whether it was linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
                raise
        else:
            return True
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return False


def restore(source: Path, root: Path) -> Backup:
    """Make a lake from a backup, every file compared with its digest.

    Raises
    ------
    InputError
        If ``source`` is no backup or ``root`` exists.
    LakeCorruptError
        If a file of the backup is not what was written; nothing is left under the lake's name.
    LakeVersionError
        If the backup is of another layout.
    """
    if not (source / NOTE).exists():
        raise InputError(
            f"{source} is not a finished backup ({NOTE} is missing); give the folder that backup made"
        )
    _require_absent(root)
    partial = root.with_name(f"{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        result = _take_back(source, partial, root)
        partial.rename(root)
        parquet.sync_folder(root.parent)
    except OSError as error:
        raise _refused(root, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return result


def _take_back(source: Path, partial: Path, root: Path) -> Backup:
    partial.mkdir(parents=True)
    for name in (CATALOGUE, SEGMENTS, ACCOUNTS):
        if (source / name).exists():
            _copy_database(source / name, partial / name)
    connection = connect(partial / CATALOGUE, writable=True)
    try:
        with sqlite_errors(partial / CATALOGUE):
            require_present(connection, source / CATALOGUE)
            bad = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if bad != "ok":
                raise LakeCorruptError(source / CATALOGUE, f"damaged ({bad}); use another backup")
            entries = manifest.all_live(connection)
            write_sidecar(connection, partial)
    finally:
        connection.close()
    for entry in entries:
        if not (source / entry.path).exists():
            raise LakeCorruptError(source / entry.path, "missing in the backup; use another backup")
        _bring(source / entry.path, partial / entry.path, link=False)
        if parquet.digest_of(partial / entry.path) != entry.digest:
            raise LakeCorruptError(
                source / entry.path, "the bytes are not those that were written; use another backup"
            )
    return Backup(str(root), len(entries), sum(e.bytes for e in entries), 0)


def _require_absent(target: Path) -> None:
    if target.exists():
        raise InputError(
            f"{target} already exists; wanted a folder that does not, so that nothing is overwritten"
        )


def _refused(target: Path, error: OSError) -> LakeError:
    if error.errno in parquet.NO_ROOM:
        return DiskFullError(
            f"{target}: no room left to write; free space or choose another disk. Nothing was left behind"
        )
    return LakeError(f"{target}: cannot be written ({error}); check the folder and its rights")
