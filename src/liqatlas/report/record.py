"""How the probabilities of earlier reports held: every level they named, a day later."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.clock import HOUR_NS, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Edges of the classes that stated probabilities are counted in.
CLASSES = (0.0, 0.05, 0.2, 0.5, 1.0)


def track_record(
    past: Sequence[Mapping[str, Any]], bars: pl.DataFrame, *, now_ns: int
) -> dict[str, Any] | None:
    """Return stated against seen touches of the levels of earlier reports, or None where none can be judged yet.

    A level counts where the whole horizon of its report lies before now and inside the bars; it was touched where an hour of that
    horizon reached its peak. Levels of one report depend on each other, and reports closer than the horizon overlap: the counts say
    how the sums compare, not how sure that is.

    Parameters
    ----------
    past
        Trees of earlier reports of the same asset.
    bars
        Hourly ``ts_open_ns, high, low`` of the reference price.
    """
    stated: list[float] = []
    seen: list[bool] = []
    judged: list[str] = []
    for tree in past:
        start, levels = parse_time(str(tree["as_of"])), tree["key_levels"]
        end = start + round(levels["priority_horizon_h"] * HOUR_NS)
        inside = bars.filter((pl.col("ts_open_ns") >= start) & (pl.col("ts_open_ns") + HOUR_NS <= end))
        if end > now_ns or inside.height < levels["priority_horizon_h"] / 2:
            continue
        judged.append(str(tree["as_of"]))
        low, high = float(inside["low"].to_numpy().min()), float(inside["high"].to_numpy().max())
        for level in (*levels["above"], *levels["below"]):
            stated.append(float(level["touch_probability"]))
            at = level["peak_price"]
            seen.append(low <= at if level["position"] == "long" else high >= at)
    if not stated:
        return None
    return {
        "reports": len(judged), "first": min(judged), "last": max(judged), "levels": len(stated), "expected": sum(stated), "touched": sum(seen),
        "classes": _classes(stated, seen),
    }  # fmt: skip


def _classes(stated: Sequence[float], seen: Sequence[bool]) -> list[dict[str, Any]]:
    """Return the counts by class of the stated probability; classes without a level are left out."""
    out = []
    for low, high in pairwise(CLASSES):
        inside = [(p, s) for p, s in zip(stated, seen, strict=True) if low <= p < high or p == high == 1.0]
        if inside:
            out.append(
                {"stated_from": low, "stated_to": high, "levels": len(inside), "expected": sum(p for p, _ in inside), "touched": sum(s for _, s in inside)}
            )  # fmt: skip
    return out
