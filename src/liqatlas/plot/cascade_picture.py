"""The picture of a cascade: paths of the mark, the levels they meet, and what it takes to reach each; one price axis."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.cascade.sequence import MOST_DISTANCE
from liqatlas.plot import cascade_words, words
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet, spread
from liqatlas.plot.theme import theme_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liqatlas.cascade.simulation import CascadeResult

SIZE = (1600, 1000)
#: Widths of the three panels as parts of the sheet's free width, and the gaps between them.
PANELS, GAP = (0.42, 0.30, 0.28), 0.025
#: Bars of the middle panel.
BARS = 90


def cascade_figure(
    result: CascadeResult, *, theme: str = "dark", zone: tzinfo = UTC, size: tuple[int, int] = SIZE
) -> Figure:
    """Return the picture of a cascade.

    Left: the mark round by round, the middle run and the ranges of 50 and 90 % of runs. Middle: what is liquidated at each
    price, stacked by venue. Right: the smallest order that reaches each price, and the branching ratio. Stretches with a
    ratio above 1 are hatched across all three.

    Raises
    ------
    InputError
        If theme or size cannot be used.
    """
    look = theme_of(theme)
    low, high = price_span(result)
    sentences = [*cascade_words.sentences(result), cascade_words.execution_sentence(result)]
    with drawing():
        sheet = Sheet(look, size)
        shown = f"{len(result.table.trace):,} of {len(result.table.reach):,} runs drawn · books: {result.regime_name} ({result.regime.basis})"
        sheet.header(
            cascade_words.headline(result),
            [f"{words.quantity_words(result.head)} · unit {result.head.unit} · {shown}",
             f"{words.when(result.head, zone)} · {words.price_words(result.head)}"],
            alarm=result.head.simulated,
        )  # fmt: skip
        sheet.notes([s for s in sentences if s], result.warnings, words.provenance(result.head))
        paths, levels, needed = _panels(sheet)
        for axes in (paths, levels, needed):
            axes.set_ylim(low, high)
            _zones(axes, result, sheet)
            axes.axhline(
                result.head.price, color=look.price, linewidth=1.4 * sheet.scale, linestyle=(0, (5, 2))
            )
        _draw_paths(paths, result, sheet)
        _draw_levels(levels, result, sheet, (low, high))
        _draw_needed(needed, result, sheet, (low, high))
        if result.head.simulated:
            sheet.watermark()
    return Figure(
        sheet.figure,
        title=cascade_words.headline(result),
        description="\n".join([*sentences, *result.warnings]),
    )


def price_span(result: CascadeResult) -> tuple[float, float]:
    """Return the prices shown: the price, what nine of ten runs reach, and half of the map; runs can leave the picture.

    A drawn shock seldom goes far: it is shown as far as 99 of 100 runs go, whatever lies beyond.
    """
    if result.shock.kind == "drawn":
        far = float(result.ladder.price_at(max(1.2 * float(np.quantile(result.table.reach, 0.99)), 0.005)))
        margin = 0.06 * abs(far - result.head.price)
        return (
            (far, result.head.price + margin)
            if far < result.head.price
            else (result.head.price - margin, far)
        )
    reach = float(np.quantile(result.table.reach, 0.9)) * 1.35
    running = np.cumsum(result.ladder.fuel.sum(axis=0))
    near = float(result.ladder.level[np.searchsorted(running, 0.5 * running[-1])]) if running[-1] > 0 else 0.0
    far = float(result.ladder.price_at(min(max(reach, near * 1.2, 0.015), MOST_DISTANCE)))
    price = result.head.price
    margin = 0.06 * abs(far - price)
    return (far, price + margin) if far < price else (price - margin, far)


def _panels(sheet: Sheet) -> tuple[Axes, Axes, Axes]:
    """Return three axes side by side."""
    sheet.top += 26 * sheet.scale
    sheet.bottom += 54 * sheet.scale
    left, bottom, width, height = sheet.rectangle(126, 40)
    made = []
    for i, part in enumerate(PANELS):
        axes = sheet.figure.add_axes((left, bottom, (part - GAP) * width, height))
        sheet.style(axes)
        axes.grid(color=sheet.theme.grid, linewidth=0.6)
        axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
        if i > 0:
            axes.tick_params(labelleft=False)
        made.append(axes)
        left += part * width
    return made[0], made[1], made[2]


def _title(axes: Axes, text: str, sheet: Sheet) -> None:
    axes.set_title(text, loc="left", color=sheet.theme.text, fontsize=sheet.points(10), pad=6 * sheet.scale)


def _label(axes: Axes, text: str, sheet: Sheet) -> None:
    axes.set_xlabel(text, color=sheet.theme.muted, fontsize=sheet.points(9.5), labelpad=4 * sheet.scale)


def _zones(axes: Axes, result: CascadeResult, sheet: Sheet) -> None:
    for near, far in result.branching.zones:
        axes.axhspan(
            min(near, far), max(near, far), facecolor=sheet.theme.warning, edgecolor=sheet.theme.warning, alpha=0.14,
            hatch="//", linewidth=0, zorder=1, gid="self-sustaining",
        )  # fmt: skip


def _draw_paths(axes: Axes, result: CascadeResult, sheet: Sheet) -> None:
    """Draw the fan of marks round by round, and name the levels of the sequence."""
    theme, beliefs = sheet.theme, result.settings.beliefs
    trace = result.ladder.price_at(result.table.trace)
    last = int(min(max(np.quantile(result.table.rounds, 0.9) * 1.15, 3), trace.shape[1]))
    time = (np.arange(last) + 1) * beliefs.round_s
    bands = np.quantile(trace[:, :last], [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    colour = theme.long if result.ladder.direction == "down" else theme.short
    axes.fill_between(time, bands[0], bands[4], color=colour, alpha=0.20, linewidth=0, label="90 % of runs")
    axes.fill_between(time, bands[1], bands[3], color=colour, alpha=0.34, linewidth=0, label="50 %")
    axes.plot(time, trace[0, :last], color=theme.muted, linewidth=1.0 * sheet.scale, label="one run")
    axes.plot(time, bands[2], color=theme.text, linewidth=2.0 * sheet.scale, label="middle")
    axes.set_xlim(0, float(time[-1]))
    span = axes.get_ylim()
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: f"{format_price(v)}  {format_change(v / result.head.price - 1)}")
    )
    _title(axes, "mark price, round by round", sheet)
    begin = "of the horizon; the way is drawn straight" if result.shock.kind == "drawn" else "of the shock"
    _label(axes, f"seconds from the start {begin}; a round is {beliefs.round_s:g} s", sheet)
    corner: Literal["lower left", "upper left"] = (
        "lower left" if result.ladder.direction == "down" else "upper left"
    )
    axes.legend(
        loc=corner,
        fontsize=sheet.points(8.5),
        labelcolor=theme.text,
        frameon=False,
        ncols=2,
        handlelength=1.4,
    )
    _name_levels(axes, result, sheet, span)


def _name_levels(axes: Axes, result: CascadeResult, sheet: Sheet, span: tuple[float, float]) -> None:
    """Write how often each heavy level is reached at the right of the fan, without overlap."""
    theme = sheet.theme
    inside = [s for s in result.steps if span[0] < s.price < span[1]]
    if not inside:
        return
    per_pixel = (span[1] - span[0]) / axes.bbox.height
    tall = sheet.pixels(8.5) * 1.15 * per_pixel
    places = spread([s.price for s in inside], [tall] * len(inside), span[0], span[1])
    for step, y in zip(inside, places, strict=True):
        axes.axhline(step.price, color=theme.muted, linewidth=0.7, linestyle=":", zorder=2)
        how = cascade_words.chance(step.share, step.band, calibrated=step.calibrated)
        axes.annotate(
            f"{format_price(step.price)}: {how}", xy=(0.985, y), xycoords=("axes fraction", "data"), ha="right", va="center",
            fontsize=sheet.points(8.5), color=theme.text, zorder=9,
            bbox={"boxstyle": "square,pad=0.15", "facecolor": theme.panel, "edgecolor": "none", "alpha": 0.75},
        )  # fmt: skip


def _binned(result: CascadeResult, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fuel per venue in bars of price, ``(V, BARS)`` [USD]; each level's fuel is spread over its bins."""
    ladder = result.ladder
    sign = -1.0 if ladder.direction == "down" else 1.0
    at = np.maximum(sign * np.log(edges / ladder.price), 0.0)
    return np.abs(np.diff(ladder.fuel_within(at), axis=1))


def _draw_levels(axes: Axes, result: CascadeResult, sheet: Sheet, span: tuple[float, float]) -> None:
    theme = sheet.theme
    edges = np.linspace(*span, BARS + 1)
    usd = _binned(result, edges)
    colours = theme.venue_colours(result.ladder.venues)
    start = np.zeros(BARS)
    for venue, row in zip(result.ladder.venues, usd, strict=True):
        axes.barh(
            edges[:-1], row, height=np.diff(edges), left=start, align="edge", color=colours[venue], antialiased=False,
            label=f"{venue_name(venue)} {format_usd(row.sum())}", linewidth=0, zorder=3,
        )  # fmt: skip
        start += row
    liquidated = "longs" if result.ladder.direction == "down" else "shorts"
    axes.set_xlim(0, max(float(start.max()) * 1.05, 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: format_usd(v)))
    _title(axes, f"{liquidated} in the map ({result.head.quantity})", sheet)
    released = format_share(float(np.median(result.draws.release)))
    sold = (
        "prints expected when touched"
        if result.head.quantity == "expected"
        else f"about {released} of it is sold when touched"
    )
    _label(axes, f"USD per bar; {sold}", sheet)
    axes.legend(
        loc="upper right", fontsize=sheet.points(8.5), labelcolor=theme.text, frameon=False, handlelength=1.2
    )


def _draw_needed(axes: Axes, result: CascadeResult, sheet: Sheet, span: tuple[float, float]) -> None:
    theme = sheet.theme
    needed, local = result.needed, result.branching
    shown = (needed.price >= span[0]) & (needed.price <= span[1])
    axes.plot(
        needed.usd[shown], needed.price[shown], color=theme.cumulative_long, linewidth=2.2 * sheet.scale
    )
    axes.set_xlim(0, max(float(needed.usd[shown].max(initial=0.0)) * 1.08, 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: format_usd(v)))
    act = "sale" if result.ladder.direction == "down" else "purchase"
    _label(axes, f"smallest {act} that reaches the price", sheet)
    twin = axes.twiny()
    sheet.style(twin)
    twin.patch.set_visible(False)
    most = max(1.25, float(local.ratio[shown].max(initial=0.0)) * 1.15)
    twin.plot(local.ratio[shown], local.price[shown], color=theme.warning, linewidth=1.4 * sheet.scale)
    twin.axvline(1.0, color=theme.warning, linewidth=0.9, linestyle=(0, (2, 2)))
    twin.set_xlim(0, most)
    twin.xaxis.set_major_locator(MaxNLocator(4))
    twin.set_xlabel(
        "branching ratio r (thin); 1 is dashed",
        color=theme.warning,
        fontsize=sheet.points(9.5),
        labelpad=4 * sheet.scale,
    )
    twin.set_ylim(*span)
