r"""Distance buckets: how far from its entry a position is liquidated, and how that spreads over log-price bins.

A position opened in bin ``e`` whose distance lies in bucket ``k`` has its level in bin ``e - d`` (long) or ``e + d`` (short).
Inside a bucket the distance is spread evenly in log price, entries stand in the middle of their bin, so offset ``d`` takes

    weight(d) = |[x_low, x_high] ∩ [d - 1/2, d + 1/2]| / (x_high - x_low),    x = ∓log(1 ∓ δ) / step

which is constant between the first and the last offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid

LONG, SHORT = 0, 1


@dataclass(frozen=True, slots=True)
class BucketOffsets:
    """Offsets and weights of every (position, bucket), ready for the kernels.

    Attributes
    ----------
    first, last
        int64, shape ``(2, K)``: smallest and largest offset in bins, both ≥ 1.
    weight_first, weight_middle, weight_last
        float64, shape ``(2, K)``: share of the bucket at the first offset, at each offset between, at the last one.
    distance
        float64, shape ``(2, K, 2)``: the distances actually used, after the leverage cap.
    active
        bool, shape ``(K,)``: false where the leverage cap forbids the whole bucket.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    weight_first: NDArray[np.float64]
    weight_middle: NDArray[np.float64]
    weight_last: NDArray[np.float64]
    distance: NDArray[np.float64]
    active: NDArray[np.bool_]

    @property
    def reach(self) -> int:
        """The largest offset of all [bins]."""
        return int(self.last.max())


def bucket_offsets(
    edges: NDArray[np.float64], grid: LogGrid, minimum_distance: tuple[float, float] = (0.0, 0.0)
) -> BucketOffsets:
    """Return where each bucket's levels stand relative to the entry bin.

    Parameters
    ----------
    edges
        float64, shape ``(K + 1,)``, ascending: bucket edges of the distance ``|LP/E - 1|``, in (0, 1).
    grid
        The log-price grid.
    minimum_distance
        Nearest possible distance of a (long, short) under the venue's leverage cap; buckets are cut there.

    Raises
    ------
    InputError
        If the edges do not ascend inside (0, 1), if the nearest is under half a bin, or the cap forbids every bucket.
    """
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0) or edges[0] <= 0 or edges[-1] >= 1:
        raise InputError(f"bucket edges must ascend inside (0, 1); got {edges.tolist()}")
    count = len(edges) - 1
    low = np.maximum(edges[:-1], np.array(minimum_distance)[:, None])
    high = np.broadcast_to(edges[1:], (2, count))
    open_buckets = low < high * (1 - 1e-9)
    active = open_buckets.all(axis=0)
    if not active.any():
        raise InputError(f"minimum distance {minimum_distance} leaves no bucket of edges up to {edges[-1]}")
    low = np.where(active, low, edges[:-1])
    near = np.stack((-np.log1p(-low[LONG]), np.log1p(low[SHORT]))) / grid.step
    far = np.stack((-np.log1p(-high[LONG]), np.log1p(high[SHORT]))) / grid.step
    first = np.ceil(near - 0.5).astype(np.int64)
    last = np.ceil(far - 0.5).astype(np.int64)
    if first.min() < 1:
        raise InputError(
            f"nearest bucket edge {edges[0]:.4%} is under half a bin of {grid.step:.4%}: use a finer grid"
        )
    width = far - near
    alone = first == last
    weight_first = np.where(alone, 1.0, (first + 0.5 - near) / width)
    weight_last = np.where(alone, 0.0, (far - last + 0.5) / width)
    return BucketOffsets(
        first, last, weight_first, 1.0 / width, weight_last, np.stack((low, high), axis=-1), active
    )


def bucket_middle(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the geometric middle distance of each bucket, shape ``(K,)``."""
    return np.asarray(np.sqrt(edges[:-1] * edges[1:]))
