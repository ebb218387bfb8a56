"""Order books around a map: each venue's newest one, how old it may be, and the depth on the way to a price."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS, format_moment
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.base.format import format_duration
from liqatlas.base.instruments import venue_name
from liqatlas.book.beliefs import load_book_beliefs
from liqatlas.book.depth import Book, assumed_book
from liqatlas.book.snapshots import book_at
from liqatlas.flows.reporter import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.grades import Basis, DepthOnTheWay

NO_BOOK = "no book"


@dataclass(frozen=True, slots=True)
class BookChoice:
    """Books that a caller names.

    Attributes
    ----------
    paths
        Files with books, used whatever their age.
    depths
        Assumed USD within one percent, by venue or ``*``, for venues without a book.
    """

    paths: tuple[Path, ...] = ()
    depths: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Books:
    """What is known of a map's books.

    Attributes
    ----------
    by_venue
        The book of each venue that has one.
    missing
        Why each of the other venues has none.
    notes
        What has to be said of those there are.
    """

    by_venue: dict[str, Book]
    missing: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why there is no depth at all, or no common one; empty where every venue has a book."""
        if not self.missing:
            return ""
        if set(self.missing.values()) == {NO_BOOK} and not self.by_venue:
            return NO_BOOK
        return "; ".join(f"{venue_name(venue)}: {why}" for venue, why in self.missing.items())


def gather_books(
    result: LiquidationMap,
    recordings: Sequence[Recording],
    choice: BookChoice,
    *,
    most_age_h: float,
    reporter: Reporter = SILENT,
) -> Books:
    """Return the books of a map's venues: those in named files, then recorded ones that are young enough, then assumed ones.

    Raises
    ------
    NotEnoughDataError, FormatError
        If named files hold no book of these venues at or before the map's moment.
    """
    as_of = result.head.as_of_ns
    found: dict[str, Book] = {}
    missing: dict[str, str] = {}
    named: dict[str, Book] = {}
    said: list[str] = []
    if choice.paths:
        from liqatlas.flows.cascade import read_books

        named, said = read_books(choice.paths, result, named=True, reporter=reporter)
    for info in result.head.venues:
        if info.venue in found:
            continue
        if info.venue in named:
            found[info.venue] = named[info.venue]
            continue
        own = [r for r in recordings if r.instrument.venue == info.venue and r.book_levels.height]
        book, why = _recorded(own, as_of, most_age_h)
        assumed = choice.depths.get(info.venue, choice.depths.get("*"))
        if book is None and assumed is not None:
            book = assumed_book(info.venue, info.symbol, assumed, as_of_ns=as_of)
        if book is None:
            missing[info.venue] = why
        else:
            found[info.venue] = book
    return Books(found, missing, tuple(said))


def _recorded(recordings: Sequence[Recording], as_of_ns: int, most_age_h: float) -> tuple[Book | None, str]:
    """Return the newest recorded book that can be used, or why there is none."""
    exponent, why = load_book_beliefs().tail_exponent, NO_BOOK
    for recording in recordings:
        try:
            book = book_at(recording, as_of_ns, tail_exponent=exponent)
        except (NotEnoughDataError, InputError) as error:
            why = str(error)
            continue
        age = as_of_ns - book.as_of_ns
        if age <= most_age_h * HOUR_NS:
            return book, ""
        why = f"the newest book is of {format_moment(book.as_of_ns)}, {format_duration(age)} earlier"
    return None, why


def depth_on_the_way(books: Books) -> DepthOnTheWay | None:
    """Return the depth of all books together by distance, or None where a venue has no book: a part would understate it."""
    if books.missing or not books.by_venue:
        return None

    def depth(position: str, distance: float) -> tuple[float, Basis]:
        sides = [b.met_by("down" if position == "long" else "up") for b in books.by_venue.values()]
        away = abs(float(np.log1p(-distance if position == "long" else distance)))
        basis: Basis = (
            "assumed"
            if any(b.assumed for b in books.by_venue.values())
            else "seen" if all(away <= s.reach for s in sides) else "extrapolated"
        )  # fmt: skip
        return float(sum(s.cumulative(away) for s in sides)), basis

    return depth
