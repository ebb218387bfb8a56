"""Choices of the calibrated estimator: a dated data file, never constants in code."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: The file used where none is given.
DEFAULT_SETTINGS = "estimator_2026-11-22.json"


class EstimatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is chosen once, before any fit; what is fitted stands in a ``Calibration``.

    Attributes
    ----------
    data_reference, data_until, made_by
        What shaped the choices, the date of the newest of it, and the script that judges them again.
    bucket_edges
        Edges of the distance buckets, ``K + 1`` fractions, ascending.
    hazard_scale, hazard_power, hazard_reference, hazard_cap
        ψ(δ) = min(scale · (δ / reference)^-power, cap), δ the geometric middle of the bucket.
    hazard_clock
        Share of closing that goes by the clock, at the usual pace of turnover, rather than with the turnover of the moment.
    hazard_scales, hazard_scale_sd
        Scales tried on the training likelihood, and the s.d. of the log-normal prior round ``hazard_scale``.
    phi, theta
        Share of turnover that opens and closes; share of it that is from long to long.
    spot_turnover
        The perpetual's turnover over the spot market's, where only spot volume is known.
    turnover_per_hour
        Turnover over open interest per hour, where no volume is known at all.
    move_share
        Share of an hour's volume spread over its samples by the size of their moves; the rest is even in time.
    excursion, excursion_fade
        Reach of the path beyond the ends of a sample interval, in mean excursions of a flat Brownian bridge, and how it
        fades with the move: ``e = excursion · √(π/8) · s · exp(-fade · |r|/s)``.
    bins_per_bucket, widest_bin, entry_points
        Bins of log price per bucket width, their largest width, and points along a leg where entries stand.
    basis_hours
        Hours of the causal median that carries spot extremes to the mark.
    smoothness, tie, background_precision, dispersion_precision, covariate_precision, inhour_precision
        Precisions of the normal priors: second differences of ln density (weight over log width), ln density round its mean, ln background [10,000 USD], ln
        dispersion, standardised covariates, standardised covariates of the in-hour regression.
    pooled_tie
        Precision of ln density round a lender's, up to a common factor, where a calibration is pooled.
    flatness
        Precision of first differences of ln density.
    slow_half_life_h, slow_shrinkage_h, fast_half_life_h, fast_shrinkage_h
        Half-lives of the causal levels and the pseudo-hours that hold them at one.
    identified_sd
        A bucket is identified where the posterior s.d. of its ln w is below this.
    """

    name: str
    version: str
    made_on: str
    made_by: str
    data_reference: str
    data_until: str
    bucket_edges: tuple[float, ...]
    hazard_scale: float
    hazard_power: float
    hazard_reference: float
    hazard_cap: float
    hazard_clock: float = 0.0
    hazard_scales: tuple[float, ...]
    hazard_scale_sd: float
    phi: float
    theta: float
    spot_turnover: float
    turnover_per_hour: float
    move_share: float
    excursion: float
    excursion_fade: float
    bins_per_bucket: int
    widest_bin: float
    entry_points: int
    basis_hours: int
    smoothness: float
    tie: float
    background_precision: float
    dispersion_precision: float
    covariate_precision: float
    inhour_precision: float
    slow_half_life_h: float
    slow_shrinkage_h: float
    fast_half_life_h: float
    fast_shrinkage_h: float
    identified_sd: float
    pooled_tie: float = 4.0
    flatness: float = 0.0

    def __post_init__(self) -> None:
        edges = self.bucket_edges
        positive = (
            "hazard_reference", "hazard_cap", "spot_turnover", "turnover_per_hour", "bins_per_bucket", "widest_bin",
            "entry_points", "basis_hours", "slow_half_life_h", "fast_half_life_h", "identified_sd", "hazard_scale_sd",
        )  # fmt: skip
        problems = [
            f"{name} is {getattr(self, name)}, wanted above 0"
            for name in positive
            if not getattr(self, name) > 0
        ]
        if len(edges) < 2 or edges[0] <= 0 or edges[-1] >= 1 or any(b <= a for a, b in pairwise(edges)):
            problems.append("bucket_edges must ascend inside (0, 1)")
        if (
            not 0 <= self.theta <= 1
            or not 0 <= self.phi <= 1
            or not 0 <= self.move_share <= 1
            or not 0 <= self.hazard_clock <= 1
        ):
            problems.append("theta, phi, move_share and hazard_clock must lie in [0, 1]")
        if problems:
            raise ConfigError(f"estimator settings {self.name!r}: {'; '.join(problems)}")

    def edges(self) -> NDArray[np.float64]:
        """Return the bucket edges, float64 ``(K + 1,)``."""
        return np.array(self.bucket_edges, dtype=np.float64)

    def hazard(self, scale: float | None = None) -> NDArray[np.float64]:
        """Return ψ per bucket, float64 ``(K,)``, with the scale given or the usual one."""
        edges = self.edges()
        middle = np.sqrt(edges[:-1] * edges[1:])
        raw = (self.hazard_scale if scale is None else scale) * (
            middle / self.hazard_reference
        ) ** -self.hazard_power
        return np.minimum(raw, self.hazard_cap)


@lru_cache(maxsize=8)
def load_settings(file: Path | None = None) -> EstimatorSettings:
    """Return settings from a file, or the shipped ones.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold settings.
    """
    return read_beliefs(EstimatorSettings, "liqatlas.levels", DEFAULT_SETTINGS, file)
