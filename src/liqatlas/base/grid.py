"""The log-price grid: one for all instruments and all time, so that any two densities share their bins.

Bin ``b`` holds prices in ``[exp(b·step), exp((b + 1)·step))``. The default step is five basis points; a run that uses
another says so in its model parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_STEP = 0.0005


@dataclass(frozen=True, slots=True)
class LogGrid:
    """Equal steps of log price, anchored at price 1 in bin 0.

    Attributes
    ----------
    step
        Width of a bin in log price, dimensionless, > 0.
    """

    step: float = DEFAULT_STEP

    def __post_init__(self) -> None:
        if not (1e-6 <= self.step <= 0.1):
            raise InputError(f"grid step {self.step} is outside 1e-6 to 0.1")

    def edge(self, index: int) -> float:
        """Return the lower price edge of a bin."""
        return float(np.exp(index * self.step))  # numpy throughout: math.exp rounds some edges differently

    def edges(self, low: int, high: int) -> NDArray[np.float64]:
        """Return the ``high - low + 1`` edges of bins ``low`` to ``high - 1`` [quote currency]."""
        return np.exp(np.arange(low, high + 1, dtype=np.float64) * self.step)

    def bin(self, price: float) -> int:
        """Return the bin that holds a price.

        Raises
        ------
        InputError
            If the price is not positive and finite.
        """
        if not (price > 0 and math.isfinite(price)):
            raise InputError(f"price {price} has no bin: a positive finite number is wanted")
        return int(self.bins(np.array([price]))[0])

    def bins(self, prices: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the bins of positive prices, corrected against the edges so that no rounding of ``log`` shows.

        Parameters
        ----------
        prices
            float64, any shape, > 0 [quote currency].
        """
        raw = np.floor(np.log(prices) / self.step)
        raw = np.where(prices < np.exp(raw * self.step), raw - 1, raw)
        raw = np.where(prices >= np.exp((raw + 1) * self.step), raw + 1, raw)
        return raw.astype(np.int32)
