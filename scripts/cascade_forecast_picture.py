"""Draw what `calibrate_cascade.py` found: reliability, skill with intervals, and the forecasts around the worst hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter, date2num
from matplotlib.figure import Figure

from liqatlas.base.clock import HOUR_NS, isoformat, to_datetime

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

COLOURS = {"long": "#c0392b", "short": "#1f7a4d"}
BASELINES = (
    ("over_climatology", "base rate"),
    ("over_logistic", "logistic, vol + OI"),
    ("over_no_map", "same without map"),
)


def draw(target: Path, world: Any, made: list[Any], judged: dict[tuple[int, int], dict[str, Any]]) -> None:
    """Write the picture of one world: the first horizon's reliability and skill, and its worst hour."""
    figure = Figure(figsize=(15, 5.2))
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    _reliability(left, judged)
    _skill(middle, made, judged)
    _worst(right, world, made[0], judged[0, 0])
    span = [isoformat(int(world.market.start_ns[judged[0, 0]["unseen"][i]]))[:10] for i in (0, -1)]
    figure.suptitle(
        f"{world.market.key}, {world.name}: forecasts frozen at each hour, unseen hours {span[0]} to {span[1]}"
    )
    figure.tight_layout()
    figure.savefig(target, dpi=90)


def _reliability(axes: Axes, judged: dict[tuple[int, int], dict[str, Any]]) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for p, name in enumerate(("long", "short")):
        verdict = judged[0, p]["verdicts"][judged[0, p]["asked"][1]]
        bins = np.array(verdict.reliability)
        spread = 1.96 * np.sqrt(np.maximum(bins[:, 1] * (1 - bins[:, 1]), 1e-3) / bins[:, 2])
        axes.errorbar(
            bins[:, 0],
            bins[:, 1],
            yerr=spread,
            fmt="o-",
            color=COLOURS[name],
            capsize=2,
            label=f"{verdict.event}, 1 h",
        )
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="forecast",
        ylabel="how often it came",
        title="reliability (bars: 95 %, hours as if independent)",
    )
    axes.legend(loc="upper left", fontsize=8, frameon=False)


def _skill(axes: Axes, made: list[Any], judged: dict[tuple[int, int], dict[str, Any]]) -> None:
    marks, labels = ("o", "s", "^"), []
    row = 0
    for (i, p), found in judged.items():
        verdict = found["verdicts"][found["asked"][1]]
        for (name, words), mark in zip(BASELINES, marks, strict=True):
            skill = getattr(verdict, name)
            if skill is not None:
                axes.errorbar(
                    skill[0], row, xerr=[[skill[0] - skill[1]], [skill[2] - skill[0]]], fmt=mark, color=COLOURS[("long", "short")[p]], capsize=2
                )  # fmt: skip
                labels.append((row, f"{('longs', 'shorts')[p]} {made[i].horizon_h} h over {words}"))
                row += 1
        row += 1
    axes.axvline(0, color="#999999", linewidth=1)
    axes.set_yticks([r for r, _ in labels], [w for _, w in labels], fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="Brier skill, 95 % over days", title="skill on the main event")


def _worst(axes: Axes, world: Any, one: Any, found: dict[str, Any]) -> None:
    """Draw forecasts and amounts in the day and a half around the hour with the most liquidated longs."""
    starts, unseen = world.market.start_ns, found["unseen"]
    worst = starts[unseen[np.argmax(one.liquidated[unseen, 0])]]
    rows = np.flatnonzero((starts >= worst - 18 * HOUR_NS) & (starts <= worst + 12 * HOUR_NS))
    when = date2num([to_datetime(int(t)) for t in starts[rows]])  # type: ignore[no-untyped-call]
    axes.bar(
        when,
        one.liquidated[rows, 0] / 1e6,
        width=0.03,
        color="#d9d9d9",
        label="longs liquidated in the hour [M USD]",
    )
    axes.set_ylabel("M USD")
    twin = axes.twinx()
    for k, colour in ((1, "#e67e22"), (2, "#8e44ad")):
        key = found["asked"][k]
        twin.plot(
            when,
            found["told"][key]["ours"][rows],
            "o-",
            markersize=3,
            color=colour,
            label=f"P(over {key[1] / 1e6:.1f}M), said before the hour",
        )
    twin.set_ylim(0, 1.35)
    twin.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.set_ylim(0, 1.35 * float(one.liquidated[rows, 0].max()) / 1e6)
    axes.xaxis.set_major_formatter(DateFormatter("%d. %Hh"))  # type: ignore[no-untyped-call]
    lines, names = axes.get_legend_handles_labels()
    more, others = twin.get_legend_handles_labels()
    axes.legend(lines + more, names + others, loc="upper left", fontsize=8, frameon=False)
    axes.set_title(f"the worst hour, {isoformat(int(worst))[:16]}")
