"""Walking venue ``v``'s book: depth at a distance and back; ``depth`` and ``slope`` hold a row per venue.

Each search starts where the last one ended (``hint``): a cascade moves the price little from one order to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.jit import bare_inline

if TYPE_CHECKING:
    import numpy as np


@bare_inline
def segment_of_distance(distance: float, at: np.ndarray, hint: int) -> int:
    """Return ``i`` with ``at[i] <= distance < at[i + 1]``, the last segment beyond the end."""
    i = hint
    while i > 0 and at[i] > distance:
        i -= 1
    while i < len(at) - 2 and at[i + 1] <= distance:
        i += 1
    return i


@bare_inline
def segment_of_usd(usd: float, depth: np.ndarray, v: int, hint: int) -> int:
    """Return ``i`` with ``depth[i] < usd <= depth[i + 1]``, the last segment beyond the end."""
    i = hint
    while i > 0 and depth[v, i] >= usd:
        i -= 1
    while i < depth.shape[1] - 2 and depth[v, i + 1] < usd:
        i += 1
    return i


@bare_inline
def depth_to(distance: float, at: np.ndarray, depth: np.ndarray, v: int, hint: int) -> float:
    """Return cumulative depth up to a distance [USD]; linear between points, the last slope goes on."""
    if distance <= 0.0:
        return 0.0
    i = segment_of_distance(distance, at, hint)
    return float(depth[v, i] + (depth[v, i + 1] - depth[v, i]) / (at[i + 1] - at[i]) * (distance - at[i]))


@bare_inline
def distance_of(usd: float, book: tuple[np.ndarray, np.ndarray, np.ndarray], v: int, hint: int) -> float:
    """Return how far an order goes [log distance]: the least distance whose depth holds it, at most the table's end.

    ``book`` is ``(at, depth, slope)``; ``slope`` (V, N - 1) is the distance per USD in each segment: a division for each order
    would cost more than the search.
    """
    at, depth, slope = book
    if usd <= 0.0:
        return 0.0
    last = len(at) - 1
    if usd >= depth[v, last]:
        return float(at[last])
    i = segment_of_usd(usd, depth, v, hint)
    return float(at[i] + slope[v, i] * (usd - depth[v, i]))
