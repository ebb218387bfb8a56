"""Plain twins of the cascade: one event at a time, and closed forms. Imports none of our maths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def run_down(
    levels: Sequence[float], sizes: Sequence[float], order: float, distance_after: Callable[[float], float]
) -> tuple[float, float, int]:
    """Sell ``order``; while the nearest level not yet met has been reached, sell it too.

    Returns (distance reached, forced USD, levels hit); ``distance_after(usd)`` is how far the book goes for an amount.
    """
    sold, hit = order, 0
    reached = distance_after(sold)
    while hit < len(levels) and levels[hit] <= reached:
        sold += sizes[hit]
        hit += 1
        reached = distance_after(sold)
    return reached, sold - order, hit


def needed_by_search(
    levels: Sequence[float],
    sizes: Sequence[float],
    k: int,
    distance_after: Callable[[float], float],
    most: float,
) -> float:
    """Return the smallest order that hits level ``k``, by bisection over whole runs."""
    low, high = 0.0, most
    for _ in range(80):
        middle = (low + high) / 2
        if run_down(levels, sizes, middle, distance_after)[2] > k:
            high = middle
        else:
            low = middle
    return high


def generalised_poisson(n: int, theta: float, r: float) -> float:
    """P(n) = θ (θ + n r)^(n - 1) e^(-θ - n r) / n!."""
    return math.exp(math.log(theta) + (n - 1) * math.log(theta + n * r) - theta - n * r - math.lgamma(n + 1))


def lambert_w(z: float) -> float:
    """Return the principal branch for z >= -1/e by Newton's method from above the branch point."""
    w = math.log1p(z) if z > 0 else z * (1 - z) if z > -0.25 else -1 + math.sqrt(2 * (1 + math.e * z))
    for _ in range(100):
        e = math.exp(w)
        w -= (w * e - z) / (e * (w + 1)) if w != -1 else 0.0
    return w


def exponential_map_reach(order: float, depth: float, density: float, decay: float) -> float:
    """X = a + W(-(ρ/D) e^(-k a)) / k with a = (q + ρ/k) / D."""
    a = (order + density / decay) / depth
    return a + lambert_w(-(density / depth) * math.exp(-decay * a)) / decay
