"""The report as a JSON-ready tree: ten sections, each with its unit and moment. Text and pages are made of this alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import isoformat
from liqatlas.maps.head import LONG
from liqatlas.maps.serialise import head_tree
from liqatlas.report.changes import changes_section
from liqatlas.report.engine import engine_tree
from liqatlas.report.plan import plan_section, scenarios_section
from liqatlas.signals.map_signals import asymmetry, liquidation_peaks
from liqatlas.signals.signal import hit_rates
from liqatlas.signals.touch import touch_words
from liqatlas.signals.zones import mass_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.report.facts import Facts
    from liqatlas.signals.clusters import Cluster

SECTIONS = ("overview", "key_levels", "map_summary", "signals", "venues", "cascade", "scenarios", "plan", "changes", "data_quality")  # fmt: skip
DISCLAIMER = "Research, not advice. A level says where positions would be closed by force, not that the price will go there."
SCHEMA_VERSION = 2


def report_tree(facts: Facts) -> dict[str, Any]:
    """Return a report's tree."""
    head = head_tree(facts.map.head)
    kept = (
        "kind",
        "quantity",
        "simulated",
        "asset",
        "as_of",
        "window",
        "price",
        "reference",
        "open_interest_usd",
        "lookahead",
    )
    as_of = head["as_of"]

    def section(unit: str, content: dict[str, Any]) -> dict[str, Any]:
        return {"unit": unit, "as_of": as_of} | content

    cascade = _cascade(facts)
    return {
        "schema_version": SCHEMA_VERSION,
        **{key: head[key] for key in kept},
        "disclaimer": DISCLAIMER,
        "overview": section("USD, fractions", _overview(facts)),
        "key_levels": section("quote, USD, fractions", _levels(facts)),
        "map_summary": section("quote, USD", _summary(facts)),
        "signals": section(
            "as each says",
            {"signals": [_signal(s) for s in facts.signals], "hunts": [asdict(h) for h in facts.hunts]},
        ),
        "venues": section("quote, USD, fractions", {"venues": _venues(facts)}),
        "cascade": section("grades; fractions of the price; quote; USD", cascade),
        "scenarios": section("quote", scenarios_section(facts, cascade["engine"])),
        "plan": section("quote, fractions", plan_section(facts)),
        "changes": section("quote, USD, fractions", changes_section(facts)),
        "data_quality": section("fractions, USD, s", _quality(facts, head)),
    }


def _overview(facts: Facts) -> dict[str, Any]:
    metrics = asdict(facts.metrics)
    del metrics["as_of_ns"]
    return metrics | {
        "price_change_24h": _price_change(facts),
        "daily_volatility": facts.clusters.daily_volatility,
        "volatility_source": facts.clusters.volatility_source,
        "panel": [asdict(s) for s in facts.signs],
        "phase": facts.phase[0],
        "phase_reason": facts.phase[1],
    }


def _price_change(facts: Facts) -> float | None:
    bars = facts.bars
    if bars.height < 2:
        return None
    moments = bars["ts_open_ns"].to_numpy()
    past = np.flatnonzero(moments <= facts.map.head.as_of_ns - 24 * 3_600_000_000_000)
    return facts.map.head.price / float(bars["open"][int(past[-1])]) - 1.0 if len(past) else None


def cluster_tree(cluster: Cluster) -> dict[str, Any]:
    """Return a cluster as a row of key levels."""
    return asdict(cluster) | {
        "type": f"{cluster.position} liq",
        "forced_orders": "sell" if cluster.position == "long" else "buy",
        "dominant_leverage": cluster.dominant_leverage,
    }


def _levels(facts: Facts) -> dict[str, Any]:
    found = facts.clusters
    return {
        "above": [cluster_tree(c) for c in found.above],
        "below": [cluster_tree(c) for c in found.below],
        "gaps": [asdict(g) for g in found.gaps],
        "notes": list(found.notes),
        "priority_horizon_h": facts.settings.grades.priority_horizon_h,
        "probabilities": touch_words(found.volatility_source, measured=found.volatility_measured),
        "probabilities_calibrated": found.volatility_measured,
    }


def _summary(facts: Facts) -> dict[str, Any]:
    result, found = facts.map, facts.clusters
    return {
        "upside": _strongest(found.above),
        "downside": _strongest(found.below),
        "asymmetry": [asdict(r) for r in asymmetry(result, facts.settings)],
        "peaks": liquidation_peaks(result, found.smoothing),
        "long_curve": _curve(facts, long=True),
        "short_curve": _curve(facts, long=False),
        "total_long_usd": float(result.long_usd.sum()),
        "total_short_usd": float(result.short_usd.sum()),
    }


def _strongest(side: Sequence[Cluster]) -> dict[str, Any] | None:
    """Return the cluster with the largest expected amount: probability of a touch times mass."""
    best = max(side, key=lambda c: c.expected_usd, default=None)
    return cluster_tree(best) if best else None


def _curve(facts: Facts, *, long: bool) -> dict[str, Any]:
    """Return how a cumulative curve rises: mass by distance, and its shape within 20 %.

    ``front-loaded``: more than half of the mass within 20 % lies within 5 %. ``back-loaded``: less than an eighth does, half of
    what an even curve has there.
    """
    result = facts.map
    mass = result.long_usd if long else result.short_usd
    way = -1.0 if long else 1.0
    price = result.head.price

    def to(distance: float) -> float:
        low, high = sorted((price, price * (1.0 + way * distance)))
        return float(mass_between(result.price_edges, mass, low, high))

    steps = {f"{d:g}": to(d) for d in (0.01, 0.02, 0.05, 0.1, 0.2)}
    whole = steps["0.2"]
    front = steps["0.05"] / whole if whole > 0 else None
    shape = (
        None
        if front is None
        else "front-loaded"
        if front > 0.5
        else "back-loaded"
        if front < 0.125
        else "even"
    )
    peak = liquidation_peaks(result, facts.clusters.smoothing)[
        "long_liquidation_peak_price" if long else "short_liquidation_peak_price"
    ]
    return {
        "usd_by_distance": steps,
        "share_within_5_of_20_percent": front,
        "shape": shape,
        "usd_per_percent_within_5_percent": steps["0.05"] / 5.0,
        "peak_price": peak,
        "position": "long" if result.usd.shape[2] > LONG and long else "short",
    }


def _signal(signal: Any) -> dict[str, Any]:
    tree = {
        name: getattr(signal, name)
        for name in ("name", "title", "value", "unit", "detail", "parameters", "missing")
    }
    rate = signal.hit_rate
    fields = {} if rate is None else {f: getattr(rate, f) for f in rate.__struct_fields__}
    return tree | {
        "as_of": isoformat(signal.as_of_ns),
        "hit_rate": fields or None,
        "hit_rate_reason": signal.hit_rate_reason,
    }


def _venues(facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "venue": v.venue,
            "share": v.share,
            "clusters": [cluster_tree(c) for c in v.clusters],
            "engine": v.engine,
            "engine_sources": list(v.engine_sources),
        }
        for v in facts.venues
    ]


def _cascade(facts: Facts) -> dict[str, Any]:
    grades = {
        s.name.removeprefix("cascade_risk_"): s for s in facts.signals if s.name.startswith("cascade_risk_")
    }
    engine = engine_tree(facts.engine, facts.clusters) if facts.engine else None
    return {
        "engine": engine,
        "engine_reason": "" if engine else facts.engine_reason,
        "down": _grade(grades["down"]),
        "up": _grade(grades["up"]),
        "sequence_down": [c.peak_price for c in facts.clusters.below],
        "sequence_up": [c.peak_price for c in facts.clusters.above],
    }


def _grade(signal: Any) -> dict[str, Any]:
    return {"grade": signal.value, **signal.detail}


def _quality(facts: Facts, head: dict[str, Any]) -> dict[str, Any]:
    rated = [s for s in facts.signals if s.hit_rate is not None]
    return {
        "coverage": head["coverage"],
        "lookahead": head["lookahead"],
        "venues": head["venues"],
        "model": {k: head["model"][k] for k in ("name", "version", "calibration")},
        "identified_distance": head["identified_distance"],
        "prints_scope": head["prints_scope"],
        "warnings": [*head["warnings"], *facts.notes, *_foresight(str(head["as_of"]))],
        "signals_with_hit_rate": [s.name for s in rated],
        "signals_with_skill": [s.name for s in rated if s.hit_rate and s.hit_rate.shows_skill],
        "settings": facts.settings.name,
    }


def _foresight(as_of: str) -> list[str]:
    """Return a warning where the shipped hit rates were measured on days after a report's moment."""
    file = hit_rates()
    days: list[str] = []
    if file:
        days = [rate.last_day for rate in file.hit_rates.values()]
        days += [rate.last_day for rate in file.scenarios.values()]
    if not days or as_of[:10] > max(days):
        return []
    return [
        f"hit rates and shares of scenarios were measured on months until {max(days)}: they knew days after this report's moment"
    ]
