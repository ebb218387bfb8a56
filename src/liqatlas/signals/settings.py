"""Parameters of clusters, signals and states: one dated data file, never constants in code."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

#: The file used where no other is given.
DEFAULT_SETTINGS = "settings_2026-11-22.json"


class ClusterRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How zones are found; see :mod:`liqatlas.signals.zones`.

    Attributes
    ----------
    smoothing_daily_vols, smoothing_least, smoothing_most
        Smoothing in daily volatilities, and its bounds [log price].
    background_smoothings
        Width of the background in smoothings.
    least_excess
        Height over the background that makes a zone, as a share of the background.
    least_side_share, least_map_share
        A zone below these shares of its side's mass, or of both sides', is left out.
    band_height
        Share of the peak's excess at which a zone ends.
    merge_smoothings
        Zones closer than this become one [smoothings].
    reach
        Farthest distance looked at [log price].
    most_each_side
        Zones kept a side, the heaviest.
    other_scales
        Factors on the smoothing under which the mass is measured again: the method's own uncertainty.
    """

    smoothing_daily_vols: float
    smoothing_least: float
    smoothing_most: float
    background_smoothings: float
    least_excess: float
    least_side_share: float
    least_map_share: float
    band_height: float
    merge_smoothings: float
    reach: float
    most_each_side: int
    other_scales: tuple[float, ...]

    def smoothing(self, daily_volatility: float) -> float:
        """Return the smoothing [log price] for a daily volatility."""
        return min(
            max(self.smoothing_daily_vols * daily_volatility, self.smoothing_least), self.smoothing_most
        )


class GradeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names and thresholds of grades, priority and clean gaps; a recorded book older than ``book_most_age_h`` is not used."""

    intensity_names: tuple[str, ...]
    intensity_quantiles: tuple[float, ...]
    intensity_least_history: int
    intensity_columns: int
    risk_names: tuple[str, ...]
    risk_ratios: tuple[float, ...]
    priority_horizon_h: float
    priority_high: float
    priority_medium: float
    clean_gap_density: float
    clean_gap_least_vols: float
    book_most_age_h: float


class ConfluenceRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a swing and as a volume node."""

    swing_hours: int
    swing_days: int
    volume_days: int
    volume_nodes: int


class SignalRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thresholds of the signals, as in common use; amounts are of the whole market and scaled to the asset."""

    magnet_factor: float
    cascade_high_gap: float
    cascade_moderate_gap: float
    event_usd: float
    event_hours: int
    event_least_usd: float
    asymmetry_ranges: tuple[float, ...]
    asymmetry_factor: float
    washout_fall: float
    washout_deep_fall: float
    washout_days: int
    hunt_reversal_vols: float
    hunt_hours: int
    hunt_days: int


class StateRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Market states by liquidations of 24 hours of the whole market, and the ratios and sizes that are named.

    ``median_day_usd`` is what a median day of the whole market is taken to be, the geometric middle of "normal": an asset whose
    past days are known is scaled so that its own median day falls there. ``scale_days`` are looked at, ``scale_least_days`` needed.
    """

    names: tuple[str, ...]
    bounds_usd: tuple[float, ...]
    ratio_longs_squeezed: float
    ratio_shorts_squeezed: float
    whale_usd: float
    reference_open_interest_usd: float
    median_day_usd: float
    scale_days: int
    scale_least_days: int
    depth_distances: tuple[float, ...]


class PanelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thresholds of the confirmation panel and the cascade phase."""

    heat_factor: float
    surge_share: float
    funding_quantile: float
    funding_least_history: int
    spread_factor: float
    thinning_factor: float
    trend_hours: int
    trend_count: int
    before_signs: int


class PlanRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Distances for plans and stops; ``volatility_days`` is the stretch that volatility is measured on.

    ``nominal_daily_volatility`` scales zones where none can be measured; a note then says so.
    """

    caution_distance: float
    volatility_days: float
    nominal_daily_volatility: float
    stop_buffer_vols: float


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything of this room that somebody might want to set differently."""

    name: str
    made_on: str
    made_by: str
    sources: tuple[str, ...]
    clusters: ClusterRules
    grades: GradeRules
    confluence: ConfluenceRules
    signals: SignalRules
    states: StateRules
    panel: PanelRules
    plan: PlanRules

    def __post_init__(self) -> None:
        problems = [
            (len(self.grades.intensity_names) != len(self.grades.intensity_quantiles) + 1, "intensity: one name more than quantiles"),
            (len(self.grades.risk_names) != len(self.grades.risk_ratios) + 1, "risk: one name more than ratios"),
            (len(self.states.names) != len(self.states.bounds_usd) + 1, "states: one name more than bounds"),
            (not 0 < self.clusters.band_height < 1, "clusters: band_height must lie in (0, 1)"),
            (not self.clusters.smoothing_least > 0, "clusters: smoothing_least must be positive"),
        ]  # fmt: skip
        wrong = [text for bad, text in problems if bad]
        if wrong:
            raise ConfigError(f"signal settings {self.name!r}: {'; '.join(wrong)}")


@lru_cache(maxsize=8)
def load_settings(file: Path | None = None) -> Settings:
    """Return settings from a file, or the shipped ones.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold settings.
    """
    return read_beliefs(Settings, "liqatlas.signals", DEFAULT_SETTINGS, file)
