"""Walking venue ``v``'s book: depth at a distance and back; ``depth`` holds a row per venue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.jit import inline

if TYPE_CHECKING:
    import numpy as np


@inline
def depth_to(distance: float, at: np.ndarray, depth: np.ndarray, v: int) -> float:
    """Return cumulative depth up to a distance [USD]; linear between points, the last slope goes on."""
    n = len(at)
    low, high = 0, n - 1
    if distance <= 0.0:
        return 0.0
    while high - low > 1:
        middle = (low + high) // 2
        if at[middle] <= distance:
            low = middle
        else:
            high = middle
    return depth[v, low] + (depth[v, high] - depth[v, low]) / (at[high] - at[low]) * (distance - at[low])


@inline
def distance_of(usd: float, at: np.ndarray, depth: np.ndarray, v: int) -> float:
    """Return how far an order goes [log distance]: the least distance whose depth holds it, at most the table's end."""
    n = len(at)
    low, high = 0, n - 1
    if usd <= 0.0:
        return 0.0
    if usd >= depth[v, n - 1]:
        return at[n - 1]
    while high - low > 1:
        middle = (low + high) // 2
        if depth[v, middle] < usd:
            low = middle
        else:
            high = middle
    return at[low] + (at[high] - at[low]) / (depth[v, high] - depth[v, low]) * (usd - depth[v, low])
