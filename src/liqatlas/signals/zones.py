"""Zones of a density over price: where there is more than around.

Mass inside a bin is spread evenly in log price and put on a grid that is anchored at the price, so that other bins or shifted
bins give nearly the same zones. With ``f`` the density smoothed by a Gaussian of width s and ``b`` the same by a wider one,

    excess(x) = f(x) - b(x)

A zone is a local maximum of the excess that stands at least ``least_excess`` · b high; it ends where the excess has fallen to
``band_height`` of its maximum. Zones nearer to each other than ``merge_smoothings`` · s become one. A flat density has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.signals.settings import ClusterRules

#: Cells of the analysis grid in one smoothing.
CELLS = 8
#: One percent of price [log price].
LOG_PERCENT = float(np.log(1.01))


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of prices ``[price_low, price_high)`` with more mass than around.

    Attributes
    ----------
    peak_price
        Where the smoothed excess is largest [quote].
    mass
        Mass inside, unsmoothed [unit of the input].
    density
        Smoothed mass per one percent of price at the peak.
    excess
        Share of the background that the peak stands above it.
    """

    price_low: float
    price_high: float
    peak_price: float
    mass: float
    density: float
    excess: float


def mass_between(
    edges: NDArray[np.float64],
    mass: NDArray[np.float64],
    low: NDArray[np.float64] | float,
    high: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Return the mass between prices, bins counted in proportion to the log-price part inside."""
    running = np.concatenate(([0.0], np.cumsum(mass)))
    at = np.log(edges)
    return np.asarray(np.interp(np.log(high), at, running) - np.interp(np.log(low), at, running))


def find_zones(
    edges: NDArray[np.float64],
    mass: NDArray[np.float64],
    *,
    anchor: float,
    smoothing: float,
    rules: ClusterRules,
) -> list[Zone]:
    """Return the zones of a density, lowest price first.

    Parameters
    ----------
    edges
        float64 ``(B + 1,)``, ascending, > 0 [quote].
    mass
        float64 ``(B,)``, >= 0.
    anchor
        Price at which the analysis grid is anchored [quote].
    smoothing
        Width s of the smoothing [log price].
    """
    total = float(mass.sum())
    if not total > 0:
        return []
    grid = _grid(edges, mass, anchor, smoothing, rules.reach)
    cells = np.diff(np.interp(grid, np.log(edges / anchor), np.concatenate(([0.0], np.cumsum(mass)))))
    fine = gaussian_filter1d(cells, CELLS, mode="constant")
    background = gaussian_filter1d(cells, CELLS * rules.background_smoothings, mode="constant")
    excess = fine - background
    bands = _merged(_bands(excess, fine, background, rules), round(rules.merge_smoothings * CELLS))
    out = []
    for first, last in bands:
        peak = first + int(np.argmax(excess[first:last]))
        low, high = (float(anchor * np.exp(grid[i])) for i in (first, last))
        inside = float(mass_between(edges, mass, low, high))
        if inside < rules.least_side_share * total:
            continue
        centre = _parabola_top(excess, peak)
        place = float(anchor * np.exp(grid[0] + (centre + 0.5) * (smoothing / CELLS)))
        per_percent = float(fine[peak]) / (smoothing / CELLS) * LOG_PERCENT
        out.append(
            Zone(low, high, place, inside, per_percent, float(excess[peak] / max(background[peak], 1e-300)))
        )
    heaviest = sorted(out, key=lambda z: -z.mass)[: rules.most_each_side]
    return sorted(heaviest, key=lambda z: z.price_low)


def _grid(
    edges: NDArray[np.float64], mass: NDArray[np.float64], anchor: float, smoothing: float, reach: float
) -> NDArray[np.float64]:
    """Return cell edges in log price relative to the anchor, wide enough for the mass within reach and its smoothing."""
    step = smoothing / CELLS
    held = np.flatnonzero(mass > 0)
    low = max(np.log(edges[held[0]] / anchor), -reach)
    high = min(np.log(edges[held[-1] + 1] / anchor), reach)
    margin = 4 * CELLS
    first, last = int(np.floor(low / step)) - margin, int(np.ceil(high / step)) + margin
    return np.asarray(np.arange(first, max(last, first + 2 * margin) + 1) * step, dtype=np.float64)


def _bands(
    excess: NDArray[np.float64],
    fine: NDArray[np.float64],
    background: NDArray[np.float64],
    rules: ClusterRules,
) -> list[tuple[int, int]]:
    """Return cell ranges around the local maxima that stand high enough, lowest first."""
    rising = np.diff(excess) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
    floor = 1e-9 * float(fine.max())
    bands = []
    for peak in peaks:
        if excess[peak] < rules.least_excess * background[peak] or excess[peak] <= floor:
            continue
        below = excess < rules.band_height * excess[peak]
        left, right = np.flatnonzero(below[:peak]), np.flatnonzero(below[peak:])
        first = int(left[-1]) + 1 if len(left) else 0
        last = peak + int(right[0]) if len(right) else len(excess)
        bands.append((first, int(last)))
    return bands


def _merged(bands: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Return bands joined where they overlap or lie nearer than a gap [cells]."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(bands):
        if out and first - out[-1][1] < gap:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def _parabola_top(values: NDArray[np.float64], peak: int) -> float:
    """Return the place of the maximum between cells, by the parabola through three of them."""
    if not 0 < peak < len(values) - 1:
        return float(peak)
    left, top, right = (float(v) for v in values[peak - 1 : peak + 2])
    curve = left - 2 * top + right
    return peak + (0.5 * (left - right) / curve if curve < 0 else 0.0)
