"""Who may write: one process per role, and nobody while the lake is being repaired.

The kernel holds the lock and lets go of it when the process dies, so a lock is never stale; the file's text only says
who holds it. Readers take no lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TextIO

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import LakeLockedError
from liqatlas.store.layout import LOCKS
from liqatlas.store.parquet import cannot_write

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


#: The file all writers share and repair takes alone.
_ALL = "writers"


class Lock:
    """An advisory lock on a lake for one role; a context manager.

    Parameters
    ----------
    root
        The lake's folder.
    role
        ``recorder``, ``backfill`` or any other; two processes of one role exclude each other. Empty shares the lake with
        every role: what compaction needs. ``None`` excludes all: what repair and migration need.

    Raises
    ------
    LakeLockedError
        On entering, if another process holds it; names that process.
    """

    def __init__(self, root: Path, role: str | None) -> None:
        self._folder = root / LOCKS
        self._role = role
        self._held: list[tuple[TextIO, bool]] = []
        #: What a former holder wrote that died without letting go, else empty.
        self.taken_over = ""

    def acquire(self) -> Self:
        """Take the lock or raise at once."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._role is None:
                self._take(_ALL, exclusive=True)
            else:
                self._take(_ALL, exclusive=False)
                self.taken_over = self._take(self._role, exclusive=True) if self._role else ""
        except OSError as error:
            self.release()
            raise cannot_write(self._folder, error) from error
        except BaseException:
            self.release()
            raise
        return self

    def _take(self, name: str, *, exclusive: bool) -> str:
        """Lock one file; return what its last holder left in it."""
        file = (self._folder / f"{name}.lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise _refusal(self._folder, self._role, name) from None
        self._held.append((file, exclusive))
        file.seek(0)
        left = file.read()
        if exclusive:
            _note(file, {"pid": os.getpid(), "host": socket.gethostname(), "since": isoformat(now_ns())})
        return left

    def release(self) -> None:
        """Let go; a second call does nothing."""
        for file, exclusive in self._held:
            if exclusive:
                _note(file, None)
            file.close()
        self._held = []

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _note(file: TextIO, holder: dict[str, object] | None) -> None:
    """Write who holds a lock; on a full disk the lock holds without a name."""
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        if holder is not None:
            os.write(file.fileno(), json.dumps(holder).encode())


def _refusal(folder: Path, role: str | None, name: str) -> LakeLockedError:
    """Return the error that names the holder as far as the lock files tell."""
    files = sorted(folder.glob("*.lock")) if role is None else [folder / f"{name}.lock"]
    texts = (file.read_text(encoding="utf-8") for file in files)
    holder: dict[str, Any] = next((json.loads(text) for text in texts if text.startswith("{")), {})
    pid, host = holder.get("pid"), str(holder.get("host", ""))
    who = f"process {pid} on {host} since {holder.get('since')}" if pid else "another process"
    wish = f"a second {role}" if role else "exclusive access"
    return LakeLockedError(
        f"lake {folder.parent} is being written by {who}; {wish} was refused. Stop that process, or use another lake",
        pid=pid,
        host=host,
    )
