"""Maintenance-margin schedules: which rate a position of a given size owes, valid from a date.

With a deduction the schedule is continuous: maintenance = N * rate_i - deduction_i with
``deduction_i = deduction_{i-1} + floor_i * (rate_i - rate_{i-1})``. A venue that publishes no deduction (OKX) applies the
tier's rate to the whole position, so maintenance jumps at every floor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.errors import RuleError
from liqatlas.rules.positions import Floats, as_floats

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

#: What floors are counted in: USD of notional, venue contracts, or coins of notional (inverse contracts).
FloorUnit = Literal["usd", "contracts", "coin"]


@dataclass(frozen=True, slots=True, eq=False)
class TierTable:
    """One symbol's maintenance schedule, smallest tier first.

    Attributes
    ----------
    venue, symbol
        The venue's key and its own name of the contract.
    floors
        float64 (n,) [floor_unit]: size from which a tier holds; the first is 0.
    rates
        float64 (n,) fraction of notional, not falling.
    deductions
        float64 (n,) [settle]: constant taken off the maintenance margin; all 0 when ``whole_position``.
    max_leverages
        float64 (n,): highest leverage the venue lets a position of that size choose.
    floor_unit
        What ``floors`` and ``size_limit`` are counted in.
    valid_from
        Date the schedule was seen in force, not necessarily the first one.
    source, read_on
        Where the numbers are from (URL or repository path), and when they were read.
    size_limit
        Largest size the last tier allows; ``inf`` where the venue names none. Beyond it the last tier's rate goes on.
    whole_position
        True where the tier's rate applies to the whole position (no deduction).
    cap_inclusive
        True where a size equal to the next floor still belongs to the lower tier.
    contract_value
        Native quantity of one contract, for floors counted in contracts; NaN where unknown.
    warning
        Why the table may not fit the question (such as another date), or empty.

    Raises
    ------
    RuleError
        If the arrays are empty or of unequal length, the floors do not rise from 0, or a rate falls or leaves (0, 1).
    """

    venue: str
    symbol: str
    floors: Floats
    rates: Floats
    deductions: Floats
    max_leverages: Floats
    floor_unit: FloorUnit
    valid_from: date
    source: str
    read_on: date
    size_limit: float = np.inf
    whole_position: bool = False
    cap_inclusive: bool = True
    contract_value: float = np.nan
    warning: str = ""

    def __post_init__(self) -> None:
        where = f"tier table of {self.symbol} on {self.venue}, {self.valid_from}"
        arrays = (self.floors, self.rates, self.deductions, self.max_leverages)
        if self.floors.size == 0 or any(a.shape != self.floors.shape or a.ndim != 1 for a in arrays):
            raise RuleError(f"{where}: wanted four columns of equal length, at least one row")
        if any(not np.all(np.isfinite(a)) for a in arrays):
            raise RuleError(f"{where}: a value is not finite")
        if self.floors[0] != 0 or np.any(np.diff(self.floors) <= 0) or not self.size_limit > self.floors[-1]:
            raise RuleError(
                f"{where}: floors must start at 0 and rise up to the size limit; got {self.floors.tolist()}"
            )
        if np.any(np.diff(self.rates) < 0) or self.rates[0] <= 0 or self.rates[-1] >= 1:
            raise RuleError(f"{where}: rates must not fall and lie in (0, 1); got {self.rates.tolist()}")
        if np.any(self.max_leverages <= 0):
            raise RuleError(f"{where}: a maximum leverage is not positive; got {self.max_leverages.tolist()}")
        for array in arrays:
            array.setflags(write=False)

    def __len__(self) -> int:
        return self.floors.size

    @property
    def caps(self) -> Floats:
        """Upper edge of each tier [floor_unit]; the last is ``size_limit``."""
        return np.append(self.floors[1:], self.size_limit)

    @property
    def leverage_cap(self) -> float:
        """Highest leverage any position may choose: that of the smallest tier."""
        return float(self.max_leverages.max())

    def tier_index(self, size: ArrayLike) -> NDArray[np.int64]:
        """Return the 0-based tier of sizes [floor_unit]; sizes beyond ``size_limit`` stay in the last tier.

        Raises
        ------
        RuleError
            If a size is negative or not a number.
        """
        sizes = as_floats(size)
        if not np.all(sizes >= 0):
            raise RuleError(
                "a position size is negative or not a number: wanted sizes >= 0 in the table's unit"
            )
        found = np.searchsorted(self.floors, sizes, side="left" if self.cap_inclusive else "right") - 1
        return np.asarray(np.maximum(found, 0), dtype=np.int64)

    def maintenance_rate(self, size: ArrayLike) -> Floats:
        """Return the rate (fraction) of the tier that sizes [floor_unit] fall in."""
        return np.asarray(self.rates[self.tier_index(size)])

    def deduction(self, size: ArrayLike) -> Floats:
        """Return the deduction [settle] of the tier that sizes [floor_unit] fall in."""
        return np.asarray(self.deductions[self.tier_index(size)])

    def max_leverage_at(self, size: ArrayLike) -> Floats:
        """Return the highest leverage allowed for sizes [floor_unit]."""
        return np.asarray(self.max_leverages[self.tier_index(size)])

    def maintenance_amount(self, notional: ArrayLike, *, size: ArrayLike | None = None) -> Floats:
        """Return the maintenance margin [settle] of notionals [settle].

        Parameters
        ----------
        notional
            float64 >= 0 [settle].
        size
            float64 [floor_unit]; by default the notional itself, which is right where floors are in the settle currency.

        Raises
        ------
        RuleError
            If floors are counted in contracts and no size is given.
        """
        if size is None:
            if self.floor_unit == "contracts":
                raise RuleError(
                    f"{self.symbol} on {self.venue} counts tiers in contracts: give the size in contracts too"
                )
            size = notional
        tier = self.tier_index(size)
        return np.asarray(as_floats(notional) * self.rates[tier] - self.deductions[tier])

    def continuity_gap(self) -> float:
        """Return the largest jump of maintenance at a floor, as a share of the maintenance there; 0 with one tier."""
        if len(self) == 1:
            return 0.0
        floors = self.floors[1:]
        below = floors * self.rates[:-1] - self.deductions[:-1]
        above = floors * self.rates[1:] - self.deductions[1:]
        return float(np.max(np.abs(above - below) / np.maximum(below, np.finfo(np.float64).tiny)))

    def is_continuous(self, tolerance: float = 1e-9) -> bool:
        """Return whether maintenance has no jump larger than a share ``tolerance``; whole-position tables of > 1 tier jump."""
        return self.continuity_gap() <= tolerance

    def columns(self) -> dict[str, NDArray[np.float64] | NDArray[np.int32]]:
        """Return the table as the columns of ``base.schemas.MARGIN_TIERS``; the last cap is ``inf`` there by definition."""
        caps = self.caps
        caps[-1] = np.inf
        return {
            "tier": np.arange(1, len(self) + 1, dtype=np.int32),
            "floor": self.floors,
            "cap": caps,
            "maintenance_rate": self.rates,
            "deduction": self.deductions,
            "max_leverage": self.max_leverages,
        }

    def with_warning(self, warning: str) -> TierTable:
        """Return the same table carrying a warning."""
        return replace(self, warning=warning)


def continuous_deductions(floors: ArrayLike, rates: ArrayLike) -> Floats:
    """Return the deductions [settle] that make a schedule continuous, starting at 0.

    Examples
    --------
    >>> continuous_deductions([0.0, 150e6], [0.0125, 0.025])
    array([      0., 1875000.])
    """
    edges, steps = as_floats(floors), np.diff(as_floats(rates))
    return np.concatenate(([0.0], np.cumsum(edges[1:] * steps)))
