"""Files into the lake: every row once, however often a file is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter

#: Where a recording's tables go; mark bars are bars of another kind of price.
_DATASET_OF = {"mark_bars": "bars"}


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
    recordings = read(*paths, reporter=reporter)
    if any(r.simulated for r in recordings):
        raise InputError("simulated recordings do not go into a lake: it holds what happened")
    with Lake.create(lake_path) as lake:
        out = []
        for done, recording in enumerate(recordings):
            reporter.progress(f"keeping {recording.instrument.key}", done, len(recordings))
            out.append(keep(lake, recording))
    return out


def keep(lake: Lake, recording: Recording) -> Ingested:
    """Write one recording; durable on return. Nobody vouches that a file misses nothing, so no span is marked as recorded."""
    rows, changed = {}, 0
    for name, frame in recording.tables().items():
        changed += lake.ingest(_DATASET_OF.get(name, name), recording.instrument, frame)
        rows[name] = frame.height
    return Ingested(recording.instrument.key, rows, changed, recording.span_ns(), recording.warnings)


def ingested_text(found: Sequence[Ingested], lake_path: Path) -> str:
    """Return the report as text."""
    out = []
    for one in found:
        tables = ", ".join(f"{name} {count:,}" for name, count in one.rows.items()) or "no rows"
        span = f" · {isoformat(one.span_ns[0])} to {isoformat(one.span_ns[1])}" if one.span_ns else ""
        new = f"{one.days_changed} days written" if one.days_changed else "nothing new"
        out.append(f"{one.instrument}\n  {tables}{span} · {new}")
        out += [f"  ! {warning}" for warning in one.warnings]
    total = sum(sum(one.rows.values()) for one in found)
    out.append(f"{len(found)} instruments, {total:,} rows kept in {lake_path}")
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
