"""Parameters of the estimator: dated data files, never constants in code."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

#: The file used where no calibration is given.
DEFAULT_PRIOR = "prior_2026-11-22.json"


class EstimatorParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What turns history into levels.

    Attributes
    ----------
    data_until
        Date of the newest data that shaped these parameters; a map as of an earlier moment looks ahead.
    status
        ``uncalibrated prior`` or ``calibrated``.
    grid_step
        Width of a bin in log price.
    bucket_edges
        Edges of the distance buckets, ``K + 1`` values in (0, 1), ascending.
    hazard
        ψ, ``K + 1`` values: closing hazard of each bucket relative to the share of open interest closed; the last is of the
        unlevered share.
    weights
        Mixture, ``K + 1`` values that sum to 1: share of what is opened in each bucket; the last is the share without a
        reachable level.
    theta
        Share of turnover that is from long to long.
    phi
        Share of turnover beyond |ΔOI| that opens and closes positions which stay.
    spot_turnover
        The perpetual's turnover as a multiple of the spot market's, used where only spot bars are given.
    """

    name: str
    version: str
    made_on: str
    made_by: str
    data_until: str
    status: str
    grid_step: float
    bucket_edges: tuple[float, ...]
    hazard: tuple[float, ...]
    weights: tuple[float, ...]
    theta: float = 0.5
    phi: float = 1.0
    spot_turnover: float = 1.0
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.bucket_edges) - 1
        problems = [
            (len(self.hazard) != count + 1, f"hazard has {len(self.hazard)} values, wanted {count + 1}"),
            (len(self.weights) != count + 1, f"weights has {len(self.weights)} values, wanted {count + 1}"),
            (abs(sum(self.weights) - 1) > 1e-6, f"weights sum to {sum(self.weights)}, wanted 1"),
            (
                min(self.weights, default=0) < 0 or min(self.hazard, default=0) < 0,
                "weights and hazard must not be negative",
            ),
            (not 0 <= self.theta <= 1, f"theta is {self.theta}, wanted 0 to 1"),
            (not self.spot_turnover > 0, f"spot_turnover is {self.spot_turnover}, wanted above 0"),
            (not 0 < self.phi <= 1, f"phi is {self.phi}, wanted above 0, up to 1"),
        ]
        wrong = [text for bad, text in problems if bad]
        if wrong:
            raise ConfigError(f"estimator parameters {self.name!r}: {'; '.join(wrong)}")

    @property
    def segment_version(self) -> str:
        """Digest of everything that stored segments depend on; weights are applied at read-out and do not count."""
        parts = (self.grid_step, self.bucket_edges, self.hazard, self.theta, self.phi, self.spot_turnover)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

    def edges_array(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the bucket edges, float64 ``(K + 1,)``."""
        return np.array(self.bucket_edges, dtype=np.float64)

    def hazard_array(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the hazards, float64 ``(K + 1,)``."""
        return np.array(self.hazard, dtype=np.float64)


@lru_cache(maxsize=8)
def load_parameters(file: Path | None = None) -> EstimatorParameters:
    """Return parameters from a file, or the shipped prior.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold parameters.
    """
    return read_beliefs(EstimatorParameters, "liqatlas.levels", DEFAULT_PRIOR, file)
