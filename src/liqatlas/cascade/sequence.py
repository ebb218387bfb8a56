"""Which levels a cascade meets first, and how often it gets that far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.cascade.ladder import Ladder

#: Clusters named at most, and how far apart they are at least [log distance, and as a share of the stretch looked at].
MOST_LEVELS, APART, APART_SHARE = 8, 0.004, 0.06

#: Levels further than this are not named [log distance].
MOST_DISTANCE = 0.35


@dataclass(frozen=True, slots=True)
class Step:
    """One heavy level on the way.

    Attributes
    ----------
    price, usd
        Where it lies [quote] and what its cluster holds [USD].
    share
        Share of runs whose mark reached it.
    band
        The same share among the third of runs with the deepest books and least release, and among the opposite third: what
        is not known about them.
    then_share
        Share of the runs that reached it which also reached the next one; NaN for the last, or where none reached it.
    beyond_usd
        Mean USD liquidated in the runs that reached it; NaN where none did.
    calibrated
        Whether ``share`` and ``then_share`` are recalibrated probabilities, and no longer shares of runs.
    """

    distance: float
    price: float
    usd: float
    share: float
    band: tuple[float, float]
    then_share: float
    beyond_usd: float
    calibrated: bool = False


def heavy_levels(ladder: Ladder, *, furthest: float) -> NDArray[np.int64]:
    """Return the heaviest levels up to a distance, kept apart, outward."""
    total = ladder.fuel.sum(axis=0)
    apart = max(APART, APART_SHARE * furthest)
    chosen: list[int] = []
    for k in np.argsort(-total, kind="stable"):
        if total[k] <= 0 or len(chosen) == MOST_LEVELS:
            break
        if ladder.level[k] <= furthest and all(
            abs(ladder.level[k] - ladder.level[c]) >= apart for c in chosen
        ):
            chosen.append(int(k))
    return np.array(sorted(chosen), dtype=np.int64)


def extremes(fragility: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which runs belong to the sturdiest and to the most fragile third; all of both where they do not differ."""
    low, high = np.quantile(fragility, [1 / 3, 2 / 3])
    if low == high:
        every = np.ones(len(fragility), dtype=bool)
        return every, every
    return fragility <= low, fragility >= high


def share_band(hit: NDArray[np.bool_], fragility: NDArray[np.float64]) -> tuple[float, float]:
    """Return the share of hits in the sturdiest and the most fragile third of runs, lower one first."""
    sturdy, fragile = extremes(fragility)
    both = float(hit[sturdy].mean()), float(hit[fragile].mean())
    return min(both), max(both)


def sequence(
    ladder: Ladder,
    reach: NDArray[np.float64],
    liquidated: NDArray[np.float64],
    fragility: NDArray[np.float64],
    *,
    named: tuple[float, ...] = (),
) -> tuple[Step, ...]:
    """Return heavy levels outward with how often they were reached.

    Parameters
    ----------
    reach, liquidated, fragility
        float64 ``(R,)``: furthest mark [log distance], USD, and release over depth of each run.
    named
        Distances the caller asks about besides [log distance].
    """
    furthest = min(max(float(np.quantile(reach, 0.95)) * 1.5, 0.03), MOST_DISTANCE)
    where = heavy_levels(ladder, furthest=furthest)
    total = ladder.fuel.sum(axis=0)
    points = [
        (float(ladder.level[k]), float(total[np.abs(ladder.level - ladder.level[k]) < APART / 2].sum()))
        for k in where
    ]
    points += [(d, float(total[np.abs(ladder.level - d) < APART / 2].sum())) for d in named if d > 0]
    points.sort()
    hits = [reach >= distance for distance, _ in points]
    steps = []
    for i, (distance, usd) in enumerate(points):
        hit, count = hits[i], int(hits[i].sum())
        steps.append(
            Step(
                distance,
                float(ladder.price_at(distance)),
                usd,
                float(hit.mean()),
                share_band(hit, fragility),
                float(hits[i + 1].sum() / count) if count and i + 1 < len(points) else float("nan"),
                float(liquidated[hit].mean()) if count else float("nan"),
            )
        )
    return tuple(steps)
