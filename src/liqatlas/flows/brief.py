"""The daily brief of several assets: their reports, public figures from files, rendered like a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.errors import FormatError, InputError, NotEnoughDataError, RuleError
from liqatlas.flows.report import build_report
from liqatlas.flows.reporter import SILENT
from liqatlas.report.brief import brief_document, brief_tree
from liqatlas.report.public_facts import parse_facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.flows.report import ReportFormat
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request


def build_brief(
    request: Request,
    assets: Sequence[str],
    facts: Sequence[Path],
    *,
    since_ns: int,
    reporter: Reporter = SILENT,
) -> dict[str, Any]:
    """Return the brief's tree; an asset that cannot be reported is left out and named.

    Raises
    ------
    NotEnoughDataError
        If no asset can be reported.
    FormatError
        If a file of facts cannot be read.
    """
    figures = [fact for path in facts for fact in parse_facts(_text(path), str(path))]
    trees, missing = [], {}
    for asset in assets:
        try:
            trees.append(
                build_report(replace(request, asset=asset), since_ns=since_ns, reporter=reporter).tree
            )
        except (InputError, NotEnoughDataError, RuleError) as error:
            missing[asset] = str(error)
    if not trees:
        raise NotEnoughDataError(
            "no asset can be reported: " + "; ".join(f"{a}: {w}" for a, w in missing.items())
        )
    return brief_tree(trees, figures, missing)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(path, f"cannot be read: {error}") from None


def render_brief(tree: dict[str, Any], form: ReportFormat, *, width: int = 100) -> bytes:
    """Return a brief in a format; text is UTF-8."""
    if form == "json":
        return orjson.dumps(
            tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2
        )
    document = brief_document(tree)
    if form == "pdf":
        from liqatlas.report.pdf import pdf

        return pdf(document)
    if form == "html":
        from liqatlas.report.html import html

        return html(document).encode()
    from liqatlas.report.text import markdown, terminal

    return (markdown(document) if form == "md" else terminal(document, width)).encode()
