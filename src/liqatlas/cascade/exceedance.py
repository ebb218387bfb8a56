"""How often more than an amount was liquidated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.cascade.sequence import share_band

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Exceedance:
    """Share of runs that liquidated more than ``usd``, with the band of :class:`liqatlas.cascade.sequence.Step`.

    Where ``calibrated``, ``share`` is a recalibrated probability and no longer the share of runs.
    """

    usd: float
    share: float
    band: tuple[float, float]
    calibrated: bool = False


def exceedance(
    liquidated: NDArray[np.float64],
    fragility: NDArray[np.float64],
    *,
    within: tuple[float, float] | None = None,
) -> tuple[Exceedance, ...]:
    """Return round amounts, one, two and five times powers of ten.

    Parameters
    ----------
    within
        Least and greatest amount [USD]; by default about the 1 % to the 99 % quantile of the runs.
    """
    low, high = np.quantile(liquidated, [0.01, 0.99]) * (0.5, 2.0) if within is None else within
    if not high > 0:
        return ()
    first, last = int(np.floor(np.log10(max(low, high / 4e4)))), int(np.ceil(np.log10(high)))
    amounts = [m * 10.0**e for e in range(first, last + 1) for m in (1.0, 2.0, 5.0)]
    inside = [a for a in amounts if low <= a <= high]
    return tuple(
        Exceedance(usd, float((liquidated > usd).mean()), share_band(liquidated > usd, fragility))
        for usd in inside
    )
