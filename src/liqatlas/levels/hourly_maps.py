"""The expected map at the start of every hour as arrays, and numbers drawn from it for models and back-tests.

Row ``t`` reads nothing later than the start of hour ``t`` (plus the lateness of a sample): changing what comes after changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError
from liqatlas.levels.forecast import forecast, level_factors
from liqatlas.levels.responses import DISTANCES, UNIT_USD, respond

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket

#: Distances within which mass is told [log price].
BANDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
#: Reach within which clusters and gaps are looked for, and the width of a stretch that may be a cluster [log price].
REACH, STRETCH = 0.05, 0.0025
#: Share of the mass within reach that ends the gap next to the price.
GAP_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class HourlyMaps:
    """Maps of ``n`` hours.

    Attributes
    ----------
    start_ns
        int64 ``(n,)``: the moments.
    price
        float64 ``(n,)``: the mark then.
    distance
        float64 ``(D,)``: from the mark, outward, beginning with 0 [log price].
    within_usd
        float64 ``(n, 2, D)``: expected prints, long and short, if the mark travelled that far at once [USD].
    level
        float64 ``(n,)``: factor on the weights.
    """

    start_ns: NDArray[np.int64]
    price: NDArray[np.float64]
    distance: NDArray[np.float64]
    within_usd: NDArray[np.float64]
    level: NDArray[np.float64]

    def thinned(self, every: int) -> HourlyMaps:
        """Return every ``every``-th hour, those whose number since 1970 divides by it."""
        rows = (self.start_ns // 3_600_000_000_000) % every == 0
        return HourlyMaps(
            self.start_ns[rows], self.price[rows], self.distance, self.within_usd[rows], self.level[rows]
        )


def hourly_maps(market: HourMarket, calibration: Calibration) -> HourlyMaps:
    """Return the expected map at the start of every hour of a market."""
    out = respond(market, calibration.settings, scale=calibration.hazard_scale)
    made = forecast(market, calibration, out)
    level = level_factors(calibration, made.slow.level[:-1], made.fast.level[:-1], market.start_ns)
    within = np.einsum("npkd,k->npd", out.profile, calibration.weight.astype(np.float32), dtype=np.float64)
    return HourlyMaps(
        market.start_ns, market.open, DISTANCES, within * (level * UNIT_USD)[:, None, None], level
    )


def map_features(maps: HourlyMaps) -> dict[str, NDArray[np.float64]]:
    """Return numbers of every map by name, ``(n,)`` each.

    ``long_within_1pct`` [USD], ``asymmetry_1pct`` (longs less shorts over both), ``long_gap`` (distance until a twentieth of the mass within
    5 % is met), ``long_cluster`` (middle of the heaviest quarter percent within 5 %), ``long_cluster_share`` (its share of that mass).

    Raises
    ------
    InputError
        If a map holds amounts that are not finite.
    """
    if not bool(np.isfinite(maps.within_usd).all()):
        raise InputError("a map holds amounts that are not finite")
    out: dict[str, NDArray[np.float64]] = {}
    for band in BANDS:
        at = int(np.searchsorted(maps.distance, band - 1e-9))
        name = f"{band * 100:g}pct".replace(".", "_")
        both = maps.within_usd[:, :, at]
        out[f"long_within_{name}"], out[f"short_within_{name}"] = both[:, 0], both[:, 1]
        out[f"asymmetry_{name}"] = (both[:, 0] - both[:, 1]) / np.maximum(both.sum(axis=1), 1e-9)
    edges = np.arange(0.0, REACH + STRETCH / 2, STRETCH)
    for p, position in enumerate(("long", "short")):
        running = _at(maps, p, edges)
        mass, total = np.diff(running, axis=1), np.maximum(running[:, -1], 1e-9)
        best = mass.argmax(axis=1)
        out[f"{position}_gap"] = _reached(running, edges, GAP_SHARE * total)
        out[f"{position}_cluster"] = edges[best] + STRETCH / 2
        out[f"{position}_cluster_share"] = mass[np.arange(len(mass)), best] / total
    return out


def _at(maps: HourlyMaps, position: int, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mass within other distances, linear between those kept, ``(n, len(distance))``."""
    left = np.clip(np.searchsorted(maps.distance, distance, side="right") - 1, 0, len(maps.distance) - 2)
    share = (distance - maps.distance[left]) / (maps.distance[left + 1] - maps.distance[left])
    rows = maps.within_usd[:, position]
    return np.asarray(rows[:, left] * (1 - share) + rows[:, left + 1] * share)


def _reached(
    running: NDArray[np.float64], edges: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the first edge by which each row has reached an amount, ``(n,)``; the last where it never has."""
    there = running >= wanted[:, None]
    return np.asarray(np.where(there.any(axis=1), edges[there.argmax(axis=1)], edges[-1]))
