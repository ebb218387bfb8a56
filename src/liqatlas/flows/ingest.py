"""Files into the lake: every row once, however often a file is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError
from liqatlas.base.format import format_count
from liqatlas.flows.account_notes import note_accounts
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.maps.measured_holdings import COLLATERAL_VENUES
from liqatlas.store import PRINTS, Lake, scope_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter

#: Where a recording's tables go; mark bars are bars of another kind of price.
_DATASET_OF = {"mark_bars": "bars"}
#: Tables whose rows come when something happens, so that their span vouches for nothing.
_EVENTS = frozenset({"liquidations", "liquidation_bars", "positions", "book_levels"})
#: Between the scopes of several files.
_AND = "; "
#: Reason of a gap that an imported file has.
HOLE = "hole in an imported file"


@dataclass(frozen=True, slots=True)
class Ingested:
    """What of one instrument went into the lake.

    Attributes
    ----------
    rows
        Rows read, by table.
    days_changed
        Days of files written anew; 0 where everything was there already.
    """

    instrument: str
    rows: dict[str, int]
    days_changed: int
    span_ns: tuple[int, int] | None
    warnings: tuple[str, ...]


def ingest_files(paths: Sequence[Path], lake_path: Path, reporter: Reporter = SILENT) -> list[Ingested]:
    """Read files and write what they hold into a lake, made where there is none.

    Raises
    ------
    FormatError, InputError
        If a file cannot be read, or holds only simulated data.
    LakeError
        If the lake cannot be written.
    """
    recordings = read(*paths, more_tables={"positions"}, reporter=reporter)
    loans = [r for r in recordings if r.instrument.venue in COLLATERAL_VENUES]
    if loans:
        reporter.notice("loans are not kept in a lake: they name no entry price; give their file with --from")
        recordings = [r for r in recordings if r.instrument.venue not in COLLATERAL_VENUES]
    if any(r.simulated for r in recordings):
        raise InputError("simulated recordings do not go into a lake: it holds what happened")
    with Lake.create(lake_path) as lake:
        out = []
        for done, recording in enumerate(recordings):
            reporter.progress(f"keeping {recording.instrument.key}", done, len(recordings))
            out.append(keep(lake, recording))
        note_accounts(lake, recordings)
    return out


def keep(lake: Lake, recording: Recording) -> Ingested:
    """Write one recording; durable on return.

    The span of its samples and bars is vouched for, less the holes in them, which become gaps; a hole that later files fill
    is marked so. For prints nobody vouches: a file without any says nothing about a quiet market.
    """
    from liqatlas.venues.importers.gaps import find_gaps

    instrument = recording.instrument
    rows, changed = {}, 0
    for name, frame in recording.tables().items():
        dataset = _DATASET_OF.get(name, name)
        rows[name] = frame.height
        covers = None
        if name not in _EVENTS:
            begin = "ts_open_ns" if "ts_open_ns" in frame.columns else "ts_event_ns"
            end = "ts_close_ns" if "ts_open_ns" in frame.columns else "ts_event_ns"
            covers = (int(frame[begin].min()), int(frame[end].max()) + 1)  # type: ignore[arg-type]
        changed += lake.ingest(
            dataset, instrument, frame, covers=covers, checkpoint=_scope(lake, dataset, recording)
        )
        holes = [(hole.start_ns, hole.end_ns) for hole in find_gaps(name, frame)]
        if covers is not None:
            _note_holes(lake, (dataset, instrument.venue, instrument.symbol), covers, holes)
    return Ingested(instrument.key, rows, changed, recording.span_ns(), recording.warnings)


def _scope(lake: Lake, dataset: str, recording: Recording) -> tuple[str, str] | None:
    """Return what is kept of whose prints a table counts, those of earlier files included."""
    if dataset not in PRINTS or not recording.prints_scope:
        return None
    name = scope_name(dataset, recording.instrument.venue, recording.instrument.symbol)
    known = (lake.checkpoint(name) or "").split(_AND)
    scopes = dict.fromkeys([*known, *recording.prints_scope.split(_AND)])
    return name, _AND.join(scope for scope in scopes if scope)


def _note_holes(
    lake: Lake, place: tuple[str, str, str], covers: tuple[int, int], holes: list[tuple[int, int]]
) -> None:
    """Write down the holes of a file that are not known yet, and mark as filled those of earlier files that it fills."""
    dataset, venue, symbol = place
    known = lake.list_gaps(dataset=dataset, venue=venue, symbol=symbol, span=covers, filled=False)
    ours = {(gap.start_ns, gap.end_ns): gap.number for gap in known if gap.reason == HOLE}
    for start, end in holes:
        if (start, end) not in ours:
            lake.open_gap(dataset, venue, symbol, start, end_ns=end, reason=HOLE)
    for (begin, stop), number in ours.items():
        if stop is None or begin < covers[0] or stop > covers[1]:
            continue
        if not any(low < stop and high > begin for low, high in holes):
            lake.close_gap(number, stop, filled=True)


def ingested_text(found: Sequence[Ingested], lake_path: Path) -> str:
    """Return the report as text."""
    out = []
    for one in found:
        tables = ", ".join(f"{name} {count:,}" for name, count in one.rows.items()) or "no rows"
        span = f" · {isoformat(one.span_ns[0])} to {isoformat(one.span_ns[1])}" if one.span_ns else ""
        new = f"{format_count(one.days_changed, 'day')} written" if one.days_changed else "nothing new"
        out.append(f"{one.instrument}\n  {tables}{span} · {new}")
        out += [f"  ! {warning}" for warning in one.warnings]
    total = sum(sum(one.rows.values()) for one in found)
    out.append(f"{format_count(len(found), 'instrument')}, {format_count(total, 'row')} kept in {lake_path}")
    return "\n".join(out) + "\n"


def ingested_json(found: Sequence[Ingested], lake_path: Path) -> bytes:
    """Return the report as JSON."""
    tree = {
        "lake": str(lake_path),
        "instruments": [
            {
                "instrument": one.instrument,
                "rows": one.rows,
                "days_changed": one.days_changed,
                "span": [isoformat(t) for t in one.span_ns] if one.span_ns else None,
                "warnings": list(one.warnings),
            }
            for one in found
        ],
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)
