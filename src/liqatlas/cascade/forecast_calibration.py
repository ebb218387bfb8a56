r"""Calibration of forecasts: from raw forecasts of the next hours to probabilities, with the scores that say what they are worth.

    P(liquidated > X) = I( 1 / (1 + exp(-(a + b ln X + c ln(mean + 10,000) + d ln scale))) )
    P(mark gets as far as x) = I( P(scale · Z >= x) )

``mean`` is the raw forecast (mean over runs of what is liquidated where the excursion is drawn), ``scale`` and Z are those of
``excursions``, I is an isotonic map fitted on a validation split after the split the logistic was fitted on. Fitted and judged
by ``scripts/calibrate_cascade.py`` on hours that come after everything that was fitted; the files are dated and shipped.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.beliefs import read_beliefs
from liqatlas.cascade.excursions import ExcursionLaw  # noqa: TC001  (msgspec reads the annotations)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DEFAULT_FILE = "forecasts_2026-11-22.json"
#: Added to the raw mean before its logarithm [USD]: less than this is a quiet hour.
MEAN_FLOOR_USD = 1e4


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one event was forecast on unseen hours.

    Attributes
    ----------
    event
        In words.
    threshold
        USD, or log distance.
    hours, events
        Unseen hours, and in how many the event came.
    brier
        Of climatology, the logistic on volatility and open interest, the same law of excursions without a map, and ours.
    over_climatology, over_logistic, over_no_map
        Brier skill with its 95 % interval over days: value, low, high.
    reliability_z
        Events minus forecasts in standard deviations of independent hours; hours are not independent.
    reliability
        ``(forecast, observed, hours)`` of bins of about equal size.
    """

    event: str
    threshold: float
    hours: int
    events: int
    brier: dict[str, float]
    over_climatology: tuple[float, float, float]
    over_logistic: tuple[float, float, float]
    over_no_map: tuple[float, float, float] | None
    reliability_z: float
    reliability: tuple[tuple[float, float, int], ...]


class IsotonicPoints(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A monotone map of probabilities, linear between its points; beyond them the ends hold."""

    raw: tuple[float, ...]
    fitted: tuple[float, ...]

    def __call__(self, chance: Floats) -> Floats:
        """Return recalibrated probabilities."""
        return np.asarray(np.interp(chance, self.raw, self.fitted))


class ForecastCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One instrument, position and horizon.

    Attributes
    ----------
    instrument, liquidated, horizon_s, prints_scope
        What it is of: the map's instrument, the position that is liquidated, the horizon, and whose prints are counted.
    model
        Name and version of the map's estimator.
    data_reference, made_by, made_on, data_until
        Data, command, date, and one past the last hour that was read.
    law
        Of excursions.
    intercept, on_log_usd, on_log_mean, on_log_scale
        Of the logistic on amounts.
    amount_isotonic, reach_isotonic
        Last step of both.
    usd, distance
        Least and greatest threshold that the fit saw: nothing is called calibrated outside.
    scales
        Least and greatest scale of the excursion among the judged hours [log price].
    judged
        Period of the unseen hours.
    amounts, reaches
        What came out on them; forecasts made with earlier fits of the same recipe.
    """

    instrument: str
    asset: str
    liquidated: str
    horizon_s: float
    prints_scope: str
    model: str
    data_reference: str
    made_by: str
    made_on: str
    data_until: str
    law: ExcursionLaw
    intercept: float
    on_log_usd: float
    on_log_mean: float
    on_log_scale: float
    amount_isotonic: IsotonicPoints
    reach_isotonic: IsotonicPoints
    usd: tuple[float, float]
    distance: tuple[float, float]
    scales: tuple[float, float]
    judged: tuple[str, str]
    amounts: tuple[Verdict, ...]
    reaches: tuple[Verdict, ...]

    @property
    def main(self) -> Verdict:
        """The verdict on the main event: more than four of five earlier hours brought."""
        return self.amounts[1]

    @property
    def better_than_climatology(self) -> bool:
        """Whether the main event's skill over climatology is above 0 with its whole interval."""
        return self.main.over_climatology[1] > 0

    def chance_liquidated(self, usd: Floats, mean_usd: float, scale: float) -> Floats:
        """Return P(more than these amounts of one position are printed within the horizon).

        Parameters
        ----------
        usd
            Thresholds, > 0.
        mean_usd
            Mean of the raw forecast.
        scale
            Of the excursion [log price].
        """
        linear = (
            self.intercept
            + self.on_log_usd * np.log(usd)
            + self.on_log_mean * np.log(mean_usd + MEAN_FLOOR_USD)
            + self.on_log_scale * np.log(scale)
        )
        return self.amount_isotonic(1.0 / (1.0 + np.exp(-np.asarray(linear))))

    def chance_reached(self, distance: Floats, scale: float) -> Floats:
        """Return P(the mark gets as far as these distances within the horizon)."""
        distances = np.asarray(distance, dtype=np.float64)
        return self.reach_isotonic(self.law.chance(np.full(distances.shape, scale), distances))


class ForecastCalibrations(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of them."""

    schema_version: int
    entries: tuple[ForecastCalibration, ...]


@lru_cache(maxsize=4)
def load_forecast_calibrations(file: Path | None = None) -> tuple[ForecastCalibration, ...]:
    """Return the calibrations of a file, or the shipped ones.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold any.
    """
    maker = "scripts/calibrate_cascade.py"
    return read_beliefs(ForecastCalibrations, "liqatlas.cascade", DEFAULT_FILE, file, made_by=maker).entries
