"""What a reader of a cascade must know: of its map, its books and its runs; one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import NS_PER_S
from liqatlas.base.format import format_duration, format_share
from liqatlas.cascade.kernels_state import BOOK, FUEL, ROUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.book.beliefs import BookRegime
    from liqatlas.book.depth import Book
    from liqatlas.cascade.ladder import Ladder
    from liqatlas.cascade.monte_carlo import RunTable
    from liqatlas.cascade.outlook import Outlook
    from liqatlas.cascade.shock import Shock
    from liqatlas.maps.head import Head

#: A book further from the map's moment than this is warned about [s].
OLD_BOOK_S = 300
#: A map that explains less of open interest is warned about.
LITTLE_COVERAGE = 0.5
NO_POSTERIOR = "the map has no posterior: uncertainty of its shape is not carried, only of its release"
_BOUNDS = (
    (ROUNDS, "were still running at the horizon"),
    (FUEL, "went through every level of the map: what lies beyond it is unknown"),
    (BOOK, "ran off the end of the book: prices there mean no more than 'further than anyone quotes'"),
)


def map_caveats(head: Head, *, posterior: bool) -> list[str]:
    """Return what the map does not carry."""
    said = []
    if head.quantity == "outstanding":
        said.append(
            "the map holds outstanding positions, not expected liquidations; the share that forced orders sell is a belief"
        )
    if not posterior:
        said.append(NO_POSTERIOR)
    if head.coverage is not None and head.coverage.share < LITTLE_COVERAGE:
        said.append(
            f"the map explains {format_share(head.coverage.share)} of open interest: "
            "what it does not see cannot be liquidated here"
        )
    return said


def outlook_caveats(outlook: Outlook | None) -> list[str]:
    """Return whether shares of runs are probabilities, and what a drawn shock leaves out."""
    bands = "uncalibrated: shares of runs are not probabilities; their bands come from beliefs about depth and release"
    if outlook is None:
        return [bands]
    drawn = "the shock is drawn from what past hours came to, liquidations included: the books add nothing to it here"
    if outlook.calibrated:
        law, verdict = outlook.calibration, outlook.calibration.main
        value, low, high = verdict.over_climatology
        known = (
            f"probabilities are calibrated on {law.instrument}, {law.liquidated}s: Brier skill {value:.2f} [{low:.2f}, {high:.2f}] over the base "
            f"rate on {verdict.hours:,} unseen hours ({law.judged[0][:10]} to {law.judged[1][:10]})"
        )
        return [known, drawn]
    return [bands, *(f"uncalibrated here: {reason}" for reason in outlook.reasons), drawn]


def book_caveats(as_of_ns: int, books: Sequence[Book], regime_name: str, regime: BookRegime) -> list[str]:
    """Return what is assumed of the books."""
    if regime_name == "visible":
        said = [
            "a walk of the visible book alone understates real moves several times over; this is such a walk"
        ]
    else:
        factor = (
            f"median {regime.depth_factor_median:g}, sigma {regime.depth_factor_sigma:g} ({regime.basis})"
        )
        said = [
            f"depth is the visible book times a log-normal factor, {factor}: a naive walk understates moves several times over"
        ]
    assumed = [book.venue for book in books if book.assumed]
    if assumed:
        said.append(f"no book was observed for {', '.join(assumed)}: depth is the caller's assumption")
    for book in books:
        said += [*book.warnings, *_age(as_of_ns, book)]
    return said


def run_caveats(table: RunTable, shock: Shock, ladder: Ladder) -> list[str]:
    """Return which bounds ended runs, and whether the shock exceeds what was seen of the books."""
    said = []
    for end, text in _BOUNDS:
        share = float((table.end == end).mean())
        if share > 0:
            said.append(f"{format_share(share)} of runs {text}")
    seen = sum(float(d.usd[-1]) for d in ladder.depths)
    if shock.kind == "order" and abs(shock.amount) > seen:
        said.append("the shock is larger than all depth that was seen; the power law carries it")
    return said


def _age(as_of_ns: int, book: Book) -> list[str]:
    """Return a warning where book and map are of different times."""
    age = as_of_ns - book.as_of_ns
    if book.assumed or abs(age) <= OLD_BOOK_S * NS_PER_S:
        return []
    if age < 0:
        return [f"{book.venue}: the book is {format_duration(-age)} YOUNGER than the map"]
    return [f"{book.venue}: the book is {format_duration(age)} older than the map"]
