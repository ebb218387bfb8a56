"""The compiled engine of the estimator: state h[position, bucket, log-price bin] moved leg by leg.

Order within a leg: what is open closes in part; what opens is laid along the leg; the leg's end touches. Each bucket has bins of
its own width. What was opened in the running hour is kept apart (``fresh``) and joins the rest (``held``) at the hour's end.
Closing is a scale per (position, bucket), so a leg costs the bins it opens and touches, not the whole state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from liqatlas.base.jit import inline, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG, SHORT = 0, 1
_SMALLEST_SCALE = 1e-3  # below it the stock is rescaled, so that new amounts divided by the scale stay finite


class Mass(NamedTuple):
    """Amounts by position, bucket and bin, divided by the scale; near and far bound what may be non-zero, outward."""

    amount: NDArray[np.float64]
    near: NDArray[np.int64]
    far: NDArray[np.int64]


class Layout(NamedTuple):
    """Bins of every bucket: width [log price], number, absolute number of the first, price of each [quote].

    Bin ``b`` spans ``[(first + b) width, (first + b + 1) width)`` of log price, wherever the array begins: a wider history moves
    no bin, so the past does not depend on the future by a single bit.
    """

    width: NDArray[np.float64]
    bins: NDArray[np.int64]
    first: NDArray[np.int64]
    price: NDArray[np.float64]
    offset_low: NDArray[np.float64]
    offset_high: NDArray[np.float64]


class Flow(NamedTuple):
    """Legs: hour, log mark at both ends, what opens and the share that closes per position, interest-relative."""

    hour: NDArray[np.int64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    opened: NDArray[np.float64]
    closed: NDArray[np.float64]


class Responses(NamedTuple):
    """What is written per hour: touched [USD], its part opened in the hour, cumulative mass by distance at the start."""

    touched: NDArray[np.float64]
    fresh: NDArray[np.float64]
    profile: NDArray[np.float32]


@kernel
def run(
    flow: Flow,
    hazard: NDArray[np.float64],
    layout: Layout,
    states: tuple[Mass, Mass, NDArray[np.float64]],
    reading: tuple[NDArray[np.float64], NDArray[np.float64]],
    choices: tuple[int, bool],
    out: Responses,
) -> None:
    """Move the state through all legs and write the responses of their hours.

    ``reading`` is (log open of each hour, distances of the profile); ``choices`` is (entry points per leg, remove what is touched).
    """
    held, fresh, scale = states
    opens, distance = reading
    points, remove = choices
    current = -1
    for i in range(len(flow.hour)):
        hour = flow.hour[i]
        if hour != current:
            current = hour
            _merge(held, fresh, scale, layout)
            if len(distance) > 0:
                _profile(held, scale, layout, opens[hour], distance, out.profile[hour])
        for p in range(2):
            for k in range(len(hazard)):
                scale[p, k] *= np.exp(-hazard[k] * flow.closed[i, p])
                if flow.opened[i, p] > 0.0:
                    leg = (flow.begin[i], flow.end[i], points)
                    _open(fresh, layout, (p, k), leg, flow.opened[i, p] / scale[p, k])
            if (p == LONG and flow.end[i] <= flow.begin[i]) or (p == SHORT and flow.end[i] >= flow.begin[i]):
                for k in range(len(hazard)):
                    new = _touch(fresh, layout, p, k, flow.end[i]) * scale[p, k]
                    out.fresh[hour, p, k] += new
                    out.touched[hour, p, k] += new
                    if remove:
                        out.touched[hour, p, k] += _touch(held, layout, p, k, flow.end[i]) * scale[p, k]
    _merge(held, fresh, scale, layout)


@inline
def _merge(held: Mass, fresh: Mass, scale: NDArray[np.float64], layout: Layout) -> None:
    """Move the hour's openings into the stock and forget where they were."""
    for p in range(2):
        for k in range(len(layout.width)):
            low = max(min(fresh.near[p, k], fresh.far[p, k]), 0)
            high = min(max(fresh.near[p, k], fresh.far[p, k]), layout.bins[k] - 1)
            empty = fresh.far[p, k] == (layout.bins[k] if p == LONG else -1)
            if not empty:
                for b in range(low, high + 1):
                    held.amount[p, k, b] += fresh.amount[p, k, b]
                    fresh.amount[p, k, b] = 0.0
            if p == LONG:
                held.near[p, k] = max(held.near[p, k], fresh.near[p, k])
                fresh.near[p, k], fresh.far[p, k] = -1, layout.bins[k]
            else:
                held.near[p, k] = min(held.near[p, k], fresh.near[p, k])
                fresh.near[p, k], fresh.far[p, k] = layout.bins[k], -1
            if scale[p, k] < _SMALLEST_SCALE:
                for b in range(layout.bins[k]):
                    held.amount[p, k, b] *= scale[p, k]
                scale[p, k] = 1.0


@inline
def _open(
    fresh: Mass, layout: Layout, place: tuple[int, int], leg: tuple[float, float, int], amount: float
) -> None:
    """Lay what opened along the leg; from each entry its level is uniform over the bucket in log price."""
    p, k = place
    begin, end, points = leg
    width = layout.width[k]
    for j in range(points):
        entry = begin + (end - begin) * (j + 0.5) / points
        left = (entry + layout.offset_low[p, k]) / width
        right = (entry + layout.offset_high[p, k]) / width
        first, last = int(np.floor(left)) - layout.first[k], int(np.floor(right)) - layout.first[k]
        if first < 0 or last >= layout.bins[k]:
            continue
        density = amount / points / (right - left)
        for b in range(first, last + 1):
            at = float(layout.first[k] + b)
            fresh.amount[p, k, b] += density * (min(right, at + 1.0) - max(left, at))
        if p == LONG:
            fresh.near[p, k], fresh.far[p, k] = max(fresh.near[p, k], last), min(fresh.far[p, k], first)
        else:
            fresh.near[p, k], fresh.far[p, k] = min(fresh.near[p, k], first), max(fresh.far[p, k], last)


@inline
def _touch(mass: Mass, layout: Layout, p: int, k: int, mark: float) -> float:
    """Empty the bins whose middle the mark has reached; return their value before the scale [quote]."""
    place = mark / layout.width[k] - 0.5
    total = 0.0
    if p == LONG:
        edge = max(int(np.ceil(place)) - layout.first[k], 0)
        for b in range(edge, mass.near[p, k] + 1):
            total += mass.amount[p, k, b] * layout.price[k, b]
            mass.amount[p, k, b] = 0.0
        mass.near[p, k] = min(mass.near[p, k], edge - 1)
    else:
        edge = min(int(np.floor(place)) - layout.first[k], layout.bins[k] - 1)
        for b in range(mass.near[p, k], edge + 1):
            total += mass.amount[p, k, b] * layout.price[k, b]
            mass.amount[p, k, b] = 0.0
        mass.near[p, k] = max(mass.near[p, k], edge + 1)
    return total


@inline
def _profile(
    held: Mass,
    scale: NDArray[np.float64],
    layout: Layout,
    mark: float,
    distance: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:
    """Write the value within each distance of the mark; the bin a distance ends in counts by its covered share."""
    for k in range(len(layout.width)):
        width, count = layout.width[k], layout.bins[k]
        total, b = 0.0, held.near[LONG, k]
        for j in range(len(distance)):
            place = (mark - distance[j]) / width
            edge = max(int(np.ceil(place)) - layout.first[k], 0)
            while b >= edge:
                total += held.amount[LONG, k, b] * layout.price[k, b]
                b -= 1
            part = 0.0
            if 1 <= edge <= held.near[LONG, k] + 1:
                part = held.amount[LONG, k, edge - 1] * layout.price[k, edge - 1] * (np.ceil(place) - place)
            out[LONG, k, j] = (total + part) * scale[LONG, k]
        total, b = 0.0, held.near[SHORT, k]
        for j in range(len(distance)):
            place = (mark + distance[j]) / width
            edge = min(int(np.floor(place)) - layout.first[k], count)
            while b < edge:
                total += held.amount[SHORT, k, b] * layout.price[k, b]
                b += 1
            part = 0.0
            if held.near[SHORT, k] <= edge < count:
                part = held.amount[SHORT, k, edge] * layout.price[k, edge] * (place - np.floor(place))
            out[SHORT, k, j] = (total + part) * scale[SHORT, k]
