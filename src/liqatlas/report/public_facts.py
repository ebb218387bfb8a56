"""Public figures of the whole market for the daily brief: from the keyless sources' own answers, feeds, or a plain CSV.

Nothing is fetched here. Every fact carries its moment; one without a moment says so. JSON answers are told apart by content
(:mod:`liqatlas.report.public_answers`), feeds are RSS or Atom (:mod:`liqatlas.report.feeds`), everything else is CSV with the columns
``ts,name,value,unit,source``: ETF flows, or whatever a user follows.
"""

from __future__ import annotations

import csv
import io

from liqatlas.base.clock import isoformat, parse_time
from liqatlas.base.errors import FormatError, TimeError
from liqatlas.report.fact import Fact
from liqatlas.report.feeds import read_feed
from liqatlas.report.public_answers import read_answer

CSV_COLUMNS = ("ts", "name", "value", "unit", "source")


def parse_facts(text: str, name: str) -> list[Fact]:
    """Return the facts a text holds.

    Raises
    ------
    FormatError
        If it is none of the known answers, no feed and no such CSV, or a field it should hold is missing.
    """
    stripped = text.lstrip("\ufeff").strip()
    if not stripped:
        raise FormatError(
            name, "is empty: wanted a source's answer, a feed, or CSV with " + ",".join(CSV_COLUMNS)
        )
    if stripped[0] == "<":
        return read_feed(stripped, name)
    if stripped[0] in "{[":
        return read_answer(stripped, name)
    return _from_csv(stripped, name)


def _from_csv(text: str, name: str) -> list[Fact]:
    rows = csv.DictReader(io.StringIO(text))
    lacks = [c for c in CSV_COLUMNS[:3] if c not in (rows.fieldnames or ())]
    if lacks:
        raise FormatError(
            name, f"lacks the columns {', '.join(lacks)}; wanted {','.join(CSV_COLUMNS)}", line=1
        )
    out = []
    for row in rows:
        try:
            at = isoformat(parse_time(row["ts"])) if (row["ts"] or "").strip() else ""
        except TimeError as error:
            raise FormatError(name, str(error), line=rows.line_num) from None
        value = f"{(row['value'] or '').strip()} {(row.get('unit') or '').strip()}".strip()
        out.append(
            Fact((row["name"] or "").strip(), value, at, (row.get("source") or "the user's file").strip())
        )
    return out
