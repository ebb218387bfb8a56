"""The daily brief of several assets: their reports, public figures, what became of earlier reports, rendered like a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.errors import InputError, NotEnoughDataError, RuleError
from liqatlas.flows.archive import past_reports
from liqatlas.flows.public_figures import PublicChoice, public_figures
from liqatlas.flows.report import ReportChoice, ReportResult, build_report
from liqatlas.flows.report_render import map_picture, render_document
from liqatlas.flows.reporter import SILENT
from liqatlas.report.brief import brief_document, brief_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.flows.report_render import ReportFormat
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request


@dataclass(frozen=True, slots=True)
class BriefResult:
    """A brief as a tree, and the reports its pictures are drawn from."""

    tree: dict[str, Any]
    reports: tuple[ReportResult, ...]


def build_brief(
    request: Request,
    assets: Sequence[str],
    *,
    choice: ReportChoice | None = None,
    public: PublicChoice | None = None,
    archive: Path | None = None,
    reporter: Reporter = SILENT,
) -> BriefResult:
    """Return the brief; an asset that cannot be reported and a source that does not answer are named, with why.

    Parameters
    ----------
    archive
        Folder of past reports to compare each asset with.

    Raises
    ------
    NotEnoughDataError
        If no asset can be reported.
    FormatError
        If a named file of facts or a report in the archive cannot be read.
    """
    choice = choice or ReportChoice()
    figures, public_missing = public_figures(public or PublicChoice(), reporter)
    reports, missing = [], {}
    for asset in assets:
        past = past_reports(archive, asset, request.as_of_ns) if archive else []
        try:
            one = build_report(
                replace(request, asset=asset), choice=replace(choice, past=past), reporter=reporter
            )
        except (NotEnoughDataError, RuleError, InputError) as error:
            missing[asset] = str(error)
            continue
        reports.append(one)
    if not reports:
        raise NotEnoughDataError(
            "no asset can be reported: " + "; ".join(f"{a}: {w}" for a, w in missing.items())
        )
    tree = brief_tree([r.tree for r in reports], figures, missing, public_missing)
    return BriefResult(tree, tuple(reports))


def render_brief(brief: BriefResult, form: ReportFormat, *, width: int = 100) -> bytes:
    """Return a brief in a format; text is UTF-8."""
    if form == "json":
        return orjson.dumps(
            brief.tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2
        )
    shown = tuple(map_picture(one) for one in brief.reports) if form in {"pdf", "html"} else ()
    return render_document(brief_document(brief.tree, shown), form, width=width)
