"""Plain-loop twin of the level state: every trade for itself, every bin for itself. Imports none of our maths."""

from __future__ import annotations

import math
from collections import defaultdict


def offset_weights(low: float, high: float, step: float, *, long: bool) -> dict[int, float]:
    """Share of a bucket [low, high) at each offset from the entry bin, distance even in log price, entry in mid-bin."""

    def bins(distance: float) -> float:
        return (-math.log(1 - distance) if long else math.log(1 + distance)) / step

    start, stop = bins(low), bins(high)
    out = {}
    for d in range(math.floor(start) - 1, math.ceil(stop) + 2):
        part = min(stop, d + 0.5) - max(start, d - 0.5)
        if part > 1e-12:
            out[d] = part / (stop - start)
    return out


class NaiveState:
    """Levels as dictionaries, one amount per (position, bucket, bin)."""

    def __init__(self, edges: list[float], step: float, hazard: list[float]) -> None:
        self.weights = [
            [offset_weights(edges[k], edges[k + 1], step, long=long) for k in range(len(edges) - 1)]
            for long in (True, False)
        ]
        self.hazard = hazard
        buckets = len(edges) - 1
        self.mass: list[list[dict[int, float]]] = [
            [defaultdict(float) for _ in range(buckets)] for _ in range(2)
        ]
        self.unlevered = [0.0, 0.0]
        self.survival = [[1.0] * (buckets + 1) for _ in range(2)]
        self.low, self.high = math.inf, -math.inf

    def touch(self, low: int, high: int) -> list[list[float]]:
        """Empty what is reached and return it per position and bucket."""
        self.low, self.high = min(self.low, low), max(self.high, high)
        out = []
        for p in range(2):
            row = []
            for bucket in self.mass[p]:
                gone = [b for b in bucket if (b >= low if p == 0 else b <= high)]
                row.append(sum(bucket.pop(b) for b in gone))
            out.append(row)
        return out

    def close(self, closed: tuple[float, float]) -> None:
        """Close a share of everything, each bucket by its hazard."""
        for p in range(2):
            factors = [(1 - closed[p]) ** h for h in self.hazard]
            for k, bucket in enumerate(self.mass[p]):
                for b in bucket:
                    bucket[b] *= factors[k]
            self.unlevered[p] *= factors[-1]
            self.survival[p] = [s * f for s, f in zip(self.survival[p], factors, strict=True)]

    def open(self, entry: int, amounts: tuple[float, float]) -> None:
        """Open an amount of unit weight in every bucket."""
        for p in range(2):
            sign = -1 if p == 0 else 1
            for k, bucket in enumerate(self.mass[p]):
                for d, w in self.weights[p][k].items():
                    bucket[entry + sign * d] += amounts[p] * w
            self.unlevered[p] += amounts[p]


def opened_and_closed(
    volume: float, before: float, after: float, theta: float, phi: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Flow identity of one bar: (long, short) opened, and the shares of open interest closed."""
    change = after - before
    churn = phi * max(volume - abs(change), 0.0)
    opened = (max(change, 0.0) + theta * churn, max(change, 0.0) + (1 - theta) * churn)
    closed = (max(-change, 0.0) + theta * churn, max(-change, 0.0) + (1 - theta) * churn)
    share = [min(c / before, 1.0) if before > 0 else 1.0 for c in closed]
    return opened, (share[0], share[1])


def fold_trades(
    state: NaiveState,
    events: list[tuple[int, int, int, float]],
    opened: tuple[float, float],
    closed: tuple[float, float],
) -> list[list[float]]:
    """One flow bar, event by event ``(entry, low, high, qty)``; return what was touched per position and bucket."""
    state.close(closed)
    total = sum(qty for _, _, _, qty in events)
    touched = [[0.0] * len(state.mass[0]) for _ in range(2)]
    for entry, low, high, qty in events:
        if low <= high:
            hit = state.touch(low, high)
            touched = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(touched, hit, strict=True)]
        if qty > 0:
            state.open(entry, (qty / total * opened[0], qty / total * opened[1]))
    return touched
