"""The smallest order that reaches each level, and where a cascade feeds itself: closed forms for any book and any map.

    needed(x) = max over y <= x of  D(y) - R(y-)            D depth, R liquidations before y
    r(x)      = liquidation density / depth density         above 1 a move feeds itself

Exact where fills stand (no replenishment) and all books move together; the engine with its features off says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.cascade.ladder import Ladder

#: Half width of the window over which densities are taken [log distance].
WINDOW = 0.0025


@dataclass(frozen=True, slots=True)
class ShockNeeded:
    """One curve.

    Attributes
    ----------
    distance, price
        float64 ``(K,)``: the map's levels outward.
    usd
        float64 ``(K,)``, not descending, >= 0: smallest net market order that makes the mark reach each level [USD].
    """

    distance: NDArray[np.float64]
    price: NDArray[np.float64]
    usd: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Branching:
    """Local branching ratio.

    Attributes
    ----------
    price, ratio
        float64 ``(K,)``: forced USD per USD of depth, around each level.
    zones
        ``(near, far)`` prices of stretches where the ratio is above 1.
    """

    price: NDArray[np.float64]
    ratio: NDArray[np.float64]
    zones: tuple[tuple[float, float], ...]


def shock_needed(ladder: Ladder, *, release: float = 1.0, depth_factor: float = 1.0) -> ShockNeeded:
    """Return the shock needed for every level, in one pass.

    Parameters
    ----------
    release
        Share of the fuel that is closed by force when touched.
    depth_factor
        Factor on the books.
    """
    before = np.append(0.0, np.cumsum(release * ladder.fuel.sum(axis=0)))[:-1]
    net = depth_factor * ladder.depth(ladder.level) - before
    usd = np.maximum(np.maximum.accumulate(net), 0.0) if len(net) else net
    return ShockNeeded(ladder.level, ladder.price_at(ladder.level), usd)


def branching(
    ladder: Ladder,
    *,
    release: float = 1.0,
    depth_factor: float = 1.0,
    pass_through: float = 1.0,
    window: float = WINDOW,
) -> Branching:
    """Return the local branching ratio around every level.

    Parameters
    ----------
    pass_through
        β: part of the books' displacement that reaches the marks.
    window
        Half width over which both densities are averaged [log distance].
    """
    x = ladder.level
    near, far = np.maximum(x - window, 0.0), x + window
    # fuel spread over its bins: the ratio must not jump with the spacing of levels
    forced = (ladder.fuel_within(far) - ladder.fuel_within(near)).sum(axis=0)
    taken = ladder.depth(far) - ladder.depth(near)
    ratio = pass_through * release * forced / (depth_factor * np.maximum(taken, 1e-12))
    price = ladder.price_at(x)
    above = np.flatnonzero(np.diff(np.concatenate(([0], (ratio > 1).astype(np.int8), [0]))))
    zones = tuple(
        (float(price[a]), float(price[b - 1])) for a, b in zip(above[::2], above[1::2], strict=True)
    )
    return Branching(price, ratio, zones)
