"""Documents as one HTML file: pictures inside, no script, nothing fetched, dark and light by the reader's setting."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from liqatlas.report.blocks import Heading, Lines, Note, Picture, Table

if TYPE_CHECKING:
    from liqatlas.report.blocks import Block, Document

#: Longest cell that is never broken.
SHORT = 14
STYLE = """
:root{color-scheme:light dark;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--page:#ffffff;--lead:#f6f8fa;--note:#fff8e1;--edge:#b08800}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--soft:#9aa4af;--line:#30363d;--page:#0d1117;--lead:#161b22;--note:#2a2410;--edge:#d4a72c}}
body{margin:0 auto;max-width:62rem;padding:1.5rem 1rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page)}
h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
.sub{color:var(--soft);margin:.25rem 0 1rem}ul{padding-left:1.2rem;margin:.4rem 0}li{margin:.2rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.86rem;margin:.5rem 0;min-width:60%}
caption{text-align:left;font-weight:600;padding:.6rem 0 .2rem}
ul.lead{list-style:none;padding:.6rem .9rem;border:1px solid var(--line);border-radius:6px;background:var(--lead)}ul.lead li{margin:.35rem 0}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}th{color:var(--soft);font-weight:600}
td:first-child,td.k{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.note{background:var(--note);border-left:4px solid var(--edge);padding:.5rem .8rem;margin:1rem 0}
figure{margin:1rem 0}img{max-width:100%;height:auto;border:1px solid var(--line)}figcaption{color:var(--soft);font-size:.85rem}
"""


def html(document: Document) -> str:
    """Return a document as a self-contained page."""
    body = "\n".join(_block(block) for block in document.blocks)
    title = escape(document.title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>"
        f'<p class="sub">{escape(document.subtitle)}</p>\n{body}\n</main></body></html>\n'
    )


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Lines):
        return (
            f"<ul{' class=lead' if block.lead else ''}>"
            + "".join(f"<li>{escape(item)}</li>" for item in block.items)
            + "</ul>"
        )
    if isinstance(block, Note):
        return f'<p class="note" role="note">{escape(block.text)}</p>'
    if isinstance(block, Picture):
        data = base64.b64encode(block.png).decode()
        text = escape(block.description, quote=True)
        return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"></figure>'
    return _table(block)


def _table(table: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        marked = (
            f"<{tag}{' class=n' if i in table.numeric else ' class=k' if len(c) <= SHORT else ''}>{escape(c)}</{tag}>"
            for i, c in enumerate(cells)
        )
        return f"<tr>{''.join(marked)}</tr>"

    body = "".join(row(r, "td") for r in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    return f'<div class="wide"><table>{caption}<thead>{row(table.header, "th")}</thead><tbody>{body}</tbody></table></div>'
