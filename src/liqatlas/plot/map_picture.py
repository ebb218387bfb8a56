"""The map as traders know it: stacked bars per price level, cumulative curves, the price, the heaviest zones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.maps.head import LONG, SHORT
from liqatlas.plot import words
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet, spread
from liqatlas.plot.theme import theme_of
from liqatlas.plot.view import identified_range, view_of
from liqatlas.plot.zones import Zone, heaviest_zones

if TYPE_CHECKING:
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liqatlas.maps.head import Head
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.theme import Theme
    from liqatlas.plot.view import MapView

By = Literal["venue", "leverage"]
SIZE = (1600, 900)
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


def map_figure(
    whole: LiquidationMap,
    *,
    by: By = "venue",
    theme: str = "dark",
    price_range: tuple[float, float] | None = None,
    zone: tzinfo = UTC,
    size: tuple[int, int] = SIZE,
) -> Figure:
    """Return the picture of a map.

    Parameters
    ----------
    whole
        The map; finely binned maps are re-binned to about 170 bars of a round width.
    by
        What the bars are stacked by.
    theme
        ``dark`` or ``light``.
    price_range
        Lowest and highest drawn price [quote]; by default 95 % of the identified mass, at least ten percent either way.
    zone
        Time zone of the moments shown.
    size
        Width and height [pixels].

    Raises
    ------
    InputError
        If theme, range, ``by`` or size cannot be used.
    """
    look = theme_of(theme)
    view = view_of(whole, price_range=price_range)
    zones = heaviest_zones(view)
    head = whole.head
    sentences = words.caption(whole, view, zones)
    with drawing():
        sheet = Sheet(look, size)
        sheet.header(words.title(head), header_lines(head, zone, by), alarm=head.simulated)
        sheet.describe(head, sentences)
        stacks = stacks_of(view, by, look)
        axes = _place(sheet, stacks)
        draw_bars(axes, view, stacks, look)
        curves = _draw_curves(axes, view, sheet)
        _draw_price_axis(axes, view, sheet)
        _draw_side_names(axes, view, sheet)
        _draw_unidentified(axes, view, sheet)
        _draw_zones(axes, curves, view, zones, sheet)
        if head.simulated:
            sheet.watermark()
    return Figure(
        sheet.figure,
        title=words.title(head),
        description="\n".join([*sentences, *words.warning_lines(head), *words.provenance(head)]),
    )


def header_lines(head: Head, zone: tzinfo, by: str) -> list[str]:
    """Return the lines under the headline of a map."""
    return [
        f"{words.quantity_words(head)} · unit {head.unit} · stacked by {by}",
        f"{words.when(head, zone)} · {words.price_words(head)}",
    ]


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
                    edgecolors=theme.panel,
                    linewidths=0.35,
                    hatch=_SIDE_HATCH[position],
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


def _place(sheet: Sheet, stacks: list[Stack]) -> Axes:
    """Draw the legend under the header and return axes in what is left."""
    theme = sheet.theme
    handles: list[Patch | Line2D] = [
        Patch(
            facecolor=s.colour,
            edgecolor=theme.muted,
            linewidth=0.4,
            label=f"{s.name} {format_usd(s.usd.sum())}",
        )
        for s in stacks
    ]
    handles += [
        Line2D([], [], color=theme.cumulative_long, linewidth=2.2, label="cumulative longs"),
        Line2D([], [], color=theme.cumulative_short, linewidth=2.2, label="cumulative shorts"),
    ]
    cell = max(sheet.text_width(str(h.get_label()), 9.5) for h in handles) + 44 * sheet.scale
    columns = max(1, min(len(handles), int((sheet.size[0] - 2 * sheet.margin) / cell)))
    rows = -(-len(handles) // columns)
    width, height = sheet.size
    sheet.figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(sheet.margin / width - 0.004, 1 - (sheet.top - 4 * sheet.scale) / height),
        ncols=columns,
        fontsize=sheet.points(9.5),
        labelcolor=theme.text,
        frameon=False,
        borderpad=0.1,
        columnspacing=1.6,
        handlelength=1.5,
    )
    sheet.top += rows * sheet.pixels(9.5) * 1.06 + 34 * sheet.scale
    sheet.bottom += 58 * sheet.scale
    axes = sheet.figure.add_axes(sheet.rectangle(92, 92))
    sheet.style(axes)
    return axes


def _draw_curves(axes: Axes, view: MapView, sheet: Sheet) -> Axes:
    """Draw both cumulative curves on a second axis; return it."""
    theme, edges = sheet.theme, view.shown.price_edges
    twin = axes.twinx()
    sheet.style(twin)
    twin.patch.set_visible(False)
    hanging = view.shown.head.quantity == "liquidated"
    top = max(float(view.curve_long.max()), float(view.curve_short.max())) or 1.0
    halo = [Stroke(linewidth=4.2 * sheet.scale, foreground=theme.panel, alpha=0.8), Normal()]
    for name, curve, colour in (
        ("long", view.curve_long, theme.cumulative_long),
        ("short", view.curve_short, theme.cumulative_short),
    ):
        sign = -1.0 if hanging and name == "long" else 1.0
        held = np.flatnonzero(curve > 0)
        if len(held) == 0:
            continue
        part = slice(max(0, held[0] - 1), min(len(curve), held[-1] + 2))
        twin.plot(
            edges[part],
            sign * curve[part],
            color=colour,
            linewidth=2.2 * sheet.scale,
            path_effects=halo,
            zorder=5,
            gid=f"cumulative:{name}",
        )
    twin.set_ylim(axes.get_ylim()[0] / axes.get_ylim()[1] * top / BARS_SHARE, top / BARS_SHARE)
    for which, label in (
        (axes, f"{words.amount_words(view.shown.head)} per bar of {bar_words(view)}"),
        (twin, "cumulative, USD from the price outward" if not hanging else "cumulative, USD"),
    ):
        which.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        which.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_usd(abs(value))))
        which.set_ylabel(label, color=theme.muted, fontsize=sheet.points(10), labelpad=8 * sheet.scale)
    axes.grid(axis="y", color=theme.grid, linewidth=0.7)
    return twin


def bar_words(view: MapView) -> str:
    """Return the width of a bar with its currency."""
    return f"{format_price(view.step)} {words.quote(view.shown.head)}"


def _draw_price_axis(axes: Axes, view: MapView, sheet: Sheet) -> None:
    """Label prices with their distance, and draw the current price as a labelled line."""
    theme, price = sheet.theme, view.shown.head.price
    count = max(4, int(axes.bbox.width / (105 * sheet.scale)))
    ticks = np.asarray(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(view.low, view.high))
    ticks = ticks[(ticks >= view.low) & (ticks <= view.high)]
    step = float(f"{ticks[1] - ticks[0]:.6g}") if len(ticks) > 1 else view.step
    axes.xaxis.set_major_locator(FixedLocator(ticks.tolist()))
    axes.xaxis.set_major_formatter(
        FixedFormatter([f"{format_price(t, step=step)}\n{format_change(t / price - 1)}" for t in ticks])
    )
    axes.set_xlabel(
        f"{view.shown.head.asset} price [{words.quote(view.shown.head)}], distance from the price",
        color=theme.muted,
        fontsize=sheet.points(10),
    )
    if not view.low <= price <= view.high:
        return
    axes.axvline(price, color=theme.price, linewidth=1.6 * sheet.scale, linestyle=(0, (5, 2)), zorder=6)
    axes.annotate(
        _price_tag(view.shown.head),
        xy=(price, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 6 * sheet.scale),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=sheet.points(10.5),
        weight="bold",
        color=theme.background,
        bbox={"boxstyle": "square,pad=0.25", "facecolor": theme.price, "edgecolor": "none"},
        zorder=8,
        gid="price",
    )


def _draw_side_names(axes: Axes, view: MapView, sheet: Sheet) -> None:
    """Name both sides above the axes, so that colour is not the only sign; shorter where the price's own label stands."""
    head, width = view.shown.head, axes.bbox.width
    at = _part(axes, head.price) * width
    half = sheet.text_width(_price_tag(head), 10.5, bold=True) / 2 + 14 * sheet.scale
    names = words.SIDES_HANGING if head.quantity == "liquidated" else words.SIDES
    left_room, right_room = (at - half, width - at - half) if 0 <= at <= width else (width / 2, width / 2)
    for x, align, texts, room, colour in (
        (0, "left", names[0], left_room, sheet.theme.long),
        (1, "right", names[1], right_room, sheet.theme.short),
    ):
        text = next((t for t in texts if sheet.text_width(t, 9.5, bold=True) <= room), "")
        axes.annotate(
            text,
            xy=(x, 1),
            xycoords="axes fraction",
            xytext=(0, 7 * sheet.scale),
            textcoords="offset points",
            ha=align,
            va="bottom",
            fontsize=sheet.points(9.5),
            weight="bold",
            color=colour,
        )


def _price_tag(head: Head) -> str:
    return f"price {format_price(head.price, digits=7)}"


def _draw_unidentified(axes: Axes, view: MapView, sheet: Sheet) -> None:
    """Grey what the calibration cannot tell apart."""
    low, high = identified_range(view.shown.head)
    for first, last in ((view.low, min(low, view.high)), (max(high, view.low), view.high)):
        if first < last:
            axes.axvspan(
                first,
                last,
                facecolor=sheet.theme.panel,
                edgecolor=sheet.theme.unidentified,
                alpha=0.62,
                hatch="..",
                linewidth=0,
                zorder=4,
                gid="unidentified",
            )


def _draw_zones(axes: Axes, over: Axes, view: MapView, zones: tuple[Zone, ...], sheet: Sheet) -> None:
    """Shade the heaviest zones on ``axes`` and label them on ``over``, in a band above the bars with leaders down."""
    labels = _zone_labels(axes, view, zones, sheet)
    for zone in zones:
        axes.axvspan(
            zone.price_low,
            zone.price_high,
            facecolor=_side_colour(zone, sheet),
            alpha=0.16,
            linewidth=0,
            zorder=1,
        )
    for zone, text, at in labels:
        over.annotate(
            text,
            xy=(_part(axes, (zone.price_low + zone.price_high) / 2), _height(axes, view, zone)),
            xycoords="axes fraction",
            xytext=(at, 0.985),
            textcoords="axes fraction",
            ha="center",
            va="top",
            fontsize=sheet.points(9.5),
            weight="bold",
            color=sheet.theme.text,
            bbox={
                "boxstyle": "round,pad=0.3",
                "facecolor": sheet.theme.background,
                "edgecolor": _side_colour(zone, sheet),
            },
            arrowprops={
                "arrowstyle": "-",
                "color": _side_colour(zone, sheet),
                "linewidth": 1.0,
                "shrinkB": 2,
            },
            zorder=9,
            gid=f"zone:{zone.position}",
        )


def _zone_labels(
    axes: Axes, view: MapView, zones: tuple[Zone, ...], sheet: Sheet
) -> list[tuple[Zone, str, float]]:
    """Return label and place (share of the width) of the zones that fit: each side on its own side of the price."""
    width = axes.bbox.width
    middle = min(1.0, max(0.0, _part(axes, view.shown.head.price))) * width
    sides = [("long", 0.0, middle), ("short", middle, width)]
    if view.shown.head.quantity == "liquidated":
        sides = [("longshort", 0.0, width)]
    labels: list[tuple[Zone, str, float]] = []
    for positions, low, high in sides:
        shown = sorted((z for z in zones if z.position in positions), key=lambda z: -z.usd)
        texts = [words.zone_label(z, view.step) for z in shown]
        if sum(_label_width(t, sheet) for t in texts) > high - low:
            texts = [words.short_zone_label(z, view.step) for z in shown]
        while sum(_label_width(t, sheet) for t in texts) > high - low and shown:
            shown, texts = shown[:-1], texts[:-1]
        centres = [_part(axes, (z.price_low + z.price_high) / 2) * width for z in shown]
        placed = spread(centres, [_label_width(t, sheet) for t in texts], low, high)
        labels += [(z, t, at / width) for z, t, at in zip(shown, texts, placed, strict=True)]
    return labels


def _label_width(text: str, sheet: Sheet) -> float:
    return max(sheet.text_width(line, 9.5, bold=True) for line in text.split("\n")) + 20 * sheet.scale


def _side_colour(zone: Zone, sheet: Sheet) -> str:
    return sheet.theme.long if zone.position == "long" else sheet.theme.short


def _part(axes: Axes, price: float) -> float:
    low, high = axes.get_xlim()
    return (price - low) / (high - low)


def _height(axes: Axes, view: MapView, zone: Zone) -> float:
    """Return the top of the highest bar of a zone as a share of the axes' height; the zero line for hanging bars."""
    edges = view.shown.price_edges
    inside = (edges[:-1] >= zone.price_low) & (edges[1:] <= zone.price_high)
    hanging = view.shown.head.quantity == "liquidated"
    bars = view.shown.short_usd if hanging else view.shown.long_usd + view.shown.short_usd
    top = 0.0 if hanging and zone.position == "long" else float(bars[inside].max(initial=0.0))
    low, high = axes.get_ylim()
    return (top - low) / (high - low)
