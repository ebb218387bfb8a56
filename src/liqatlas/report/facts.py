"""Everything a report is made of, already computed: no sentence is written here and none computes a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.report.engine import Engine
    from liqatlas.signals.clusters import Cluster, ClusterSet
    from liqatlas.signals.event_signals import Hunt
    from liqatlas.signals.metrics import DayMetrics
    from liqatlas.signals.panel import Sign
    from liqatlas.signals.settings import Settings
    from liqatlas.signals.signal import Signal


@dataclass(frozen=True, slots=True)
class VenueFacts:
    """One venue's part: its heaviest clusters and how it liquidates."""

    venue: str
    share: float
    clusters: tuple[Cluster, ...]
    engine: str
    engine_sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a report says, as numbers.

    Attributes
    ----------
    map, clusters, signals, metrics, signs, phase
        Of the as-of moment; ``phase`` is (name, why).
    venues
        Each venue's part, largest first.
    bars
        Hourly ``ts_open_ns, open, high, low, close`` of the reference, up to the as-of moment.
    hours
        Hourly liquidations ``ts_open_ns, long_usd, short_usd``.
    hunts
        Clusters of the earlier map that were touched and left.
    previous
        Tree of the report before, or None.
    archive
        Trees of earlier reports of the asset, for the record of what they said.
    engine
        What the cascade engine says, or None with ``engine_reason``.
    """

    map: LiquidationMap
    clusters: ClusterSet
    signals: Sequence[Signal]
    metrics: DayMetrics
    signs: Sequence[Sign]
    phase: tuple[str, str]
    settings: Settings
    venues: Sequence[VenueFacts]
    bars: pl.DataFrame
    hours: pl.DataFrame
    hunts: Sequence[Hunt] = ()
    previous: Mapping[str, Any] | None = None
    archive: Sequence[Mapping[str, Any]] = ()
    engine: Engine | None = None
    engine_reason: str = (
        "no book of the moment is in the data (--book FILE, or --depth USD for an assumed one)"
    )
    notes: Sequence[str] = field(default_factory=tuple)
