"""One horizontal stacked bar made of characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.plot.terminal.canvas import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.plot.terminal.canvas import Screen

#: Blocks that fill 0 to 8 eighths of a character from the left.
EIGHTHS = " ▏▎▍▌▋▊▉█"


def stacked_bar(
    amounts: Sequence[float],
    colours: Sequence[str],
    letters: Sequence[str],
    *,
    full: float,
    width: int,
    screen: Screen,
) -> list[Span]:
    """Return a bar whose length is ``sum(amounts) / full`` of ``width``, filled up with blanks.

    With colours an edge falls on an eighth of a character; without, each layer is a run of its letter and edges fall on whole
    characters. An amount above zero always shows at least the smallest mark.
    """
    if full <= 0 or sum(amounts) <= 0:
        return [Span(" " * width)]
    ends, running = [], 0.0
    for amount in amounts:
        running += amount
        ends.append(min(1.0, running / full) * width)
    if screen.colour == "none" or not screen.unicode:
        return _letter_bar(ends, colours, letters, width, screen)
    return _block_bar(ends, colours, width)


def _letter_bar(
    ends: Sequence[float], colours: Sequence[str], letters: Sequence[str], width: int, screen: Screen
) -> list[Span]:
    alone = len(ends) == 1
    spans: list[Span] = []
    done = 0
    for i, (end, colour, letter) in enumerate(zip(ends, colours, letters, strict=True)):
        upto = round(end)
        if i == len(ends) - 1 and done == 0:
            upto = max(1, upto)
        mark = ("█" if screen.unicode else "#") if alone else letter
        spans.append(Span(mark * (upto - done), fg=colour))
        done = upto
    return [*spans, Span(" " * (width - done))]


def _block_bar(ends: Sequence[float], colours: Sequence[str], width: int) -> list[Span]:
    eighths = [round(end * 8) for end in ends]
    eighths[-1] = max(1, eighths[-1])
    spans: list[Span] = []
    for cell in range(width):
        inside = _layers_of_cell(eighths, cell)
        if not inside:
            spans.append(Span(" " * (width - cell)))
            break
        first, filled = inside[0]
        if filled == 8:
            spans.append(Span("█", fg=colours[first]))
        elif sum(part for _, part in inside) == 8:
            second = max(inside[1:], key=lambda layer: layer[1])[0]
            spans.append(Span(EIGHTHS[filled], fg=colours[first], bg=colours[second]))
        else:
            # The bar ends here: three colours do not fit one character, the widest layer stands for all.
            widest = max(inside, key=lambda layer: layer[1])[0]
            spans.append(Span(EIGHTHS[sum(part for _, part in inside)], fg=colours[widest]))
    return spans


def _layers_of_cell(eighths: Sequence[int], cell: int) -> list[tuple[int, int]]:
    """Return (layer, eighths of this cell it fills) from left to right."""
    low, high = cell * 8, cell * 8 + 8
    inside: list[tuple[int, int]] = []
    start = 0
    for layer, end in enumerate(eighths):
        part = min(end, high) - max(start, low)
        if part > 0:
            inside.append((layer, part))
        start = max(start, end)
    return inside


def letters_of(names: Sequence[str]) -> list[str]:
    """Return one letter per name, its first one that is still free.

    Examples
    --------
    >>> letters_of(["Binance", "Bybit", "OKX"])
    ['B', 'Y', 'O']
    """
    taken: list[str] = []
    for name in names:
        pool = [c for c in name.upper() if c.isascii() and c.isalnum()] + list(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        )
        taken.append(next((c for c in pool if c not in taken), "?"))
    return taken
