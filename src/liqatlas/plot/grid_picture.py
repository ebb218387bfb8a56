"""Small multiples: many maps on one sheet with one price axis, such as leverage bands down and windows across."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from liqatlas.base.clock import format_window
from liqatlas.base.errors import InputError
from liqatlas.base.format import format_price, format_share, format_usd
from liqatlas.plot import words
from liqatlas.plot.bars import By, draw_bars, stacks_of
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet
from liqatlas.plot.theme import theme_of
from liqatlas.plot.view import default_range, view_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.bars import Stack
    from liqatlas.plot.view import MapView

SIZE = (1600, 1000)
_NOTE = "One price axis for all; each cell has its own amounts. Totals are of the whole map, drawn or not."


def grid_figure(
    maps: Sequence[tuple[str, LiquidationMap]],
    *,
    columns: int | None = None,
    by: By = "venue",
    theme: str = "dark",
    price_range: tuple[float, float] | None = None,
    zone: tzinfo = UTC,
    size: tuple[int, int] = SIZE,
) -> Figure:
    """Return one picture of many maps of one asset and quantity, row by row in the order given.

    All cells share the price axis, so that one price stands under another; each has its own amounts, since a short window
    holds far less than a long one.

    Parameters
    ----------
    maps
        Labels and maps, such as ``("25-50x · 3d", map)``.
    columns
        Cells in a row; by default as near to a square as can be.

    Raises
    ------
    InputError
        If there is no map, or maps differ in asset, kind or quantity.
    """
    heads = [m.head for _, m in maps]
    if len({(h.asset, h.kind, h.quantity, h.simulated) for h in heads}) != 1:
        raise InputError(
            "a grid shows one asset, kind and quantity: wanted at least one map, and all of the same sort"
        )
    look = theme_of(theme)
    ranges = [price_range] if price_range else [default_range(m) for _, m in maps]
    shared = (min(r[0] for r in ranges), max(r[1] for r in ranges))
    views = [view_of(m, price_range=shared, bars=80) for _, m in maps]
    across = columns or math.ceil(math.sqrt(len(maps)))
    head = heads[0]
    warnings = list(dict.fromkeys(line for h in heads for line in words.warning_lines(h)))
    sources = [*_coverage_line(maps), *words.provenance(head)[1:]]
    with drawing():
        sheet = Sheet(look, size)
        sheet.header(
            words.title(head, "liquidation maps"), _header_lines(maps, views[0], zone), alarm=head.simulated
        )
        sheet.notes([_NOTE], warnings, sources)
        stacks = [stacks_of(view, by, look) for view in views]
        _legend(sheet, stacks)
        _draw_cells(sheet, maps, views, stacks, across)
        if head.simulated:
            sheet.watermark()
    return Figure(
        sheet.figure,
        title=words.title(head, "liquidation maps"),
        description="\n".join([_NOTE, *(f"{label}: {_totals(m)}" for label, m in maps), *warnings, *sources]),
    )


def _header_lines(maps: Sequence[tuple[str, LiquidationMap]], view: MapView, zone: tzinfo) -> list[str]:
    """Return the lines under the headline; window and moment only where all maps share them."""
    head = maps[0][1].head
    whens = {words.when(m.head, zone) for _, m in maps}
    moments = {words.when(replace(m.head, window_ns=0), zone).partition(" · ")[2] for _, m in maps}
    when = whens.pop() if len(whens) == 1 else " and ".join(sorted(moments))
    step = f"{format_price(view.step)} {words.quote(head)}"
    return [
        f"{words.quantity_words(head)} · unit {head.unit} per bar of {step}",
        f"{when} · {words.price_words(head)} · longs plain, shorts hatched",
    ]


def _totals(whole: LiquidationMap) -> str:
    """Return a cell's totals."""
    return (
        f"longs {format_usd(float(whole.long_usd.sum()))} · shorts {format_usd(float(whole.short_usd.sum()))}"
    )


def _coverage_line(maps: Sequence[tuple[str, LiquidationMap]]) -> list[str]:
    """Return the coverage per window: it belongs to the whole map a cell was cut from, not to one leverage band."""
    shares = {
        f"{format_window(m.head.window_ns)} {format_share(m.head.coverage.share)}": None
        for _, m in maps
        if m.head.coverage
    }
    return [f"Coverage of open interest, all leverages, by window: {', '.join(shares)}."] if shares else []


def _legend(sheet: Sheet, stacks: Sequence[list[Stack]]) -> None:
    named = {s.name: s.colour for cell in stacks for s in cell}
    if not named:
        return
    width, height = sheet.size
    sheet.figure.legend(
        handles=[Patch(facecolor=colour, label=name) for name, colour in named.items()],
        loc="upper left",
        bbox_to_anchor=(sheet.margin / width - 0.004, 1 - (sheet.top - 4 * sheet.scale) / height),
        ncols=len(named),
        fontsize=sheet.points(9.5),
        labelcolor=sheet.theme.text,
        frameon=False,
        borderpad=0.1,
        handlelength=1.5,
    )
    sheet.top += sheet.pixels(9.5) + 6 * sheet.scale


def _draw_cells(
    sheet: Sheet,
    maps: Sequence[tuple[str, LiquidationMap]],
    views: Sequence[MapView],
    stacks: Sequence[list[Stack]],
    across: int,
) -> None:
    down = -(-len(views) // across)
    left, bottom, width, height = sheet.rectangle(14, 22)
    cell_w, cell_h = width / across, height / down
    inner_left, inner_bottom = 66 * sheet.scale / sheet.size[0], 30 * sheet.scale / sheet.size[1]
    inner_top = 44 * sheet.scale / sheet.size[1]
    if cell_h * sheet.size[1] < 110 * sheet.scale or cell_w * sheet.size[0] < 140 * sheet.scale:
        raise InputError(
            f"{len(views)} maps do not fit on {sheet.size[0]} x {sheet.size[1]} pixels: wanted a larger picture"
        )
    for i, ((label, whole), view, layers) in enumerate(zip(maps, views, stacks, strict=True)):
        x = left + (i % across) * cell_w + inner_left
        y = bottom + (down - 1 - i // across) * cell_h + inner_bottom
        axes = sheet.figure.add_axes((x, y, cell_w - inner_left, cell_h - inner_bottom - inner_top))
        sheet.style(axes)
        draw_bars(axes, view, layers, sheet.theme)
        axes.axvline(
            view.shown.head.price, color=sheet.theme.price, linewidth=1.2 * sheet.scale, linestyle=(0, (4, 2))
        )
        for text, up, size, bold in ((label, 18, 10.0, True), (_totals(whole), 4, 8.5, False)):
            axes.annotate(
                text,
                xy=(0, 1),
                xycoords="axes fraction",
                xytext=(0, up * sheet.scale),
                textcoords="offset points",
                fontsize=sheet.points(size),
                weight="bold" if bold else "normal",
                color=sheet.theme.text if bold else sheet.theme.muted,
            )
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_price(value)))
        axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_usd(abs(value))))
        axes.grid(axis="y", color=sheet.theme.grid, linewidth=0.6)
