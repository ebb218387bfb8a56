"""Stretches that are known to be missing, and why. A gap is never removed: it is closed, or marked as filled.

``symbol`` ``*`` means every symbol of the venue, ``dataset`` ``*`` every dataset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    import sqlite3

EVERY = "*"
#: How the reason of a gap begins whose rows were in the lake and were taken out of it.
RETENTION, REPAIR = "retention: ", "repair: "
_COLUMNS = "gap, dataset, venue, symbol, start_ns, end_ns, reason, filled, noticed_ns"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch ``[start_ns, end_ns)`` without data; ``end_ns`` is ``None`` while it lasts."""

    number: int
    dataset: str
    venue: str
    symbol: str
    start_ns: int
    end_ns: int | None
    reason: str
    filled: bool
    noticed_ns: int

    @property
    def removed(self) -> bool:
        """Whether rows that were in the lake were taken out of it, in place of never having come."""
        return self.reason.startswith((RETENTION, REPAIR))

    def __str__(self) -> str:
        until = isoformat(self.end_ns) if self.end_ns is not None else "now"
        state = ", filled since" if self.filled else ""
        return (
            f"{self.dataset} of {self.venue}:{self.symbol} missing {isoformat(self.start_ns)} to {until}: "
            f"{self.reason}{state}"
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gap lies; ``*`` stands for all."""

    dataset: str
    venue: str
    symbol: str


def open_gap(
    connection: sqlite3.Connection, place: Place, start_ns: int, *, reason: str, end_ns: int | None = None
) -> int:
    """Write a gap inside a running transaction and return its number."""
    if end_ns is not None and end_ns < start_ns:
        raise InputError(f"gap from {start_ns} to {end_ns}: wanted an end that is not before its start")
    cursor = connection.execute(
        "INSERT INTO gap (dataset, venue, symbol, start_ns, end_ns, reason, noticed_ns) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (place.dataset, place.venue, place.symbol, start_ns, end_ns, reason, now_ns()),
    )
    return int(cursor.lastrowid or 0)


def close_gap(connection: sqlite3.Connection, number: int, end_ns: int, *, filled: bool) -> None:
    """Set the end of a gap, and whether its rows have been fetched since.

    Raises
    ------
    InputError
        If there is no such gap or the end lies before its start.
    """
    cursor = connection.execute(
        "UPDATE gap SET end_ns = ?, filled = ? WHERE gap = ? AND start_ns <= ?",
        (end_ns, int(filled), number, end_ns),
    )
    if cursor.rowcount != 1:
        raise InputError(f"gap {number} cannot be closed at {end_ns}: wanted a known gap that starts before")


def list_gaps(
    connection: sqlite3.Connection,
    place: Place,
    *,
    span: tuple[int, int] | None = None,
    filled: bool | None = None,
) -> list[Gap]:
    """Return gaps that meet a place and a span, oldest first.

    Parameters
    ----------
    place
        ``*`` in any field asks for all.
    span
        ``[start, end)`` [ns]; all time by default.
    filled
        Only those filled, or only those not; both by default.
    """
    start, end = span if span is not None else (-(2**63), 2**63 - 1)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM gap WHERE start_ns < ? AND (end_ns IS NULL OR end_ns > ?) "  # noqa: S608
        "AND (? = '*' OR dataset IN (?, '*')) AND (? = '*' OR venue IN (?, '*')) AND (? = '*' OR symbol IN (?, '*')) "
        "ORDER BY start_ns, gap",
        (end, start, place.dataset, place.dataset, place.venue, place.venue, place.symbol, place.symbol),
    )
    found = (Gap(*(*row[:7], bool(row[7]), row[8])) for row in rows)
    return [gap for gap in found if filled is None or gap.filled == filled]
