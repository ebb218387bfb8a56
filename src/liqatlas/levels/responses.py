"""Responses: how much each bucket, at unit weight, would have released in every hour.

    touched[t, position, bucket]   all mass touched in the hour            (what a running reader knows)
    fresh  [t, position, bucket]   its part that was opened in the hour
    profile[t, position, bucket, d] mass within a distance of the open at the hour's start (what a frozen reader knows)

Unit weight means that all of an hour's openings enter every bucket; weights say which share of them is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.levels import response_kernels as kernels
from liqatlas.levels.hour_legs import legs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_legs import Legs
    from liqatlas.levels.hour_market import HourMarket

#: Amounts of responses, weights times responses and predictions are in this many USD.
UNIT_USD = 10_000.0
#: Distances at which the profile is kept [log price]; beyond the last the mass of the last holds.
DISTANCES = np.concatenate(
    [np.arange(0, 0.02, 0.00025), np.arange(0.02, 0.06, 0.002), np.arange(0.06, 0.161, 0.01)]
)
_SPARE_BINS = 10
#: A whole number of bins lies in a decade of price, so that a contract of a thousand coins has the map of the coin.
_DECADE = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class HourResponses:
    """Responses of ``n`` hours at unit weight [10,000 USD].

    Attributes
    ----------
    touched, fresh
        float64 ``(n, 2, K)``.
    profile
        float32 ``(n, 2, K, D)``, not decreasing along ``DISTANCES``; D is 0 where it was not asked for.
    reach
        float64 ``(n, 2, K)``: the profile read at the hour's own depth.
    """

    touched: NDArray[np.float64]
    fresh: NDArray[np.float64]
    profile: NDArray[np.float32]
    reach: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeldMass:
    """What is open at the end of the last leg, at unit weight.

    Attributes
    ----------
    coins
        float64 ``(2, K, B)``.
    edges
        float64 ``(K, B + 1)``: log price of the bins' edges, per bucket.
    count
        int64 ``(K,)``: bins used of each bucket.
    """

    coins: NDArray[np.float64]
    edges: NDArray[np.float64]
    count: NDArray[np.int64]


def respond(
    market: HourMarket,
    settings: EstimatorSettings,
    *,
    scale: float | None = None,
    with_profile: bool = True,
    bookkeeping: bool = True,
) -> HourResponses:
    """Return the responses of every hour of a market.

    Parameters
    ----------
    scale
        Of the hazard; by default the settings'.
    with_profile
        Whether the profile and what follows from it are wanted; they cost half the time.
    bookkeeping
        False never removes what is touched and never closes: a baseline, not an option of the model. ``touched`` then
        holds only what was opened in the hour.
    """
    distance = DISTANCES if with_profile else np.zeros(0)
    hazard = settings.hazard(scale) if bookkeeping else np.zeros(len(settings.bucket_edges) - 1)
    legs = legs_of(market, settings)
    count, buckets = len(market), len(hazard)
    out = kernels.Responses(
        np.zeros((count, 2, buckets)),
        np.zeros((count, 2, buckets)),
        np.zeros((count, 2, buckets, len(distance)), dtype=np.float32),
    )
    reading = (np.log(market.open), distance)
    _run(legs, settings, hazard, reading, out, remove=bookkeeping)
    profile = out.profile
    profile /= np.float32(UNIT_USD)
    if not bookkeeping and with_profile:
        profile -= profile[..., :1]  # without removal there is mass on the wrong side of the price
    reach = mass_within(profile, market.depth) if with_profile else np.zeros((count, 2, buckets))
    return HourResponses(out.touched / UNIT_USD, out.fresh / UNIT_USD, profile, reach)


def held_mass(market: HourMarket, settings: EstimatorSettings, *, scale: float, since_ns: int) -> HeldMass:
    """Return what was opened at or after a moment and is still open at the end of the market's last hour."""
    hazard = settings.hazard(scale)
    legs = legs_of(market, settings)
    from_leg = int(np.searchsorted(legs.hour, np.searchsorted(market.start_ns, since_ns)))
    part = type(legs)(
        *(
            getattr(legs, f)[from_leg:]
            for f in ("hour", "begin", "end", "volume", "interest_change", "interest", "pace")
        )
    )
    buckets = len(hazard)
    nothing = kernels.Responses(
        np.zeros((len(market), 2, buckets)),
        np.zeros((len(market), 2, buckets)),
        np.zeros((len(market), 2, buckets, 0), dtype=np.float32),
    )
    layout, held, scales = _run(
        part, settings, hazard, (np.log(market.open), np.zeros(0)), nothing, remove=True
    )
    edges = layout.width[:, None] * (layout.first[:, None] + np.arange(held.amount.shape[2] + 1))
    return HeldMass(held.amount * scales[:, :, None], edges, layout.bins)


def mass_within(profile: NDArray[np.float32], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read each hour's profile at its own depth, linear between distances: ``(n, 2, K, D), (n, 2) -> (n, 2, K)``."""
    reach = np.clip(depth, 0.0, DISTANCES[-1])
    left = np.minimum(np.searchsorted(DISTANCES, reach, side="right") - 1, len(DISTANCES) - 2)
    share = (reach - DISTANCES[left]) / (DISTANCES[left + 1] - DISTANCES[left])
    row, position = np.arange(len(depth))[:, None], np.arange(2)[None, :]
    near = profile[row, position, :, left].astype(np.float64)
    far = profile[row, position, :, left + 1].astype(np.float64)
    out: NDArray[np.float64] = near + (far - near) * share[:, :, None]
    return out


def _layout(legs: Legs, settings: EstimatorSettings) -> kernels.Layout:
    """Return bins wide enough for every level the legs can open."""
    edges = settings.edges()
    ends = np.concatenate([legs.begin, legs.end])
    low, high = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 0.0)
    width = np.minimum(np.diff(edges) / settings.bins_per_bucket, settings.widest_bin)
    width = _DECADE / np.ceil(_DECADE / width)
    first = np.floor((low + np.log1p(-edges[-1])) / width).astype(np.int64) - _SPARE_BINS
    last = np.ceil((high + np.log1p(edges[-1])) / width).astype(np.int64) + _SPARE_BINS
    count = last - first
    middle = width[:, None] * (first[:, None] + np.arange(count.max()) + 0.5)
    low_offset = np.stack([np.log1p(-edges[1:]), np.log1p(edges[:-1])])
    high_offset = np.stack([np.log1p(-edges[:-1]), np.log1p(edges[1:])])
    return kernels.Layout(width, count, first, np.exp(middle), low_offset, high_offset)


def _run(
    legs: Legs,
    settings: EstimatorSettings,
    hazard: NDArray[np.float64],
    reading: tuple[NDArray[np.float64], NDArray[np.float64]],
    out: kernels.Responses,
    *,
    remove: bool,
) -> tuple[kernels.Layout, kernels.Mass, NDArray[np.float64]]:
    """Run the compiled engine from an empty state; return layout, stock and its scale."""
    layout = _layout(legs, settings)
    held, fresh = _empty(layout), _empty(layout)
    scale = np.ones((2, len(hazard)))
    opened, closed = _opened_and_closed(legs, settings)
    flow = kernels.Flow(legs.hour, legs.begin, legs.end, opened, closed)
    kernels.run(flow, hazard, layout, (held, fresh, scale), reading, (settings.entry_points, remove), out)
    return layout, held, scale


def _empty(layout: kernels.Layout) -> kernels.Mass:
    buckets = len(layout.width)
    nowhere = np.stack([np.full(buckets, -1), layout.bins]).astype(np.int64)
    return kernels.Mass(np.zeros((2, buckets, int(layout.bins.max()))), nowhere.copy(), nowhere[::-1].copy())


def _opened_and_closed(
    legs: Legs, settings: EstimatorSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what opens [coins] and what closes over open interest, per leg and position, by the flow identity."""
    change = legs.interest_change
    turnover = settings.phi * np.maximum(legs.volume - np.abs(change), 0.0)
    shares = np.array((settings.theta, 1.0 - settings.theta))
    opened = np.maximum(change, 0.0)[:, None] + turnover[:, None] * shares
    closed = (np.maximum(-change, 0.0)[:, None] + turnover[:, None] * shares) / legs.interest[:, None]
    clock = settings.phi * legs.pace[:, None] * shares
    return opened, (1.0 - settings.hazard_clock) * closed + settings.hazard_clock * clock
