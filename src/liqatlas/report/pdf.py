"""Documents as PDF, set by typst."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.report.blocks import Heading, Lines, Note, Picture, Table

if TYPE_CHECKING:
    from liqatlas.report.blocks import Block, Document

#: Longest cell of a column that is never broken.
SHORT = 18
PREAMBLE = """
#set page(paper: "a4", margin: (x: 1.6cm, y: 1.8cm), numbering: "1 / 1")
#set text(font: ("DejaVu Sans", "Libertinus Serif"), size: 9pt)
#set par(leading: 0.55em)
#set table(stroke: (x, y) => (bottom: 0.4pt + gray), inset: 3pt)
#show heading.where(level: 2): it => block(above: 1.2em, below: 0.6em, text(size: 11pt, it.body))
#show table: set text(size: 7pt)
#show table.cell.where(y: 0): set text(weight: "bold")
"""


def pdf(document: Document) -> bytes:
    """Return a document as PDF.

    Raises
    ------
    InputError
        If typst is not installed.
    """
    try:
        import typst
    except ImportError:
        raise InputError("PDF needs the package typst: install it, or ask for --format html") from None
    with tempfile.TemporaryDirectory(prefix="liqatlas-report-") as folder:
        root = Path(folder)
        (root / "report.typ").write_text(_source(document, root), encoding="utf-8")
        return bytes(typst.compile(root / "report.typ", root=root))


def _source(document: Document, root: Path) -> str:
    """Return the typst source and write its pictures beside it."""
    parts = [PREAMBLE, f"#set document(title: {_text(document.title)})", f'#text(size: 16pt, weight: "bold", {_text(document.title)})', "", f"#text(fill: luma(90), {_text(document.subtitle)})"]  # fmt: skip
    for i, block in enumerate(document.blocks):
        parts += ["", _block(block, root / f"picture_{i}.png")]
    return "\n".join(parts)


def _text(text: str) -> str:
    """Return a typst string literal: content is data, never markup."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _block(block: Block, picture: Path) -> str:
    if isinstance(block, Heading):
        return f"#heading(level: 2, {_text(block.text)})"
    if isinstance(block, Lines):
        if not block.items:
            return ""
        if block.lead:
            lines = " + parbreak() + ".join(_text(item) for item in block.items)
            return f"#block(fill: luma(246), stroke: 0.5pt + luma(210), inset: 8pt, radius: 3pt, width: 100%, {lines})"
        return f"#list({', '.join(_text(item) for item in block.items)})"
    if isinstance(block, Note):
        return f'#block(fill: rgb("#fff8e1"), stroke: (left: 2pt + rgb("#b08800")), inset: 6pt, width: 100%, {_text(block.text)})'
    if isinstance(block, Picture):
        picture.write_bytes(block.png)
        return f"#image({_text(picture.name)}, width: 100%, alt: {_text(block.description)})"
    return _table(block)


def _table(table: Table) -> str:
    longest = [max(len(row[i]) for row in (table.header, *table.rows)) for i in range(len(table.header))]
    # short columns take what they need, long ones share the rest by their length
    widths = ", ".join(
        "auto" if i in table.numeric or n <= SHORT else f"{min(n, 40)}fr" for i, n in enumerate(longest)
    )
    align = ", ".join("right" if i in table.numeric else "left" for i in range(len(table.header)))
    cells = ", ".join(_text(cell) for row in (table.header, *table.rows) for cell in row)
    caption = (
        f'#block(above: 1em, below: 0.5em, sticky: true, text(weight: "bold", {_text(table.caption)}))\n'
        if table.caption
        else ""
    )
    return f"{caption}#table(columns: ({widths},), align: ({align},), {cells})"
