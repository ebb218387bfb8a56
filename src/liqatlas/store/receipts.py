"""What a writer gives back: a ticket for rows it took, and its counts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """A receipt for appended rows; tickets become durable in the order of their numbers."""

    number: int
    rows: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class WriterStats:
    """Counts since the writer was opened; nothing it does goes uncounted.

    Attributes
    ----------
    appended, written
        Rows taken, and rows that were new or changed something; the rest were already there.
    commits, failed_commits, late_commits
        Group commits; those that failed and were tried again; those that came later than the bound.
    waits, waited_s, refused_rows
        Appends that waited for room, for how long, and rows turned away.
    pending_rows, pending_bytes
        What waits at this moment.
    longest_commit_s, longest_delay_s
        Slowest transaction; longest time from append to durable.
    error
        Why the last commit failed, empty while all is well.
    """

    appended: int = 0
    written: int = 0
    commits: int = 0
    failed_commits: int = 0
    late_commits: int = 0
    waits: int = 0
    waited_s: float = 0.0
    refused_rows: int = 0
    pending_rows: int = 0
    pending_bytes: int = 0
    longest_commit_s: float = 0.0
    longest_delay_s: float = 0.0
    error: str = ""
