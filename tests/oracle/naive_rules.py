"""The slow twin of the rules room: one position at a time, plain loops, bisection instead of algebra.

Imports none of our mathematics. Maintenance under a continuous schedule is charged bracket by bracket, like an income tax, so
it knows no deductions at all; the liquidation price is searched on the price axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BISECTIONS = 200


@dataclass(frozen=True)
class Holding:
    """One position: +1 long or -1 short, coins or USD face, backed by margin and the rest of the account."""

    direction: int
    quantity: float
    entry: float
    backing: float
    inverse: bool = False

    def notional(self, price: float) -> float:
        return self.quantity / price if self.inverse else self.quantity * price

    def equity(self, price: float) -> float:
        if self.inverse:
            gain = self.quantity * (1 / self.entry - 1 / price)
        else:
            gain = self.quantity * (price - self.entry)
        return self.backing + self.direction * gain


@dataclass(frozen=True)
class Schedule:
    """Brackets from their floors; ``whole`` charges the bracket's rate on the whole position."""

    floors: tuple[float, ...]
    rates: tuple[float, ...]
    fee: float = 0.0
    whole: bool = False

    def owed(self, notional: float) -> float:
        total = notional * self.fee
        if self.whole:
            rate = self.rates[0]
            for floor, candidate in zip(self.floors, self.rates, strict=True):
                if notional > floor:
                    rate = candidate
            return total + notional * rate
        for i, (floor, rate) in enumerate(zip(self.floors, self.rates, strict=True)):
            ceiling = self.floors[i + 1] if i + 1 < len(self.floors) else math.inf
            if notional > floor:
                total += (min(notional, ceiling) - floor) * rate
        return total

    def spare(self, holding: Holding, price: float) -> float:
        """Equity over maintenance; liquidated where it is not positive."""
        return holding.equity(price) - self.owed(holding.notional(price))


def first_liquidation_price(holding: Holding, schedule: Schedule) -> float:
    """Return the first price met on the losing way from the entry at which nothing is spare; 0 or inf where none is.

    The way is cut at every bracket's edge; inside a piece spare equity falls steadily, so its sign at the end decides.
    """
    far = 1e-12 if holding.direction > 0 else 1e12
    edges = [
        e
        for e in (_edge_price(holding, floor) for floor in schedule.floors)
        if _between(e, holding.entry, far)
    ]
    stops = sorted(edges, reverse=holding.direction > 0)
    start = holding.entry
    for stop in [*stops, holding.entry * far]:
        # just inside this piece, since the edge itself may belong to the other bracket
        inner_start = start * (1 - holding.direction * 1e-13)
        inner_stop = stop * (1 + holding.direction * 1e-13)
        if schedule.spare(holding, inner_start) <= 0:
            return start
        if schedule.spare(holding, inner_stop) <= 0:
            return _bisect(holding, schedule, inner_start, inner_stop)
        start = stop
    return 0.0 if holding.direction > 0 else math.inf


def _edge_price(holding: Holding, notional: float) -> float:
    if notional == 0:
        return math.nan
    return holding.quantity / notional if holding.inverse else notional / holding.quantity


def _between(price: float, entry: float, far: float) -> bool:
    low, high = sorted((entry, entry * far))
    return low < price < high


def _bisect(holding: Holding, schedule: Schedule, safe: float, lost: float) -> float:
    for _ in range(BISECTIONS):
        middle = math.sqrt(safe * lost)
        if schedule.spare(holding, middle) > 0:
            safe = middle
        else:
            lost = middle
    return math.sqrt(safe * lost)
