"""``liqatlas ingest``: what files hold and what is wrong with them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.errors import InputError
from liqatlas.cli.output import emit, reporting
from liqatlas.flows.inspect import inspect, report_json, report_text


def ingest(
    paths: Annotated[tuple[Path, ...], Parameter(negative="")] = (),
    /,
    *,
    from_: Annotated[tuple[Path, ...], Parameter(name="--from", consume_multiple=True, negative="")] = (),
    check: Annotated[bool, Parameter(negative="")] = False,
    format: Literal["term", "json"] = "term",  # noqa: A002
) -> int:
    """Say what files hold: format, instrument, rows, span, gaps, and what is wrong with them.

    Leaves with 0 when every file can be read, 2 when one cannot.

    Parameters
    ----------
    paths
        Files or folders.
    from_
        The same, for symmetry with other verbs.
    check
        Only look; nothing is kept.
    """
    named = (*paths, *from_)
    if not named:
        raise InputError("no file named: liqatlas ingest --check FILES")
    if not check:
        raise InputError(
            "this version has no store to keep files in: add --check to look at them, or use map --from"
        )
    with reporting() as reporter:
        reports = inspect(named, reporter=reporter)
    content = report_json(reports) if format == "json" else report_text(reports).encode()
    emit(content, format, None)
    return 0 if all(r.readable for r in reports) else 2
