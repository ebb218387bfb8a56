"""The map as traders know it: stacked bars per price level, cumulative curves, the price, the heaviest zones."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.plot import words
from liqatlas.plot.bars import BARS_SHARE, By, Stack, bar_words, draw_bars, stacks_of
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet
from liqatlas.plot.theme import theme_of
from liqatlas.plot.view import identified_range, view_of
from liqatlas.plot.zone_labels import draw_zones, part_of_width
from liqatlas.plot.zones import heaviest_zones, zones_within

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from matplotlib.axes import Axes

    from liqatlas.maps.head import Head
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.view import MapView
    from liqatlas.plot.zones import Zone

SIZE = (1600, 900)


def map_figure(
    whole: LiquidationMap,
    *,
    by: By = "venue",
    theme: str = "dark",
    price_range: tuple[float, float] | None = None,
    zone: tzinfo = UTC,
    size: tuple[int, int] = SIZE,
    zones: Sequence[Zone] | None = None,
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
    zones
        Zones to name in place of the heaviest ones, such as clusters; the three heaviest a side inside the range are drawn.

    Raises
    ------
    InputError
        If theme, range, ``by`` or size cannot be used.
    """
    look = theme_of(theme)
    view = view_of(whole, price_range=price_range)
    named = heaviest_zones(view) if zones is None else zones_within(view, zones)
    head = whole.head
    sentences = words.caption(whole, view, named)
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
        draw_zones(axes, curves, view, named, sheet)
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
    at = part_of_width(axes, head.price) * width
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
