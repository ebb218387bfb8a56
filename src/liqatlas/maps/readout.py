"""Read-out: from segments with unit weight to amounts in USD on one price axis.

*Outstanding* amounts are survivors times ONE factor per instrument and position, ``min(1, open interest / survivors of all
stored history)``, the same for every window and never above one. What the history does not reach and what has no reachable
level are amounts of their own, never spread over the bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.maps.head import LONG, SHORT, SideCoverage
from liqatlas.maps.liquidation_map import LeverageBand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid
    from liqatlas.base.instruments import Instrument
    from liqatlas.levels.buckets import BucketOffsets
    from liqatlas.levels.segment import Segment

#: Leverage bands of read-outs, highest first.
BANDS = (
    LeverageBand("100x+", 100.0, float("inf")),
    LeverageBand("50-100x", 50.0, 100.0),
    LeverageBand("25-50x", 25.0, 50.0),
    LeverageBand("10-25x", 10.0, 25.0),
    LeverageBand("5-10x", 5.0, 10.0),
    LeverageBand("3-5x", 3.0, 5.0),
    LeverageBand("<3x", 0.0, 3.0),
)


@dataclass(frozen=True, slots=True)
class InstrumentLevels:
    """One instrument's levels at a moment, before any mixture is applied.

    Attributes
    ----------
    whole, window
        Segments of all stored history, and of the window alone.
    open_interest_native
        One-sided open interest at the moment [native].
    mark
        Its own mark price at the moment [quote].
    weights
        float64 ``(K + 1,)``: mixture under the leverage cap; the last is the share without a reachable level.
    maintenance_rate
        Rate of the lowest tier: labels leverage.
    """

    instrument: Instrument
    whole: Segment
    window: Segment
    open_interest_native: float
    mark: float
    offsets: BucketOffsets
    weights: NDArray[np.float64]
    maintenance_rate: float

    @property
    def usd_per_native(self) -> float:
        """Value of one native unit at the as-of mark [USD]."""
        return 1.0 if self.instrument.is_inverse else self.mark


def mixture_under_cap(
    weights: NDArray[np.float64], offsets: BucketOffsets, edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mixture with what the leverage cap forbids moved in proportion to what it allows.

    Parameters
    ----------
    weights
        float64 ``(K + 1,)``, sum 1; the last, without a reachable level, is left as it is.
    """
    reachable = weights[:-1]
    used = offsets.distance[LONG]
    width = np.log(edges[1:] / edges[:-1])
    allowed = np.where(offsets.active, np.log(used[:, 1] / used[:, 0]) / width, 0.0)
    kept = reachable * np.clip(allowed, 0.0, 1.0)
    return np.append(kept * (reachable.sum() / kept.sum()), weights[-1])


def normalisation(total: NDArray[np.float64], open_interest: float) -> NDArray[np.float64]:
    """Return ``min(1, open interest / survivors)`` per position; 1 where nothing survives."""
    ratio = np.divide(open_interest, total, out=np.ones_like(total), where=total > 0)
    return np.asarray(np.minimum(1.0, ratio))


def leverage_shares(levels: InstrumentLevels) -> NDArray[np.float64]:
    """Return the share of each bucket in each leverage band, float64 ``(2, K, L)``; see :func:`band_shares`."""
    return band_shares(levels.offsets.distance, levels.maintenance_rate, inverse=levels.instrument.is_inverse)


def band_shares(
    distance: NDArray[np.float64], maintenance_rate: float, *, inverse: bool
) -> NDArray[np.float64]:
    """Return the share of each stretch of distance ``(2, K, 2)`` in each leverage band, float64 ``(2, K, L)``.

    1/L = m + δ(1 ∓ m) for linear and quanto, (m + δ)/(1 - δ) and (m + δ)/(1 + δ) for inverse longs and shorts. A bucket that
    crosses a band's edge is split evenly in log leverage.
    """
    m = maintenance_rate
    sign = np.array((1.0, -1.0))[:, None, None]
    inverse_leverage = (m + distance) / (1 - sign * distance) if inverse else m + distance * (1 - sign * m)
    high, low = -np.log(inverse_leverage[..., 0]), -np.log(inverse_leverage[..., 1])
    shares = np.empty((*high.shape, len(BANDS)))
    for i, band in enumerate(BANDS):
        top, bottom = np.log(band.high), np.log(band.low) if band.low > 0 else -np.inf
        shares[..., i] = np.clip(np.minimum(high, top) - np.maximum(low, bottom), 0.0, None) / (high - low)
    return shares


def outstanding(
    levels: InstrumentLevels, grid: LogGrid
) -> tuple[int, NDArray[np.float64], tuple[SideCoverage, SideCoverage]]:
    """Return the outstanding amounts of the window and where the open interest is.

    Returns
    -------
    origin
        Bin of the first column.
    usd
        float64 ``(L, 2, B)`` [USD]: leverage band, position, own price bin.
    coverage
        Of longs and shorts.
    """
    weights, usd = levels.weights, levels.usd_per_native
    here = grid.bin(levels.mark)
    whole = _at_mark(levels.whole, here)
    window = _at_mark(levels.window, here)
    survivors = np.einsum("k,pkb->p", weights[:-1], whole)
    unlevered = weights[-1] * levels.whole.unlevered
    factor = normalisation(survivors + unlevered, levels.open_interest_native)
    scaled = window * (weights[:-1, None] * factor[:, None, None] * usd)
    by_band = np.einsum("pkb,pkl->lpb", scaled, leverage_shares(levels))
    total = levels.open_interest_native * usd
    coverage = []
    for p in (LONG, SHORT):
        explained = float(scaled[p].sum())
        reachable = float(survivors[p] * factor[p] * usd)
        free = float(unlevered[p] * factor[p] * usd)
        coverage.append(
            SideCoverage(
                total, explained, max(reachable - explained, 0.0), max(total - reachable - free, 0.0), free
            )
        )
    return levels.window.origin, by_band, (coverage[LONG], coverage[SHORT])


def _at_mark(segment: Segment, here: int) -> NDArray[np.float64]:
    """Return the inflow with what the stated mark has reached taken out, ``(2, K, B)``."""
    inflow = segment.inflow.copy()
    at = here - segment.origin
    inflow[LONG][:, max(at, 0) :] = 0.0
    inflow[SHORT][:, : max(at + 1, 0)] = 0.0
    return inflow


def moved(
    amounts: NDArray[np.float64], origin: int, shift: float, target: tuple[int, int]
) -> NDArray[np.float64]:
    """Return amounts moved by a fractional number of bins onto bins ``[low, high)``; a bin's mass splits over two.

    Parameters
    ----------
    amounts
        float64 ``(..., B)`` on bins from ``origin``.
    shift
        Bins to move upward, such as log(reference price / own mark) / step.
    target
        ``(low, high)``: must hold everything; mass outside is left out.
    """
    low, high = target
    whole = int(np.floor(shift))
    part = shift - whole
    out = np.zeros((*amounts.shape[:-1], high - low))
    for offset, share in ((whole, 1.0 - part), (whole + 1, part)):
        if share == 0.0:
            continue
        start = origin + offset - low
        first, last = max(0, -start), min(amounts.shape[-1], high - low - start)
        if last > first:
            out[..., start + first : start + last] += share * amounts[..., first:last]
    return out
