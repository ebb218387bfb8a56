"""Signals read off one map: magnet, cascade risk, asymmetry near the price, and the heaviest level of each side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from liqatlas.maps.head import LONG, SHORT
from liqatlas.signals.signal import Signal, measured
from liqatlas.signals.zones import mass_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.clusters import Cluster, ClusterSet
    from liqatlas.signals.settings import Settings, SignalRules

Magnet = Literal["upward_magnet", "downward_magnet", "balanced"]
CascadeRisk = Literal["high", "moderate", "low"]


def magnet(above: float | None, below: float | None, rules: SignalRules) -> Magnet | None:
    """Return the magnet of the nearest cluster on each side by their amounts [USD]; None where a side has none.

    A cluster more than ``magnet_factor`` times as heavy as the other side's wins; exactly the factor does not.
    """
    if above is None or below is None:
        return None
    if above > below * rules.magnet_factor:
        return "upward_magnet"
    return "downward_magnet" if below > above * rules.magnet_factor else "balanced"


def cascade_risk(
    prices: Sequence[float], price: float, rules: SignalRules
) -> tuple[CascadeRisk, float | None]:
    """Return the grade of clusters stacked on one side and the smallest gap between neighbours [fraction of the price].

    Under 2 % high, under 5 % moderate, else low; fewer than two clusters are low.
    """
    if len(prices) < 2:
        return "low", None
    gap = float(np.min(np.abs(np.diff(np.sort(prices))))) / price
    return (
        "high" if gap < rules.cascade_high_gap else "moderate" if gap < rules.cascade_moderate_gap else "low"
    ), gap


@dataclass(frozen=True, slots=True)
class SideBalance:
    """Levels of both sides within a range of the price [USD]; ``leaning`` names the heavier one."""

    range: float
    long_usd: float
    short_usd: float
    leaning: Literal["long", "short", "balanced", "empty"]


def asymmetry(result: LiquidationMap, settings: Settings) -> tuple[SideBalance, ...]:
    """Return both sides within each range of the price.

    Over the whole range long and short open interest are equal by construction; only near the price does their difference say
    something about positions.
    """
    rules, price, edges = settings.signals, result.head.price, result.price_edges
    out = []
    for reach in rules.asymmetry_ranges:
        low, high = price * (1 - reach), price * (1 + reach)
        long_usd = float(mass_between(edges, result.long_usd, low, high))
        short_usd = float(mass_between(edges, result.short_usd, low, high))
        out.append(
            SideBalance(reach, long_usd, short_usd, _leaning(long_usd, short_usd, rules.asymmetry_factor))
        )
    return tuple(out)


def _leaning(
    long_usd: float, short_usd: float, factor: float
) -> Literal["long", "short", "balanced", "empty"]:
    if long_usd + short_usd <= 0:
        return "empty"
    if long_usd > short_usd * factor:
        return "long"
    return "short" if short_usd > long_usd * factor else "balanced"


def map_signals(result: LiquidationMap, clusters: ClusterSet, settings: Settings) -> tuple[Signal, ...]:
    """Return magnet, cascade risk down and up, asymmetry and the heaviest levels of a map."""
    return (
        _magnet_signal(clusters, settings),
        _risk_signal(clusters, settings, down=True),
        _risk_signal(clusters, settings, down=False),
        _asymmetry_signal(result, settings),
        _peak_signal(result, clusters),
    )


def _brief(cluster: Cluster | None) -> dict[str, Any] | None:
    if cluster is None:
        return None
    return {"price": cluster.peak_price, "usd": cluster.usd, "distance": cluster.distance}


def _magnet_signal(clusters: ClusterSet, settings: Settings) -> Signal:
    above = clusters.above[0] if clusters.above else None
    below = clusters.below[0] if clusters.below else None
    value = magnet(above.usd if above else None, below.usd if below else None, settings.signals)
    rate, reason = measured("magnet")
    return Signal(
        name="magnet",
        title="Liquidation magnet",
        value=value,
        as_of_ns=clusters.head.as_of_ns,
        unit="USD",
        detail={"above": _brief(above), "below": _brief(below)},
        parameters={"factor": settings.signals.magnet_factor},
        hit_rate=rate,
        hit_rate_reason=reason,
        missing="" if value else "a cluster on each side of the price is needed",
    )


def _risk_signal(clusters: ClusterSet, settings: Settings, *, down: bool) -> Signal:
    side = clusters.below if down else clusters.above
    value, gap = cascade_risk([c.peak_price for c in side], clusters.head.price, settings.signals)
    name = "cascade_risk_down" if down else "cascade_risk_up"
    rate, reason = measured(name)
    return Signal(
        name=name,
        title=f"{'Downside' if down else 'Upside'} cascade-risk grade",
        value=value,
        as_of_ns=clusters.head.as_of_ns,
        unit="fraction of the price",
        detail={"clusters": len(side), "smallest_gap": gap},
        parameters={
            "high": settings.signals.cascade_high_gap,
            "moderate": settings.signals.cascade_moderate_gap,
        },
        hit_rate=rate,
        hit_rate_reason=reason,
    )


def _asymmetry_signal(result: LiquidationMap, settings: Settings) -> Signal:
    ranges = asymmetry(result, settings)
    last = ranges[-1]
    words = {"long": "more long levels", "short": "more short levels", "balanced": "balanced", "empty": None}
    return Signal(
        name="asymmetry",
        title="Asymmetry near the price",
        value=words[last.leaning],
        as_of_ns=result.head.as_of_ns,
        unit="USD",
        detail={"ranges": [asdict(r) for r in ranges]},
        parameters={"factor": settings.signals.asymmetry_factor},
        hit_rate=measured("asymmetry")[0],
        hit_rate_reason=measured("asymmetry")[1],
        missing="" if words[last.leaning] else f"no levels within {last.range:.0%} of the price",
    )


def liquidation_peaks(result: LiquidationMap, smoothing: float) -> dict[str, float | None]:
    """Return the densest level of each side: ``long_liquidation_peak_price`` below the price, ``short_…`` above.

    Others call it max pain and do not agree which side is which; these names leave no doubt. Density is mass within one
    smoothing on either side, per price.
    """
    out: dict[str, float | None] = {}
    for position, name in ((LONG, "long"), (SHORT, "short")):
        mass = result.long_usd if position == LONG else result.short_usd
        if not mass.any():
            out |= {f"{name}_liquidation_peak_price": None, f"{name}_liquidation_peak_usd": None}
            continue
        middle = result.price_mid
        near = mass_between(result.price_edges, mass, middle * np.exp(-smoothing), middle * np.exp(smoothing))
        own = middle < result.head.price if position == LONG else middle > result.head.price
        top = int(np.argmax(np.where(own, near, -1.0)))
        out |= {
            f"{name}_liquidation_peak_price": float(middle[top]),
            f"{name}_liquidation_peak_usd": float(near[top]),
        }
    return out


def _peak_signal(result: LiquidationMap, clusters: ClusterSet) -> Signal:
    peaks = liquidation_peaks(result, clusters.smoothing)
    long_usd, short_usd = peaks["long_liquidation_peak_usd"], peaks["short_liquidation_peak_usd"]
    value = None
    if long_usd is not None or short_usd is not None:
        value = "longs below" if (long_usd or 0.0) >= (short_usd or 0.0) else "shorts above"
    return Signal(
        name="liquidation_peak",
        title="Heaviest level (max pain)",
        value=value,
        as_of_ns=result.head.as_of_ns,
        unit="quote, USD within one smoothing on either side",
        detail=dict(peaks),
        parameters={"smoothing": clusters.smoothing},
        hit_rate=measured("liquidation_peak")[0],
        hit_rate_reason=measured("liquidation_peak")[1],
        missing="" if value else "the map is empty",
    )
