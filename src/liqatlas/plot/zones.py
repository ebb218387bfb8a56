"""The heaviest zones of a drawn map: where the labels go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.maps.head import LONG, POSITION_NAMES, SHORT
from liqatlas.plot.view import identified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.plot.view import MapView

#: Width of a zone as a share of the price, and at most as a share of the drawn range.
ZONE_WIDTH, MOST_OF_RANGE = 0.01, 0.06
#: A zone below this share of its side's heaviest one is not worth a label.
LEAST_WEIGHT = 0.05


@dataclass(frozen=True, slots=True)
class Zone:
    """A price range ``[price_low, price_high)`` and the USD of one position in it."""

    position: Literal["long", "short"]
    price_low: float
    price_high: float
    usd: float

    @property
    def far_price(self) -> float:
        """The edge that the price reaches last."""
        return self.price_low if self.position == "long" else self.price_high


def heaviest_zones(view: MapView, count: int = 3) -> tuple[Zone, ...]:
    """Return up to ``count`` zones a side, longs first, heaviest first.

    A zone is about one percent of the price wide, less where little is drawn. Zones of one side keep at least one zone's width between them, so that
    one hill is not named three times; levels beyond the identified distance are never named.
    """
    edges = view.shown.price_edges
    reach = min(ZONE_WIDTH * view.shown.head.price, MOST_OF_RANGE * (view.high - view.low))
    width = max(2, round(reach / view.step))
    usable = identified(view.shown.head, edges)
    zones: list[Zone] = []
    for position in (LONG, SHORT):
        mass = np.where(usable, view.shown.usd[:, :, position].sum(axis=(0, 1)), 0.0)
        for first, last in _heaviest_runs(mass, width, count):
            name = POSITION_NAMES[position]
            usd = float(mass[first:last].sum())
            zones.append(
                Zone("long" if name == "long" else "short", float(edges[first]), float(edges[last]), usd)
            )
    return tuple(zones)


def zones_within(view: MapView, zones: Sequence[Zone], count: int = 3) -> tuple[Zone, ...]:
    """Return up to ``count`` zones a side that lie inside the drawn range, longs first, heaviest first."""
    inside = [z for z in zones if z.price_low >= view.low and z.price_high <= view.high]
    out: list[Zone] = []
    for position in ("long", "short"):
        out += sorted((z for z in inside if z.position == position), key=lambda z: -z.usd)[:count]
    return tuple(out)


def heaviest(zones: tuple[Zone, ...], position: Literal["long", "short"]) -> Zone | None:
    """Return the heaviest zone of a side, or None where it has none."""
    return max((z for z in zones if z.position == position), key=lambda z: z.usd, default=None)


def _heaviest_runs(mass: NDArray[np.float64], width: int, count: int) -> list[tuple[int, int]]:
    """Return up to ``count`` index ranges of at most ``width`` bins with the most mass, apart from each other."""
    free = mass.copy()
    width = min(width, len(mass))
    runs: list[tuple[int, int]] = []
    least = 0.0
    for _ in range(count):
        sums = np.convolve(free, np.ones(width), mode="valid")
        first = int(np.argmax(sums))
        if sums[first] <= least:
            break
        least = least or LEAST_WEIGHT * float(sums[first])
        held = first + np.flatnonzero(free[first : first + width] > 0)
        runs.append((int(held[0]), int(held[-1]) + 1))
        free[max(0, first - width) : first + 2 * width] = 0.0
    return runs
