"""A cascade as JSON-ready data: a stable, documented schema (docs/reference/cascade_json.md)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.cascade.kernels_state import ENDS
from liqatlas.maps.serialise import head_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.cascade.simulation import CascadeResult

#: Points of the two curves in JSON; more are thinned out, first and last stay.
CURVE_POINTS = 200


def number(value: float, digits: int = 8) -> float | None:
    """Return a number fit for JSON: NaN and infinity are null."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def quantiles(values: NDArray[np.float64]) -> dict[str, float | None]:
    """Return the 5 %, 50 % and 95 % quantiles."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"p05": number(float(low)), "p50": number(float(middle)), "p95": number(float(high))}


def cascade_tree(result: CascadeResult) -> dict[str, Any]:
    """Return a cascade as JSON-ready data."""
    table, settings = result.table, result.settings
    head = head_tree(result.head)
    head["warnings"] = [*result.warnings, *result.head.warnings]
    tree: dict[str, Any] = {
        **head,
        "shock": {
            "kind": result.shock.kind, "amount": number(result.shock.amount), "direction": result.ladder.direction,
            "words": result.shock.describe(result.head.price),
        },
        "horizon_s": number(settings.beliefs.horizon_s),
        "shock_s": number(settings.beliefs.shock_s),
        "seed": settings.seed,
        "runs": settings.runs,
        "calibrated": result.calibrated,
        "probabilities_are": "calibrated where an entry says so, elsewhere shares of runs" if result.calibrated else "shares of runs, uncalibrated",
        "forecast": _forecast(result),
        "execution": _execution(result),
        "level_by_itself": _level(result),
        "regime": {"name": result.regime_name, "basis": result.regime.basis, "depth_factor": number(result.depth_factor)},
        "reached": quantiles(result.reached_prices),
        "reached_by_the_shock_alone": quantiles(result.ladder.price_at(table.alone)),
        "liquidated_usd": quantiles(table.liquidated),
        "amplification": quantiles(result.amplification),
        "fund_draw_usd": quantiles(np.maximum(-table.of("fund_low"), 0.0).sum(axis=1)),
        "deleveraged_usd": quantiles(table.of("adl").sum(axis=1)),
        "taken_over_usd": quantiles(table.of("taken").sum(axis=1)),
        "ended_by": {name: number(float((table.end == i).mean())) for i, name in enumerate(ENDS)},
    }  # fmt: skip
    tree |= _curves(result)
    tree["sequence"] = [
        {
            "price": number(s.price), "usd": number(s.usd), "probability": number(s.share),
            "band": [number(s.band[0]), number(s.band[1])], "calibrated": s.calibrated, "then_next": number(s.then_share),
            "liquidated_if_reached_usd": number(s.beyond_usd),
        }
        for s in result.steps
    ]  # fmt: skip
    tree["exceedance"] = [
        {
            "liquidated_over_usd": number(e.usd),
            "probability": number(e.share),
            "band": [number(b) for b in e.band],
            "calibrated": e.calibrated,
        }
        for e in result.exceeded
    ]
    tree["by_venue"] = _by_venue(result)
    return tree


def _curves(result: CascadeResult) -> dict[str, Any]:
    """Return both closed forms, thinned out to a few hundred points; zones keep every level."""
    count = len(result.needed.price)
    keep = np.unique(np.linspace(0, count - 1, min(count, CURVE_POINTS)).round().astype(np.int64))
    needed, local = result.needed, result.branching
    return {
        "shock_needed": [
            {"price": number(float(needed.price[i])), "usd": number(float(needed.usd[i]))} for i in keep
        ],
        "branching": [
            {"price": number(float(local.price[i])), "ratio": number(float(local.ratio[i]))} for i in keep
        ],
        "self_sustaining": [{"from": number(a), "to": number(b)} for a, b in local.zones],
    }


def _forecast(result: CascadeResult) -> dict[str, Any] | None:
    """Return what a drawn shock was drawn from and how such forecasts were judged; None for a named shock."""
    outlook = result.outlook
    if outlook is None:
        return None
    law, verdict = outlook.calibration, outlook.calibration.main
    return {
        "instrument": law.instrument, "liquidated": law.liquidated, "horizon_s": law.horizon_s, "prints_scope": law.prints_scope,
        "scale": number(outlook.scale), "uncalibrated_because": list(outlook.reasons), "made_on": law.made_on,
        "data_reference": law.data_reference, "data_until": law.data_until,
        "judged": {
            "from": law.judged[0], "until": law.judged[1], "event": verdict.event, "hours": verdict.hours, "events": verdict.events,
            "skill_over_climatology": list(verdict.over_climatology), "skill_over_logistic": list(verdict.over_logistic),
            "reliability": [list(b) for b in verdict.reliability],
        },
    }  # fmt: skip


def _level(result: CascadeResult) -> dict[str, Any] | None:
    """Return how likely a named level is by itself; None for another shock, or where volatility is not known."""
    level = result.level
    if level is None:
        return None
    return {
        "price": number(result.shock.amount),
        "probability": None if level.probability is None else number(level.probability),
        "at_most": None if level.at_most is None else number(level.at_most),
        "calibrated": level.probability is not None or level.at_most is not None,
        "uncalibrated_because": list(level.reasons),
    }


def _execution(result: CascadeResult) -> dict[str, Any] | None:
    """Return what a market order costs and where forced orders would fill it; None for another shock."""
    order = result.execution
    if order is None:
        return None
    return {
        "usd": number(order.usd), "mean_slippage": quantiles(order.slippage), "opposite_forced_usd": number(order.opposite_usd),
        "filled_by_forced_orders_at": number(order.filled_at), "their_mean_price": number(order.mean_price),
        "opposite_order_needed_usd": number(order.needed_usd),
    }  # fmt: skip


def _by_venue(result: CascadeResult) -> dict[str, Any]:
    table, ladder = result.table, result.ladder
    return {
        venue: {
            "liquidated_usd": quantiles(table.of("triggered")[:, i]),
            "sold_to_book_usd": quantiles(table.of("book")[:, i]),
            "taken_over_usd": quantiles(table.of("taken")[:, i]),
            "deleveraged_usd": quantiles(table.of("adl")[:, i]),
            "fund_draw_usd": quantiles(np.maximum(-table.of("fund_low")[:, i], 0.0)),
            "reached": quantiles(ladder.price_at(table.of("mark")[:, i])),
            "fuel_usd": number(float(ladder.fuel[i].sum())),
            "depth_1_percent_usd": number(float(ladder.depths[i].cumulative(0.01))),
        }
        for i, venue in enumerate(ladder.venues)
    }
