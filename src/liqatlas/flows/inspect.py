"""What files hold and what is wrong with them, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.format import format_count
from liqatlas.flows.reporter import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.flows.reporter import Reporter
    from liqatlas.venues.importers import FileReport


def inspect(paths: Sequence[Path], reporter: Reporter = SILENT) -> list[FileReport]:
    """Return a report on every file.

    Raises
    ------
    FormatError
        If a path does not exist or a folder is empty.
    """
    from liqatlas.venues.importers import inspect_paths

    return inspect_paths(
        paths, progress=lambda known, done, total: reporter.progress(f"reading {known.title}", done, total)
    )


def report_text(reports: Sequence[FileReport]) -> str:
    """Return the reports as text: one paragraph per file, then the totals, then what is understood where a file is unknown."""
    from liqatlas.venues.importers import understood

    out = []
    for one in reports:
        span = (
            f"{isoformat(one.span_ns[0])} to {isoformat(one.span_ns[1])}" if one.span_ns else "nothing dated"
        )
        tables = ", ".join(f"{name} {rows:,}" for name, rows in one.tables) or "no rows"
        out.append(
            f"{one.path}\n  {one.format or 'not recognised'} · {', '.join(one.instruments) or 'no instrument'}"
        )
        if one.tables:
            out.append(f"  {tables} · {span}")
        counts = {
            "identical rows dropped": one.duplicates,
            "rows out of order": one.out_of_order,
            "rows that could not be read": one.bad_rows,
            "blank rows": one.blank_rows,
            "gaps": len(one.gaps),
        }
        noticed = [f"{name} {count:,}" for name, count in counts.items() if count]
        if noticed:
            out.append("  " + " · ".join(noticed))
        out += [f"  ! {problem}" for problem in one.problems]
    unread, rows = sum(not r.readable for r in reports), sum(r.rows for r in reports)
    out.append(
        f"{format_count(len(reports), 'file')}, {format_count(rows, 'row')} read, {format_count(unread, 'file')} could not be read"
    )
    if any(r.unknown for r in reports):
        out.append(understood())
    return "\n".join(out) + "\n"


def report_json(reports: Sequence[FileReport]) -> bytes:
    """Return the reports as JSON."""
    rows = [
        {
            "path": one.path,
            "format": one.format,
            "instruments": list(one.instruments),
            "tables": dict(one.tables),
            "rows": one.rows,
            "span": [isoformat(t) for t in one.span_ns] if one.span_ns else None,
            "gaps": len(one.gaps),
            "duplicates": one.duplicates,
            "out_of_order": one.out_of_order,
            "bad_rows": one.bad_rows,
            "blank_rows": one.blank_rows,
            "problems": list(one.problems),
            "readable": one.readable,
            "unknown": one.unknown,
        }
        for one in reports
    ]
    return orjson.dumps({"files": rows}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)
