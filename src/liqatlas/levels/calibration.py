"""A calibration: what a fit on realised prints found, as a dated file that anybody can make again."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.errors import ConfigError
from liqatlas.levels.count_fit import CountFit
from liqatlas.levels.estimator_settings import EstimatorSettings  # noqa: TC001  (msgspec reads the annotations)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_FOLDER = "data"


class ReadOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fitted read-out as numbers; see ``CountFit`` for what each means. Backgrounds are logs of 10,000 USD."""

    log_weight: tuple[float, ...]
    log_background: tuple[float, float]
    covariates: tuple[str, ...]
    slope: tuple[float, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    dispersion: float

    @classmethod
    def of(cls, fit: CountFit, covariates: tuple[str, ...]) -> ReadOut:
        """Return a fit as numbers."""
        return cls(
            log_weight=tuple(fit.log_weight.tolist()),
            log_background=(float(fit.log_background[0]), float(fit.log_background[1])),
            covariates=covariates,
            slope=tuple(fit.slope.tolist()),
            centre=tuple(fit.centre.tolist()),
            spread=tuple(fit.spread.tolist()),
            dispersion=fit.dispersion,
        )

    def fit(self) -> CountFit:
        """Return the numbers as a fit."""
        return CountFit(
            np.array(self.log_weight, dtype=np.float64),
            np.array(self.log_background),
            np.array(self.slope, dtype=np.float64),
            np.array(self.centre, dtype=np.float64),
            np.array(self.spread, dtype=np.float64),
            self.dispersion,
            float("nan"),
        )


#: On March 2026 of BTC the gain of the running read-out over B3 is -2.5 nats per hour and position after one day of training,
#: +0.23 after two, +0.36 after three, +0.43 after five and +0.48 after twelve weeks.
FEWEST_DAYS = 3
_ROWS_OF_A_DAY = 48


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a forecast or an *expected* map needs.

    Attributes
    ----------
    asset, instrument, prints_scope
        What it was fitted on; ``prints_scope`` names whose published prints *expected* counts.
    data_reference, made_by, made_on
        Data, command and date.
    pooled_with
        Name of the calibration whose shape of weights stood in where the own prints said little; empty where none.
    trained_from, trained_until
        First and one past the last hour whose prints were read, ISO 8601.
    rows, printed_usd
        Hours × positions read, and what was printed in them.
    settings
        The choices, whole.
    hazard_scale, hazard_profile
        The scale found on the training likelihood and the log-posterior of each scale tried; none where it was given.
    map
        Weights on what was touched, without level or covariates: what the levels and the frozen read-out build on.
    running, frozen
        The two read-outs. ``running`` weighs what was touched per bucket; ``frozen`` has two weights, on the reach of the map
        at the hour's start and on the expected release of what opens within the hour.
    inhour
        Regression of that release on what is known without the path.
    inhour_unit
        What its amounts are in [10,000 USD].
    covariance
        Laplace covariance of the running (ln w, ln background), row by row.
    events
        Hours × positions in which each bucket was expected to release something, weighted by its share.
    """

    schema_version: int = 1
    name: str
    asset: str
    instrument: str
    prints_scope: str
    data_reference: str
    made_by: str
    made_on: str
    pooled_with: str = ""
    trained_from: str
    trained_until: str
    rows: int
    printed_usd: float
    settings: EstimatorSettings
    hazard_scale: float
    hazard_profile: tuple[tuple[float, float], ...]
    map: ReadOut
    running: ReadOut
    frozen: ReadOut
    inhour: ReadOut
    inhour_unit: float
    covariance: tuple[tuple[float, ...], ...]
    events: tuple[float, ...]

    def __post_init__(self) -> None:
        buckets = len(self.settings.bucket_edges) - 1
        sizes = (
            len(self.map.log_weight),
            len(self.running.log_weight),
            len(self.events),
            len(self.covariance) - 2,
        )
        if any(size != buckets for size in sizes):
            raise ConfigError(
                f"calibration {self.name!r}: weights, events and covariance are of {sizes} buckets, the edges of {buckets}"
            )

    @property
    def log_weight_sd(self) -> NDArray[np.float64]:
        """Posterior s.d. of ln w per bucket, ``(K,)``."""
        diagonal = np.diag(np.array(self.covariance))
        return np.asarray(np.sqrt(diagonal[:-2]))

    @property
    def weight(self) -> NDArray[np.float64]:
        """Running weights at the posterior's mode, ``(K,)``: with few events unbiased, where the mean of a log-normal is not."""
        return np.asarray(np.exp(np.array(self.running.log_weight)))

    @property
    def identified(self) -> NDArray[np.bool_]:
        """Buckets whose weight the prints determine, bool ``(K,)``."""
        return np.asarray(self.log_weight_sd < self.settings.identified_sd)

    @property
    def identified_distance(self) -> float:
        """Outer edge of the farthest identified bucket; 0 where none is."""
        which = np.flatnonzero(self.identified)
        return float(self.settings.bucket_edges[int(which[-1]) + 1]) if len(which) else 0.0

    @property
    def caution(self) -> str:
        """What to say of a calibration on too few prints; empty where there are enough."""
        days = self.rows / _ROWS_OF_A_DAY
        if days >= FEWEST_DAYS:
            return ""
        return (
            f"{self.instrument}: the calibration {self.name!r} was fitted on {days:.1f} days of prints; with fewer than {FEWEST_DAYS} "
            "its forecasts are poor: train on more" + ("" if self.pooled_with else ", or borrow with --pool")
        )

    def draw_weights(self, draws: int, seed: int = 1) -> NDArray[np.float64]:
        """Return weights drawn from the Laplace posterior, ``(draws, K)``."""
        generator = np.random.default_rng(seed)
        mode = np.concatenate([self.running.log_weight, self.running.log_background])
        sample = generator.multivariate_normal(mode, np.array(self.covariance), size=draws, method="cholesky")
        return np.asarray(np.exp(sample[:, :-2]))

    def to_json(self) -> bytes:
        """Return the file's content."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def read_calibration(content: bytes, where: str) -> Calibration:
    """Return a calibration from a file's content.

    Raises
    ------
    ConfigError
        If it does not hold one.
    """
    try:
        return msgspec.json.decode(content, type=Calibration)
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{where} does not hold a calibration: {error}; make one with `liqatlas calibrate`"
        ) from None


def load_calibration(file: Path) -> Calibration:
    """Return the calibration in a file.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold one.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"calibration {file} cannot be read: {error.strerror or error}") from None
    return read_calibration(content, str(file))


@lru_cache(maxsize=1)
def shipped_calibrations() -> tuple[Calibration, ...]:
    """Return the calibrations that come with the package, by file name."""
    folder = resources.files("liqatlas.levels") / _FOLDER
    files = sorted((f for f in folder.iterdir() if f.name.startswith("calibration_")), key=lambda f: f.name)
    return tuple(read_calibration(f.read_bytes(), f.name) for f in files)
