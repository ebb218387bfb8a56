"""The secondary tables of an evaluation, and its picture."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from liqatlas.evaluate.evaluation import DEPTHS
from liqatlas.evaluate.hours import SCORE_UNIT_USD

if TYPE_CHECKING:
    from liqatlas.evaluate.evaluation import Scores
    from liqatlas.flows.evaluate import EvaluationReport


def depth_labels() -> tuple[str, ...]:
    """Return the stretches of depth in words."""
    ends = [f"{low * 100:g}-{high * 100:g} %" for low, high in pairwise(DEPTHS)]
    ends[-1] = f"over {DEPTHS[-2] * 100:g} %"
    return tuple(ends)


def secondary_rows(scores: tuple[Scores, ...]) -> list[str]:
    """Return rows of the table of predictions: AUC, S-test, what intervals hold."""
    rows: list[tuple[str, list[float], str]] = [
        ("AUC (secondary)", [s.auc for s in scores], ".3f"),
        ("S-test quantile (below 0.025 fails)", [s.spatial_quantile for s in scores], ".3f"),
        ("inside the 50 % interval", [s.coverage_50 for s in scores], ".0%"),
        ("inside the 90 % interval", [s.coverage_90 for s in scores], ".0%"),
    ]
    return [
        f"| {name} | " + " | ".join("n/a" if math.isnan(v) else format(v, form) for v in values) + " |"
        for name, values, form in rows
    ]


def depth_table(report: EvaluationReport) -> list[str]:
    """Return the gain by how far the hour went against the position."""
    scores = report.evaluation.scores
    lines = [
        "| the hour went against the position by | " + " | ".join(depth_labels()) + " |",
        "|---|" + "---|" * (len(DEPTHS) - 1),
    ]
    for s in scores:
        for baseline, gains in s.by_depth.items():
            cells = ["n/a" if g is None else str(g.per_row) for g in gains]
            lines.append(f"| {s.name} over {baseline} | " + " | ".join(cells) + " |")
    return lines


def horizon_table(report: EvaluationReport) -> list[str]:
    """Return the scores of the frozen map over several hours; nothing where the data do not carry them."""
    if not report.horizons:
        return []
    names = list(dict.fromkeys(name for h in report.horizons for name in h.gains))
    lines = [
        "| frozen, horizon | rows | "
        + " | ".join(f"over {n}" for n in names)
        + " | rank-IC | predicted / realised |",
        "|---|---|" + "---|" * (len(names) + 2),
    ]
    for h in report.horizons:
        cells = [str(h.gains[n].per_row) if n in h.gains else "n/a" for n in names]
        lines.append(
            f"| {h.hours} h | {h.rows:,} | "
            + " | ".join(cells)
            + f" | {h.rank_ic:.3f} | {h.predicted_over_realised:.2f} |"
        )
    return lines


def evaluation_picture(
    report: EvaluationReport, form: Literal["png", "svg"], *, theme: Literal["dark", "light"] = "light"
) -> bytes:
    """Return the picture of an evaluation: reliability, skill by depth, level over time."""
    from liqatlas.plot.score_picture import ScorePicture, score_figure

    scores = report.evaluation.scores
    reliability: dict[str, Any] = {
        s.name: np.array([[b.predicted, b.realised] for b in s.reliability]).T * SCORE_UNIT_USD
        for s in scores
        if s.reliability
    }
    first = scores[0]
    skill: dict[str, Any] = {
        f"{first.name} over {name}": np.array(
            [[math.nan] * 3 if g is None else [g.per_row.mean, g.per_row.low, g.per_row.high] for g in gains]
        ).T
        for name, gains in first.by_depth.items()
    }
    shown = ScorePicture(
        headline=f"{report.asset}: how good is the map",
        about=f"{report.instrument} · prints: {report.prints_scope} · fitted {report.train[0][:10]} to {report.train[1][:10]}, "
        f"tested {report.test[0][:10]} to {report.test[1][:10]}",
        warnings=(),
        reliability=reliability,
        depth_labels=depth_labels(),
        skill=skill,
        moments_ns=report.level[0],
        level=report.level[1],
        simulated=report.instrument.startswith("simulated"),
    )
    return score_figure(shown, theme=theme).to_bytes(form)
