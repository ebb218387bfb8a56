"""``liqatlas lake``: care of a lake."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError
from liqatlas.cli.output import say
from liqatlas.flows.lake_care import backup_lake, repair_lake, restore_lake, verify_lake

#: Exit code of a lake that is not whole: the source is there, but not to be relied on.
_NOT_WHOLE = 3


def lake(
    action: Literal["verify", "repair", "backup", "restore"],
    folder: Path | None = None,
    /,
    *,
    lake: Path | None = None,
    copy: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Check a lake, mend it, copy it while others record, take a copy back.

    Parameters
    ----------
    action
        verify (changes nothing), repair (needs the lake alone), backup (while others record) or restore.
    folder
        The folder a backup makes, or that restore reads.
    lake
        Folder of the lake; restore makes it. Default is that of the settings.
    copy
        A backup on the same disk copies every file in place of sharing it with the lake.
    """
    path = lake or load_settings().lake_path
    if action in {"verify", "repair"} and folder is not None:
        raise InputError(f"lake {action} takes no folder: name the lake with --lake {folder}")
    if action == "verify":
        whole, lines = verify_lake(path)
        print("\n".join(lines))
        return 0 if whole else _NOT_WHOLE
    if action == "repair":
        print("\n".join(repair_lake(path)))
        return 0
    if folder is None:
        raise InputError(f"lake {action} wants a folder: liqatlas lake {action} FOLDER")
    say(backup_lake(path, folder, link=not copy) if action == "backup" else restore_lake(folder, path))
    return 0
