"""A report in a format: its pictures, then text or pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import orjson

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.flows.build import build_heatmap
from liqatlas.report.blocks import Picture
from liqatlas.report.document import document

if TYPE_CHECKING:
    from liqatlas.flows.report import ReportResult
    from liqatlas.report.blocks import Document

ReportFormat = Literal["term", "md", "html", "pdf", "json"]
HEAT_COLUMNS, HEAT_ROWS = 300, 300
#: Sizes of pictures inside a page [pixels].
MAP_SIZE, HEAT_SIZE, CASCADE_SIZE = (1600, 720), (1600, 760), (1600, 700)


def map_picture(result: ReportResult, *, theme: str = "paper") -> Picture:
    """Return the map of a report as a picture."""
    from liqatlas.plot.map_picture import map_figure
    from liqatlas.plot.zones import Zone

    zones = [Zone(c.position, c.price_low, c.price_high, c.usd) for c in result.clusters.clusters.all]
    figure = map_figure(result.clusters.map, theme=theme, size=MAP_SIZE, zones=zones)
    return Picture(figure.to_bytes("png"), figure.description)


def pictures(result: ReportResult, *, theme: str = "paper") -> tuple[Picture, ...]:
    """Return the map, the heatmap and the cascades as pictures; one that cannot be drawn is left out."""
    from liqatlas.plot.heatmap_picture import heatmap_figure

    out = [map_picture(result, theme=theme)]
    if result.request.kind == "modelled":
        try:
            heat = build_heatmap(
                result.request, result.clusters.recordings, columns=HEAT_COLUMNS, rows=HEAT_ROWS
            )
            figure = heatmap_figure(heat, theme=theme, size=HEAT_SIZE)
            out.append(Picture(figure.to_bytes("png"), figure.description, "curves"))
        except NotEnoughDataError:
            pass
    if result.engine:
        from liqatlas.plot.cascade_picture import cascade_figure

        for side in (result.engine.down, result.engine.up):
            if side:
                figure = cascade_figure(side, theme=theme, size=CASCADE_SIZE)
                out.append(Picture(figure.to_bytes("png"), figure.description, "cascade"))
    return tuple(out)


def render_report(result: ReportResult, form: ReportFormat, *, width: int = 100) -> bytes:
    """Return a report in a format; text is UTF-8.

    Raises
    ------
    InputError
        If PDF is asked for and typst is not installed.
    """
    if form == "json":
        option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2
        return orjson.dumps(result.tree, option=option)
    shown = pictures(result) if form in {"pdf", "html"} else ()
    return render_document(document(result.tree, shown), form, width=width)


def render_document(doc: Document, form: ReportFormat, *, width: int = 100) -> bytes:
    """Return a document as text or as a page."""
    if form == "pdf":
        from liqatlas.report.pdf import pdf

        return pdf(doc)
    if form == "html":
        from liqatlas.report.html import html

        return html(doc).encode()
    from liqatlas.report.text import markdown, terminal

    return (markdown(doc) if form == "md" else terminal(doc, width)).encode()
