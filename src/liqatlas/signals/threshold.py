"""The plain method that guides describe: every price level above a threshold is a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from liqatlas.maps.liquidation_map import LiquidationMap


@dataclass(frozen=True, slots=True)
class ThresholdCluster:
    """One price level whose total lies above the threshold.

    Attributes
    ----------
    price
        Geometric middle of the bin [quote].
    long_liq, short_liq, magnitude
        Amounts of both sides and their sum [USD].
    type
        The larger side; a tie is a short, as the guides' comparison has it.
    """

    price: float
    long_liq: float
    short_liq: float
    type: Literal["long", "short"]
    magnitude: float


def threshold_clusters(result: LiquidationMap, threshold_usd: float) -> tuple[ThresholdCluster, ...]:
    """Return every bin with more than a threshold, largest first.

    It depends on the bins: twice as wide bins hold twice as much. Use it to compare with others' pictures, and
    ``find_clusters`` to find zones.

    Raises
    ------
    InputError
        If the threshold is not positive.
    """
    if not threshold_usd > 0:
        raise InputError(f"threshold {threshold_usd:g} cannot be used: wanted a positive amount of USD")
    total = result.long_usd + result.short_usd
    chosen = np.flatnonzero(total > threshold_usd)
    found = [
        ThresholdCluster(
            float(result.price_mid[i]),
            float(result.long_usd[i]),
            float(result.short_usd[i]),
            "long" if result.long_usd[i] > result.short_usd[i] else "short",
            float(total[i]),
        )
        for i in chosen
    ]
    return tuple(sorted(found, key=lambda c: -c.magnitude))
