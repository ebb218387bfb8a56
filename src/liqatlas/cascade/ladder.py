"""One side of a map and of the books as a ladder: levels outward from the price, their fuel, the depth before them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.maps.head import LONG, SHORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from liqatlas.book.depth import Book, Depth, Direction
    from liqatlas.maps.liquidation_map import LiquidationMap

#: Points on which depth is kept, dense near the price, up to :data:`FURTHEST` [log distance]: nobody quotes beyond half or
#: double the price, so there the book ends.
DEPTH_POINTS = 400
NEAREST, FURTHEST = 1e-5, 0.7


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a move in one direction meets.

    Attributes
    ----------
    direction
        down: longs are liquidated and sell; up: shorts are liquidated and buy.
    price
        Where it starts [quote].
    venues
        Names, V of them.
    level
        float64 ``(K,)``, ascending, > 0 [log distance from the price]: where the mark triggers.
    fuel
        float64 ``(V, K)`` [USD].
    depths
        One depth per venue, at the same price.
    ends
        float64 ``(K + 1,)``: where the bins begin and end whose fuel the levels stand for, so that it can be spread back over
        them; where absent, a level's fuel is spread back to the level before.
    draws
        float64 ``(S, V, K)`` [USD]: fuel in each draw of the map's posterior; absent where the map has none.
    """

    direction: Direction
    price: float
    venues: tuple[str, ...]
    level: NDArray[np.float64]
    fuel: NDArray[np.float64]
    depths: tuple[Depth, ...]
    ends: NDArray[np.float64] | None = None
    draws: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        shapes = self.fuel.shape == (len(self.venues), len(self.level)) and len(self.depths) == len(
            self.venues
        )
        if not shapes or not (self.fuel >= 0).all() or not np.isfinite(self.fuel).all():
            raise InputError("a ladder needs finite fuel >= 0 of venues x levels and a depth per venue")
        if (np.diff(self.level) <= 0).any() or (len(self.level) and self.level[0] <= 0):
            raise InputError("levels of a ladder must ascend from above 0")
        if self.ends is not None and (
            len(self.ends) != len(self.level) + 1 or (np.diff(self.ends) <= 0).any()
        ):
            raise InputError("bins of a ladder must ascend, one more end than levels")
        if self.draws is not None and (self.draws.ndim != 3 or self.draws.shape[1:] != self.fuel.shape):
            raise InputError(
                f"draws of a ladder have shape {self.draws.shape}; wanted draws x {self.fuel.shape}"
            )

    def fuel_within(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return fuel up to distances per venue, spread evenly inside each bin, ``(V, ...)`` [USD]."""
        points = np.append(0.0, self.level) if self.ends is None else self.ends
        running = np.concatenate((np.zeros((len(self.venues), 1)), np.cumsum(self.fuel, axis=1)), axis=1)
        return np.stack([np.interp(distance, points, row) for row in running])

    def depth(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the depth of all books together [USD]."""
        return np.asarray(sum(d.cumulative(distance) for d in self.depths))

    def price_at(self, distance: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return prices at distances [quote]."""
        sign = -1.0 if self.direction == "down" else 1.0
        return np.asarray(self.price * np.exp(sign * np.asarray(distance, dtype=np.float64)))

    def distance_of_price(self, price: float) -> float:
        """Return a price's distance in the ladder's direction; below 0 on the other side."""
        return float(np.log(self.price / price) if self.direction == "down" else np.log(price / self.price))

    def depth_table(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return ``(N,)`` distances from 0 and ``(V, N)`` cumulative depth, strictly ascending [USD]."""
        at = np.append(0.0, np.geomspace(NEAREST, FURTHEST, DEPTH_POINTS))
        table = np.stack([d.cumulative(at) for d in self.depths])
        # where a book has a hole, a trace of depth keeps the way back from USD to distance unique
        return at, table + at * 1e-3


def ladder_of(result: LiquidationMap, books: Mapping[str, Book], direction: Direction) -> Ladder:
    """Return the side of a map that a move in a direction meets, with each venue's book.

    Instruments of one venue are one rung each, and share the venue's book in proportion to their open interest.

    Raises
    ------
    NotEnoughDataError
        If a venue of the map has no book.
    """
    head = result.head
    missing = sorted({v.venue for v in head.venues} - set(books))
    if missing:
        raise NotEnoughDataError(
            f"no order book for {', '.join(missing)}: give one with --book, or name an assumed depth with --depth, such as "
            "--depth 150M (USD within 1 % on each side)"
        )
    names = list(dict.fromkeys(v.venue for v in head.venues))
    which = LONG if direction == "down" else SHORT
    amounts = result.by_venue()
    middle = result.price_mid
    distance = np.log(head.price / middle) if direction == "down" else np.log(middle / head.price)
    order = np.flatnonzero(distance > 0)
    order = order[np.argsort(distance[order])]
    fuel = np.stack([amounts[name][which][order] for name in names])
    depths = tuple(books[name].met_by(direction) for name in names)
    ends = _outward(result.price_edges, order, head.price, direction)
    draws = None if result.posterior is None else result.posterior.draws(which)[:, None, order]
    return Ladder(direction, head.price, tuple(names), distance[order], fuel, depths, ends, draws)


def _outward(
    edges: NDArray[np.float64], order: NDArray[np.int64], price: float, direction: Direction
) -> NDArray[np.float64] | None:
    """Return the distances at which the bins of a side begin and end, outward; a bin that holds the price begins at it."""
    if not len(order):
        return None
    sign = -1.0 if direction == "down" else 1.0
    near, far = (order + 1, order) if direction == "down" else (order, order + 1)
    first = max(float(sign * np.log(edges[near[0]] / price)), 0.0)
    return np.append(first, sign * np.log(edges[far] / price))


def nearer(ladder: Ladder, furthest: float) -> Ladder:
    """Return the levels up to a distance, at least one."""
    last = max(int(np.searchsorted(ladder.level, furthest, side="right")), 1)
    if not len(ladder.level):
        return ladder
    ends = None if ladder.ends is None else ladder.ends[: last + 1]
    draws = None if ladder.draws is None else ladder.draws[:, :, :last]
    return replace(ladder, level=ladder.level[:last], fuel=ladder.fuel[:, :last], ends=ends, draws=draws)


def coarser(ladder: Ladder, levels: int) -> Ladder:
    """Return the ladder with at most so many levels; as many rungs go into each, their fuel triggered at its mean distance.

    Groups of unequal numbers would show as teeth that no market has. Empty rungs beyond the last fuel are dropped; where nothing
    holds fuel, one empty rung stays.
    """
    total = ladder.fuel.sum(axis=0)
    held = np.flatnonzero(total > 0)
    if not len(held):
        return replace(
            ladder, level=np.array([FURTHEST]), fuel=np.zeros((len(ladder.venues), 1)), ends=None, draws=None
        )
    last = int(held[-1]) + 1
    starts = np.arange(0, last, -(-last // levels))
    fuel = np.add.reduceat(ladder.fuel[:, :last], starts, axis=1)
    draws = None if ladder.draws is None else np.add.reduceat(ladder.draws[:, :, :last], starts, axis=2)
    weight = total[:last] + 1e-12 * total.max()
    level = np.add.reduceat(ladder.level[:last] * weight, starts) / np.add.reduceat(weight, starts)
    ends = None if ladder.ends is None else np.append(ladder.ends[starts], ladder.ends[last])
    return replace(ladder, level=level, fuel=fuel, ends=ends, draws=draws)
