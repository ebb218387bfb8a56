"""Compiled kernels of one level state: place what opened, touch, close.

The state is kept lazily, so that a bar costs only what it touches:

* ``stock[p, k, b] * scale[p, k]`` is the amount with its level in bin ``b``;
* ``pending[p, e, k] * scale[p, k]`` is the amount opened in entry bin ``e`` whose level is not yet placed. A bucket is placed
  ("spread") when a touch could reach one of its levels, or when the state is read: until then it cannot lose anything;
* closing multiplies ``scale`` alone.

Position 0 is long, 1 is short. Bins are relative to the state's window. Sums only ever add non-negative numbers, so that an
emptied bin is exactly zero and no mass is created by rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from liqatlas.base.jit import inline, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING_LOW = 1 << 40
NOTHING_HIGH = -(1 << 40)
_REBASE_BELOW = 1e-120


class State(NamedTuple):
    """Arrays of one level state; ``K`` buckets, ``B`` bins, index ``K`` of ``scale`` is the unlevered share."""

    stock: NDArray[np.float64]  # (2, K, B)
    pending: NDArray[np.float64]  # (2, B, K)
    scale: NDArray[np.float64]  # (2, K + 1)
    rebased: NDArray[np.float64]  # (2, K + 1): closing factors taken out of scale; survival = rebased * scale
    unlevered: NDArray[np.float64]  # (2,), in units of scale[:, K]
    outer: NDArray[
        np.int64
    ]  # (2, K): highest long level, lowest short level that may hold stock; -1 / B when none
    inner: NDArray[
        np.int64
    ]  # (2, K): lowest long level, highest short level that may hold stock; B / -1 when none
    span_low: NDArray[np.int32]  # (2, K): lowest entry bin in pending; B when none
    span_high: NDArray[np.int32]  # (2, K): highest entry bin in pending; -1 when none
    reach: NDArray[
        np.int64
    ]  # (6,): touched low, high; spread long at or below, short at or above; outermost long, short


class Offsets(NamedTuple):
    """Where each bucket's levels stand relative to the entry bin, nearest bucket first; see ``buckets.BucketOffsets``."""

    first: NDArray[np.int64]  # (2, K)
    last: NDArray[np.int64]
    weight_first: NDArray[np.float64]
    weight_middle: NDArray[np.float64]
    weight_last: NDArray[np.float64]


@kernel
def reset_used(state: State) -> None:
    """Clear a state by visiting only what it used."""
    buckets, bins = state.stock.shape[1], state.stock.shape[2]
    for k in range(buckets):
        for b in range(state.inner[0, k], state.outer[0, k] + 1):
            state.stock[0, k, b] = 0.0
        for b in range(state.outer[1, k], state.inner[1, k] + 1):
            state.stock[1, k, b] = 0.0
        for p in range(2):
            for e in range(state.span_low[p, k], state.span_high[p, k] + 1):
                state.pending[p, e, k] = 0.0
        state.outer[0, k] = -1
        state.outer[1, k] = bins
        state.inner[0, k] = bins
        state.inner[1, k] = -1
        state.span_low[:, k] = bins
        state.span_high[:, k] = -1
    state.scale[:] = 1.0
    state.rebased[:] = 1.0
    state.unlevered[:] = 0.0
    state.reach[0] = NOTHING_LOW
    state.reach[1] = NOTHING_HIGH
    state.reach[2] = NOTHING_HIGH
    state.reach[3] = NOTHING_LOW
    state.reach[4] = -1
    state.reach[5] = bins


@kernel
def _spread(state: State, offsets: Offsets, p: int, k: int) -> None:
    """Place a bucket's pending amounts on their level bins."""
    low, high = state.span_low[p, k], state.span_high[p, k]
    if high < low:
        return
    bins = state.stock.shape[2]
    first, last = offsets.first[p, k], offsets.last[p, k]
    w_first, w_mid, w_last = (
        offsets.weight_first[p, k],
        offsets.weight_middle[p, k],
        offsets.weight_last[p, k],
    )
    sign = -1 if p == 0 else 1
    count, width = high - low + 1, last - first + 1
    if count * width <= 4 * (count + width) or last - first - 1 < count:
        for e in range(low, high + 1):
            amount = state.pending[p, e, k]
            if amount == 0.0:
                continue
            state.stock[p, k, e + sign * first] += amount * w_first
            for d in range(first + 1, last):
                state.stock[p, k, e + sign * d] += amount * w_mid
            if last > first:
                state.stock[p, k, e + sign * last] += amount * w_last
    else:  # the middle window covers one end of the entries, so running sums from that end serve
        upto = np.empty(count)
        beyond = np.empty(count)
        total = 0.0
        for i in range(count):
            total += state.pending[p, low + i, k]
            upto[i] = total
        total = 0.0
        for i in range(count - 1, -1, -1):
            total += state.pending[p, low + i, k]
            beyond[i] = total
        for e in range(low, high + 1):
            amount = state.pending[p, e, k]
            state.stock[p, k, e + sign * first] += amount * w_first
            state.stock[p, k, e + sign * last] += amount * w_last
        level_low = low - last + 1 if p == 0 else low + first + 1
        level_high = high - first - 1 if p == 0 else high + last - 1
        for b in range(level_low, level_high + 1):
            e_low = b + first + 1 if p == 0 else b - last + 1
            e_high = b + last - 1 if p == 0 else b - first - 1
            part = upto[min(e_high, high) - low] if e_low <= low else beyond[e_low - low]
            state.stock[p, k, b] += part * w_mid
    for e in range(low, high + 1):
        state.pending[p, e, k] = 0.0
    if p == 0:
        state.outer[0, k] = max(state.outer[0, k], high - first)
        state.inner[0, k] = min(state.inner[0, k], low - last)
        state.reach[4] = max(state.reach[4], state.outer[0, k])
    else:
        state.outer[1, k] = min(state.outer[1, k], low + first)
        state.inner[1, k] = max(state.inner[1, k], high + last)
        state.reach[5] = min(state.reach[5], state.outer[1, k])
    state.span_low[p, k] = bins
    state.span_high[p, k] = -1


@kernel
def spread_all(state: State, offsets: Offsets) -> None:
    """Place everything pending, for reading."""
    for p in range(2):
        for k in range(state.stock.shape[1]):
            _spread(state, offsets, p, k)
    state.reach[2] = NOTHING_HIGH
    state.reach[3] = NOTHING_LOW


@inline
def _touch_long(state: State, offsets: Offsets, low: int, hit: NDArray[np.float64]) -> None:
    buckets = state.stock.shape[1]
    if low <= state.reach[2]:
        limit = NOTHING_HIGH
        for k in range(buckets):
            if state.span_high[0, k] >= 0:
                nearest = state.span_high[0, k] - offsets.first[0, k]
                if nearest >= low:
                    _spread(state, offsets, 0, k)
                elif nearest > limit:
                    limit = nearest
        state.reach[2] = limit
    if low <= state.reach[4]:
        start = max(low, 0)
        for k in range(buckets):
            if state.outer[0, k] >= start:
                total = 0.0
                for b in range(start, state.outer[0, k] + 1):
                    total += state.stock[0, k, b]
                    state.stock[0, k, b] = 0.0
                hit[0, k] += total * state.scale[0, k]
                state.outer[0, k] = start - 1
        state.reach[4] = start - 1


@inline
def _touch_short(state: State, offsets: Offsets, high: int, hit: NDArray[np.float64]) -> None:
    buckets, bins = state.stock.shape[1], state.stock.shape[2]
    if high >= state.reach[3]:
        limit = NOTHING_LOW
        for k in range(buckets):
            if state.span_high[1, k] >= 0:
                nearest = state.span_low[1, k] + offsets.first[1, k]
                if nearest <= high:
                    _spread(state, offsets, 1, k)
                elif nearest < limit:
                    limit = nearest
        state.reach[3] = limit
    if high >= state.reach[5]:
        end = min(high, bins - 1)
        for k in range(buckets):
            if state.outer[1, k] <= end:
                total = 0.0
                for b in range(state.outer[1, k], end + 1):
                    total += state.stock[1, k, b]
                    state.stock[1, k, b] = 0.0
                hit[1, k] += total * state.scale[1, k]
                state.outer[1, k] = end + 1
        state.reach[5] = end + 1


@inline
def touch(state: State, offsets: Offsets, low: int, high: int, hit: NDArray[np.float64]) -> None:
    """Empty long bins at or above ``low`` and short bins at or below ``high``; add what they held to ``hit[p, k]``."""
    state.reach[0] = min(state.reach[0], low)
    state.reach[1] = max(state.reach[1], high)
    _touch_long(state, offsets, low, hit)
    _touch_short(state, offsets, high, hit)


@inline
def close(state: State, factors: NDArray[np.float64]) -> None:
    """Multiply everything open by its closing factor, shape ``(2, K + 1)``, each in [0, 1]."""
    buckets = state.stock.shape[1]
    for p in range(2):
        for k in range(buckets + 1):
            state.scale[p, k] *= factors[p, k]
    for p in range(2):
        for k in range(buckets + 1):
            if state.scale[p, k] < _REBASE_BELOW:
                state.rebased[p, k] *= state.scale[p, k]
                if k == buckets:
                    state.unlevered[p] *= state.scale[p, k]
                else:
                    for b in range(state.stock.shape[2]):
                        state.stock[p, k, b] *= state.scale[p, k]
                    for e in range(state.span_low[p, k], state.span_high[p, k] + 1):
                        state.pending[p, e, k] *= state.scale[p, k]
                state.scale[p, k] = 1.0


@inline
def closing_factors(
    closed: NDArray[np.float64], hazard: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write ``(1 - closed)^hazard`` for each position and bucket; ``closed[p]`` is the share of open interest closed."""
    for p in range(2):
        if p == 1 and closed[1] == closed[0]:  # always so at theta = 1/2
            out[1] = out[0]
            return
        share = min(max(closed[p], 0.0), 1.0)
        if share <= 0.0:
            out[p] = 1.0
        elif share >= 1.0:
            for k in range(hazard.shape[0]):
                out[p, k] = 0.0 if hazard[k] > 0.0 else 1.0
        else:
            log_kept = np.log1p(-share)
            for k in range(hazard.shape[0]):
                out[p, k] = np.exp(hazard[k] * log_kept)
