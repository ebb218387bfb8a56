"""Documents as Markdown and as plain text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from liqatlas.report.blocks import Heading, Lines, Note, Picture, Table

if TYPE_CHECKING:
    from liqatlas.report.blocks import Block, Document

#: A percent sign with the space before it, for lines that are being broken.
KEPT = "\u00a0%"
#: Longest cell in a terminal table.
CELL = 30


def _wrapped(text: str, width: int, *, initial_indent: str = "", subsequent_indent: str = "") -> list[str]:
    """Return text in lines; a number stays on one line with its percent sign."""
    lines = textwrap.wrap(
        text.replace(" %", KEPT), width, initial_indent=initial_indent, subsequent_indent=subsequent_indent
    )
    return [line.replace(KEPT, " %") for line in lines]


def markdown(document: Document) -> str:
    """Return a document as Markdown; pictures become their descriptions."""
    parts = [f"# {document.title}", document.subtitle, *map(_markdown, document.blocks)]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {block.text}"
    if isinstance(block, Lines):
        return "\n".join(f"- {item}" for item in block.items)
    if isinstance(block, Note):
        return f"> **{block.text}**"
    if isinstance(block, Picture):
        return f"*Picture (in the HTML and PDF): {block.description}*"
    caption = f"**{block.caption}**\n\n" if block.caption else ""
    rule = "|" + "|".join("---:" if i in block.numeric else "---" for i in range(len(block.header))) + "|"
    rows = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in (block.header, *block.rows)
    ]
    return caption + "\n".join([rows[0], rule, *rows[1:]])


def terminal(document: Document, width: int = 100) -> str:
    """Return a document as text of at most a width; pictures are left out."""
    parts = [document.title, "=" * min(width, len(document.title)), *_wrapped(document.subtitle, width)]
    for block in document.blocks:
        parts += _terminal(block, width)
    return "\n".join(parts) + "\n"


def _terminal(block: Block, width: int) -> list[str]:
    if isinstance(block, Heading):
        return ["", block.text.upper()]
    if isinstance(block, Lines):
        return [
            line
            for item in block.items
            for line in _wrapped(item, width, initial_indent="· ", subsequent_indent="  ")
        ]
    if isinstance(block, Note):
        return ["", *_wrapped(f"! {block.text}", width, subsequent_indent="  ")]
    if isinstance(block, Picture):
        return []
    return ["", block.caption, *_grid(block, width)] if block.caption else _grid(block, width)


def _grid(table: Table, width: int) -> list[str]:
    """Return a table in columns; long cells wrap inside theirs."""
    rows = [table.header, *table.rows]
    natural = [max(len(row[i]) for row in rows) for i in range(len(table.header))]
    least = [
        min(max(len(word) for row in rows for word in (row[i].replace(" %", KEPT).split(" ") or [""])), CELL)
        for i in range(len(natural))
    ]
    widths = [min(n, CELL) for n in natural]
    while sum(widths) + 2 * (len(widths) - 1) > width and any(
        w > m for w, m in zip(widths, least, strict=True)
    ):
        widest = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        widths[widest] -= 1
    spare = width - sum(widths) - 2 * (len(widths) - 1)
    widths[-1] = min(natural[-1], widths[-1] + max(spare, 0))
    out = []
    for row in rows:
        cells = [_wrapped(cell, w) or [""] for cell, w in zip(row, widths, strict=True)]
        for i in range(max(map(len, cells))):
            line = [(cell[i] if i < len(cell) else "") for cell in cells]
            shown = [
                text.rjust(w) if k in table.numeric else text.ljust(w)
                for k, (text, w) in enumerate(zip(line, widths, strict=True))
            ]
            out.append("  ".join(shown).rstrip())
    return out
