"""``liqatlas ingest``: files into the lake, or only a look at them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError
from liqatlas.cli.output import emit, reporting


def ingest(
    paths: Annotated[tuple[Path, ...], Parameter(negative="")] = (),
    /,
    *,
    from_: Annotated[tuple[Path, ...], Parameter(name="--from", consume_multiple=True, negative="")] = (),
    lake: Path | None = None,
    check: Annotated[bool, Parameter(negative="")] = False,
    format: Literal["term", "json"] = "term",  # noqa: A002
) -> int:
    """Keep what files hold in the lake, or with --check only say what they hold and what is wrong with them.

    A row that is there already is not kept twice. With --check, leaves with 2 when a file cannot be read.

    Parameters
    ----------
    paths
        Files or folders.
    from_
        The same, for symmetry with other verbs.
    lake
        Folder of the lake, made where there is none; default is that of the settings.
    check
        Only look; nothing is kept.
    format
        Text for people or JSON for programs.
    """
    named = (*paths, *from_)
    if not named:
        raise InputError(
            "no file named: liqatlas ingest FILES, or liqatlas ingest --check FILES to look only"
        )
    if check:
        return _check(named, format)
    from liqatlas.flows.ingest import ingest_files, ingested_json, ingested_text

    target = lake or load_settings().lake_path
    with reporting() as reporter:
        found = ingest_files(named, target, reporter)
    content = ingested_json(found, target) if format == "json" else ingested_text(found, target).encode()
    emit(content, format, None)
    return 0


def _check(named: tuple[Path, ...], form: Literal["term", "json"]) -> int:
    """Show the reports on files."""
    from liqatlas.flows.inspect import inspect, report_json, report_text

    with reporting() as reporter:
        reports = inspect(named, reporter=reporter)
    content = report_json(reports) if form == "json" else report_text(reports).encode()
    emit(content, form, None)
    return 0 if all(r.readable for r in reports) else 2
