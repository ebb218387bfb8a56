"""Intervals for means of dependent rows: whole blocks (days, weeks) are drawn with replacement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its bootstrap interval."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def block_mean(
    value: NDArray[np.float64],
    block: NDArray[np.int64],
    *,
    draws: int = 4000,
    coverage: float = 0.95,
    seed: int = 1,
) -> Interval:
    """Return the mean of the rows and the percentile interval over resampled blocks.

    Paired differences of two models keep their pairing: pass the difference per row. Blocks of unequal size keep their
    weight (ratio of sums). Rows with NaN are left out.

    Parameters
    ----------
    value
        float64, any shape.
    block
        int64, broadcastable to ``value``: number of the block of each row.
    draws, coverage, seed
        Number of resamples, mass of the interval, seed of the generator.

    Raises
    ------
    NotEnoughDataError
        If fewer than two blocks hold a known value: one block says nothing about the spread.
    """
    if not (0 < coverage < 1) or draws < 1:
        raise InputError(f"coverage {coverage} must lie in (0, 1) and draws {draws} be positive")
    blocks = np.broadcast_to(block, value.shape)
    known = np.isfinite(value)
    names, index = np.unique(blocks[known], return_inverse=True)
    if len(names) < 2:
        raise NotEnoughDataError(f"{len(names)} block(s) of known values: an interval needs at least two")
    sums = np.bincount(index, weights=value[known])
    rows = np.bincount(index).astype(np.float64)
    pick = np.random.default_rng(seed).integers(0, len(names), size=(draws, len(names)))
    means = sums[pick].sum(axis=1) / rows[pick].sum(axis=1)
    tail = (1 - coverage) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(value[known].mean()), float(low), float(high))
