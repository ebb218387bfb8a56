r"""How far the mark goes within the next hours: a scale known beforehand times the law of past excursions.

    scale_t = exp(intercept + Σ_j slope_j z_tj)        excursion_t = scale_t · Z,   Z one of the past's excursion / scale

Excursions are what hours came to, liquidations included: whoever draws from them must not add the books' feedback again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec
import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What the scale is a function of, in this order: all known before the hour begins.
FEATURES = ("range_1h", "range_6h", "range_24h", "range_168h", "day_sine", "day_cosine", "half_day_sine", "half_day_cosine")  # fmt: skip
_HALF_LIVES_H = (1.0, 6.0, 24.0, 168.0)
#: Keeps logarithms of a still hour finite [log price].
_FLOOR = 2e-4
#: Hours without which a scale of a week's memory is not known, and fewest rows of a fit.
FEWEST_HOURS, _FEWEST_ROWS = 48, 200
_RIDGE = 1e-3
QUANTILES = 200


class ExcursionLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fitted law of one direction and horizon.

    Attributes
    ----------
    intercept, slope, centre, spread
        Of the log scale on the standardised :data:`FEATURES`.
    quantiles
        Excursions over their scale at evenly spaced probabilities, ascending.
    """

    intercept: float
    slope: tuple[float, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    quantiles: tuple[float, ...]

    @classmethod
    def fit(cls, features: Floats, excursion: Floats) -> Self:
        """Return the law of hours whose features and excursions are known.

        Parameters
        ----------
        features
            float64 ``(n, F)``.
        excursion
            float64 ``(n,)``, >= 0 [log price].

        Raises
        ------
        NotEnoughDataError
            If there are too few rows.
        """
        if len(features) < _FEWEST_ROWS:
            raise NotEnoughDataError(
                f"{len(features)} hours are too few for a law of excursions: give {_FEWEST_ROWS} at least"
            )
        centre, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
        design = np.column_stack((np.ones(len(features)), (features - centre) / spread))
        penalty = _RIDGE * len(features) * np.diag(np.append(0.0, np.ones(features.shape[1])))
        b = np.linalg.solve(design.T @ design + penalty, design.T @ np.log(excursion + _FLOOR))
        relative = np.sort(excursion / np.exp(design @ b))
        chances = (np.arange(QUANTILES) + 0.5) / QUANTILES
        return cls(
            intercept=_short(b[0]), slope=tuple(map(_short, b[1:])), centre=tuple(map(_short, centre)),
            spread=tuple(map(_short, spread)), quantiles=tuple(map(_short, np.quantile(relative, chances))),
        )  # fmt: skip

    def scale(self, features: Floats) -> Floats:
        """Return the scale of each row of features, ``(n,)`` [log price]."""
        z = (np.atleast_2d(features) - np.array(self.centre)) / np.array(self.spread)
        return np.asarray(np.exp(self.intercept + z @ np.array(self.slope)))

    def draw(self, scale: float, uniform: Floats) -> Floats:
        """Return excursions at uniform numbers in (0, 1) [log price]."""
        chances = (np.arange(len(self.quantiles)) + 0.5) / len(self.quantiles)
        return np.asarray(np.maximum(scale * np.interp(uniform, chances, np.array(self.quantiles)), 0.0))

    def chance(self, scale: Floats, distance: Floats) -> Floats:
        """Return P(excursion >= distance), before recalibration."""
        chances = (np.arange(len(self.quantiles)) + 0.5) / len(self.quantiles)
        return np.asarray(
            1.0 - np.interp(distance / scale, np.array(self.quantiles), chances, left=0.0, right=1.0)
        )


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def excursion_features(start_ns: NDArray[np.int64], high: Floats, low: Floats) -> Floats:
    """Return :data:`FEATURES` known at the start of every hour, and of the one after the last, ``(n + 1, F)``.

    Parameters
    ----------
    start_ns
        int64 ``(n,)``: consecutive hours.
    high, low
        float64 ``(n,)``: the mark's extremes in them.

    Raises
    ------
    InputError
        If hours are not consecutive or a price is not positive.
    """
    if len(start_ns) < 1 or (np.diff(start_ns) != HOUR_NS).any() or not (low > 0).all() or (high < low).any():
        raise InputError("excursions need consecutive hours with 0 < low <= high")
    square = np.log(high / low) ** 2
    columns = [_faded(square, half_life) for half_life in _HALF_LIVES_H]
    hour = np.append(start_ns, start_ns[-1] + HOUR_NS) // HOUR_NS % 24
    waves = [f(hour * (np.pi / k)) for k in (12, 6) for f in (np.sin, np.cos)]
    return np.column_stack([0.5 * np.log(c + _FLOOR**2) for c in columns] + waves)


def _faded(value: Floats, half_life_h: float) -> Floats:
    """Return the exponentially weighted mean of all earlier values, ``(n + 1,)``; the first knows only itself."""
    keep = 0.5 ** (1.0 / half_life_h)
    out = np.empty(len(value) + 1)
    total = weight = 0.0
    out[0] = value[0]
    for i, one in enumerate(value):
        total, weight = total * keep + one, weight * keep + 1.0
        out[i + 1] = total / weight
    return out
