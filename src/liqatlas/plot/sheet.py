"""The sheet a picture is drawn on: words above and below, measured in pixels, and the free rectangle between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.font_manager import FontProperties

from liqatlas.base.errors import InputError
from liqatlas.plot import words
from liqatlas.plot.figure import DPI

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.text import Text

    from liqatlas.maps.head import Head
    from liqatlas.plot.theme import Theme

#: Smallest and largest picture [pixels].
LEAST_SIZE, MOST_SIZE = (480, 360), (8000, 8000)
#: Words below the picture take at most this share of its height; what does not fit is counted.
NOTES_SHARE = 0.32
#: A warning longer than this many lines is cut; the whole text stands in the JSON.
WARNING_LINES = 2
_LINE = 1.42
#: Lines break at spaces, never between a number and its percent sign.
_BREAK = re.compile(r" +(?!%)")


@dataclass
class Sheet:
    """A figure with its margins; ``top`` and ``bottom`` are the pixels already taken.

    Attributes
    ----------
    scale
        Factor on all text sizes and lengths; 1 at 1600 x 900 pixels.
    """

    theme: Theme
    size: tuple[int, int]
    figure: MatplotlibFigure = field(init=False)
    scale: float = field(init=False)
    top: float = field(init=False)
    bottom: float = field(init=False)
    _widths: dict[tuple[str, float, bool], float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        width, height = self.size
        if not (LEAST_SIZE[0] <= width <= MOST_SIZE[0] and LEAST_SIZE[1] <= height <= MOST_SIZE[1]):
            raise InputError(
                f"picture size {width} x {height} cannot be drawn: wanted {LEAST_SIZE[0]} x {LEAST_SIZE[1]} to "
                f"{MOST_SIZE[0]} x {MOST_SIZE[1]} pixels"
            )
        self.figure = MatplotlibFigure(
            figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=self.theme.background
        )
        FigureCanvasAgg(self.figure)
        self.scale = min(2.5, max(0.66, (width * height / (1600 * 900)) ** 0.5))
        self.top = self.bottom = 14 * self.scale

    @property
    def margin(self) -> float:
        """Free pixels at the left and right of words."""
        return 22 * self.scale

    def points(self, size: float) -> float:
        """Return a text size [points] on this sheet."""
        return size * self.scale

    def pixels(self, points: float) -> float:
        """Return the height of a line of text of a size given at scale 1."""
        return self.points(points) * DPI / 72 * _LINE

    def text_width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return the width of one line [pixels]; ``size`` is given at scale 1."""
        key = (text, size, bold)
        if key not in self._widths:
            font = FontProperties(size=self.points(size), weight="bold" if bold else "normal")
            width, _, _ = _renderer(self.figure).get_text_width_height_descent(text, font, ismath=False)
            self._widths[key] = float(width)
        return self._widths[key]

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """Return text broken at spaces into lines that fit; a single word may stick out."""
        lines: list[str] = []
        line, used = "", 0.0
        space = self.text_width(" ", size)
        for word in _BREAK.split(text.strip()):
            length = self.text_width(word, size)
            if line and used + space + length > width:
                lines.append(line)
                line, used = word, length
            else:
                used += (space if line else 0.0) + length
                line = f"{line} {word}" if line else word
        return [*lines, line] if line else lines

    def header(self, headline: str, lines: Sequence[str], *, alarm: bool = False) -> None:
        """Write the headline and the lines under it, from the top."""
        self._write(headline, 16, self.theme.warning if alarm else self.theme.text, bold=True)
        for line in lines:
            for part in self.wrap(line, 10.5, self.size[0] - 2 * self.margin):
                self._write(part, 10.5, self.theme.muted)
        self.top += 6 * self.scale

    def notes(self, sentences: Sequence[str], warnings: Sequence[str], sources: Sequence[str]) -> None:
        """Write caption, warnings and provenance at the bottom, in this order; what does not fit is counted.

        A theme without small print writes the caption alone: the page around it says the rest.
        """
        if not self.theme.small_print:
            warnings, sources = (), ()
        width = self.size[0] - 2 * self.margin
        theme = self.theme
        block: list[tuple[str, float, str]] = []
        block += [(part, 11.0, theme.text) for part in self.wrap(" ".join(sentences), 11.0, width)]
        fine = [(part, 8.5, theme.muted) for line in sources for part in self.wrap(line, 8.5, width)]
        room = NOTES_SHARE * self.size[1] - sum(self.pixels(size) for _, size, _ in (*block, *fine))
        block += self._warnings(warnings, width, int(room / self.pixels(9.0)))
        block += fine
        for text, size, colour in reversed(block):
            self._write(text, size, colour, from_bottom=True)
        self.bottom += 8 * self.scale

    def describe(self, head: Head, sentences: Sequence[str]) -> None:
        """Write caption, warnings and provenance of a result."""
        self.notes(sentences, words.warning_lines(head), words.provenance(head))

    def rectangle(self, left: float, right: float) -> tuple[float, float, float, float]:
        """Return the free part of the sheet as matplotlib's (left, bottom, width, height); margins in pixels at scale 1."""
        width, height = self.size
        x0, x1 = left * self.scale, width - right * self.scale
        y0, y1 = self.bottom, height - self.top
        if y1 - y0 < 80 * self.scale:
            raise InputError(
                f"picture size {width} x {height} leaves no room for the plot: wanted a larger one"
            )
        return x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height

    def watermark(self) -> None:
        """Write SIMULATED across the sheet."""
        self.figure.text(
            0.5,
            0.54,
            words.SIMULATED,
            fontsize=min(self.points(110), self.size[0] / 11),
            color=self.theme.warning,
            alpha=0.26,
            rotation=18,
            ha="center",
            va="center",
            weight="bold",
            zorder=50,
            gid="watermark",
        )

    def style(self, axes: Axes) -> None:
        """Give axes the look of the theme."""
        axes.set_facecolor(self.theme.panel)
        axes.tick_params(
            colors=self.theme.muted, labelsize=self.points(9.5), length=3 * self.scale, width=0.8
        )
        for spine in axes.spines.values():
            spine.set_color(self.theme.grid)
        axes.set_axisbelow(True)

    def _warnings(self, warnings: Sequence[str], width: float, most: int) -> list[tuple[str, float, str]]:
        lines: list[tuple[str, float, str]] = []
        for done, warning in enumerate(warnings):
            parts = self.wrap(f"⚠ {warning}", 9.0, width)
            if len(parts) > WARNING_LINES:
                parts = [*parts[: WARNING_LINES - 1], parts[WARNING_LINES - 1].rstrip(".,; ") + " …"]
            rest = len(warnings) - done
            if len(lines) + len(parts) + (rest > 1) > most and (lines or most < 1):
                tail = f"⚠ and {rest} more warning{'s' if rest > 1 else ''}, in the JSON of this result"
                return [*lines, (tail, 9.0, self.theme.warning)]
            lines += [(part, 9.0, self.theme.warning) for part in parts]
        return lines

    def _write(
        self, text: str, size: float, colour: str, *, bold: bool = False, from_bottom: bool = False
    ) -> Text:
        line = self.pixels(size)
        width, height = self.size
        y = self.bottom + line * 0.25 if from_bottom else height - self.top - line * 0.75
        if from_bottom:
            self.bottom += line
        else:
            self.top += line
        return self.figure.text(
            self.margin / width,
            y / height,
            text,
            fontsize=self.points(size),
            color=colour,
            weight="bold" if bold else "normal",
            va="baseline",
        )


def spread(centres: Sequence[float], widths: Sequence[float], low: float, high: float) -> list[float]:
    """Return centres moved so that labels of these widths do not overlap; labels that touch move as one block.

    Examples
    --------
    >>> spread([10.0, 12.0], [10.0, 10.0], 0.0, 100.0)
    [6.0, 16.0]
    """
    blocks: list[tuple[list[int], float]] = []
    for i in sorted(range(len(centres)), key=lambda i: centres[i]):
        block = ([i], _block_left([i], centres, widths, low, high))
        while blocks and blocks[-1][1] + sum(widths[j] for j in blocks[-1][0]) > block[1]:
            members = blocks.pop()[0] + block[0]
            block = (members, _block_left(members, centres, widths, low, high))
        blocks.append(block)
    placed = [0.0] * len(centres)
    for members, left in blocks:
        at = left
        for i in members:
            placed[i] = at + widths[i] / 2
            at += widths[i]
    return placed


def _block_left(
    members: list[int], centres: Sequence[float], widths: Sequence[float], low: float, high: float
) -> float:
    """Return where a block of touching labels begins so that they miss their places by least."""
    offset, wish = 0.0, 0.0
    for i in members:
        wish += centres[i] - widths[i] / 2 - offset
        offset += widths[i]
    return max(low, min(high - offset, wish / len(members)))


def _renderer(figure: MatplotlibFigure) -> RendererBase:
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    return cast("RendererBase", canvas.get_renderer())  # type: ignore[no-untyped-call]
