"""Probability that a price touches a level: a random walk whose scale and tails were fitted and then held against later months.

    z = |ln(level / price)| / (σ √T),    P(touch within T) = 2 F_n(-z / s)

F_n is Student's distribution; s and n depend on the horizon and stand in a dated file with the script, data and date that made
them. s = 1 and n = ∞ give the reflection formula of :func:`liqatlas.signals.volatility.walk_touch`. A price path is calmer
than its volatility most of the time and wilder rarely: s lies below 1 and n is small. σ is the realised volatility of the last seven
days, as :func:`~liqatlas.signals.volatility.realised_volatility` measures it; another σ voids the calibration.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOUCH_FILE = "touch_2026-11-22.json"
MODEL = "random walk with fitted scale and tails at the realised volatility of the last seven days"


class TouchHorizon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scale s and degrees of freedom n of one horizon, and how much better than the plain walk it did afterwards.

    ``skill`` is the Brier skill over the plain walk on the later months, ``low`` and ``high`` its 95 % block-bootstrap interval.
    """

    hours: float
    scale: float
    freedom: float
    skill: float
    low: float
    high: float


class TouchRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the reliability table: a level at a multiple of the volatility, what was stated, what was seen.

    ``low`` and ``high`` are the 95 % block-bootstrap interval of ``observed``; ``by_asset`` are the assets' own shares.
    """

    horizon_h: float
    distance_vols: float
    walk: float
    stated: float
    observed: float
    low: float
    high: float
    cases: int
    by_asset: dict[str, float]


class TouchFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The calibration with its provenance."""

    made_on: str
    made_by: str
    data: str
    fitted: str
    tested: str
    assets: tuple[str, ...]
    horizons: tuple[TouchHorizon, ...]
    reliability: tuple[TouchRow, ...]

    @property
    def fitted_until(self) -> str:
        """Day after the last one that the fit saw."""
        return self.fitted.partition(" to ")[2]

    @property
    def words(self) -> str:
        """Provenance in words."""
        return f"fitted on {self.fitted}, held against {self.tested} ({', '.join(self.assets)})"


@cache
def touch_calibration() -> TouchFile:
    """Return the calibration that ships.

    Raises
    ------
    InternalError
        If it cannot be read.
    """
    return read_beliefs(TouchFile, "liqatlas.signals", TOUCH_FILE)


def touch_words(volatility_source: str, *, measured: bool) -> str:
    """Return what the probabilities of a touch are, and whether they are calibrated with this volatility."""
    if measured:
        return f"{MODEL}; {touch_calibration().words}"
    return f"{MODEL}; not calibrated here, the volatility is {volatility_source}"


def student_touch(z: NDArray[np.float64] | float, *, scale: float, freedom: float) -> NDArray[np.float64]:
    """Return ``2 F_n(-z / s)``: 1 at z = 0, 0 at infinity."""
    from scipy.special import stdtr

    return np.asarray(2.0 * stdtr(freedom, -np.asarray(z, dtype=np.float64) / scale))


def touch_probability(
    level: NDArray[np.float64] | float, *, price: float, daily_volatility: float, hours: float
) -> NDArray[np.float64]:
    """Return the calibrated probability that the price touches a level within some hours.

    Parameters
    ----------
    level
        Prices [quote]; 0 and infinity are never touched.
    daily_volatility
        Realised volatility of the last seven days [per √day].
    hours
        Between the shortest and the longest fitted horizon; between two of them ln s and 1/n are interpolated over ln T.

    Raises
    ------
    InputError
        If the horizon lies outside what was fitted.

    Examples
    --------
    >>> far, near = touch_probability(np.array([90.0, 99.0]), price=100.0, daily_volatility=0.03, hours=24.0)
    >>> bool(0 < far < near < 1)
    True
    """
    levels = np.asarray(level, dtype=np.float64)
    with np.errstate(divide="ignore"):
        distance = np.abs(np.log(levels / price))
    spread = daily_volatility * np.sqrt(hours / 24.0)
    if not spread > 0:
        return np.where(distance > 0, 0.0, 1.0)
    scale, freedom = _at(hours)
    return student_touch(distance / spread, scale=scale, freedom=freedom)


def _at(hours: float) -> tuple[float, float]:
    """Return scale and freedom of a horizon."""
    rows = touch_calibration().horizons
    known = np.log([row.hours for row in rows])
    if not rows[0].hours <= hours <= rows[-1].hours:
        raise InputError(
            f"no touch probability for {hours:g} h: it is calibrated from {rows[0].hours:g} h to {rows[-1].hours:g} h"
        )
    at = np.log(hours)
    scale = float(np.exp(np.interp(at, known, np.log([row.scale for row in rows]))))
    return scale, float(1.0 / np.interp(at, known, [1.0 / row.freedom for row in rows]))
