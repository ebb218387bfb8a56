"""A large order: what its own walk through the books costs, and where forced orders of the other side would fill it instead.

A large buyer pays up through the asks, and sets off liquidated shorts that buy as well. Liquidated longs SELL: whoever waits
below is filled by them. Both are what an execution has to weigh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.cascade.ladder import Ladder


@dataclass(frozen=True, slots=True)
class Execution:
    """A market order now against waiting for forced orders.

    Attributes
    ----------
    usd
        Size of the order, > 0 [USD].
    slippage
        float64 ``(R,)``: mean fill against the price, over the runs' depth [fraction, >= 0].
    opposite_usd
        All forced orders of the other position in the map that would fill it, at the median release [USD].
    filled_at
        Price by which forced orders of the order's size have come [quote]; NaN where the map does not hold as much.
    mean_price
        Mean level of those orders [quote]; NaN likewise.
    needed_usd
        Smallest opposite market order that takes the mark there [USD]; NaN likewise.
    """

    usd: float
    slippage: NDArray[np.float64]
    opposite_usd: float
    filled_at: float
    mean_price: float
    needed_usd: float


def mean_slippage(ladder: Ladder, usd: float, depth_factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean fill of an order against the price, for each depth factor [fraction, >= 0].

    The order is split over the books so that all move alike: mean distance = ∫ D⁻¹(u) du / usd, D all depth together.
    """
    at, table = ladder.depth_table()
    depth = table.sum(axis=0)
    within = np.append(0.0, np.cumsum(np.diff(depth) * (at[1:] + at[:-1]) / 2))
    taken = np.minimum(usd / depth_factor, depth[-1])
    end = np.interp(taken, depth, at)
    row = np.clip(np.searchsorted(depth, taken, side="right") - 1, 0, len(at) - 1)
    cost = within[row] + (taken - depth[row]) * (at[row] + end) / 2
    # what the books do not hold is filled at their end
    distance = (cost + (usd / depth_factor - taken) * at[-1]) * depth_factor / usd
    return np.abs(ladder.price_at(distance) / ladder.price - 1.0)


def execution(
    ladder: Ladder,
    opposite: Ladder,
    usd: float,
    *,
    release: float,
    depth_factor: NDArray[np.float64],
) -> Execution:
    """Return what an order costs now and where forced orders would fill it.

    Parameters
    ----------
    ladder, opposite
        The side the order walks into, and the other side of the same map.
    release
        Share of fuel that is closed by force when touched.
    depth_factor
        float64 ``(R,)``.
    """
    amounts = release * opposite.fuel.sum(axis=0)
    running = np.cumsum(amounts)
    slippage = mean_slippage(ladder, usd, depth_factor)
    total = float(running[-1]) if len(running) else 0.0
    if total < usd:
        return Execution(usd, slippage, total, float("nan"), float("nan"), float("nan"))
    k = int(np.searchsorted(running, usd))
    used = amounts[: k + 1].copy()
    used[-1] -= running[k] - usd
    mean = float(used @ opposite.level[: k + 1] / usd)
    before = running - amounts
    net = float(np.median(depth_factor)) * opposite.depth(opposite.level[: k + 1]) - before[: k + 1]
    return Execution(
        usd, slippage, total, float(opposite.price_at(opposite.level[k])), float(opposite.price_at(mean)), max(float(net.max()), 0.0)
    )  # fmt: skip
