"""JSON lines → columns, fast when all is well, line by line when something is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from liqatlas.venues.importers.pieces import Counts

if TYPE_CHECKING:
    from liqatlas.venues.importers.sources import Source


def read_json_lines(
    source: Source, row: type[msgspec.Struct], schema: dict[str, Any]
) -> tuple[pl.DataFrame, Counts]:
    """Return the rows of a source of JSON lines; bad lines are left out and counted.

    Parameters
    ----------
    row
        The msgspec type of a line: its types are enforced, numbers may be written as text.
    schema
        Polars types of the same fields, in order.
    """
    data = source.read().removeprefix(b"\xef\xbb\xbf")
    if source.cut_off:
        data = data[: data.rfind(b"\n") + 1]
    whole = _all_at_once(data, schema)
    if whole is not None:
        return whole, Counts(rows=whole.height, cut_off=source.cut_off)
    return _line_by_line(data, row, schema, source.cut_off)


def _all_at_once(data: bytes, schema: dict[str, Any]) -> pl.DataFrame | None:
    """Return all rows, or ``None`` where any of them needs a careful look."""
    try:
        frame = pl.read_ndjson(data, schema=schema)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    has_null = any(frame[name].null_count() for name in frame.columns)
    return None if has_null or frame.height != lines else frame


def _line_by_line(
    data: bytes, row: type[msgspec.Struct], schema: dict[str, Any], cut_off: str
) -> tuple[pl.DataFrame, Counts]:
    decoder = msgspec.json.Decoder(row, strict=False)
    good: list[msgspec.Struct] = []
    blank = bad = bad_line = 0
    reason = ""
    for number, line in enumerate(data.rstrip(b"\r\n").split(b"\n"), start=1):
        if not line.strip():
            blank += 1
            continue
        try:
            good.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            bad += 1
            if bad == 1:
                bad_line, reason = number, str(error)
    columns = {
        name: pl.Series(name, [getattr(one, name) for one in good], dtype=kind)
        for name, kind in schema.items()
    }
    counts = Counts(
        rows=len(good), bad=bad, bad_line=bad_line, bad_reason=reason, blank=blank, cut_off=cut_off
    )
    return pl.DataFrame(columns), counts
