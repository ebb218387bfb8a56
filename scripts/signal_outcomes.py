"""What counts as right for each signal, judged on the price path after it: pure functions, tested on hand-made paths.

A race is decided by which of two levels at the same log distance the path meets first; without drift and skill both are met first
equally often, so the other level is the control. A race that neither wins within the path is no case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Case:
    """One judged case: its day (number since 1970), whether the signal was right, whether its control was."""

    day: int
    hit: float
    control: float


@dataclass(frozen=True, slots=True)
class Path:
    """Prices with their moments, ascending; ``after`` is what a judge may see."""

    moments: NDArray[np.int64]
    prices: NDArray[np.float64]

    def after(self, start_ns: int, length_ns: int) -> NDArray[np.float64]:
        """Return the prices in ``(start, start + length]``."""
        inside = (self.moments > start_ns) & (self.moments <= start_ns + length_ns)
        return np.asarray(self.prices[inside])


def first_touch(path: NDArray[np.float64], level: float, price: float) -> int:
    """Return the index of the first price at or beyond a level seen from a price, or the length of the path."""
    hit = np.flatnonzero(path <= level) if level < price else np.flatnonzero(path >= level)
    return int(hit[0]) if len(hit) else len(path)


def race(path: NDArray[np.float64], level: float, price: float, day: int) -> Case | None:
    """Return whether a level was met before its mirror image at the same log distance from the price."""
    own, mirror = (first_touch(path, p, price) for p in (level, price * price / level))
    if min(own, mirror) == len(path):
        return None
    return Case(day, float(own < mirror), float(mirror < own))


def held(path: NDArray[np.float64], level: float, *, support: bool, distance: float, day: int) -> Case | None:
    """Return whether a level held when the price came back to it.

    The path must first leave the level by ``distance`` [log price] on its own side, then come back to it; from there the race is
    between that distance away again (held) and the same distance through it (broken).
    """
    way = 1.0 if support else -1.0
    away, through = level * np.exp(way * distance), level * np.exp(-way * distance)
    left = first_touch(path, away, level)
    back = first_touch(path[left:], level, away)
    rest = path[left + back :]
    if not len(rest):
        return None
    up, down = first_touch(rest, away, level), first_touch(rest, through, level)
    if min(up, down) == len(rest):
        return None
    return Case(day, float(up < down), float(down < up))


Course = Literal["controlled", "cascade", "rebound"]


def course(path: NDArray[np.float64], near: float, *, back: float, onward: float) -> Course:
    """Return what became of a touch: back outside the zone first, on to the next level first, or neither within the path.

    Parameters
    ----------
    path
        Prices from the touch of ``near`` on.
    back, onward
        A price outside the edge that was touched, and the level that a cascade aims at, on the other side of it.
    """
    returned, passed = first_touch(path, back, near), first_touch(path, onward, near)
    if min(returned, passed) == len(path):
        return "controlled"
    return "rebound" if returned < passed else "cascade"
