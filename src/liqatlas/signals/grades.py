"""Grades of clusters: intensity against the asset's own past, risk against the book on the way there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.maps.head import LONG, SHORT
from liqatlas.signals.zones import find_zones, mass_between

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.clusters import Cluster, ClusterSet
    from liqatlas.signals.settings import Settings

    #: What a depth is from: orders that were seen, a power law beyond the last of them, or the caller's assumption.
    Basis = Literal["seen", "extrapolated", "assumed"]
    #: Cumulative depth of a side up to a relative distance: ``(position of the cluster, |distance|) -> (USD, basis)``.
    DepthOnTheWay = Callable[[str, float], tuple[float, Basis]]


def grade(value: float, thresholds: tuple[float, ...], names: tuple[str, ...]) -> str:
    """Return the name of the class a value falls in; a value equal to a threshold is in the class above it.

    Examples
    --------
    >>> grade(0.5, (0.25, 0.5), ("low", "middle", "high"))
    'high'
    """
    return names[int(np.searchsorted(thresholds, value, side="right"))]


def intensity_history(heatmap: Heatmap, settings: Settings, *, smoothing: float) -> NDArray[np.float64]:
    """Return the peak densities [USD per percent] of all clusters the asset had at the columns before the last, shape ``(n,)``."""
    close = heatmap.candles["close"].to_numpy()
    densities: list[float] = []
    for column in range(len(heatmap.times_ns) - 1):
        price = (
            float(close[column]) if column < len(close) and np.isfinite(close[column]) else heatmap.head.price
        )
        for mass in (heatmap.long_usd[column], heatmap.short_usd[column]):
            zones = find_zones(
                heatmap.price_edges, mass, anchor=price, smoothing=smoothing, rules=settings.clusters
            )
            densities += [z.density for z in zones]
    return np.array(densities)


def with_intensity(clusters: ClusterSet, history: NDArray[np.float64], settings: Settings) -> ClusterSet:
    """Return the clusters graded by where their peak density lies among the asset's past ones."""
    rules = settings.grades
    if len(history) < rules.intensity_least_history:
        reason = f"{len(history)} past clusters are known, a grade needs {rules.intensity_least_history}"
        return _each(clusters, lambda c: replace(c, missing=c.missing | {"intensity": reason}))
    bounds = tuple(float(q) for q in np.quantile(history, rules.intensity_quantiles))
    return _each(
        clusters, lambda c: replace(c, intensity=grade(c.usd_per_percent, bounds, rules.intensity_names))
    )


def with_risk(
    clusters: ClusterSet,
    result: LiquidationMap,
    settings: Settings,
    depth: DepthOnTheWay | None,
    *,
    reason: str = "no book",
) -> ClusterSet:
    """Return the clusters graded by (levels from the price through the cluster) / (book depth to its far edge).

    Above 1 the forced orders are larger than all resting orders on the way. ``risk_basis`` says whether those were seen, or
    extrapolated beyond the last one seen, or assumed. Without a book there is no grade but the ``reason``.
    """
    rules = settings.grades

    def graded(cluster: Cluster) -> Cluster:
        if depth is None:
            return replace(cluster, missing=cluster.missing | {"risk": reason})
        usd, basis = depth(cluster.position, abs(cluster.far_price / result.head.price - 1.0))
        if not usd > 0:
            return replace(cluster, missing=cluster.missing | {"risk": "the book is empty on that side"})
        ratio = mass_to(result, cluster) / usd
        name = grade(ratio, rules.risk_ratios, rules.risk_names)
        return replace(cluster, risk_ratio=ratio, risk=name, risk_basis=basis)

    return _each(clusters, graded)


def mass_to(result: LiquidationMap, cluster: Cluster) -> float:
    """Return the levels of the cluster's side from the price through its far edge [USD]."""
    position = LONG if cluster.position == "long" else SHORT
    mass = result.long_usd if position == LONG else result.short_usd
    edges, price = result.price_edges, result.head.price
    if position == LONG:
        return float(mass_between(edges, mass, cluster.price_low, max(price, float(edges[-1]))))
    return float(mass_between(edges, mass, min(price, float(edges[0])), cluster.price_high))


def _each(clusters: ClusterSet, change: Callable[[Cluster], Cluster]) -> ClusterSet:
    return replace(
        clusters, below=tuple(map(change, clusters.below)), above=tuple(map(change, clusters.above))
    )
