"""How a venue liquidates: maintenance tiers, steps, the book's depth, insurance and deleveraging."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np

from liqatlas.base.errors import ConfigError
from liqatlas.rules import TierTable, continuous_deductions


def require(condition: bool, message: str) -> None:
    """Refuse a setting.

    Raises
    ------
    ConfigError
        If the condition does not hold.
    """
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """Maintenance-margin schedule of every coin: rate per tier and the notional from which it holds [USD].

    The deduction follows from continuity, the highest leverage from an initial margin of twice the maintenance margin, as
    on most of Binance's BTCUSDT brackets of October 2024. One tier at 0.4 % (125x) is the default.
    """

    floors: tuple[float, ...] = (0.0,)
    rates: tuple[float, ...] = (0.004,)

    def __post_init__(self) -> None:
        ascending = all(a < b for seq in (self.floors, self.rates) for a, b in pairwise(seq))
        require(
            len(self.floors) == len(self.rates) and self.floors[:1] == (0.0,) and ascending,
            "tiers need ascending floors from 0 and as many ascending rates",
        )
        require(
            self.rates[0] > 0 and self.rates[-1] < 1, f"maintenance rates {self.rates} must lie in (0, 1)"
        )

    def table(self) -> TierTable:
        """Return the schedule as ``rules`` reads it; the deductions follow from continuity."""
        return TierTable(
            "simulated",
            "all coins",
            np.array(self.floors),
            np.array(self.rates),
            continuous_deductions(self.floors, self.rates),
            0.5 / np.array(self.rates),
            floor_unit="usd",
            valid_from=date(1970, 1, 1),
            source="SIMULATED",
            read_on=date(1970, 1, 1),
            cap_inclusive=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """How a venue liquidates.

    Attributes
    ----------
    partial_steps
        Reduce a position tier by tier until its margin suffices, instead of closing it at once.
    depth_usd_per_percent
        Liquidations move the price through a linear book of this depth [USD per 1 %]; infinite: no impact.
    recovery_s
        Half-life of the displacement [s]; infinite: it stays.
    pass_through
        Part of the displacement that reaches the mark price.
    adl, insurance_fund_usd
        Close against profitable opposite positions off the book, at the bankruptcy price, where the insurance fund
        (this much at the start, [USD]) cannot bear a loss.
    gap_ms
        Mean time between two liquidation orders of one mark step [ms].
    """

    tiers: Tiers = field(default_factory=Tiers)
    partial_steps: bool = False
    depth_usd_per_percent: float = math.inf
    recovery_s: float = 60.0
    pass_through: float = 1.0
    adl: bool = False
    insurance_fund_usd: float = 0.0
    gap_ms: float = 200.0

    def __post_init__(self) -> None:
        require(self.depth_usd_per_percent > 0, "depth_usd_per_percent must be positive (inf for no impact)")
        require(self.recovery_s > 0, "recovery_s must be positive (inf for a lasting displacement)")
        require(0 <= self.pass_through <= 1, f"pass_through {self.pass_through} is not in [0, 1]")
        require(
            not self.partial_steps or len(self.tiers.rates) > 1,
            "partial_steps need more than one maintenance tier",
        )
