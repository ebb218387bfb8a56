"""Segment: what a stretch of history does to the levels, as a value that composes.

    Segment = (touched low, touched high, survival[position, bucket], inflow[position, bucket, bin])

``earlier.then(later)`` applies ``earlier`` first. Composition is associative (to rounding) with :func:`identity`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Touched low and high of a segment in which nothing was touched.
UNTOUCHED = (1 << 40, -(1 << 40))


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of one instrument's history with unit weight per bucket.

    Attributes
    ----------
    low, high
        Lowest and highest bin the mark touched (absolute bins of the grid).
    survival
        float64 ``(2, K + 1)``: share of earlier amounts that voluntary closing leaves; index ``K`` is the unlevered share.
    origin
        Bin of ``inflow[..., 0]``.
    inflow
        float64 ``(2, K, B)``: opened inside and still open at the end, by level bin [native]; position 0 is long.
    unlevered
        float64 ``(2,)``: opened inside and still open, had it no reachable level [native].
    """

    low: int
    high: int
    survival: NDArray[np.float64]
    origin: int
    inflow: NDArray[np.float64]
    unlevered: NDArray[np.float64]

    def __post_init__(self) -> None:
        buckets = self.inflow.shape[1]
        if self.inflow.ndim != 3 or self.survival.shape != (2, buckets + 1) or self.unlevered.shape != (2,):
            raise ValueError(
                f"segment arrays do not fit: inflow {self.inflow.shape}, survival {self.survival.shape}, unlevered {self.unlevered.shape}"
            )

    @property
    def end(self) -> int:
        """One past the last bin of ``inflow``."""
        return self.origin + int(self.inflow.shape[2])

    def then(self, later: Segment) -> Segment:
        """Return this stretch followed by a later one."""
        origin = min(self.origin, later.origin) if self.inflow.size else later.origin
        end = max(self.end, later.end) if later.inflow.size else self.end
        inflow = self.window(origin, end)
        bins = np.arange(origin, end)
        inflow[0][:, bins >= later.low] = 0.0
        inflow[1][:, bins <= later.high] = 0.0
        inflow *= later.survival[:, :-1, None]
        inflow[:, :, later.origin - origin : later.end - origin] += later.inflow
        return Segment(
            min(self.low, later.low),
            max(self.high, later.high),
            self.survival * later.survival,
            origin,
            inflow,
            self.unlevered * later.survival[:, -1] + later.unlevered,
        )

    def window(self, origin: int, end: int) -> NDArray[np.float64]:
        """Return a copy of the inflow on bins ``[origin, end)``, which must cover all that holds mass."""
        out = np.zeros((2, self.inflow.shape[1], max(end - origin, 0)))
        low, high = max(origin, self.origin), min(end, self.end)
        if high > low:
            out[:, :, low - origin : high - origin] = self.inflow[
                :, :, low - self.origin : high - self.origin
            ]
        return out

    def trimmed(self) -> Segment:
        """Return the same segment on the smallest window that holds its mass."""
        held = np.flatnonzero(self.inflow.any(axis=(0, 1)))
        low, high = (int(held[0]), int(held[-1]) + 1) if len(held) else (0, 0)
        return Segment(
            self.low,
            self.high,
            self.survival,
            self.origin + low,
            np.ascontiguousarray(self.inflow[:, :, low:high]),
            self.unlevered,
        )


def identity(buckets: int) -> Segment:
    """Return the segment that changes nothing."""
    return Segment(*UNTOUCHED, np.ones((2, buckets + 1)), 0, np.zeros((2, buckets, 0)), np.zeros(2))
