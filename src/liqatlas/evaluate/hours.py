"""What is judged: consecutive hours of one symbol with the price they travelled and the prints they released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
SCORE_UNIT_USD = 10_000.0
LONG, SHORT = 0, 1


@dataclass(frozen=True, slots=True)
class Hours:
    """Consecutive UTC hours, or longer steps, ``[start, start + step)`` without gaps; what a source does not say is NaN.

    Attributes
    ----------
    start_ns
        int64, shape ``(n,)``: start of the hour [ns since 1970 UTC].
    open, high, low, close
        float64, shape ``(n,)``: MARK price of the hour, ``open`` at its start [quote].
    volume
        float64, shape ``(n,)``: turnover, one-sided [base].
    oi_usd
        float64, shape ``(n,)``: one-sided open interest at the start [USD].
    path
        float64, shape ``(n, m + 1)``: mark at equal steps through the hour, both ends included [quote]; rows may be NaN.
    printed_usd
        float64, shape ``(n, 2)``: realised liquidations, long and short [USD]; NaN where not reported.
    step_ns
        Length of a row, an hour unless said otherwise.
    """

    start_ns: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    oi_usd: NDArray[np.float64]
    path: NDArray[np.float64]
    printed_usd: NDArray[np.float64]
    step_ns: int = HOUR_NS

    def __post_init__(self) -> None:
        n = len(self.start_ns)
        for name in ("open", "high", "low", "close", "volume", "oi_usd"):
            if getattr(self, name).shape != (n,):
                raise InputError(f"hours: {name} has shape {getattr(self, name).shape}, wanted ({n},)")
        if self.printed_usd.shape != (n, 2):
            raise InputError(f"hours: printed_usd has shape {self.printed_usd.shape}, wanted ({n}, 2)")
        if self.path.ndim != 2 or len(self.path) != n:
            raise InputError(f"hours: path has shape {self.path.shape}, wanted ({n}, steps + 1)")
        if n > 1 and not bool(np.all(np.diff(self.start_ns) == self.step_ns)):
            raise InputError(
                "hours: starts are not consecutive hours; fill gaps with NaN prints, not by omission"
            )
        if not bool(np.all((self.low > 0) & (self.low <= self.open) & (self.open <= self.high))):
            raise InputError(
                "hours: low <= open <= high with positive prices is broken; correct the basis first"
            )
        if bool(np.any(self.printed_usd < 0)):
            raise InputError("hours: printed_usd holds negative amounts")

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def amount(self) -> NDArray[np.float64]:
        """Printed amount in the unit of the score, shape ``(n, 2)`` [10,000 USD]."""
        return self.printed_usd / SCORE_UNIT_USD

    @property
    def day(self) -> NDArray[np.int64]:
        """Number of the UTC day, shape ``(n,)``: the block of the bootstrap."""
        return self.start_ns // DAY_NS

    @property
    def depth(self) -> NDArray[np.float64]:
        """How far the hour went against each position from its open, shape ``(n, 2)`` [log price], >= 0."""
        return np.stack([np.log(self.open / self.low), np.log(self.high / self.open)], axis=1)

    def between(self, since_ns: int, until_ns: int) -> NDArray[np.bool_]:
        """Return the mask of hours that start in ``[since_ns, until_ns)``."""
        return (self.start_ns >= since_ns) & (self.start_ns < until_ns)
