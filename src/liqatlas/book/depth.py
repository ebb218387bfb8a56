"""How much a book takes: cumulative depth by distance from the price, one curve a side.

Distances are absolute log-price distances from the mid. Depth is in USD at the price of the snapshot (native quantity times
that one price; an inverse contract's face), so that a position and the order that closes it cancel exactly, however far the
price has gone. Beyond the last observed point a power law goes on: ``D(x) = D(x_n) (x / x_n)^a``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Which part of the book an order meets: a sale walks down the bids, a purchase up the asks.
Direction = Literal["down", "up"]


@dataclass(frozen=True, slots=True)
class Depth:
    """Cumulative depth of one side of a book.

    Attributes
    ----------
    distance
        float64, shape ``(n,)``, ascending, > 0 [log price].
    usd
        float64, shape ``(n,)``, not descending, > 0: depth up to each distance [USD].
    tail_exponent
        ``a`` of the power law beyond the last point, > 0.
    """

    distance: NDArray[np.float64]
    usd: NDArray[np.float64]
    tail_exponent: float

    def __post_init__(self) -> None:
        if not len(self.distance):
            raise NotEnoughDataError("a side of the book is empty: give a book with bids and asks")
        sound = len(self.distance) == len(self.usd) and self.distance[0] > 0 and self.usd[-1] > 0
        ordered = (np.diff(self.distance) > 0).all() and (np.diff(self.usd) >= 0).all() and self.usd[0] >= 0
        if not (sound and ordered and np.isfinite(self.usd).all() and self.tail_exponent > 0):
            raise InputError(
                "depth cannot be used: wanted distances above 0, ascending, with finite cumulative USD that does not fall"
            )

    @property
    def reach(self) -> float:
        """Distance up to which the book was seen; beyond it the power law speaks [log price]."""
        return float(self.distance[-1])

    def cumulative(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Return depth up to distances [USD]; linear between points, zero at zero."""
        x = np.asarray(distance, dtype=np.float64)
        inside = np.interp(x, np.append(0.0, self.distance), np.append(0.0, self.usd))
        beyond = self.usd[-1] * (np.maximum(x, self.reach) / self.reach) ** self.tail_exponent
        return np.asarray(np.where(x > self.reach, beyond, inside), dtype=np.float64)

    def scaled(self, factor: float) -> Depth:
        """Return the same shape with another amount."""
        return replace(self, usd=self.usd * factor)


@dataclass(frozen=True, slots=True)
class Book:
    """Both sides of one venue's book at a moment.

    Attributes
    ----------
    price
        Middle of best bid and ask [quote]; NaN where the source gives only distances.
    bids, asks
        What a sale and what a purchase meets.
    source
        Where it is from, for people; an assumed book says so here.
    assumed
        True where no book was observed and the caller named a depth.
    """

    venue: str
    symbol: str
    as_of_ns: int
    price: float
    bids: Depth
    asks: Depth
    source: str
    assumed: bool = False
    warnings: tuple[str, ...] = ()

    def met_by(self, direction: Direction) -> Depth:
        """Return the side that a move in a direction consumes."""
        return self.bids if direction == "down" else self.asks


def tail_exponent(distance: NDArray[np.float64], usd: NDArray[np.float64]) -> float:
    """Return the slope of log depth over log distance by least squares.

    Raises
    ------
    NotEnoughDataError
        If fewer than two points hold depth.
    """
    held = usd > 0
    if np.count_nonzero(held) < 2:
        raise NotEnoughDataError("a power law needs depth at two distances at least")
    slope = np.polyfit(np.log(distance[held]), np.log(usd[held]), 1)[0]
    return float(slope)


def thinned(depth: Depth, grid: NDArray[np.float64], *, per_percent: float, least: float) -> Depth:
    """Return depth that market makers thin out as the price runs.

    The density at distance x is multiplied by ``max(exp(-per_percent · 100 x), least)``.

    Parameters
    ----------
    grid
        float64 ``(n,)``, ascending, > 0: distances at which the result is kept [log price].
    per_percent
        Log thinning for each percent of distance, >= 0.
    least
        Share of the density that always stays, in (0, 1].
    """
    if per_percent < 0 or not 0 < least <= 1:
        raise InputError(
            f"thinning {per_percent} per percent down to {least} cannot be used: wanted >= 0 and (0, 1]"
        )
    points = np.append(0.0, grid)
    pieces = np.diff(depth.cumulative(points))
    middle = (points[1:] + points[:-1]) / 2
    kept = np.maximum(np.exp(-per_percent * 100.0 * middle), least)
    return Depth(grid, np.cumsum(pieces * kept), depth.tail_exponent)


def assumed_book(
    venue: str, symbol: str, usd_per_percent: float, *, as_of_ns: int, exponent: float = 1.0
) -> Book:
    """Return a symmetric power-law book of a depth that the caller names.

    Parameters
    ----------
    usd_per_percent
        Depth within one percent of the price on each side [USD].
    exponent
        1 is a linear book.

    Raises
    ------
    InputError
        If the depth is not positive and finite.
    """
    if not (usd_per_percent > 0 and np.isfinite(usd_per_percent)):
        raise InputError(
            f"assumed depth {usd_per_percent} cannot be used: wanted positive USD within one percent"
        )
    depth = Depth(np.array([0.01]), np.array([float(usd_per_percent)]), exponent)
    return Book(
        venue, symbol, as_of_ns, float("nan"), depth, depth,
        f"ASSUMED: ${usd_per_percent:,.0f} within 1 % on each side, exponent {exponent:g}", assumed=True,
    )  # fmt: skip
