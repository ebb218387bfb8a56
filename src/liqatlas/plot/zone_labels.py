"""Labels of the heaviest zones: beside each other in a band above the bars, a leader down to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.plot import words
from liqatlas.plot.sheet import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from liqatlas.plot.sheet import Sheet
    from liqatlas.plot.view import MapView
    from liqatlas.plot.zones import Zone


def draw_zones(axes: Axes, over: Axes, view: MapView, zones: tuple[Zone, ...], sheet: Sheet) -> None:
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
            xy=(part_of_width(axes, (zone.price_low + zone.price_high) / 2), _height(axes, view, zone)),
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
                "linewidth": 1.2 * sheet.scale,
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
    middle = min(1.0, max(0.0, part_of_width(axes, view.shown.head.price))) * width
    sides = [("long", 0.0, middle), ("short", middle, width)]
    if view.shown.head.quantity == "liquidated":
        sides = [("longshort", 0.0, width)]
    labels: list[tuple[Zone, str, float]] = []
    for positions, low, high in sides:
        shown = sorted((z for z in zones if z.position in positions), key=lambda z: -z.usd)
        texts = [words.zone_label(z, view.label_step) for z in shown]
        if sum(_label_width(t, sheet) for t in texts) > high - low:
            texts = [words.short_zone_label(z, view.label_step) for z in shown]
        while sum(_label_width(t, sheet) for t in texts) > high - low and shown:
            shown, texts = shown[:-1], texts[:-1]
        centres = [part_of_width(axes, (z.price_low + z.price_high) / 2) * width for z in shown]
        placed = spread(centres, [_label_width(t, sheet) for t in texts], low, high)
        labels += [(z, t, at / width) for z, t, at in zip(shown, texts, placed, strict=True)]
    return labels


def _label_width(text: str, sheet: Sheet) -> float:
    return max(sheet.text_width(line, 9.5, bold=True) for line in text.split("\n")) + 20 * sheet.scale


def _side_colour(zone: Zone, sheet: Sheet) -> str:
    return sheet.theme.long if zone.position == "long" else sheet.theme.short


def part_of_width(axes: Axes, price: float) -> float:
    """Return where a price stands as a share of the axes' width; outside 0 to 1 where it is not drawn."""
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
