"""Time x price: what was open when, candles and realised prints over it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from liqatlas.base.clock import DAY_NS
from liqatlas.base.errors import InputError
from liqatlas.base.format import format_price, format_usd
from liqatlas.plot import heat_words, words
from liqatlas.plot.cells import cells_of, merged_candles, merged_prints, usual_threshold
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet
from liqatlas.plot.theme import theme_of
from liqatlas.plot.time_axis import days, draw_time_axis

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.plot.cells import Cells

Sides = Literal["split", "combined"]
SIZE = (1600, 900)
#: More candles and marks than these only hide each other.
MOST_CANDLES, MOST_MARKS, MARK_SLOTS = 160, 300, 160
#: Area of the largest and the smallest mark [points squared at scale 1].
_MARK_AREA = (380.0, 8.0)


def heatmap_figure(
    heatmap: Heatmap,
    *,
    sides: Sides = "split",
    threshold: float | None = None,
    theme: str = "dark",
    price_range: tuple[float, float] | None = None,
    zone: tzinfo = UTC,
    size: tuple[int, int] = SIZE,
) -> Figure:
    """Return the picture of a heatmap.

    Parameters
    ----------
    heatmap
        The heatmap; more than 320 rows or 1000 columns are merged.
    sides
        ``split`` draws longs in warm and shorts in cold colours, ``combined`` adds them in one ramp.
    threshold
        Cells below it are not drawn [USD per row]; by default 1/20 of the strongest one, 1/1000 of measured ones.
    theme, price_range, zone, size
        As in :func:`liqatlas.plot.map_figure`; the default range holds all candles and ten percent either way.

    Raises
    ------
    InputError
        If an argument cannot be used or the heatmap is empty.
    """
    if sides not in ("split", "combined"):
        raise InputError(f"sides {sides!r} is unknown: wanted split or combined")
    if threshold is not None and not threshold > 0:
        raise InputError(
            f"threshold {threshold} cannot be used: the colour scale is logarithmic, wanted more than 0 USD"
        )
    look = theme_of(theme)
    cells = cells_of(heatmap, price_range=price_range)
    head = heatmap.head
    faintest = threshold or usual_threshold(heatmap, cells)
    marks, hidden, hidden_usd = merged_prints(heatmap, cells, slots=MARK_SLOTS, most=MOST_MARKS)
    sentences = heat_words.caption(heatmap, cells, hidden=(hidden, hidden_usd))
    with drawing():
        sheet = Sheet(look, size)
        sheet.header(
            words.title(head, "liquidation heatmap"),
            heat_words.header_lines(head, zone),
            alarm=head.simulated,
        )
        sheet.describe(head, sentences)
        axes = _place(sheet, marks, head.simulated)
        images = draw_cells(axes, cells, sides, faintest, sheet)
        _draw_candles(axes, heatmap, sheet)
        _draw_marks(axes, marks, sheet)
        _draw_axes(axes, heatmap, cells, zone, sheet)
        _draw_colour_bars(axes, images, heat_words.bar_label(heatmap, cells, faintest), sheet)
        if head.simulated:
            sheet.watermark()
    return Figure(
        sheet.figure,
        title=words.title(head, "liquidation heatmap"),
        description="\n".join([*sentences, *words.warning_lines(head), *words.provenance(head)]),
    )


def draw_cells(
    axes: Axes, cells: Cells, sides: Sides, faintest: float, sheet: Sheet
) -> list[tuple[str, ScalarMappable]]:
    """Draw the cells on a logarithmic colour scale; return the images by the name of what they show."""
    theme = sheet.theme
    norm = LogNorm(faintest, max(cells.strongest, faintest * 10))
    long_usd, short_usd = np.nan_to_num(cells.long_usd), np.nan_to_num(cells.short_usd)
    if sides == "combined":
        layers = [("longs and shorts", long_usd + short_usd, theme.heat_all)]
    else:
        # A row at the price can hold both; the larger one is shown, as one cell has one colour.
        layers = [
            ("longs", np.where(long_usd >= short_usd, long_usd, 0.0), theme.heat_long),
            ("shorts", np.where(short_usd > long_usd, short_usd, 0.0), theme.heat_short),
        ]
    images: list[tuple[str, ScalarMappable]] = []
    for name, usd, ramp in layers:
        shown = np.ma.masked_less(usd.T, faintest)
        image = axes.pcolorfast(
            days(cells.edges_ns),
            cells.price_edges,
            shown,
            cmap=LinearSegmentedColormap.from_list(name, ramp),
            norm=norm,
            zorder=1,
        )
        image.set_gid(f"cells:{name}")
        images.append((name, image))
    return images


def _place(sheet: Sheet, marks: pl.DataFrame, simulated: bool) -> Axes:
    """Draw the legend of the marks and return axes in what is left."""
    theme = sheet.theme
    handles = [
        Line2D([], [], color=theme.candle_edge, linewidth=1.2, label="candles: white up, dark down"),
        Line2D([], [], color=theme.price, linewidth=1.4, linestyle="--", label="price at as-of"),
    ]
    if marks.height:
        scale = "" if simulated else "realised "
        handles += [
            Line2D([], [], linestyle="none", marker="v", markersize=sheet.points(9), markerfacecolor=theme.long,
                   markeredgecolor=theme.background, label=f"{scale}print: longs liquidated (sell)"),
            Line2D([], [], linestyle="none", marker="^", markersize=sheet.points(9), markerfacecolor=theme.short,
                   markeredgecolor=theme.background, label=f"{scale}print: shorts liquidated (buy)"),
        ]  # fmt: skip
        largest = float(marks["notional_usd"].max() or 0.0)  # type: ignore[arg-type]
        for usd in (largest, largest / 10):
            handles.append(
                Line2D([], [], linestyle="none", marker="v", markersize=_area(usd, largest) ** 0.5 * sheet.scale,
                       markerfacecolor=theme.muted, markeredgecolor="none", label=format_usd(usd))
            )  # fmt: skip
    width, height = sheet.size
    sheet.figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(sheet.margin / width - 0.004, 1 - (sheet.top - 4 * sheet.scale) / height),
        ncols=len(handles),
        fontsize=sheet.points(9.5),
        labelcolor=theme.text,
        frameon=False,
        borderpad=0.1,
        columnspacing=1.4,
        handlelength=1.5,
    )
    sheet.top += sheet.pixels(9.5) + 14 * sheet.scale
    sheet.bottom += 58 * sheet.scale
    axes = sheet.figure.add_axes(sheet.rectangle(24, 240))
    sheet.style(axes)
    return axes


def _draw_candles(axes: Axes, heatmap: Heatmap, sheet: Sheet) -> None:
    candles = merged_candles(heatmap, MOST_CANDLES)
    if candles.height == 0:
        return
    theme = sheet.theme
    start, end = days(candles["ts_open_ns"].to_numpy()), days(candles["ts_close_ns"].to_numpy())
    open_, close = candles["open"].to_numpy(), candles["close"].to_numpy()
    low, high = candles["low"].to_numpy(), candles["high"].to_numpy()
    middle, gap = (start + end) / 2, (end - start) * 0.16
    wicks = np.stack((np.stack((middle, low), -1), np.stack((middle, high), -1)), axis=1)
    corners = ((start + gap, open_), (start + gap, close), (end - gap, close), (end - gap, open_))
    bodies = np.stack([np.stack(corner, -1) for corner in corners], axis=1)
    axes.add_collection(
        LineCollection(
            wicks.tolist(), colors=theme.candle_edge, linewidths=1.0 * sheet.scale, zorder=3, gid="wicks"
        )
    )
    axes.add_collection(
        PolyCollection(
            list(bodies),
            facecolors=np.where(close >= open_, theme.up, theme.down).tolist(),
            edgecolors=theme.candle_edge,
            linewidths=0.8 * sheet.scale,
            zorder=4,
            gid="candles",
        )
    )


def _draw_marks(axes: Axes, marks: pl.DataFrame, sheet: Sheet) -> None:
    if marks.height == 0:
        return
    largest = float(marks["notional_usd"].max() or 0.0)  # type: ignore[arg-type]
    for position, marker, colour in (("long", "v", sheet.theme.long), ("short", "^", sheet.theme.short)):
        part = marks.filter(pl.col("liquidated").cast(pl.String) == position)
        areas = [_area(usd, largest) * sheet.scale**2 for usd in part["notional_usd"].to_list()]
        axes.scatter(
            days(part["ts_event_ns"].to_numpy()),
            part["price"].to_numpy(),
            s=areas,
            marker=marker,
            c=colour,
            edgecolors=sheet.theme.background,
            linewidths=0.8 * sheet.scale,
            zorder=6,
            gid=f"prints:{position}",
        )


def _area(usd: float, largest: float) -> float:
    """Return the area of a mark: by the square root of its USD, since prints span five decades; never too small to see."""
    return max(_MARK_AREA[1], _MARK_AREA[0] * (usd / largest) ** 0.5) if largest > 0 else _MARK_AREA[1]


def _draw_axes(axes: Axes, heatmap: Heatmap, cells: Cells, zone: tzinfo, sheet: Sheet) -> None:
    """Times in the chosen zone below, prices right, the price at the as-of moment as a labelled line."""
    theme, price = sheet.theme, heatmap.head.price
    starts = [int(cells.edges_ns[0]), *heatmap.candles["ts_open_ns"].head(1).to_list()]
    axes.set_xlim(min(starts) / DAY_NS, int(cells.edges_ns[-1]) / DAY_NS)
    axes.set_ylim(float(cells.price_edges[0]), float(cells.price_edges[-1]))
    draw_time_axis(axes, zone, sheet)
    axes.yaxis.tick_right()
    ticks = MaxNLocator(max(4, int(axes.bbox.height / (42 * sheet.scale))), steps=[1, 2, 2.5, 5, 10])
    axes.yaxis.set_major_locator(ticks)
    places = ticks.tick_values(*axes.get_ylim())
    step = float(f"{places[1] - places[0]:.6g}") if len(places) > 1 else cells.step
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_price(value, step=step)))
    if float(cells.price_edges[0]) <= price <= float(cells.price_edges[-1]):
        axes.axhline(price, color=theme.price, linewidth=1.3 * sheet.scale, linestyle=(0, (5, 3)), zorder=5)
        axes.annotate(
            format_price(price, digits=7),
            xy=(1, price),
            xycoords=("axes fraction", "data"),
            xytext=(5 * sheet.scale, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=sheet.points(10),
            weight="bold",
            color=theme.background,
            bbox={"boxstyle": "square,pad=0.22", "facecolor": theme.price, "edgecolor": "none"},
            zorder=8,
            gid="price",
        )


def _draw_colour_bars(
    axes: Axes, images: Sequence[tuple[str, ScalarMappable]], label: str, sheet: Sheet
) -> None:
    """Draw one bar per ramp right of the prices; they share one scale, whose units stand at the last bar."""
    width = sheet.size[0]
    box = axes.get_position()
    left = box.x1 + 112 * sheet.scale / width
    for index, (name, image) in enumerate(images):
        place = (left + index * 24 * sheet.scale / width, box.y0, 18 * sheet.scale / width, box.height * 0.94)
        bar_axes = sheet.figure.add_axes(place)
        bar = sheet.figure.colorbar(image, cax=bar_axes)
        bar.outline.set_edgecolor(sheet.theme.grid)
        last = index == len(images) - 1
        bar.locator = LogLocator(numticks=12) if last else NullLocator()
        bar.minorlocator = LogLocator(subs=(2, 5), numticks=12) if last else NullLocator()
        bar.formatter = FuncFormatter(lambda value, _: format_usd(value))
        bar.minorformatter = NullFormatter()
        bar.update_ticks()
        bar_axes.tick_params(colors=sheet.theme.muted, labelsize=sheet.points(9.5), which="both")
        bar_axes.set_title(
            name if len(images) == 1 else name[:-1], fontsize=sheet.points(8.5), color=sheet.theme.muted,
            pad=5 * sheet.scale, loc="center" if len(images) > 1 else "left",
            rotation=38 if len(images) > 1 else 0, ha="left",
        )  # fmt: skip
        if last:
            bar.set_label(label, color=sheet.theme.muted, fontsize=sheet.points(9.5))
