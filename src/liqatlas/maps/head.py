"""The head every result carries: what it is, when, of what, from which data, by which model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["realised", "modelled", "measured"]
Quantity = Literal["outstanding", "expected", "liquidated"]
LONG, SHORT = 0, 1
POSITION_NAMES = ("long", "short")


@dataclass(frozen=True, slots=True)
class VenueInfo:
    """One instrument that is part of a result.

    Attributes
    ----------
    price
        Its own mark price at the as-of moment [quote]; ``price_source`` names where that is from.
    open_interest_usd
        One-sided open interest at the as-of moment [USD]; NaN where unknown.
    last_ts_ns
        Moment of its newest row at or before the as-of moment.
    mark_source
        What touched the levels: ``mark``, ``mark bars``, ``trades x last mark/trade ratio``, ``spot bars``, …
    entry_source
        Where entries come from: ``trades``, ``bars (volume spread evenly)``, …
    """

    venue: str
    symbol: str
    price: float
    price_source: str
    open_interest_usd: float
    last_ts_ns: int
    mark_source: str = ""
    entry_source: str = ""
    quote: str = "USD"
    settle: str = "USD"

    @property
    def unit(self) -> str:
        """What its amounts count: open contracts, or collateral that is held (loans), which is no open interest."""
        return "USD of spot collateral" if self.settle == "spot collateral" else "USD of open contracts"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The estimator that made a result; ``calibration`` names the dated file or says ``uncalibrated prior``."""

    name: str
    version: str
    calibration: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SideCoverage:
    """Where one side's open interest is [USD]; the parts sum to ``open_interest_usd`` where it is known.

    Attributes
    ----------
    explained_usd
        In levels opened inside the window.
    outside_window_usd
        In levels opened before the window but inside the stored history.
    older_usd
        Older than the stored history.
    unreachable_usd
        Unlevered or hedged: no reachable liquidation price.
    unseen_usd
        Of accounts that were not looked at (measured maps); NaN where open interest is unknown.
    """

    open_interest_usd: float
    explained_usd: float
    outside_window_usd: float
    older_usd: float
    unreachable_usd: float
    unseen_usd: float = 0.0

    @property
    def observed_usd(self) -> float:
        """What the result knows of, with a level or without [USD]."""
        return self.explained_usd + self.outside_window_usd + self.older_usd + self.unreachable_usd


@dataclass(frozen=True, slots=True)
class DistanceCoverage:
    """What was seen with a level within a band of distance from the price (measured maps).

    ``long_share`` and ``short_share`` are of that side's open interest, NaN where it is unknown; ``long_usd`` and ``short_usd``
    are the amounts [USD], ``accounts`` how many accounts they are of.
    """

    low: float
    high: float
    long_share: float
    short_share: float
    long_usd: float = 0.0
    short_usd: float = 0.0
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of open interest a result explains (modelled) or has observed (measured)."""

    long: SideCoverage
    short: SideCoverage
    by_distance: tuple[DistanceCoverage, ...] = ()

    @property
    def share(self) -> float:
        """Explained share of both sides' open interest, 0 to 1; NaN where open interest is unknown."""
        total = self.long.open_interest_usd + self.short.open_interest_usd
        return (self.long.explained_usd + self.short.explained_usd) / total if total > 0 else np.nan

    @property
    def observed_share(self) -> float:
        """Share of both sides' open interest whose owner was looked at, 0 to 1; NaN where open interest is unknown."""
        total = self.long.open_interest_usd + self.short.open_interest_usd
        return (self.long.observed_usd + self.short.observed_usd) / total if total > 0 else np.nan


@dataclass(frozen=True, slots=True)
class Head:
    """Provenance of a map, heatmap or anything computed from them.

    Attributes
    ----------
    price
        Reference price of the common axis at the as-of moment [quote]; ``reference`` names it.
    open_interest_usd
        One-sided, all instruments together; NaN where unknown.
    window_ns
        Length of the window ``(as_of - window, as_of]``.
    lookahead
        True where something younger than ``as_of`` was used (calibration, tiers, data).
    prints_scope
        Which published prints an *expected* quantity counts (venues, thinning); empty otherwise.
    identified_distance
        Distance beyond which the calibration cannot tell buckets apart; 0 where nothing is calibrated.
    """

    asset: str
    kind: Kind
    quantity: Quantity
    as_of_ns: int
    window_ns: int
    price: float
    reference: str
    open_interest_usd: float
    venues: tuple[VenueInfo, ...]
    model: ModelInfo
    coverage: Coverage | None = None
    simulated: bool = False
    lookahead: bool = False
    prints_scope: str = ""
    identified_distance: float = 0.0
    unit: str = "USD"
    warnings: tuple[str, ...] = ()
