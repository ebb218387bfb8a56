"""Margin maths inside the exchange's loop, one position at a time: linear contracts, a continuous tier schedule.

``liqatlas.rules`` holds the same maths for arrays; tests hold the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def liquidation_price(
    direction: int, quantity: float, entry: float, margin: float, tiers: NDArray[Any]
) -> float:
    """Return the mark at which a linear position's equity equals its maintenance margin; 0 where none is positive.

    ``P = (W + c - s q E) / (q (m - s))`` per tier. The schedule is convex in notional, so maintenance is the largest over
    tiers of ``m N - c``, and the price reached first, the highest for a long, the lowest for a short, is the answer.
    """
    best = 0.0
    for tier in range(len(tiers)):
        scale = quantity * (tiers[tier]["rate"] - direction)
        price = (margin + tiers[tier]["deduction"] - direction * quantity * entry) / scale
        if tier == 0 or (direction > 0 and price > best) or (direction < 0 and price < best):
            best = price
    return max(best, 0.0)


@kernel
def highest_leverage(notional: float, tiers: NDArray[Any]) -> float:
    """Return the leverage cap of a notional: the initial margin is twice the tier's maintenance margin."""
    rate = tiers[0]["rate"]
    for tier in range(len(tiers)):
        if notional >= tiers[tier]["floor"]:
            rate = tiers[tier]["rate"]
    return float(0.5 / rate)


@kernel
def maintenance(notional: float, tiers: NDArray[Any]) -> float:
    """Return the maintenance margin of a notional [USD]."""
    best = 0.0
    for tier in range(len(tiers)):
        best = max(best, notional * tiers[tier]["rate"] - tiers[tier]["deduction"])
    return best
