"""Upkeep of a lake that is recorded into: files, room, and what must be sealed before its rows go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import LiqAtlasError, NotEnoughDataError, TiersUnknownError
from liqatlas.flows.lake_flow import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from liqatlas.base.instruments import Instrument
    from liqatlas.store import Lake


def upkeep(lake: Lake, say: Callable[[str], None], *, max_bytes: int | None = None) -> None:
    """Compact, sweep, make room; a failure is told and tried again.

    What is derived from rows is sealed before they go, so that maps lose nothing of it.
    """
    try:
        lake.compact()
        lake.sweep()
        seal_what_goes(lake, say, max_bytes=max_bytes)
        removed = lake.retain(max_bytes=max_bytes)
        for line in removed.removed:
            say(f"removed for room: {line}")
    except LiqAtlasError as error:
        say(f"upkeep failed and is tried again: {error}")


def seal_what_goes(lake: Lake, say: Callable[[str], None], *, max_bytes: int | None) -> None:
    """Bring the segments up to date of every instrument whose rows retention is about to remove.

    They are sealed with the parameters and margin terms that a map uses by itself; with others, removed rows can make no
    segments any more.
    """
    going = {
        (venue, symbol) for dataset, venue, symbol in lake.due(max_bytes=max_bytes) if dataset in SOURCES
    }
    if not going:
        return
    known = {(one.venue, one.symbol): one for one in lake.instruments()}
    for place in sorted(going & set(known)):
        try:
            written = _seal(lake, known[place])
        except (NotEnoughDataError, TiersUnknownError):
            continue  # no map can be made of it
        if written:
            say(f"sealed {written} hours, days and months of {known[place].key} before rows go")


def _seal(lake: Lake, instrument: Instrument) -> int:
    from liqatlas.flows.segments import recipe, update  # numbers: only where something is to be sealed
    from liqatlas.flows.terms import risk_terms
    from liqatlas.levels.parameters import load_parameters

    fresh = lake.freshness(instrument.venue, instrument.symbol)
    if "open_interest" not in {row.dataset for row in fresh}:
        return 0  # and no file of segments is made
    newest = max(row.last_event_ns for row in fresh if row.dataset in SOURCES)
    return update(lake, instrument, recipe(load_parameters(None), risk_terms(instrument, newest)), newest)
