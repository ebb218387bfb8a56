"""Long work that can be taken up again: checkpoints, and jobs cut into parts.

A checkpoint given to ``Writer.append`` is written in the transaction of its rows: after a crash it never tells of rows
that are not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from liqatlas.base.clock import now_ns
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

PartState = Literal["open", "done", "failed"]


@dataclass(frozen=True, slots=True)
class JobPart:
    """One piece of a job; ``note`` is the last thing said about it, ``tries`` how often it was marked."""

    part: str
    state: PartState
    note: str
    tries: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its specification as the caller wrote it, and how many parts stand where."""

    job: str
    spec: str
    created_ns: int
    parts: int
    done: int
    failed: int

    @property
    def finished(self) -> bool:
        """Whether every part is done."""
        return self.done == self.parts


def put_checkpoint(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Write a checkpoint inside a running transaction, in the place of the former one."""
    connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)", (name, value, now_ns()))


def checkpoint(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a checkpoint's value, ``None`` if it was never written."""
    row = connection.execute("SELECT value FROM checkpoint WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put_job(connection: sqlite3.Connection, job: str, spec: str, parts: Sequence[str]) -> None:
    """Write a job inside a running transaction; a known job keeps its marks and gets the parts it lacks.

    Raises
    ------
    InputError
        If a job of that name has another specification.
    """
    row = connection.execute("SELECT spec FROM job WHERE job = ?", (job,)).fetchone()
    if row is not None and row[0] != spec:
        raise InputError(
            f"job {job!r} already exists with another specification; wanted another name, or the same one"
        )
    connection.execute("INSERT OR IGNORE INTO job VALUES (?, ?, ?)", (job, spec, now_ns()))
    known = connection.execute("SELECT count(*) FROM job_part WHERE job = ?", (job,)).fetchone()[0]
    connection.executemany(
        "INSERT OR IGNORE INTO job_part (job, part, ordinal, state) VALUES (?, ?, ?, 'open')",
        [(job, part, known + i) for i, part in enumerate(parts)],
    )


def mark_part(
    connection: sqlite3.Connection, job: str, part: str, state: PartState, *, note: str = ""
) -> None:
    """Set where a part stands, inside a running transaction."""
    cursor = connection.execute(
        "UPDATE job_part SET state = ?, note = ?, tries = tries + 1 WHERE job = ? AND part = ?",
        (state, note, job, part),
    )
    if cursor.rowcount != 1:
        raise InputError(f"job {job!r} has no part {part!r}; put the job with that part first")


def parts(connection: sqlite3.Connection, job: str, *, state: PartState | None = None) -> list[JobPart]:
    """Return a job's parts in their order, all or those that stand somewhere."""
    rows = connection.execute(
        "SELECT part, state, note, tries FROM job_part WHERE job = ? AND (? IS NULL OR state = ?) ORDER BY ordinal",
        (job, state, state),
    )
    return [JobPart(*row) for row in rows]


def jobs(connection: sqlite3.Connection) -> list[Job]:
    """Return every job, oldest first."""
    rows = connection.execute(
        "SELECT j.job, j.spec, j.created_ns, count(p.part), count(*) FILTER (WHERE p.state = 'done'), "
        "count(*) FILTER (WHERE p.state = 'failed') FROM job j LEFT JOIN job_part p ON p.job = j.job "
        "GROUP BY j.job ORDER BY j.created_ns, j.job"
    )
    return [Job(*row) for row in rows]
