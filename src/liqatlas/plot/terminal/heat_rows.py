"""The heatmap as text: two price rows in one line of half blocks, candles and marks over them."""

from __future__ import annotations

import math
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import to_datetime
from liqatlas.base.format import format_price, format_usd
from liqatlas.plot import heat_words, words
from liqatlas.plot.cells import cells_of, merged_prints, usual_threshold
from liqatlas.plot.terminal.canvas import Screen, Span, width_of
from liqatlas.plot.terminal.frame import bottom_lines, top_lines
from liqatlas.plot.theme import blend, hex_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.plot.cells import Cells
    from liqatlas.plot.theme import Theme

LEAST_ROWS = 10
#: From nothing to much, for terminals without colour.
SHADES, ASCII_SHADES = " ░▒▓█", " .:-=+*%@"


def render_heatmap(
    heatmap: Heatmap,
    screen: Screen | None = None,
    *,
    threshold: float | None = None,
    price_range: tuple[float, float] | None = None,
    zone: tzinfo = UTC,
) -> str:
    """Return a heatmap as text, without a newline at the end.

    With colours and block characters each line of text holds two price rows; otherwise one, in shades.

    Raises
    ------
    InputError
        If the range or the screen cannot be used, or the heatmap is empty.
    """
    screen = screen or Screen()
    head = heatmap.head
    price_width = max(9, len(format_price(head.price, digits=7)) + 1)
    across = screen.width - price_width
    fine = screen.unicode and screen.colour != "none"
    header = heat_words.header_lines(head, zone)
    top = top_lines(head, screen, title=words.title(head, "liquidation heatmap"), lines=header)
    # The caption does not depend on how many rows there are, up to its wording: three lines are kept for a longer one.
    spare = len(bottom_lines(head, screen, ["x" * 3 * screen.width]))
    rows = max(LEAST_ROWS, screen.height - len(top) - spare - 3)
    cells = cells_of(heatmap, price_range=price_range, rows=rows * (2 if fine else 1), columns=across)
    faintest = threshold or usual_threshold(heatmap, cells)
    body = _body(heatmap, cells, faintest, screen, across)
    legend = _legend(heatmap, cells, faintest, screen)
    bottom = bottom_lines(head, screen, heat_words.caption(heatmap, cells))
    return "\n".join([*top, *legend, *body, _time_line(cells, across, zone, screen), *bottom])


def _body(heatmap: Heatmap, cells: Cells, faintest: float, screen: Screen, across: int) -> list[str]:
    """Return one line per one or two price rows, highest first, the prices at the right."""
    fine = screen.unicode and screen.colour != "none"
    per_line = 2 if fine else 1
    column_of = _stretch(cells, across)
    levels = _levels(cells, faintest)
    rows = levels.shape[2]
    overlay = _overlay(heatmap, cells, screen, across, per_line)
    lines = []
    count = -(-rows // per_line)
    every, price = max(1, count // 12), heatmap.head.price
    for line in range(count):
        top = rows - 1 - line * per_line
        bottom = max(0, top - per_line + 1)
        spans = [
            _cell(levels[:, column, bottom : top + 1], overlay.get((line, x)), fine, screen)
            for x, column in enumerate(column_of)
        ]
        low, high = float(cells.price_edges[bottom]), float(cells.price_edges[top + 1])
        if line % every == 0 or low <= price < high:
            spans.append(_price_label(low, high, price, cells.step, screen))
        lines.append(screen.line(spans))
    return lines


def _cell(levels: NDArray[np.float64], mark: Span | None, fine: bool, screen: Screen) -> Span:
    """Return one character: one or two price rows (last axis, lowest first) of (long, short) brightness 0 to 1."""
    if fine:
        lower, upper = _colour(levels[:, 0], screen.look), _colour(levels[:, -1], screen.look)
        if mark:
            return Span(mark.text, mark.fg, upper, mark.bold)
        return Span("▀", fg=upper, bg=lower)
    if mark:
        return mark
    shades = SHADES if screen.unicode else ASCII_SHADES
    # Shades are few: squared, they keep the strong levels apart instead of the weak ones.
    strength = float(levels.max()) ** 2
    shade = shades[min(len(shades) - 1, math.ceil(strength * (len(shades) - 1)))]
    return Span(shade, fg=_colour(levels[:, -1], screen.look))


def _colour(pair: NDArray[np.float64], theme: Theme) -> str:
    longs, shorts = float(pair[0]), float(pair[1])
    if longs <= 0 and shorts <= 0:
        return theme.panel
    return hex_of(blend(theme.heat_long, longs) if longs >= shorts else blend(theme.heat_short, shorts))


def _levels(cells: Cells, faintest: float) -> NDArray[np.float64]:
    """Return brightness 0 to 1 on a logarithmic scale, shape ``(2, T, R)``; zero below the threshold."""
    usd = np.nan_to_num(np.stack((cells.long_usd, cells.short_usd)))
    span = math.log(max(cells.strongest, faintest * 10) / faintest)
    with np.errstate(divide="ignore"):
        out = np.log(usd / faintest) / span
    return np.where(usd >= faintest, np.maximum(out, 1e-6), 0.0)


def _stretch(cells: Cells, across: int) -> NDArray[np.intp]:
    """Return which column stands under each character, in proportion to time."""
    edges = cells.edges_ns
    at = edges[0] + (np.arange(across) + 0.5) / across * (edges[-1] - edges[0])
    return np.asarray(np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 2), dtype=np.intp)


def _overlay(
    heatmap: Heatmap, cells: Cells, screen: Screen, across: int, per_line: int
) -> dict[tuple[int, int], Span]:
    """Return candles and marks by (line, column)."""
    edges, prices = cells.edges_ns, cells.price_edges
    rows = len(prices) - 1

    def x_of(moment: float) -> int:
        return int((moment - edges[0]) / (edges[-1] - edges[0]) * across)

    def line_of(price: float) -> int:
        row = int(np.searchsorted(prices, price, side="right")) - 1
        return (rows - 1 - row) // per_line

    out: dict[tuple[int, int], Span] = {}
    fg = screen.look.candle_edge
    for start, end, open_, high, low, close in heatmap.candles.select(
        "ts_open_ns", "ts_close_ns", "open", "high", "low", "close"
    ).iter_rows():
        x = x_of((start + end) / 2)
        for line in range(line_of(high), line_of(low) + 1):
            inside = line_of(max(open_, close)) <= line <= line_of(min(open_, close))
            if inside or (line, x) not in out:
                out[line, x] = Span("┃" if inside else "│", fg=fg, bold=inside)
    marks, _, _ = merged_prints(heatmap, cells, slots=across, most=max(4, across // 6))
    for moment, price, liquidated in marks.select(
        "ts_event_ns", "price", pl.col("liquidated").cast(pl.String)
    ).iter_rows():
        long = liquidated == "long"
        colour = screen.look.long if long else screen.look.short
        out[line_of(price), x_of(moment)] = Span("▼" if long else "▲", fg=colour, bold=True)
    return out


def _price_label(low: float, high: float, price: float, step: float, screen: Screen) -> Span:
    """Return the price at the right of a line that spans ``[low, high)``; the current price where it lies inside."""
    if low <= price < high:
        return Span(f"◀{format_price(price, digits=7)}", fg=screen.look.price, bold=True)
    return Span(f" {format_price(high, step=step)}", fg=screen.look.muted)


def _legend(heatmap: Heatmap, cells: Cells, faintest: float, screen: Screen) -> list[str]:
    theme = screen.look
    label = f" {format_usd(faintest)} to {format_usd(cells.strongest)}, {heat_words.bar_label(heatmap, cells, faintest)}"
    if screen.colour == "none" or not screen.unicode:
        shades = (SHADES if screen.unicode else ASCII_SHADES).strip()
        ramp = [Span(shades)]
        label += " · shorts above the price, longs below"
    else:
        ramp = [Span("longs ")]
        ramp += [Span("█", fg=hex_of(blend(theme.heat_long, i / 7))) for i in range(8)]
        ramp += [Span(" shorts ")]
        ramp += [Span("█", fg=hex_of(blend(theme.heat_short, i / 7))) for i in range(8)]
    marks = [
        Span("▼", fg=theme.long),
        Span(" longs liquidated  "),
        Span("▲", fg=theme.short),
        Span(" shorts liquidated"),
    ]
    together = sum(width_of(span.text) for span in [*ramp, *marks]) + 2 <= screen.width
    lines = [[*ramp, Span("  "), *marks]] if together else [ramp, marks]
    return [*(screen.line(line) for line in lines), *screen.wrap(label.strip(), fg=theme.muted)]


def _time_line(cells: Cells, across: int, zone: tzinfo, screen: Screen) -> str:
    """Return the moments under the picture, first and last and what fits between."""
    first, last = int(cells.edges_ns[0]), int(cells.edges_ns[-1])
    count = max(2, across // 22)
    line = [" "] * across
    for i in range(count):
        moment = to_datetime(first + (last - first) * i // (count - 1), zone)
        text = moment.strftime("%m-%d %H:%M")
        at = min(across - len(text), max(0, round(i * across / (count - 1)) - len(text) // 2))
        line[at : at + len(text)] = text
    name = to_datetime(last, zone).tzname() or "UTC"
    return screen.line([Span("".join(line) + f" {name}", fg=screen.look.muted)])
