"""Judge event probabilities: Brier score, reliability, isotonic recalibration, and the two forecasts to beat.

An event is 0 or 1, a forecast a probability. Skill is ``1 - Brier / Brier of the baseline``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Forecasts of about the same size: their mean, how often the event came, how many there were."""

    forecast: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True)
class Skill:
    """Brier skill with its 95 % interval over blocks; above 0 beats the baseline."""

    value: float
    low: float
    high: float


def brier(forecast: Floats, event: Floats) -> float:
    """Return the mean squared error of probabilities."""
    _check(forecast, event)
    return float(np.mean((forecast - event) ** 2))


def skill(
    forecast: Floats, baseline: Floats, event: Floats, *, block: int, draws: int = 1000, seed: int = 1
) -> Skill:
    """Return Brier skill over a baseline with a block-bootstrap interval.

    Parameters
    ----------
    block
        Length of a block of neighbouring rows, such as 24 hours; a last shorter one counts as one.
    """
    _check(forecast, event)
    _check(baseline, event)
    starts = np.arange(0, len(event), block)
    ours = np.add.reduceat((forecast - event) ** 2, starts)
    theirs = np.add.reduceat((baseline - event) ** 2, starts)
    if theirs.sum() <= 0:
        raise NotEnoughDataError("the baseline is perfect here: no event, or nothing but events")
    pick = np.random.default_rng(seed).integers(0, len(starts), (draws, len(starts)))
    totals = theirs[pick].sum(axis=1)
    ratios = 1 - ours[pick].sum(axis=1) / np.where(totals > 0, totals, np.nan)
    low, high = np.nanquantile(ratios, [0.025, 0.975])
    return Skill(float(1 - ours.sum() / theirs.sum()), float(low), float(high))


def reliability(forecast: Floats, event: Floats, *, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Return bins of equal numbers of forecasts, ascending; equal forecasts stay together."""
    _check(forecast, event)
    edges = np.unique(np.quantile(forecast, np.linspace(0, 1, bins + 1)))
    which = np.clip(np.searchsorted(edges, forecast, side="right") - 1, 0, max(len(edges) - 2, 0))
    return tuple(
        ReliabilityBin(
            float(forecast[which == b].mean()), float(event[which == b].mean()), int((which == b).sum())
        )
        for b in np.unique(which)
    )


def reliability_z(forecast: Floats, event: Floats) -> float:
    """Return (events - expected) in standard deviations of independent forecasts."""
    _check(forecast, event)
    spread = float(np.sqrt((forecast * (1 - forecast)).sum()))
    return float((event - forecast).sum() / spread) if spread > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A monotone map from raw forecasts to probabilities, linear between its points."""

    raw: Floats
    fitted: Floats

    def __call__(self, forecast: Floats) -> Floats:
        """Return recalibrated probabilities; beyond the points the ends hold."""
        return np.asarray(np.interp(forecast, self.raw, self.fitted))


def isotonic(forecast: Floats, event: Floats) -> Isotonic:
    """Return the least-squares monotone fit (pool adjacent violators); equal forecasts are pooled first."""
    _check(forecast, event)
    raw, inverse = np.unique(forecast, return_inverse=True)
    count = np.bincount(inverse).astype(np.float64)
    mean = np.bincount(inverse, weights=event) / count
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(mean, count, strict=True):
        blocks.append((float(value), float(weight), 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (a, u, m), (b, v, n) = blocks[-2], blocks[-1]
            blocks[-2:] = [((a * u + b * v) / (u + v), u + v, m + n)]
    return Isotonic(raw, np.repeat([b[0] for b in blocks], [b[2] for b in blocks]))


@dataclass(frozen=True, slots=True)
class Logistic:
    """``P = 1 / (1 + e^(-(a + b·z)))`` on standardised features."""

    coefficients: Floats
    mean: Floats
    scale: Floats

    def __call__(self, features: Floats) -> Floats:
        """Return probabilities of rows of features, ``(n,)``."""
        z = (features - self.mean) / self.scale
        return np.asarray(1 / (1 + np.exp(-(self.coefficients[0] + z @ self.coefficients[1:]))))


def logistic(features: Floats, event: Floats, *, ridge: float = 1e-3, steps: int = 50) -> Logistic:
    """Return a logistic regression by Newton's method with a small ridge.

    Parameters
    ----------
    features
        float64 ``(n, p)``, finite.
    """
    if features.ndim != 2 or len(features) != len(event) or not np.isfinite(features).all():
        raise InputError("features must be finite, one row per event")
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack((np.ones(len(event)), (features - mean) / scale))
    penalty = ridge * len(event) * np.diag(np.append(0.0, np.ones(features.shape[1])))
    b = np.zeros(design.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(design @ b)))
        hessian = design.T @ (design * np.maximum(p * (1 - p), 1e-9)[:, None]) + penalty
        step = np.linalg.solve(hessian, design.T @ (event - p) - penalty @ b)
        b += step
        if np.abs(step).max() < 1e-10:
            break
    return Logistic(b, mean, scale)


def _check(forecast: Floats, event: Floats) -> None:
    if forecast.shape != event.shape or forecast.ndim != 1 or not len(event):
        raise InputError(
            f"{forecast.shape} forecasts for {event.shape} events: wanted as many of each, at least one"
        )
    if not ((forecast >= 0) & (forecast <= 1)).all() or not np.isin(event, (0.0, 1.0)).all():
        raise InputError("forecasts must lie in [0, 1] and events be 0 or 1")
