"""The words above and below a picture in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.plot import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.maps.head import Head
    from liqatlas.plot.terminal.canvas import Screen


def top_lines(head: Head, screen: Screen, *, title: str, lines: Sequence[str]) -> list[str]:
    """Return the headline and what the amounts are."""
    theme = screen.look
    out = screen.wrap(title, fg=theme.warning if head.simulated else "", bold=True)
    for line in lines:
        out += screen.wrap(line, fg=theme.muted)
    return out


def bottom_lines(head: Head, screen: Screen, sentences: Sequence[str]) -> list[str]:
    """Return caption, all warnings and the provenance; a terminal scrolls, so nothing is cut."""
    theme = screen.look
    out = screen.wrap(" ".join(sentences))
    for warning in words.warning_lines(head):
        out += screen.wrap(f"⚠ {warning}", fg=theme.warning, indent="  ")
    for line in words.provenance(head):
        out += screen.wrap(line, fg=theme.muted, indent="  ")
    return out
