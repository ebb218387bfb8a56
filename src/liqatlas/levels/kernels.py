"""Compiled kernels that fold level states: flow bars into one, one into the next, hour → day → month → all, and their read-out.

What one state is and how it is touched, closed and placed stands in ``kernels_state``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.jit import kernel
from liqatlas.levels.kernels_state import (
    NOTHING_HIGH,
    NOTHING_LOW,
    Offsets,
    State,
    close,
    closing_factors,
    reset_used,
    spread_all,
    touch,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "NOTHING_HIGH",
    "NOTHING_LOW",
    "Offsets",
    "State",
    "absorb",
    "copy_used",
    "density",
    "fold_bars",
    "fold_calendar",
    "spread_all",
]


@kernel
def fold_bars(
    state: State,
    offsets: Offsets,
    hazard: NDArray[np.float64],
    bars: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    runs: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    bounds: tuple[int, int, int],
    hits: NDArray[np.float64],
) -> None:
    """Apply flow bars in order: close, then each run touches and opens.

    Parameters
    ----------
    bars
        ``(first_run, opens, closed)``: int64 ``(n + 1,)`` index of each bar's first run; float64 ``(n, 2)`` native amount
        opened (long, short); float64 ``(n, 2)`` share of the open interest closed.
    runs
        ``(entry, low, high, qty)``: entry bin (absolute), touched low and high bin, native size; a run with ``qty`` 0 only touches.
    bounds
        ``(start, end, origin)``: bars ``[start, end)``; ``origin`` is the state's first bin.
    hits
        float64 ``(n, 2, K)`` to receive the amount touched per bar (bar 0 is ``start``), or ``(0, 2, K)`` for none.
    """
    first_run, opens, closed = bars
    entry, low, high, qty = runs
    start, end, origin = bounds
    buckets = state.stock.shape[1]
    factors = np.empty((2, buckets + 1))
    inverse = np.empty((2, buckets + 1))
    amounts = np.empty(2)
    unused = np.zeros((2, buckets))
    # Arrays named once: handing the whole state to a function costs more than most runs do.
    pending, unlevered, scale, reach = state.pending, state.unlevered, state.scale, state.reach
    span_low, span_high, first = state.span_low, state.span_high, offsets.first
    for j in range(start, end):
        closing_factors(closed[j], hazard, factors)
        close(state, factors)
        total = 0.0
        for r in range(first_run[j], first_run[j + 1]):
            total += qty[r]
        if total > 0.0:
            for p in range(2):
                for k in range(buckets + 1):
                    inverse[p, k] = 1.0 / scale[p, k]
        hit = hits[j - start] if hits.shape[0] > 0 else unused
        for r in range(first_run[j], first_run[j + 1]):
            if high[r] >= low[r]:
                lowest, highest = low[r] - origin, high[r] - origin
                if lowest <= reach[2] or lowest <= reach[4] or highest >= reach[3] or highest >= reach[5]:
                    touch(state, offsets, lowest, highest, hit)
                else:
                    reach[0] = min(reach[0], lowest)
                    reach[1] = max(reach[1], highest)
            if qty[r] <= 0.0:
                continue
            at = entry[r] - origin
            here = np.int32(at)  # apart and narrow, so that eight fit one instruction
            for p in range(2):
                amounts[p] = qty[r] / total * opens[j, p]
                if amounts[p] <= 0.0:
                    continue
                for k in range(buckets):
                    pending[p, at, k] += amounts[p] * inverse[p, k]
                for k in range(buckets):
                    span_low[p, k] = min(span_low[p, k], here)
                    span_high[p, k] = max(span_high[p, k], here)
                unlevered[p] += amounts[p] * inverse[p, buckets]
            if amounts[0] > 0.0:
                reach[2] = max(reach[2], at - first[0, 0])
            if amounts[1] > 0.0:
                reach[3] = min(reach[3], at + first[1, 0])


@kernel
def absorb(state: State, later: State, offsets: Offsets) -> None:
    """Compose a later segment into the state and clear it: ``state = later ∘ state``."""
    buckets = state.stock.shape[1]
    spread_all(later, offsets)
    unused = np.zeros((2, buckets))
    if later.reach[1] >= later.reach[0]:
        touch(state, offsets, later.reach[0], later.reach[1], unused)
    survival = later.rebased * later.scale
    close(state, survival)
    for p in range(2):
        for k in range(buckets):
            low = later.inner[0, k] if p == 0 else later.outer[1, k]
            high = later.outer[0, k] if p == 0 else later.inner[1, k]
            ratio = later.scale[p, k] / state.scale[p, k]
            for b in range(low, high + 1):
                state.stock[p, k, b] += later.stock[p, k, b] * ratio
        state.unlevered[p] += later.unlevered[p] * (later.scale[p, buckets] / state.scale[p, buckets])
    for k in range(buckets):
        state.outer[0, k] = max(state.outer[0, k], later.outer[0, k])
        state.outer[1, k] = min(state.outer[1, k], later.outer[1, k])
        state.inner[0, k] = min(state.inner[0, k], later.inner[0, k])
        state.inner[1, k] = max(state.inner[1, k], later.inner[1, k])
        state.reach[4] = max(state.reach[4], state.outer[0, k])
        state.reach[5] = min(state.reach[5], state.outer[1, k])
    reset_used(later)


@kernel
def copy_used(target: State, source: State) -> None:
    """Copy a state into a cleared one of the same window, visiting only what is used."""
    for k in range(source.stock.shape[1]):
        for b in range(source.inner[0, k], source.outer[0, k] + 1):
            target.stock[0, k, b] = source.stock[0, k, b]
        for b in range(source.outer[1, k], source.inner[1, k] + 1):
            target.stock[1, k, b] = source.stock[1, k, b]
        for p in range(2):
            for e in range(source.span_low[p, k], source.span_high[p, k] + 1):
                target.pending[p, e, k] = source.pending[p, e, k]
    target.scale[:] = source.scale
    target.rebased[:] = source.rebased
    target.unlevered[:] = source.unlevered
    target.outer[:] = source.outer
    target.inner[:] = source.inner
    target.span_low[:] = source.span_low
    target.span_high[:] = source.span_high
    target.reach[:] = source.reach


@kernel
def density(
    pyramid: tuple[State, State, State, State],
    scratch: State,
    offsets: Offsets,
    weights: NDArray[np.float64],
    out: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Write the weighted levels of the whole pyramid, ``(2, B)``, and its unlevered amount, ``(2,)``, without composing it."""
    levels, unlevered = out
    hour, day, month, everything = pyramid
    buckets = hour.stock.shape[1]
    copy_used(scratch, hour)
    spread_all(scratch, offsets)
    levels[:] = 0.0
    unlevered[:] = 0.0
    kept = np.ones((2, buckets + 1))
    low, high = NOTHING_LOW, NOTHING_HIGH
    for state in (scratch, day, month, everything):
        for p in range(2):
            for k in range(buckets):
                factor = weights[k] * kept[p, k] * state.scale[p, k]
                first = state.inner[0, k] if p == 0 else max(state.outer[1, k], high + 1)
                last = min(state.outer[0, k], low - 1) if p == 0 else state.inner[1, k]
                for b in range(first, last + 1):
                    levels[p, b] += state.stock[p, k, b] * factor
            unlevered[p] += weights[buckets] * kept[p, buckets] * state.scale[p, buckets] * state.unlevered[p]
        kept *= state.rebased * state.scale
        low = min(low, state.reach[0])
        high = max(high, state.reach[1])
    reset_used(scratch)


@kernel
def fold_calendar(
    pyramid: tuple[State, State, State, State],
    offsets: Offsets,
    hazard: NDArray[np.float64],
    bars: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    runs: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    bounds: tuple[int, int, int],
    calendar: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    """Fold bars through the canonical pyramid: bar → hour → day → month → all.

    Parameters
    ----------
    pyramid
        States of the running hour, day, month, and of all completed months.
    calendar
        ``(ids, current)``: int64 ``(n, 3)`` hour, day and month number of each bar; int64 ``(3,)`` those of the running
        states, -1 before the first bar; updated.
    """
    hour, day, month, everything = pyramid
    ids, current = calendar
    start, end, origin = bounds
    none = np.zeros((0, 2, hour.stock.shape[1]))
    j = start
    while j < end:
        if current[0] >= 0 and ids[j, 0] != current[0]:
            absorb(day, hour, offsets)
            if ids[j, 1] != current[1]:
                absorb(month, day, offsets)
                if ids[j, 2] != current[2]:
                    absorb(everything, month, offsets)
        current[:] = ids[j]
        stop = j
        while stop < end and ids[stop, 0] == current[0]:
            stop += 1
        fold_bars(hour, offsets, hazard, bars, runs, (j, stop, origin), none)
        j = stop
