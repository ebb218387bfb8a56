"""Scenarios and plan as levels: what the clusters give, with no forecast in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.clock import NS_PER_S
from liqatlas.base.format import format_duration
from liqatlas.signals.signal import hit_rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.report.facts import Facts
    from liqatlas.signals.clusters import Cluster


UNCALIBRATED = "nothing of the cascade is calibrated here"
OUTSIDE = "the clusters that a cascade would run to lie outside the distances that were judged"


def scenarios_section(facts: Facts, engine: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the three courses a touch of the nearest cluster can take, per side.

    Parameters
    ----------
    engine
        The cascade engine's part of the tree. Where it is calibrated, the cascade has a probability: that the mark gets to the next
        cluster by itself within the forecast's horizon.
    """
    found = facts.clusters
    down = _scenarios(facts, found.below, engine and engine["down"])
    up = _scenarios(facts, found.above, engine and engine["up"])
    known = any(one["probability"] is not None for one in (*down, *up))
    return {
        "down": down,
        "up": up,
        "probability_of": _probability_of(engine) if engine and known else "",
        "probability_reason": "" if known else OUTSIDE if engine and engine["calibrated"] else UNCALIBRATED,
    }


def _probability_of(engine: Mapping[str, Any]) -> str:
    """Return what the probability of a cascade is of."""
    forecasts = (engine[way]["forecast"] for way in ("down", "up") if engine[way])
    horizon_s = next(one["horizon_s"] for one in forecasts if one)
    within = format_duration(round(horizon_s * NS_PER_S))
    return f"that the mark gets to the next cluster by itself within {within}, calibrated"


def _next_reached(levels: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the calibrated probability that the cluster after the first is reached by itself, None where there is none."""
    told = levels[1]["by_itself"] if len(levels) > 1 else None
    chance: float | None = told["probability"] if told else None
    return chance


def _scenarios(
    facts: Facts, side: Sequence[Cluster], engine: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    if not side:
        return []
    first = side[0]
    following = side[1].near_price if len(side) > 1 else None
    down = first.position == "long"
    back = first.near_price * math.exp(
        (1 if down else -1) * facts.settings.signals.hunt_reversal_vols * facts.clusters.daily_volatility
    )
    moved = "correction" if down else "advance"
    price = facts.map.head.price
    chained = _next_reached(engine["levels"]) if engine else None
    courses: list[dict[str, Any]] = [
        {
            "name": f"controlled {moved}", "starts_at": first.near_price, "distance": first.near_price / price - 1.0, "held_by": first.far_price, "probability": None,
            "tells": ["liquidations stay below the hourly rate of the day", "the book refills", "open interest keeps its level"],
        },
        {
            "name": "cascade", "starts_at": first.far_price, "distance": first.far_price / price - 1.0, "held_by": following, "probability": chained,
            "tells": ["liquidations per hour multiply", "the spread widens and the book thins", "open interest falls while the price runs"],
        },
        {
            "name": "volatility rebound", "starts_at": first.near_price, "distance": first.near_price / price - 1.0, "held_by": back, "probability": None,
            "tells": ["the price closes back outside the zone within hours", "open interest has fallen", "funding turns against the move"],
        },
    ]  # fmt: skip
    for key, one in zip(("controlled", "cascade", "rebound"), courses, strict=True):
        one["measured"] = _measured(key)
    return courses


def _measured(course: str) -> dict[str, Any] | None:
    """Return how often a course followed a touch where that was measured, or None."""
    file = hit_rates()
    found = file.scenarios.get(course) if file else None
    return msgspec.structs.asdict(found) if found else None


def plan_section(facts: Facts) -> dict[str, Any]:
    """Return bias, risk and key-level lines as numbers, levels for both plans, sizing and volatility zones."""
    found, price = facts.clusters, facts.map.head.price
    caution = facts.settings.plan.caution_distance
    near = [c for c in found.all if abs(c.near_distance) <= caution]
    magnet = next((s for s in facts.signals if s.name == "magnet"), None)
    return {
        "bias": {
            "magnet": magnet.value if magnet else None,
            "above_usd": found.above[0].usd if found.above else None,
            "below_usd": found.below[0].usd if found.below else None,
            "supported": bool(magnet and magnet.hit_rate and magnet.hit_rate.shows_skill),
        },
        "risk": {"caution_distance": caution, "clusters_inside": len(near), "nearest": min((abs(c.near_distance) for c in near), default=None)},
        "key_level": _key_level(found.all, price),
        "long": _side_plan(facts, found.below, found.above),
        "short": _side_plan(facts, found.above, found.below),
        "sizing": {
            "smaller_inside": caution,
            "clean_gaps": [{"price_low": g.price_low, "price_high": g.price_high, "width": g.width} for g in found.gaps if g.clean],
        },
        "volatility_zones": {
            "high": [_band(c) for c in found.all if c.intensity in {"very high", "extreme"} or c.priority == "High"],
            "moderate": [_band(c) for c in found.all if c.intensity not in {"very high", "extreme"} and c.priority != "High"],
            "low": [{"price_low": g.price_low, "price_high": g.price_high} for g in found.gaps if g.clean],
        },
    }  # fmt: skip


def _band(cluster: Cluster) -> dict[str, Any]:
    return {"price_low": cluster.price_low, "price_high": cluster.price_high, "position": cluster.position}


def _key_level(clusters: Sequence[Cluster], price: float) -> dict[str, Any] | None:
    """Return the near edge of the cluster with the largest expected amount."""
    best = max(clusters, key=lambda c: c.expected_usd, default=None)
    if best is None:
        return None
    return {
        "price": best.near_price,
        "position": best.position,
        "usd": best.usd,
        "distance": best.near_price / price - 1.0,
    }


def _side_plan(facts: Facts, behind: Sequence[Cluster], ahead: Sequence[Cluster]) -> dict[str, Any]:
    """Return the levels of a plan that trades away from ``behind`` and toward ``ahead``.

    Entry: past the far edge of the nearest cluster behind, once its forced orders are done. Targets: near edges ahead. It is
    invalid past the next cluster behind, or a daily volatility past the entry where there is none.
    """
    if not behind:
        return {"entry": None, "targets": [c.near_price for c in ahead[:3]], "invalidation": None}
    entry = behind[0].far_price
    way = -1.0 if behind[0].position == "long" else 1.0
    invalid = (
        behind[1].far_price if len(behind) > 1 else entry * math.exp(way * facts.clusters.daily_volatility)
    )
    return {"entry": entry, "targets": [c.near_price for c in ahead[:3]], "invalidation": invalid}
