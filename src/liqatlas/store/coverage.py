"""What was recorded when.

Two things are kept apart:

* **recorded** spans: somebody vouched that within them nothing was missed (a feed that was up, a file that is complete);
  a span without prints inside one is a quiet market, outside it is ignorance;
* **touched** hours: which hours hold rows, their first and last moment, and the number of the last write, so that what
  is derived from them knows when it is stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.store.gaps import Gap, Place, list_gaps
from liqatlas.store.keys import KEYINGS, keying

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from liqatlas.store.catalogue import Series

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of ``[start_ns, end_ns)`` of one dataset and series is known.

    Attributes
    ----------
    recorded
        Spans somebody vouched for, less the gaps that were not filled, clipped to the window.
    gaps
        Gaps that meet the window, filled or not.
    first_ns, last_ns
        First and last row of the touched hours that meet the window, ``None`` without rows.
    """

    dataset: str
    venue: str
    symbol: str
    start_ns: int
    end_ns: int
    recorded: tuple[Span, ...]
    gaps: tuple[Gap, ...]
    first_ns: int | None
    last_ns: int | None

    @property
    def share(self) -> float:
        """Recorded share of the window, 0 to 1."""
        length = self.end_ns - self.start_ns
        return sum(end - start for start, end in self.recorded) / length if length > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """Newest and oldest row of a dataset and series, and until when its feed was vouched for (``None``: never)."""

    dataset: str
    venue: str
    symbol: str
    last_event_ns: int
    recorded_until_ns: int | None
    first_event_ns: int


@dataclass(frozen=True, slots=True)
class TouchedHour:
    """An hour that holds rows of a dataset; ``seq`` numbers the last write to it."""

    dataset: str
    hour_ns: int
    seq: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a series stands: the number of the last write that touched it, and its newest file.

    Rows written since are among the hot rows, but for those of times that got a newer file.
    """

    seq: int
    newest_file: int


def proper(span: Span) -> Span:
    """Return a span that ends after it starts.

    Raises
    ------
    InputError
        If it does not.
    """
    if span[1] <= span[0]:
        raise InputError(f"span from {span[0]} to {span[1]}: wanted an end after its start")
    return span


def touch(
    connection: sqlite3.Connection,
    dataset: str,
    series: int,
    hours: Iterable[tuple[int, int, int]],
    *,
    seq: int,
) -> None:
    """Note that hours ``(hour, first, last)`` got rows."""
    connection.executemany(
        "INSERT INTO hour VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (series, dataset, hour_ns) DO UPDATE SET "
        "first_ns = min(first_ns, excluded.first_ns), last_ns = max(last_ns, excluded.last_ns), seq = excluded.seq",
        [(series, dataset, hour, first, last, seq) for hour, first, last in hours],
    )


def add_recorded(connection: sqlite3.Connection, dataset: str, series: int, span: Span) -> None:
    """Vouch for a span inside a running transaction; it grows together with those it meets."""
    start, end = proper(span)
    met = connection.execute(
        "SELECT start_ns, end_ns FROM recorded WHERE dataset = ? AND series = ? AND start_ns <= ? AND end_ns >= ?",
        (dataset, series, end, start),
    ).fetchall()
    for row in met:
        start, end = min(start, row[0]), max(end, row[1])
        connection.execute(
            "DELETE FROM recorded WHERE dataset = ? AND series = ? AND start_ns = ?",
            (dataset, series, row[0]),
        )
    connection.execute("INSERT INTO recorded VALUES (?, ?, ?, ?)", (series, dataset, start, end))


def remove_recorded(connection: sqlite3.Connection, dataset: str, series: int, span: Span) -> None:
    """Withdraw the word for a span whose rows are gone."""
    met = connection.execute(
        "SELECT start_ns, end_ns FROM recorded WHERE dataset = ? AND series = ? AND start_ns < ? AND end_ns > ?",
        (dataset, series, span[1], span[0]),
    ).fetchall()
    for row in met:
        connection.execute(
            "DELETE FROM recorded WHERE dataset = ? AND series = ? AND start_ns = ?",
            (dataset, series, row[0]),
        )
        for start, end in without([(row[0], row[1])], [span]):
            connection.execute("INSERT INTO recorded VALUES (?, ?, ?, ?)", (series, dataset, start, end))


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return spans less holes, in order.

    Examples
    --------
    >>> without([(0, 10)], [(2, 3), (8, 20)])
    [(0, 2), (3, 8)]
    """
    left = list(spans)
    for low, high in holes:
        cut: list[Span] = []
        for start, end in left:
            pieces = ((start, min(end, low)), (max(start, high), end))
            cut += (
                [piece for piece in pieces if piece[0] < piece[1]]
                if low < end and high > start
                else [(start, end)]
            )
        left = cut
    return sorted(left)


def coverage(
    connection: sqlite3.Connection, dataset: str, series: Series, start_ns: int, end_ns: int
) -> Coverage:
    """Return what is known of a window."""
    recorded = connection.execute(
        "SELECT max(start_ns, ?), min(end_ns, ?) FROM recorded WHERE dataset = ? AND series = ? "
        "AND start_ns < ? AND end_ns > ? ORDER BY start_ns",
        (start_ns, end_ns, dataset, series.number, end_ns, start_ns),
    ).fetchall()
    place = Place(dataset, series.venue, series.symbol)
    gaps = list_gaps(connection, place, span=(start_ns, end_ns))
    holes = [(g.start_ns, end_ns if g.end_ns is None else g.end_ns) for g in gaps if not g.filled]
    first, last = connection.execute(
        "SELECT min(first_ns), max(last_ns) FROM hour WHERE dataset = ? AND series = ? AND last_ns >= ? AND first_ns < ?",
        (dataset, series.number, start_ns, end_ns),
    ).fetchone()
    return Coverage(
        dataset,
        series.venue,
        series.symbol,
        start_ns,
        end_ns,
        tuple(without(recorded, holes)),
        tuple(gaps),
        first,
        last,
    )


def freshness(connection: sqlite3.Connection, known: Iterable[Series]) -> list[Freshness]:
    """Return the oldest and newest row of every dataset of these series."""
    out = []
    for series in known:
        for dataset in KEYINGS:
            newest, oldest = (
                connection.execute(
                    f"SELECT first_ns, last_ns FROM hour WHERE series = ? AND dataset = ? ORDER BY hour_ns {order} LIMIT 1",  # noqa: S608
                    (series.number, dataset),
                ).fetchone()
                for order in ("DESC", "ASC")
            )
            if newest is None:
                continue
            until = connection.execute(
                "SELECT max(end_ns) FROM recorded WHERE dataset = ? AND series = ?", (dataset, series.number)
            ).fetchone()[0]
            out.append(Freshness(dataset, series.venue, series.symbol, newest[1], until, oldest[0]))
    return out


def touched_since(connection: sqlite3.Connection, series: Series, seq: int) -> list[TouchedHour]:
    """Return the hours of a series written after write number ``seq``, oldest hour first."""
    rows = connection.execute(
        "SELECT dataset, hour_ns, seq FROM hour WHERE series = ? AND seq > ? ORDER BY hour_ns, dataset",
        (series.number, seq),
    )
    return [TouchedHour(*row) for row in rows]


def standing(connection: sqlite3.Connection, series: Series) -> Standing:
    """Return where a series stands."""
    seq = connection.execute("SELECT max(seq) FROM hour WHERE series = ?", (series.number,)).fetchone()[0]
    file = connection.execute("SELECT max(file) FROM manifest WHERE series = ?", (series.number,)).fetchone()[
        0
    ]
    return Standing(seq or 0, file or 0)


def new_files(connection: sqlite3.Connection, series: Series, since: Standing, span: Span) -> bool:
    """Return whether files that meet ``[start, end)`` were made after a standing."""
    row = connection.execute(
        "SELECT 1 FROM manifest WHERE file > ? AND series = ? AND start_ns < ? AND end_ns > ? LIMIT 1",
        (since.newest_file, series.number, span[1], span[0]),
    ).fetchone()
    return row is not None


def wrote_before(connection: sqlite3.Connection, dataset: str, series: Series, seq: int, span: Span) -> bool:
    """Return whether a hot row of ``[start, end)`` was written after write number ``seq``."""
    rule = keying(dataset)
    row = connection.execute(
        f"SELECT 1 FROM hot_{rule.table.name} WHERE series = ? AND {rule.time} >= ? AND {rule.time} < ? AND seq > ? LIMIT 1",  # noqa: S608 names of our schemas
        (series.number, *span, seq),
    ).fetchone()
    return row is not None
