"""What the cascade engine says, as part of a report's tree: both directions, each cluster's price of reaching it, the books."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import NS_PER_S, isoformat
from liqatlas.cascade.sequence import share_band
from liqatlas.cascade.serialise import number, quantiles
from liqatlas.report.forecast import by_itself, forecast_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.book.depth import Book
    from liqatlas.cascade.simulation import CascadeResult
    from liqatlas.signals.clusters import Cluster, ClusterSet


@dataclass(frozen=True, slots=True)
class Engine:
    """A cascade in each direction, started by one daily volatility; None where that side of the map is empty.

    Attributes
    ----------
    drawn
        What may come by itself, by direction: cascades of drawn shocks.
    undrawn
        Why a direction has none.
    """

    down: CascadeResult | None
    up: CascadeResult | None
    books: Mapping[str, Book]
    window: str
    notes: tuple[str, ...] = ()
    drawn: Mapping[str, CascadeResult] = field(default_factory=dict)
    undrawn: Mapping[str, str] = field(default_factory=dict)


def engine_tree(engine: Engine, clusters: ClusterSet) -> dict[str, Any] | None:
    """Return the engine's answer, or None where neither side has a level."""
    known = [side for side in (engine.down, engine.up) if side is not None]
    if not known:
        return None
    first = known[0]
    return {
        "down": _side(engine, engine.down, clusters.below) if engine.down else None,
        "up": _side(engine, engine.up, clusters.above) if engine.up else None,
        "calibrated": any(side.calibrated for side in engine.drawn.values()),
        "runs": first.settings.runs,
        "seed": first.settings.seed,
        "horizon_s": number(first.settings.beliefs.horizon_s),
        "regime": first.regime_name,
        "window": engine.window,
        "books": [_book(book, first.head.as_of_ns) for book in engine.books.values()],
        "warnings": list(dict.fromkeys([*engine.notes, *(w for side in known for w in side.warnings)])),
    }


def _book(book: Book, as_of_ns: int) -> dict[str, Any]:
    reach = min(book.bids.reach, book.asks.reach)
    return {
        "venue": book.venue,
        "as_of": isoformat(book.as_of_ns),
        "age_s": (as_of_ns - book.as_of_ns) / NS_PER_S,
        "source": book.source,
        "assumed": book.assumed,
        "reach": number(math.expm1(reach)),
        "warnings": list(book.warnings),
    }


def _side(engine: Engine, result: CascadeResult, side: Sequence[Cluster]) -> dict[str, Any]:
    table, way = result.table, result.ladder.direction
    drawn = engine.drawn.get(way)
    return {
        "shock": result.shock.describe(result.head.price),
        "move": result.shock.amount,
        "reached": quantiles(result.reached_prices),
        "reached_by_the_shock_alone": quantiles(result.ladder.price_at(table.alone)),
        "liquidated_usd": quantiles(table.liquidated),
        "amplification": quantiles(result.amplification),
        "self_sustaining": [{"from": number(a), "to": number(b)} for a, b in result.branching.zones],
        "forecast": forecast_tree(drawn) if drawn else None,
        "forecast_reason": "" if drawn else engine.undrawn.get(way, "nothing was drawn"),
        "levels": [_level(result, cluster) | {"by_itself": by_itself(drawn, cluster)} for cluster in side],
    }


def _level(result: CascadeResult, cluster: Cluster) -> dict[str, Any]:
    """Return what it takes to reach a cluster's near edge, how forced orders stand to depth at its peak, how many runs got there."""
    ladder, needed, local = result.ladder, result.needed, result.branching
    near, peak = (ladder.distance_of_price(p) for p in (cluster.near_price, cluster.peak_price))
    at = int(np.searchsorted(needed.distance, near))
    hit = result.table.reach >= near
    return {
        "peak_price": cluster.peak_price,
        "near_price": cluster.near_price,
        "shock_needed_usd": number(float(needed.usd[at])) if at < len(needed.usd) else None,
        "branching_ratio": number(float(np.interp(peak, ladder.level, local.ratio)))
        if len(ladder.level)
        else None,
        "reached_share": float(hit.mean()),
        "reached_band": list(share_band(hit, result.fragility)),
    }
