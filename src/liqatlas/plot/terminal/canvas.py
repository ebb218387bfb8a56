"""Text with colours for a terminal: true colour, 256 colours or none; block characters or plain ASCII."""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import InputError
from liqatlas.plot.theme import rgb_of, theme_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liqatlas.plot.theme import Theme

ColourMode = Literal["truecolor", "256", "none"]
COLOUR_MODES = ("truecolor", "256", "none")
LEAST_WIDTH = 60
_RESET = "\x1b[0m"
#: Levels of one channel in the 6 x 6 x 6 cube of 256-colour terminals.
_CUBE = (0, 95, 135, 175, 215, 255)
_ASCII = str.maketrans(
    {
        "−": "-", "–": "-", "·": "|", "…": "...", "×": "x", "◀": "<", "▶": ">", "▲": "^", "▼": "v", "⚠": "!", "◆": "*", "†": "+",
        "█": "#", "▓": "#", "▒": "+", "░": ".", "─": "-", "│": "|", "┃": "|", "θ": "theta", "φ": "phi", "ψ": "psi", "δ": "delta",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Screen:
    """What the terminal can do; the caller finds out (NO_COLOR, not a terminal, TERM=dumb), this room obeys.

    Attributes
    ----------
    width, height
        Characters. Words may need more lines than ``height``; the picture then keeps its least number of rows.
    colour
        ``truecolor``, ``256`` or ``none``; with ``none`` no escape sequence is written at all.
    unicode
        Whether block characters may be used; otherwise ASCII only.
    theme
        ``dark`` or ``light``: the background of the terminal.
    """

    width: int = 100
    height: int = 44
    colour: ColourMode = "truecolor"
    unicode: bool = True
    theme: str = "dark"

    def __post_init__(self) -> None:
        if self.width < LEAST_WIDTH:
            raise InputError(
                f"a width of {self.width} characters is too narrow: wanted {LEAST_WIDTH} or more"
            )
        if self.colour not in COLOUR_MODES:
            raise InputError(
                f"colour mode {self.colour!r} is unknown: wanted one of {', '.join(COLOUR_MODES)}"
            )
        theme_of(self.theme)

    @property
    def look(self) -> Theme:
        """The colours."""
        return theme_of(self.theme)

    def line(self, spans: Iterable[Span]) -> str:
        """Return spans as one line, trailing blanks cut where they carry no colour."""
        if self.colour == "none":
            return "".join(self.clean(span.text) for span in spans).rstrip()
        parts = []
        for span in _merged(spans):
            codes = self._codes(span)
            text = self.clean(span.text)
            parts.append(f"\x1b[{codes}m{text}{_RESET}" if codes and text else text)
        return "".join(parts).rstrip()

    def clean(self, text: str) -> str:
        """Return text without control characters, in ASCII where the terminal needs it."""
        text = "".join(c if unicodedata.category(c)[0] != "C" else "?" for c in text)
        if self.unicode:
            return text
        return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")

    def wrap(self, text: str, *, fg: str = "", bold: bool = False, indent: str = "") -> list[str]:
        """Return text broken into coloured lines; a number stays with its percent sign."""
        glued = self.clean(text).replace(" %", "\u00a0%")
        lines = textwrap.wrap(glued, self.width, subsequent_indent=indent, break_on_hyphens=False)
        return [self.line([Span(line.replace("\u00a0", " "), fg=fg, bold=bold)]) for line in lines]

    def _codes(self, span: Span) -> str:
        codes = ["1"] if span.bold else []
        for colour, layer in ((span.fg, 38), (span.bg, 48)):
            if not colour:
                continue
            rgb = rgb_of(colour)
            if self.colour == "truecolor":
                codes.append(f"{layer};2;{rgb[0]};{rgb[1]};{rgb[2]}")
            else:
                codes.append(f"{layer};5;{nearest_256(rgb)}")
        return ";".join(codes)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters of one look; empty colours mean the terminal's own."""

    text: str
    fg: str = ""
    bg: str = ""
    bold: bool = False


def nearest_256(rgb: tuple[int, int, int]) -> int:
    """Return the number of the nearest of the 216 cube colours and 24 greys.

    Examples
    --------
    >>> nearest_256((255, 0, 0)), nearest_256((128, 128, 128))
    (196, 244)
    """
    cube = tuple(min(range(6), key=lambda i: abs(_CUBE[i] - channel)) for channel in rgb)
    grey = min(23, max(0, round((sum(rgb) / 3 - 8) / 10)))
    level = 8 + 10 * grey
    off_cube = sum((_CUBE[i] - channel) ** 2 for i, channel in zip(cube, rgb, strict=True))
    off_grey = sum((level - channel) ** 2 for channel in rgb)
    return 232 + grey if off_grey < off_cube else 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def width_of(text: str) -> int:
    """Return the columns a text takes; wide East Asian characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans with neighbours of one look joined, so that a line holds few escape sequences."""
    out: list[Span] = []
    for span in spans:
        if out and (out[-1].fg, out[-1].bg, out[-1].bold) == (span.fg, span.bg, span.bold):
            out[-1] = Span(out[-1].text + span.text, span.fg, span.bg, span.bold)
        else:
            out.append(span)
    return out
