"""The text of the positions verb in the colours of a terminal; without colours it stays as it is, in ASCII where need be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from liqatlas.plot.terminal.canvas import Span

if TYPE_CHECKING:
    from liqatlas.plot.terminal import Screen

_WORDS = re.compile(r"(\blong\b|\bshort\b|◆)")


def painted(text: str, screen: Screen) -> str:
    """Return text with its title bold, longs and shorts in their colours, lines of tables faint and warnings in the warning colour."""
    return "\n".join(_line(line, screen) for line in text.splitlines()) + "\n"


def _line(line: str, screen: Screen) -> str:
    look = screen.look
    if line.startswith("public positions"):
        return screen.line([Span(line, bold=True)])
    if line.startswith("! "):
        return screen.line([Span(f"⚠ {line[2:]}", fg=look.warning)])
    if line.startswith("─"):
        return screen.line([Span(line, fg=look.muted)])
    colours = {"long": look.long, "short": look.short, "◆": look.warning}
    return screen.line([Span(part, fg=colours.get(part, "")) for part in _WORDS.split(line) if part])
