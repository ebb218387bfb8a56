"""The map as a ladder of prices: shorts above, the price in the middle, longs below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_price, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.maps.head import LONG, SHORT
from liqatlas.plot import words
from liqatlas.plot.terminal.bars import letters_of, stacked_bar
from liqatlas.plot.terminal.canvas import Screen, Span
from liqatlas.plot.terminal.frame import bottom_lines, top_lines
from liqatlas.plot.view import bar_edges, default_range, fitting_edges, identified, own_edges, view_of
from liqatlas.plot.zones import heaviest_zones

if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Literal

    from numpy.typing import NDArray

    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.zones import Zone

#: Fewer rungs than these say nothing about where the levels are.
LEAST_ROWS = 12
#: The names of the zones go where they would leave the bars less room than this.
LEAST_BAR = 30


@dataclass(frozen=True, slots=True)
class Layers:
    """What the bars are made of: amounts of shape ``(rows,)`` per layer [USD]."""

    names: list[str]
    colours: list[str]
    letters: list[str]
    usd: list[NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Rung:
    """One row: the price to reach, what lies there, what was met on the way [USD]."""

    price: float
    left: str
    right: str
    parts: list[float]
    known: bool
    note: str


def render_map(
    whole: LiquidationMap,
    screen: Screen | None = None,
    *,
    by: Literal["venue", "leverage"] = "venue",
    price_range: tuple[float, float] | None = None,
    zone: tzinfo = UTC,
) -> str:
    """Return a map as text, without a newline at the end.

    Every row names the price at its far end, as seen from the current price, and the amount in the row; the last column
    holds what is liquidated on the way to that price, so it is the cumulative curve. Realised maps, where both sides share
    their prices, show longs and shorts of the row instead.

    Raises
    ------
    InputError
        If the range, ``by`` or the screen cannot be used.
    """
    screen = screen or Screen()
    view = view_of(whole, price_range=price_range)
    zones = heaviest_zones(view)
    head = whole.head
    top = top_lines(head, screen, title=words.title(head), lines=_header(whole, zone, by))
    bottom = bottom_lines(head, screen, words.caption(whole, view, zones))
    room = screen.height - len(top) - len(bottom) - 4
    low, high = price_range or default_range(whole)
    edges, step = _edges(whole, low, high, max(LEAST_ROWS, room))
    cut = whole.rebin(edges)
    layers = _layers(cut, by, screen)
    rungs = _rungs(cut, layers, zones, view.label_step)
    return "\n".join([*top, *_legend(layers, screen), *_draw(rungs, layers, cut, step, screen), *bottom])


def _header(whole: LiquidationMap, zone: tzinfo, by: str) -> list[str]:
    head = whole.head
    stacked = "longs and shorts apart" if head.quantity == "liquidated" else f"stacked by {by}"
    return [
        f"{words.quantity_words(head)} · unit {head.unit} · {stacked}",
        f"{words.when(head, zone)} · {words.price_words(head)}",
    ]


def _edges(whole: LiquidationMap, low: float, high: float, most: int) -> tuple[NDArray[np.float64], float]:
    """Return the map's own even edges or round ones, with the price among them so that no row holds both sides."""
    price = whole.head.price
    edges, step = fitting_edges(low, high, most - 1)
    if own_edges(whole, low, high, most - 1) is not None:
        edges, _, step = bar_edges(whole, low, high, most)
    if not edges[0] < price < edges[-1] or np.any(np.isclose(edges, price, rtol=1e-12)):
        return edges, step
    return np.sort(np.append(edges, price)), step


def _layers(cut: LiquidationMap, by: str, screen: Screen) -> Layers:
    """Return the layers of the bars; realised maps are told apart by side, since both share their rows."""
    theme = screen.look
    if cut.head.quantity == "liquidated":
        return Layers(
            ["longs", "shorts"], [theme.long, theme.short], ["L", "S"], [cut.long_usd, cut.short_usd]
        )
    if by == "venue":
        amounts = cut.by_venue()
        names, colours = [venue_name(key) for key in amounts], theme.venue_colours(amounts)
    elif by == "leverage":
        amounts = cut.by_leverage()
        names, colours = list(amounts), theme.leverage_colours(list(amounts))
    else:
        raise InputError(f"bars cannot be stacked by {by!r}: wanted venue or leverage")
    usd = [amount[LONG] + amount[SHORT] for amount in amounts.values()]
    return Layers(names, [colours[key] for key in amounts], letters_of(names), usd)


def _rungs(cut: LiquidationMap, layers: Layers, zones: tuple[Zone, ...], zone_step: float) -> list[Rung]:
    """Return the rows from the highest price to the lowest."""
    head, edges = cut.head, cut.price_edges
    known = identified(head, edges)
    rungs = []
    for i in reversed(range(len(edges) - 1)):
        above = edges[i] >= head.price * (1 - 1e-12)
        far = float(edges[i + 1] if above else edges[i])
        here = sorted((z for z in zones if edges[i] <= _inside(z) < edges[i + 1]), key=lambda z: -z.usd)
        left, right = _amounts(cut, i, above=above)
        parts = [float(usd[i]) for usd in layers.usd]
        rungs.append(Rung(far, left, right, parts, bool(known[i]), _note(here, zone_step)))
    return rungs


def _note(zones: list[Zone], step: float) -> str:
    """Return the heaviest zone that ends in a row, and how many more do."""
    if not zones:
        return ""
    more = f" +{len(zones) - 1}" if len(zones) > 1 else ""
    return f"◆ {words.price_span(zones[0], step)} {format_usd(zones[0].usd)}{more}"


def _inside(zone: Zone) -> float:
    """Return a price just inside the far end of a zone."""
    return zone.price_low if zone.position == "long" else math.nextafter(zone.price_high, 0.0)


def _amounts(cut: LiquidationMap, i: int, *, above: bool) -> tuple[str, str]:
    if cut.head.quantity == "liquidated":
        return format_usd(float(cut.long_usd[i])), format_usd(float(cut.short_usd[i]))
    there = float(cut.long_usd[i] + cut.short_usd[i])
    curves = cut.cumulative()
    on_the_way = float(curves.short_usd[i + 1] if above else curves.long_usd[i])
    return format_usd(there), format_usd(on_the_way)


def _legend(layers: Layers, screen: Screen) -> list[str]:
    """Return the names of the layers with their mark and their total in the drawn range."""
    alone = len(layers.names) == 1
    lines: list[list[Span]] = [[]]
    used = 0
    for name, colour, letter, usd in zip(
        layers.names, layers.colours, layers.letters, layers.usd, strict=True
    ):
        mark = "██" if screen.unicode and (screen.colour != "none" or alone) else letter if not alone else "#"
        text = f" {name} {format_usd(float(usd.sum()))}   "
        if used + len(mark) + len(text) > screen.width and lines[-1]:
            lines.append([])
            used = 0
        lines[-1] += [Span(mark, fg=colour), Span(text)]
        used += len(mark) + len(text)
    return [screen.line(line) for line in lines]


def _draw(rungs: list[Rung], layers: Layers, cut: LiquidationMap, step: float, screen: Screen) -> list[str]:
    """Return column names, rungs, and the line of the price between them."""
    theme, price = screen.look, cut.head.price
    realised = cut.head.quantity == "liquidated"
    labels = [format_price(r.price, step=step) for r in rungs]
    wide = max(8, *(len(label) for label in labels))
    free = screen.width - wide - 1 - 9 - 11
    note = max((len(r.note) for r in rungs), default=0) + 2
    note = note if free - note >= LEAST_BAR else 0
    bar = free - note
    full = max((sum(r.parts) for r in rungs), default=0.0)
    names = ("price", "longs", "shorts") if realised else ("to price", "there", "on the way")
    lines = [
        screen.line([Span(f"{names[0]:>{wide}} {names[1]:>8} {'':<{bar}} {names[2]:>10}", fg=theme.muted)])
    ]
    up, down = (
        ("▲ higher prices", "▼ lower prices")
        if realised
        else ("▲ SHORTS, liquidated as the price rises", "▼ LONGS, liquidated as the price falls")
    )
    crossed = not rungs or rungs[0].price <= price
    lines += [] if crossed else [screen.line([Span(up, fg=theme.short, bold=True)])]
    for rung, label in zip(rungs, labels, strict=True):
        if not crossed and rung.price < price:
            crossed = True
            lines.append(_price_line(price, wide, screen))
        spans = [
            Span(f"{label:>{wide}} ", fg="" if rung.known else theme.unidentified),
            Span(f"{rung.left:>8} ", fg="" if rung.known else theme.unidentified),
            *(
                stacked_bar(rung.parts, layers.colours, layers.letters, full=full, width=bar, screen=screen)
                if rung.known
                else _grey_bar(rung, full, bar, screen)
            ),
            Span(f" {rung.right:>10}", fg="" if rung.known else theme.unidentified),
            Span(f"  {rung.note}" if note and rung.note else "", bold=True),
        ]
        lines.append(screen.line(spans))
    if not crossed:
        lines.append(_price_line(price, wide, screen))
    return [*lines, screen.line([Span(down, fg=theme.long, bold=True)])]


def _grey_bar(rung: Rung, full: float, width: int, screen: Screen) -> list[Span]:
    """Return a bar of levels the calibration cannot tell apart: one grey shade, no layers."""
    length = min(width, math.ceil(sum(rung.parts) / full * width)) if full > 0 else 0
    return [Span("░" * length, fg=screen.look.unidentified), Span(" " * (width - length))]


def _price_line(price: float, wide: int, screen: Screen) -> str:
    label = f"{format_price(price, digits=7):>{wide}} "
    rest = f"── price {'─' * max(0, screen.width - len(label) - 9)}"
    return screen.line([Span(label + rest, fg=screen.look.price, bold=True)])
