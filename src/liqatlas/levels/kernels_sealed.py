"""Compiled kernels that compose segments as they rest into a level state, without a dense copy in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.jit import inline, kernel
from liqatlas.levels.kernels_state import close, touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.kernels_state import Offsets, State


@inline
def place(
    state: State,
    entries: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int32], NDArray[np.float64]],
    ratio: NDArray[np.float64],
    origin: int,
) -> None:
    """Add entries, sorted by position, bucket and bin, times ``ratio[p, k]`` to the stock and keep the bounds of what may hold stock."""
    position, bucket, where, amount = entries
    buckets, count = state.stock.shape[1], amount.shape[0]
    i = 0
    while i < count:  # one stretch of entries per position and bucket, bins ascending
        p, k = position[i], bucket[i]
        first, factor = where[i] - origin, ratio[p, k]
        row = state.stock[p, k]
        while i < count and position[i] == p and bucket[i] == k:
            row[where[i] - origin] += amount[i] * factor
            i += 1
        last = where[i - 1] - origin
        if p == 0:
            state.outer[0, k] = max(state.outer[0, k], last)
            state.inner[0, k] = min(state.inner[0, k], first)
        else:
            state.outer[1, k] = min(state.outer[1, k], first)
            state.inner[1, k] = max(state.inner[1, k], last)
    for k in range(buckets):
        state.reach[4] = max(state.reach[4], state.outer[0, k])
        state.reach[5] = min(state.reach[5], state.outer[1, k])


@kernel
def absorb_sealed(
    state: State,
    offsets: Offsets,
    condensed: tuple[NDArray[np.float64], tuple[int, int]],
    entries: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int32], NDArray[np.float64]],
    origin: int,
) -> None:
    """Compose a later segment as it rests into the state, with the bits of ``kernels.absorb``.

    Parameters
    ----------
    condensed
        ``(factors, touched)``: float64 ``(3, 2, K + 1)``, see ``sealed.SealedSegment``; lowest and highest absolute bin touched,
        low above high where nothing was.
    entries
        ``(position, bucket, bin, amount)``, bins absolute.
    """
    factors, touched = condensed
    buckets = state.stock.shape[1]
    if touched[1] >= touched[0]:
        touch(state, offsets, touched[0] - origin, touched[1] - origin, np.zeros((2, buckets)))
    close(state, factors[0] * factors[1])
    ratio = factors[1] / state.scale
    place(state, entries, ratio, origin)
    for p in range(2):
        state.unlevered[p] += factors[2, p, 0] * ratio[p, buckets]


@kernel
def load_sealed(
    state: State,
    factors: NDArray[np.float64],
    touched: tuple[int, int],
    entries: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int32], NDArray[np.float64]],
    origin: int,
) -> None:
    """Make a cleared state what it was when it was sealed, its window holding all entries."""
    state.rebased[:] = factors[0]
    state.scale[:] = factors[1]
    state.unlevered[:] = factors[2, :, 0]
    if touched[1] >= touched[0]:
        state.reach[0] = touched[0] - origin
        state.reach[1] = touched[1] - origin
    place(state, entries, np.ones(factors.shape[1:]), origin)
