"""Care of a lake: is it whole, mend it, copy it, take a copy back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import SourceUnavailableError
from liqatlas.base.format import format_count
from liqatlas.store import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.store import Backup


def verify_lake(path: Path) -> tuple[bool, list[str]]:
    """Return whether a lake is what its manifest says, and one sentence for each thing that is not, what to do last.

    Raises
    ------
    SourceUnavailableError, LakeVersionError, LakeCorruptError
        As :meth:`Lake.open`.
    """
    with Lake.open(path) as lake:
        found = lake.verify()
    lines = [f"{one.kind}: {one.path}: {one.message}" for one in found.problems]
    if found.ok:
        size = f"{format_count(found.files, 'file')} ({format_count(found.rows, 'row')}, {found.bytes / 1e6:,.1f} MB)"
        return True, [
            f"{path} is whole: the catalogue passes SQLite's own check, and {size} are as they were written"
        ]
    return False, [
        *lines,
        f"{path} is not whole ({len(lines)} found): stop whatever writes to the lake, then liqatlas lake repair",
    ]


def repair_lake(path: Path) -> list[str]:
    """Set aside what is damaged and note what is missing; return one sentence for each thing done.

    Raises
    ------
    SourceUnavailableError
        If there is no such folder.
    LakeLockedError, LakeVersionError
        As :meth:`Lake.repair`.
    """
    if not path.is_dir():
        raise SourceUnavailableError(f"no lake at {path}: wanted the folder of a lake; give it with --lake")
    done = list(Lake.repair(path).actions)
    if not done:
        return [f"{path}: nothing was wrong, nothing was changed"]
    return [
        *done,
        "what is missing now is listed as gaps; liqatlas backfill fetches what the venues still have",
    ]


def backup_lake(path: Path, target: Path, *, link: bool) -> str:
    """Copy a lake as of this moment, while others record; return one sentence.

    Raises
    ------
    SourceUnavailableError, InputError, DiskFullError, LakeError
        As :meth:`Lake.open` and :meth:`Lake.backup`.
    """
    Lake.open(path).close()  # so that none is made where there is none
    with Lake.create(path) as lake:
        made = lake.backup(target, link=link)
    shared = f", {made.linked:,} of them shared with the lake's disk" if made.linked else ""
    return f"{_told(made)}{shared}; take it back with liqatlas lake restore {made.path} --lake FOLDER"


def restore_lake(source: Path, path: Path) -> str:
    """Make a lake from a backup, every file checked; return one sentence.

    Raises
    ------
    InputError, LakeCorruptError, LakeVersionError, DiskFullError, LakeError
        As :meth:`Lake.restore`.
    """
    return _told(Lake.restore(source, path))


def _told(made: Backup) -> str:
    return f"{made.path}: {format_count(made.files, 'file')}, {made.bytes / 1e6:,.1f} MB"
