"""One map against another of the same bins: an estimated one against the measured one, scaled to what was seen.

The measured map holds a share of the market only, so each side of the estimated map is scaled to the measured side's total first:
what is judged is WHERE the levels are, not how much there is. Per side and band of distance from the price: ratio, rank
correlation over bins, and the Wasserstein distance of the two in log price; over all bins calibration in both directions.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Bounds of the bands of distance.
BANDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)
#: Groups of bins in a calibration.
GROUPS = 5


@dataclass(frozen=True, slots=True)
class BandAgreement:
    """One side within a band ``[low, high)`` of distance from the price.

    Attributes
    ----------
    estimated_usd, measured_usd
        Totals after scaling the estimate to the measured side.
    ratio
        Estimated over measured; NaN where nothing was measured.
    rank_correlation
        Spearman's over the band's bins; NaN where one of the two is constant.
    """

    low: float
    high: float
    estimated_usd: float
    measured_usd: float
    ratio: float
    rank_correlation: float


@dataclass(frozen=True, slots=True)
class SideAgreement:
    """One side of two maps.

    Attributes
    ----------
    scale
        Factor the estimate was multiplied with.
    wasserstein
        Mean way in log price that the estimated mass must be moved to become the measured one; 0.01 is about 1 %.
    wasserstein_even
        The same for mass spread evenly over this side up to the last band: what a map that knows nothing would have.
    overlap
        Share of mass in common bins, 0 to 1.
    by_estimate, by_measure
        (mean estimated, mean measured) USD of bins grouped by the one and by the other: a map that is right on average has equal
        pairs in the first, one that misses no concentration in the second.
    """

    scale: float
    wasserstein: float
    wasserstein_even: float
    overlap: float
    rank_correlation: float
    bands: tuple[BandAgreement, ...]
    by_estimate: tuple[tuple[float, float], ...]
    by_measure: tuple[tuple[float, float], ...]


def side_agreement(
    edges: NDArray[np.float64],
    estimated: NDArray[np.float64],
    measured: NDArray[np.float64],
    *,
    price: float,
    bands: Sequence[float] = BANDS,
) -> SideAgreement:
    """Return how well one side of an estimated map agrees with the measured one.

    Parameters
    ----------
    edges
        float64 (B + 1,) [quote], the same for both.
    estimated, measured
        float64 (B,) >= 0 [USD].

    Raises
    ------
    InputError
        If shapes do not fit.
    NotEnoughDataError
        If one of the two holds nothing.
    """
    if estimated.shape != measured.shape or len(edges) != len(measured) + 1:
        raise InputError(
            f"maps of {estimated.shape} and {measured.shape} bins with {len(edges)} edges cannot be compared: rebin one to the other"
        )
    total, whole = float(measured.sum()), float(estimated.sum())
    if total <= 0 or whole <= 0:
        raise NotEnoughDataError("one of the two maps holds nothing on this side, so they cannot be compared")
    scale = total / whole
    scaled = estimated * scale
    middle = np.log(np.sqrt(edges[:-1] * edges[1:]))
    distance = np.abs(np.exp(middle) / price - 1)
    reach = distance < bands[-1]
    return SideAgreement(
        scale,
        float(stats.wasserstein_distance(middle, middle, scaled, measured)),
        _even(middle, measured, reach, math.log(price)),
        float(np.minimum(scaled, measured).sum() / total),
        _rank(scaled[reach], measured[reach]),
        tuple(
            _band(scaled, measured, (distance >= low) & (distance < high), (low, high))
            for low, high in itertools.pairwise(bands)
        ),
        _grouped(scaled, measured, by=scaled),
        _grouped(scaled, measured, by=measured),
    )


def _even(
    middle: NDArray[np.float64], measured: NDArray[np.float64], reach: NDArray[np.bool_], log_price: float
) -> float:
    """Return the Wasserstein distance of an even spread over the side on which most of the measured mass lies."""
    above = middle > log_price
    mostly_above = measured[above].sum() > measured[~above].sum()
    even = (reach & (above == mostly_above)).astype(np.float64)
    return float(stats.wasserstein_distance(middle, middle, even, measured)) if even.any() else float("nan")


def _band(
    scaled: NDArray[np.float64],
    measured: NDArray[np.float64],
    inside: NDArray[np.bool_],
    span: tuple[float, float],
) -> BandAgreement:
    ours, seen = float(scaled[inside].sum()), float(measured[inside].sum())
    ratio = ours / seen if seen > 0 else float("nan")
    return BandAgreement(*span, ours, seen, ratio, _rank(scaled[inside], measured[inside]))


def _rank(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation; NaN where one of the two does not vary."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(stats.spearmanr(first, second).statistic)


def _grouped(
    scaled: NDArray[np.float64], measured: NDArray[np.float64], *, by: NDArray[np.float64]
) -> tuple[tuple[float, float], ...]:
    """Return mean pairs of bins with mass, in groups of equal number ordered by one of the two."""
    used = np.flatnonzero((scaled > 0) | (measured > 0))
    order = used[np.argsort(by[used], kind="stable")]
    parts = [part for part in np.array_split(order, GROUPS) if len(part)]
    return tuple((float(scaled[part].mean()), float(measured[part].mean())) for part in parts)
