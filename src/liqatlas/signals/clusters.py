"""Clusters: zones of the map with everything a reader asks of them, and the clean gaps between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.maps.head import LONG, POSITION_NAMES, SHORT
from liqatlas.signals.touch import touch_probability
from liqatlas.signals.zones import LOG_PERCENT, Zone, find_zones, mass_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.head import Head
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.grades import Basis
    from liqatlas.signals.settings import Settings

Position = Literal["long", "short"]
Rank = Literal["High", "Medium", "Low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One zone of one side.

    Attributes
    ----------
    position
        Whose levels: longs (which sell when liquidated) below the price, shorts (which buy) above.
    price_low, price_high, peak_price
        The band ``[price_low, price_high)`` and where it is densest [quote].
    usd, share_of_side
        Mass in the band [USD], and as a share of all levels of that side in the map.
    usd_low, usd_high
        Mass of the band found under other smoothings [USD]: the method's own spread, no confidence interval.
    distance, near_distance
        Relative change of price to the peak, and to the edge that is met first.
    distance_vols
        ``|ln(peak / price)|`` in daily volatilities.
    usd_per_percent
        Smoothed density at the peak [USD per one percent of price].
    excess
        Share of the background that the peak stands above it.
    leverage, venues
        Share of the mass by leverage band and by venue, largest first.
    identified
        Whether the model's calibration can tell levels at that distance apart; an uncalibrated map identifies none.
    touch_probability, expected_usd, priority
        Probability that the peak is touched within the horizon (model of ``touch``), that times the mass, and its rank.
    intensity, risk
        Grades, or None with a sentence in ``missing``.
    risk_ratio, risk_basis
        Levels on the way over depth on the way, and whether that depth was seen, extrapolated or assumed.
    confluence
        What else stands there: round numbers, swings, volume nodes.
    missing
        Why a field is None, by field.
    """

    position: Position
    price_low: float
    price_high: float
    peak_price: float
    usd: float
    share_of_side: float
    usd_low: float
    usd_high: float
    distance: float
    near_distance: float
    distance_vols: float
    usd_per_percent: float
    excess: float
    leverage: dict[str, float]
    venues: dict[str, float]
    identified: bool
    touch_probability: float
    expected_usd: float
    priority: Rank = "Low"
    intensity: str | None = None
    risk: str | None = None
    risk_ratio: float | None = None
    risk_basis: Basis | None = None
    confluence: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def near_price(self) -> float:
        """The edge that the price meets first."""
        return self.price_high if self.position == "long" else self.price_low

    @property
    def far_price(self) -> float:
        """The edge that the price meets last."""
        return self.price_low if self.position == "long" else self.price_high

    @property
    def dominant_leverage(self) -> str:
        """The leverage band that holds most of the mass."""
        return next(iter(self.leverage), "unknown")


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a cluster between the price and a cluster, or between two of them.

    Attributes
    ----------
    price_low, price_high
        Its edges [quote].
    width, width_vols
        ``price_high / price_low - 1``, and in daily volatilities.
    usd_per_percent
        Mean density inside [USD per one percent of price].
    clean
        Whether that density is small against the side's own clusters and the gap wide enough to matter.
    """

    position: Position
    price_low: float
    price_high: float
    width: float
    width_vols: float
    usd_per_percent: float
    clean: bool


@dataclass(frozen=True, slots=True)
class ClusterSet:
    """All clusters of a map, each side nearest first.

    Attributes
    ----------
    head
        Of the map they are found on.
    below, above
        Long clusters below the price, short clusters above.
    gaps
        Between them, long side first, nearest first.
    daily_volatility, volatility_source, smoothing
        What the scale is chosen by [per √day], from what, and the smoothing itself [log price].
    volatility_measured
        Whether it is the realised one; with any other the probabilities of a touch are not calibrated.
    notes
        What is missing, in sentences.
    """

    head: Head
    below: tuple[Cluster, ...]
    above: tuple[Cluster, ...]
    gaps: tuple[Gap, ...]
    daily_volatility: float
    volatility_source: str
    smoothing: float
    settings: str
    notes: tuple[str, ...] = ()
    volatility_measured: bool = False

    @property
    def all(self) -> tuple[Cluster, ...]:
        """Both sides, long clusters first."""
        return self.below + self.above

    def side(self, position: Position) -> tuple[Cluster, ...]:
        """Return one side, nearest first."""
        return self.below if position == "long" else self.above


def side_mass(result: LiquidationMap, position: int) -> NDArray[np.float64]:
    """Return a side's mass per bin [USD], shape ``(B,)``."""
    return result.long_usd if position == LONG else result.short_usd


def find_clusters(
    result: LiquidationMap,
    settings: Settings,
    *,
    daily_volatility: float,
    volatility_source: str = "given by the caller",
    volatility_measured: bool = False,
) -> ClusterSet:
    """Return the clusters of a map.

    Parameters
    ----------
    daily_volatility
        Standard deviation of log price over a day; it sets the scale of the zones and the probability of a touch.

    Notes
    -----
    Intensity, risk and confluence need more than the map: see ``grades`` and ``confluence``, which fill them in.
    """
    smoothing = settings.clusters.smoothing(daily_volatility)
    sides: list[tuple[Cluster, ...]] = []
    for position in (LONG, SHORT):
        found = _side_clusters(result, settings, position, smoothing, daily_volatility)
        nearest = sorted(found, key=lambda c: abs(c.distance))
        sides.append(tuple(nearest))
    below, above = _ranked(sides[0], sides[1], settings)
    clusters = ClusterSet(
        result.head,
        below,
        above,
        (),
        daily_volatility,
        volatility_source,
        smoothing,
        settings.name,
        _notes(result, below, above),
        volatility_measured,
    )
    return replace(clusters, gaps=find_gaps(result, clusters, settings))


def _side_clusters(
    result: LiquidationMap, settings: Settings, position: int, smoothing: float, daily_volatility: float
) -> list[Cluster]:
    """Return the clusters of one side in no particular order."""
    mass, price = side_mass(result, position), result.head.price
    zones = find_zones(result.price_edges, mass, anchor=price, smoothing=smoothing, rules=settings.clusters)
    others = [
        find_zones(
            result.price_edges, mass, anchor=price, smoothing=smoothing * factor, rules=settings.clusters
        )
        for factor in settings.clusters.other_scales
    ]
    total, both = float(mass.sum()), float(result.usd.sum())
    out = []
    for zone in zones:
        if zone.mass < settings.clusters.least_map_share * both:
            continue
        same = [match.mass for found in others if (match := _same(zone, found))]
        probability = float(
            touch_probability(
                zone.peak_price,
                price=price,
                daily_volatility=daily_volatility,
                hours=settings.grades.priority_horizon_h,
            )
        )
        near = zone.price_high if position == LONG else zone.price_low
        identified = result.head.identified_distance
        distance = zone.peak_price / price - 1.0
        out.append(
            Cluster(
                position="long" if position == LONG else "short",
                price_low=zone.price_low,
                price_high=zone.price_high,
                peak_price=zone.peak_price,
                usd=zone.mass,
                share_of_side=zone.mass / total,
                usd_low=min([zone.mass, *same]),
                usd_high=max([zone.mass, *same]),
                distance=distance,
                near_distance=near / price - 1.0,
                distance_vols=abs(float(np.log(zone.peak_price / price))) / daily_volatility,
                usd_per_percent=zone.density,
                excess=zone.excess,
                leverage=_split(result, zone, position, axis=0),
                venues=_split(result, zone, position, axis=1),
                identified=result.head.kind != "modelled" or 0 < abs(distance) <= identified,
                touch_probability=probability,
                expected_usd=probability * zone.mass,
            )
        )
    return out


def _same(zone: Zone, found: list[Zone]) -> Zone | None:
    """Return the zone of another smoothing that holds this one's peak."""
    return next((z for z in found if z.price_low <= zone.peak_price < z.price_high), None)


def _split(result: LiquidationMap, zone: Zone, position: int, *, axis: int) -> dict[str, float]:
    """Return shares of a zone's mass by leverage band (axis 0, venues summed) or venue (axis 1), largest first."""
    amounts = result.usd[:, :, position].sum(axis=axis)
    names = [b.label for b in result.bands] if axis == 0 else [v.venue for v in result.head.venues]
    shares: dict[str, float] = {}
    for name, mass in zip(names, amounts, strict=True):
        inside = float(mass_between(result.price_edges, mass, zone.price_low, zone.price_high)) / zone.mass
        if inside > 0:
            shares[name] = shares.get(name, 0.0) + inside
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _ranked(
    below: tuple[Cluster, ...], above: tuple[Cluster, ...], settings: Settings
) -> tuple[tuple[Cluster, ...], tuple[Cluster, ...]]:
    """Return both sides with priority ranks relative to the largest expected amount of either."""
    most = max((c.expected_usd for c in below + above), default=0.0)

    def rank(cluster: Cluster) -> Rank:
        share = cluster.expected_usd / most if most > 0 else 0.0
        rules = settings.grades
        return (
            "High" if share >= rules.priority_high else "Medium" if share >= rules.priority_medium else "Low"
        )

    return tuple(replace(c, priority=rank(c)) for c in below), tuple(
        replace(c, priority=rank(c)) for c in above
    )


def _notes(result: LiquidationMap, below: tuple[Cluster, ...], above: tuple[Cluster, ...]) -> tuple[str, ...]:
    """Say what a side lacks."""
    notes = []
    for position, found in ((LONG, below), (SHORT, above)):
        name = POSITION_NAMES[position]
        if not side_mass(result, position).any():
            notes.append(f"the map holds no {name} levels")
        elif not found:
            notes.append(f"no {name} cluster stands out: {name} levels are spread evenly over the range")
    return tuple(notes)


def find_gaps(result: LiquidationMap, clusters: ClusterSet, settings: Settings) -> tuple[Gap, ...]:
    """Return the gaps between the price and the clusters of each side, nearest first."""
    out: list[Gap] = []
    for position in (LONG, SHORT):
        found = clusters.below if position == LONG else clusters.above
        mass = side_mass(result, position)
        dense = float(np.mean([c.usd_per_percent for c in found])) if found else 0.0
        start = result.head.price
        for cluster in found:
            low, high = sorted((start, cluster.near_price))
            start = cluster.far_price
            away = cluster.near_price < low * (1 + 1e-12) if position == LONG else cluster.near_price > low
            if not (high > low and away):
                continue
            width = high / low - 1.0
            density = float(mass_between(result.price_edges, mass, low, high)) / (
                float(np.log(high / low)) / LOG_PERCENT
            )
            width_vols = float(np.log(high / low)) / clusters.daily_volatility
            clean = (
                density <= settings.grades.clean_gap_density * dense
                and width_vols >= settings.grades.clean_gap_least_vols
            )
            out.append(
                Gap("long" if position == LONG else "short", low, high, width, width_vols, density, clean)
            )
    return tuple(out)
