"""Margin maths inside compiled loops: linear contracts with a continuous tier schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Stands in for the closed form of ``liqatlas.rules`` until a compiled one is offered there.
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


@kernel
def liquidation_prices(
    direction: NDArray[np.int64],
    quantity: NDArray[np.float64],
    entry: NDArray[np.float64],
    margin: NDArray[np.float64],
    tiers: NDArray[Any],
) -> NDArray[np.float64]:
    """Return the liquidation price of many positions, shape ``(n,)``."""
    out = np.empty(len(entry))
    for i in range(len(entry)):
        out[i] = liquidation_price(direction[i], quantity[i], entry[i], margin[i], tiers)
    return out


@kernel
def maintenance_margins(notional: NDArray[np.float64], tiers: NDArray[Any]) -> NDArray[np.float64]:
    """Return the maintenance margin of many notionals [USD], shape ``(n,)``."""
    out = np.empty(len(notional))
    for i in range(len(notional)):
        out[i] = maintenance(notional[i], tiers)
    return out
