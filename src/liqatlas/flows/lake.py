"""The lake as a source: which instruments it holds of an asset, and their recordings for a window and its look-back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, isoformat
from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.symbols import near_names, parse_symbol
from liqatlas.flows.reporter import SILENT
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request

#: History read before a window where no stored segments serve: levels opened earlier count as older than the history.
LOOK_BACK_NS = 30 * DAY_NS
#: Datasets whose newest row tells how fresh an instrument is.
DATED = ("trades", "bars", "marks", "open_interest", "liquidations")


@dataclass(frozen=True, slots=True)
class Held:
    """One instrument of a lake and its newest row [ns]."""

    instrument: Instrument
    newest_ns: int


def default_lake() -> Path | None:
    """Return the lake of the settings where there is one."""
    path = load_settings().lake_path
    return path if (path / "catalogue.sqlite").is_file() else None


def held(lake: Lake, datasets: Sequence[str] = DATED) -> list[Held]:
    """Return every instrument that has rows of these datasets, with its newest one.

    Raises
    ------
    NotEnoughDataError
        If the lake is empty.
    """
    newest: dict[str, int] = {}
    for row in lake.freshness():
        if row.dataset in datasets:
            key = f"{row.venue}:{row.symbol}"
            newest[key] = max(newest.get(key, row.last_event_ns), row.last_event_ns)
    found = [Held(one, newest[one.key]) for one in lake.instruments() if one.key in newest]
    if not found:
        raise NotEnoughDataError(
            f"the lake at {lake.root} is empty: fill it with ingest, record or backfill, or try `liqatlas demo`"
        )
    return found


def held_of(
    lake: Lake, asset: str, venues: Sequence[str] = (), datasets: Sequence[str] = DATED
) -> list[Held]:
    """Return the instruments of an asset or symbol that have rows of these datasets.

    Raises
    ------
    UnknownSymbolError
        If the lake holds nothing of it; names what it holds.
    InputError
        If none is of the venues asked for.
    NotEnoughDataError
        If the lake is empty.
    """
    everything = held(lake, datasets)
    wanted = parse_symbol(asset).asset
    of_asset = [one for one in everything if one.instrument.asset == wanted]
    if not of_asset:
        known = sorted({one.instrument.asset for one in everything})
        raise UnknownSymbolError(asset, near_names(wanted, known) or known[:5], where=f"the lake {lake.root}")
    left = [one for one in of_asset if not venues or one.instrument.venue in venues]
    if not left:
        there = ", ".join(sorted(one.instrument.key for one in of_asset))
        raise InputError(
            f"the lake {lake.root} holds no {wanted} of venue {', '.join(venues)}; it holds {there}"
        )
    return left


def as_of_in(found: Sequence[Held], request: Request) -> int:
    """Return the moment of a request: its own, or that of the newest row."""
    return max(one.newest_ns for one in found) if request.as_of_ns is None else request.as_of_ns


def read_lake(request: Request, path: Path, reporter: Reporter = SILENT) -> list[Recording]:
    """Return the recordings of a request's asset: its window and :data:`LOOK_BACK_NS` before it.

    Raises
    ------
    SourceUnavailableError
        If there is no lake, or it cannot be read.
    NotEnoughDataError
        If it is empty, or holds nothing of that time.
    UnknownSymbolError, InputError
        As :func:`held_of`.
    """
    with Lake.open(path) as lake:
        found = held_of(lake, request.asset, request.venues)
        end = as_of_in(found, request) + 1
        start = end - request.window_ns - LOOK_BACK_NS
        out = []
        for done, one in enumerate(found):
            reporter.progress(f"reading {one.instrument.key}", done, len(found))
            out.append(lake.recording(one.instrument.venue, one.instrument.symbol, start, end))
    if not any(r.tables() for r in out):
        raise NotEnoughDataError(
            f"the lake {path} holds nothing of {request.asset} from {isoformat(start)} to {isoformat(end)}"
        )
    return out
