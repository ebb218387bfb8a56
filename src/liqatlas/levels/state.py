"""The arrays of a fold: an empty state, a copy, the same on a wider window of bins, and as a segment."""

from __future__ import annotations

import numpy as np

from liqatlas.levels import kernels
from liqatlas.levels.segment import UNTOUCHED, Segment

_NOTHING_REACHED = (
    kernels.NOTHING_LOW, kernels.NOTHING_HIGH, kernels.NOTHING_HIGH, kernels.NOTHING_LOW, -1, 0,
)  # fmt: skip


def new_state(buckets: int, bins: int, *, opens: bool = True) -> kernels.State:
    """Return an empty state; only one in which positions ``opens`` has room for what is not placed yet."""
    k = buckets
    state = kernels.State(  # the identity: nothing touched, everything survives, nothing opened
        stock=np.zeros((2, k, bins)),
        pending=np.zeros((2, bins if opens else 0, k)),
        scale=np.ones((2, k + 1)),
        rebased=np.ones((2, k + 1)),
        unlevered=np.zeros(2),
        outer=np.array(([-1] * k, [bins] * k), np.int64),
        inner=np.array(([bins] * k, [-1] * k), np.int64),
        span_low=np.full((2, k), bins, np.int32),
        span_high=np.full((2, k), -1, np.int32),
        reach=np.array(_NOTHING_REACHED, np.int64),
    )
    state.reach[5] = bins
    return state


def copied(state: kernels.State) -> kernels.State:
    """Return a copy of a state."""
    return state._replace(**{name: np.copy(array) for name, array in state._asdict().items()})


def moved(old: kernels.State, shift: int, bins: int, *, opens: bool) -> kernels.State:
    """Return a state on a wider window of ``bins``, its old first bin at ``shift``."""
    new = new_state(old.stock.shape[1], bins, opens=opens)
    was = old.stock.shape[2]
    if was == 0:  # nothing was placed, but bars may have closed or touched
        new.scale[:], new.rebased[:], new.unlevered[:] = old.scale, old.rebased, old.unlevered
        new.reach[:2] = old.reach[:2]
        return new
    new.stock[:, :, shift : shift + was] = old.stock
    if opens:
        new.pending[:, shift : shift + was] = old.pending
    new.scale[:], new.rebased[:], new.unlevered[:] = old.scale, old.rebased, old.unlevered
    pairs = (
        (new.outer, old.outer), (new.inner, old.inner), (new.span_low, old.span_low), (new.span_high, old.span_high),
    )  # fmt: skip
    for target, source in pairs:
        target[:] = np.where(source == was, bins, np.where(source == -1, -1, source + shift))
    far = 1 << 39
    new.reach[:4] = np.where(np.abs(old.reach[:4]) < far, old.reach[:4] + shift, old.reach[:4])
    new.reach[4] = old.reach[4] + shift if old.reach[4] >= 0 else -1
    new.reach[5] = old.reach[5] + shift if old.reach[5] < was else bins
    return new


def as_segment(state: kernels.State, origin: int, offsets: kernels.Offsets) -> Segment:
    """Return a state as a segment, its bins counted from ``origin``; what is not placed yet is placed in it."""
    kernels.spread_all(state, offsets)
    touched = state.reach[1] >= state.reach[0]
    low, high = (int(state.reach[0]) + origin, int(state.reach[1]) + origin) if touched else UNTOUCHED
    scale = state.scale
    return Segment(
        low,
        high,
        state.rebased * scale,
        origin,
        state.stock * scale[:, :-1, None],
        state.unlevered * scale[:, -1],
    )
