"""``liqatlas report``: the whole picture of an asset in words, numbers and pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import TYPE_CHECKING, Annotated, get_args

from cyclopts import Parameter

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import InputError
from liqatlas.cli.options import (
    BookOptions,
    DataOptions,
    MomentOptions,
    OutputOptions,
    format_or_ending,
    make_books,
    make_request,
)
from liqatlas.cli.output import emit, reporting, say, terminal_look
from liqatlas.flows.archive import keep_in_archive, past_reports, read_previous
from liqatlas.flows.brief import build_brief, render_brief
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.page import page_is_built, report_page
from liqatlas.flows.public_figures import PublicChoice, make_public
from liqatlas.flows.report import ReportChoice, build_report
from liqatlas.flows.report_render import ReportFormat, render_report

if TYPE_CHECKING:
    from liqatlas.flows.report import ReportResult
    from liqatlas.flows.request import Request


@Parameter(name="*", group="Report")
@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """How the report is written and what it is compared with."""

    format: ReportFormat | None = None
    "Default is the ending of the output file, else the terminal."
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
    "File to write; default is standard output."
    since: str = "24h"
    "Compare with the same data this much earlier."
    previous: Path | None = None
    "Compare with this report, written with --format json."
    archive: Path | None = None
    "Folder of past reports: compare with the newest one there, hold all to what they said, keep this one."
    settings: Path | None = None
    "File of signal settings in place of the shipped ones."


@Parameter(name="*", group="Daily brief")
@dataclass(frozen=True, kw_only=True)
class DailyOptions:
    """Several assets in one page, with public figures of the market."""

    daily: Annotated[bool, Parameter(negative="")] = False
    "A brief of all assets named, in place of one asset's report."
    facts: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = ()
    "Files of public figures: saved answers of the sources, CSV ts,name,value,unit,source (ETF flows), or RSS and Atom (headlines)."
    public: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "Ask these public sources: market, movers, fear, stablecoins, gas, or all; none is asked unless named."
    public_host: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "Another address for a source, such as gas=https://my-node; may be given several times."


_DATA, _TIME, _BOOKS, _WHICH, _DAILY = (
    DataOptions(),
    MomentOptions(),
    BookOptions(),
    ReportOptions(),
    DailyOptions(),
)


def report(
    *assets: str,
    which: ReportOptions = _WHICH,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    books: BookOptions = _BOOKS,
    brief: DailyOptions = _DAILY,
) -> int:
    """Write overview, key levels, signals with their hit rates, scenarios, plan, changes and data quality of an asset.

    Parameters
    ----------
    assets
        An asset such as ETH, or one venue's symbol such as ETHUSDT; with --daily as many as wanted.
    """
    form = format_or_ending(which.format, which.output, get_args(ReportFormat))
    _check(assets, which, brief)
    request = make_request(assets[0], data, time, OutputOptions())
    public = make_public(brief.facts, brief.public, brief.public_host)
    choice = ReportChoice(
        since_ns=parse_window(which.since), settings_file=which.settings, books=make_books(books)
    )
    if brief.daily:
        return _brief(request, assets, which, choice, public)
    past = [read_previous(which.previous)] if which.previous else []
    if which.archive:
        past = past_reports(which.archive, assets[0], request.as_of_ns)
    with reporting() as reporter:
        compile_kernels(reporter)
        result = build_report(request, choice=replace(choice, past=past), reporter=reporter)
        content = render_report(result, form, width=_width(which))
        if form == "html":
            content = interactive(result, content)
    emit(content, form, which.output)
    if which.archive:
        say(f"kept {keep_in_archive(which.archive, result.tree)}")
    return 0


def _brief(
    request: Request,
    assets: tuple[str, ...],
    which: ReportOptions,
    choice: ReportChoice,
    public: PublicChoice,
) -> int:
    """Write the brief of several assets, and keep each report where an archive is named."""
    form = format_or_ending(which.format, which.output, get_args(ReportFormat))
    with reporting() as reporter:
        compile_kernels(reporter)
        brief = build_brief(
            request, assets, choice=choice, public=public, archive=which.archive, reporter=reporter
        )
        content = render_brief(brief, form, width=_width(which))
    for what, why in brief.tree["public_missing"].items():
        say(f"note: {what}: {why}")
    emit(content, form, which.output)
    if which.archive:
        for one in brief.tree["reports"]:
            say(f"kept {keep_in_archive(which.archive, one)}")
    return 0


def _check(assets: tuple[str, ...], which: ReportOptions, brief: DailyOptions) -> None:
    """Refuse what contradicts itself."""
    if not assets or (len(assets) > 1 and not brief.daily):
        raise InputError(
            f"{len(assets)} assets were named: a report takes one, a brief of several takes --daily"
        )
    if which.previous and which.archive:
        raise InputError("--previous and --archive were both given: give one to compare with")
    if which.previous and brief.daily:
        raise InputError("--previous is one asset's report: a brief compares with --archive")
    if not brief.daily and (brief.facts or brief.public):
        raise InputError("--facts and --public belong to a brief: give --daily")


def _width(which: ReportOptions) -> int:
    return min(terminal_look(to_file=which.output is not None)[0], 140)


def interactive(result: ReportResult, plain: bytes) -> bytes:
    """Return the report with its interactive charts, or as it is where the page was not built."""
    if page_is_built():
        return report_page(result, plain)
    say("the interactive page was not built (python scripts/build_page.py): the report holds pictures only")
    return plain
