"""The picture of an evaluation: reliability by decile, skill by how far the hour went, and the level over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter

from liqatlas.base.format import format_usd
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet
from liqatlas.plot.theme import theme_of
from liqatlas.plot.time_axis import days, draw_time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

SIZE = (1500, 620)
PANELS = ((0.0, 0.27), (0.35, 0.27), (0.70, 0.30))


@dataclass(frozen=True, slots=True)
class ScorePicture:
    """What is drawn.

    Attributes
    ----------
    headline, about, warnings
        Words.
    reliability
        By prediction: mean predicted and mean realised by decile, ``(2, deciles)`` [USD].
    depth_labels
        One per stretch of depth.
    skill
        By name: gain, low and high per stretch of depth, ``(3, stretches)`` [nats per hour and position]; NaN where too few days.
    moments_ns, level
        Hours and the factor on the weights.
    simulated
        Whether to say so.
    """

    headline: str
    about: str
    warnings: tuple[str, ...]
    reliability: dict[str, NDArray[np.float64]]
    depth_labels: tuple[str, ...]
    skill: dict[str, NDArray[np.float64]]
    moments_ns: NDArray[np.int64]
    level: NDArray[np.float64]
    simulated: bool = False


def score_figure(shown: ScorePicture, *, theme: str = "dark", size: tuple[int, int] = SIZE) -> Figure:
    """Return the picture of an evaluation.

    Raises
    ------
    InputError
        If theme or size cannot be used.
    """
    look = theme_of(theme)
    with drawing():
        sheet = Sheet(look, size)
        sheet.header(shown.headline, [shown.about], alarm=shown.simulated)
        sheet.notes([], shown.warnings, [])
        reliability, skill, level = _panels(sheet)
        _draw_reliability(reliability, shown, sheet)
        _draw_skill(skill, shown, sheet)
        _draw_level(level, shown, sheet)
        if shown.simulated:
            sheet.watermark()
    return Figure(sheet.figure, title=shown.headline, description="\n".join([shown.about, *shown.warnings]))


def _panels(sheet: Sheet) -> tuple[Axes, Axes, Axes]:
    sheet.top += 26 * sheet.scale
    sheet.bottom += 54 * sheet.scale
    left, bottom, width, height = sheet.rectangle(80, 20)
    made = []
    for at, part in PANELS:
        axes = sheet.figure.add_axes((left + at * width, bottom, part * width, height))
        sheet.style(axes)
        axes.grid(color=sheet.theme.grid, linewidth=0.6)
        made.append(axes)
    return made[0], made[1], made[2]


def _titles(axes: Axes, title: str, label: str, sheet: Sheet) -> None:
    axes.set_title(title, loc="left", color=sheet.theme.text, fontsize=sheet.points(10), pad=6 * sheet.scale)
    axes.set_xlabel(label, color=sheet.theme.muted, fontsize=sheet.points(9.5))


def _colours(sheet: Sheet, names: list[str]) -> dict[str, str]:
    pair = (sheet.theme.long, sheet.theme.short)
    return {name: pair[i % 2] for i, name in enumerate(names)}


def _legend(axes: Axes, sheet: Sheet) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=sheet.points(9), labelcolor=sheet.theme.text, frameon=False)


def _draw_reliability(axes: Axes, shown: ScorePicture, sheet: Sheet) -> None:
    colours = _colours(sheet, list(shown.reliability))
    marks = ("o", "s")
    for i, (name, (predicted, realised)) in enumerate(shown.reliability.items()):
        axes.plot(
            predicted, realised, marker=marks[i % 2], markersize=5 * sheet.scale, linewidth=1.2 * sheet.scale,
            color=colours[name], label=name,
        )  # fmt: skip
    both = np.concatenate([np.zeros(0), *(pair.ravel() for pair in shown.reliability.values())])
    both = both[both > 0]
    if len(both):
        ends = (float(both.min()) / 1.5, float(both.max()) * 1.5)
        axes.plot(ends, ends, color=sheet.theme.muted, linestyle=":", linewidth=1.2 * sheet.scale, zorder=1)
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda v, _: format_usd(v)))
            axis.set_minor_formatter(NullFormatter())
    _titles(axes, "realised by decile of the prediction", "mean predicted per hour and position", sheet)
    _legend(axes, sheet)


def _draw_skill(axes: Axes, shown: ScorePicture, sheet: Sheet) -> None:
    at = np.arange(len(shown.depth_labels))
    colours = _colours(sheet, list(shown.skill))
    for i, (name, (gain, low, high)) in enumerate(shown.skill.items()):
        place = at + (i - (len(shown.skill) - 1) / 2) * 0.22
        axes.errorbar(
            place, gain, yerr=np.stack([gain - low, high - gain]), fmt="os"[i % 2], color=colours[name],
            markersize=5 * sheet.scale, elinewidth=1.4 * sheet.scale, label=name,
        )  # fmt: skip
    axes.axhline(0.0, color=sheet.theme.muted, linewidth=1.0 * sheet.scale)
    axes.set_xticks(at, shown.depth_labels)
    _titles(
        axes,
        "gain by depth [nats per hour and position]",
        "how far the hour went against the position",
        sheet,
    )
    _legend(axes, sheet)


def _draw_level(axes: Axes, shown: ScorePicture, sheet: Sheet) -> None:
    time = days(shown.moments_ns)
    axes.plot(time, shown.level, color=sheet.theme.price, linewidth=1.0 * sheet.scale)
    axes.axhline(1.0, color=sheet.theme.muted, linestyle=":", linewidth=1.2 * sheet.scale)
    if len(time) > 1:
        axes.set_xlim(float(time[0]), float(time[-1]))
        draw_time_axis(axes, UTC, sheet)
    axes.set_title(
        "level: factor on the weights, from past prints", loc="left", color=sheet.theme.text,
        fontsize=sheet.points(10), pad=6 * sheet.scale,
    )  # fmt: skip
