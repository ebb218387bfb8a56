"""The stacked bars of a map: which layers there are, and how they stand or hang."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.collections import PolyCollection

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_price
from liqatlas.base.instruments import venue_name
from liqatlas.maps.head import LONG, SHORT
from liqatlas.plot import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liqatlas.plot.theme import Theme
    from liqatlas.plot.view import MapView

By = Literal["venue", "leverage"]
#: Bars and curves end at this share of the height; the labels of the zones stand above.
BARS_SHARE = 0.80
_SIDE_HATCH = {LONG: None, SHORT: "//////"}


@dataclass(frozen=True, slots=True)
class Stack:
    """One layer of the bars: name for people, colour, amounts of shape ``(2, B)`` [USD]."""

    key: str
    name: str
    colour: str
    usd: NDArray[np.float64]


def stacks_of(view: MapView, by: By, theme: Theme) -> list[Stack]:
    """Return the layers of the bars, the lowest first; layers without mass are kept out.

    Raises
    ------
    InputError
        If ``by`` is neither venue nor leverage.
    """
    if by == "venue":
        amounts = view.shown.by_venue()
        names = {key: venue_name(key) for key in amounts}
        colours = theme.venue_colours(amounts)
    elif by == "leverage":
        amounts = view.shown.by_leverage()
        names = {key: key for key in amounts}
        colours = theme.leverage_colours(list(amounts))
    else:
        raise InputError(f"bars cannot be stacked by {by!r}: wanted venue or leverage")
    return [Stack(key, names[key], colours[key], usd) for key, usd in amounts.items() if float(usd.sum()) > 0]


def draw_bars(axes: Axes, view: MapView, stacks: list[Stack], theme: Theme) -> None:
    """Draw stacked bars; realised longs hang below zero, since both sides then share their prices.

    Each layer and side is one collection whose ``gid`` is ``bars:<key>:<position>``.
    """
    edges = view.shown.price_edges
    # Outlines in narrow bars would swallow them; there the layers touch.
    wide = axes.bbox.width / (len(edges) - 1) >= 5
    hanging = view.shown.head.quantity == "liquidated"
    floor = np.zeros((2, len(edges) - 1))
    for stack in stacks:
        for position, name in ((LONG, "long"), (SHORT, "short")):
            sign = -1.0 if hanging and position == LONG else 1.0
            base = sign * floor[position] if hanging else floor.sum(axis=0)
            drawn = np.flatnonzero(stack.usd[position] > 0)
            boxes = _boxes(edges, base, base + sign * stack.usd[position], drawn)
            axes.add_collection(
                PolyCollection(
                    list(boxes),
                    facecolors=stack.colour,
                    edgecolors=theme.panel if wide else stack.colour,
                    linewidths=0.35 if wide else 0.15,
                    hatch=_SIDE_HATCH[position],
                    hatchcolors=theme.panel,
                    zorder=2,
                    gid=f"bars:{stack.key}:{name}",
                )
            )
            floor[position] += stack.usd[position]
    top = float((floor.max(axis=0) if hanging else floor.sum(axis=0)).max(initial=0.0)) or 1.0
    axes.set_ylim(-top / BARS_SHARE if hanging else 0.0, top / BARS_SHARE)
    axes.set_xlim(view.low, view.high)


def _boxes(
    edges: NDArray[np.float64],
    base: NDArray[np.float64],
    top: NDArray[np.float64],
    drawn: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return rectangles, shape ``(n, 4, 2)``, of the bins that hold something."""
    left, right = edges[:-1][drawn], edges[1:][drawn]
    low, high = base[drawn], top[drawn]
    corners = ((left, low), (left, high), (right, high), (right, low))
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def bar_words(view: MapView) -> str:
    """Return the width of a bar with its currency."""
    return f"{format_price(view.step)} {words.quote(view.shown.head)}"
