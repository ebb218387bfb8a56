"""``liqatlas report``: the whole picture of an asset in words, numbers and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import InputError
from liqatlas.cli.options import DataOptions, MomentOptions, OutputOptions, make_request
from liqatlas.cli.output import emit, reporting, say, terminal_look
from liqatlas.flows.brief import build_brief, render_brief
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.page import page_is_built, report_page
from liqatlas.flows.report import (
    build_report,
    keep_in_archive,
    latest_in_archive,
    read_previous,
    render_report,
)

if TYPE_CHECKING:
    from liqatlas.flows.report import ReportFormat, ReportResult


@Parameter(name="*", group="Report")
@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """How the report is written and what it is compared with."""

    format: Literal["term", "md", "html", "pdf", "json"] | None = None
    "Default is the ending of the output file, else the terminal."
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
    "File to write; default is standard output."
    since: str = "24h"
    "Compare with the same data this much earlier."
    previous: Path | None = None
    "Compare with this report, written with --format json."
    archive: Path | None = None
    "Folder of past reports: compare with the newest one there, and keep this one."
    settings: Path | None = None
    "File of signal settings in place of the shipped ones."
    daily: Annotated[bool, Parameter(negative="")] = False
    "A brief of all assets named, in place of one asset's report."
    facts: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = ()
    "For --daily: public figures, as CoinGecko, alternative.me or DefiLlama answer them, or CSV ts,name,value,unit,source."


_DATA, _TIME, _WHICH = DataOptions(), MomentOptions(), ReportOptions()
_ENDINGS: dict[str, ReportFormat] = {
    "md": "md",
    "html": "html",
    "htm": "html",
    "pdf": "pdf",
    "json": "json",
    "txt": "term",
}


def report(
    *assets: str,
    which: ReportOptions = _WHICH,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
) -> int:
    """Write overview, key levels, signals with their hit rates, scenarios, plan, changes and data quality of an asset.

    Parameters
    ----------
    assets
        An asset such as ETH, or one venue's symbol such as ETHUSDT; with --daily as many as wanted.
    """
    form = _format(which)
    if not assets or (len(assets) > 1 and not which.daily):
        raise InputError(
            f"{len(assets)} assets were named: a report takes one, a brief of several takes --daily"
        )
    if which.previous and which.archive:
        raise InputError("--previous and --archive were both given: give one to compare with")
    request = make_request(assets[0], data, time, OutputOptions())
    width = min(terminal_look(to_file=which.output is not None)[0], 140)
    previous = read_previous(which.previous) if which.previous else None
    with reporting() as reporter:
        compile_kernels(reporter)
        if which.daily:
            tree = build_brief(
                request, assets, which.facts, since_ns=parse_window(which.since), reporter=reporter
            )
            content = render_brief(tree, form, width=width)
        else:
            if which.archive:
                previous = latest_in_archive(which.archive, assets[0], request.as_of_ns)
            result = build_report(
                request,
                previous=previous,
                since_ns=parse_window(which.since),
                settings_file=which.settings,
                reporter=reporter,
            )
            tree, content = result.tree, render_report(result, form, width=width)
            if form == "html":
                content = interactive(result, content)
    emit(content, "png" if form == "pdf" else form, which.output)
    if which.archive:
        for one in tree["reports"] if which.daily else [tree]:
            say(f"kept {keep_in_archive(which.archive, one)}")
    return 0


def interactive(result: ReportResult, plain: bytes) -> bytes:
    """Return the report with its interactive charts, or as it is where the page was not built."""
    if page_is_built():
        return report_page(result, plain)
    say("the interactive page was not built (python scripts/build_page.py): the report holds pictures only")
    return plain


def _format(which: ReportOptions) -> ReportFormat:
    if which.format:
        return which.format
    if which.output is None:
        return "term"
    ending = which.output.suffix.lower().lstrip(".")
    if ending not in _ENDINGS:
        raise InputError(
            f"cannot tell a format from {which.output.name!r}: end it in .{', .'.join(_ENDINGS)}, or give --format"
        )
    return _ENDINGS[ending]
