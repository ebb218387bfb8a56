"""The causal level: how many times the expected the prints of past hours came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: An hour that prints this many times the expected says that something else went on, not that the level rose so far.
_MOST_RATIO = 30.0


class LevelPath(NamedTuple):
    """Log level of every hour and the variance of its error, ``(n + 1,)`` each; the last entry is after the last hour."""

    level: NDArray[np.float64]
    variance: NDArray[np.float64]


def log_level(
    amount: NDArray[np.float64],
    mean: NDArray[np.float64],
    dispersion: float,
    *,
    half_life_h: float,
    shrinkage_h: float,
) -> LevelPath:
    r"""Return the log level of every hour from prints strictly before it, both positions together, and its variance.

        L_t = ln[(κ + Σ_{i≥1} d^{i-1} Σ_s v y/μ) / (κ + Σ_{i≥1} d^{i-1} Σ_s v)],   v = αμ/(1 + αμ),   d = 2^(-1/half-life)

    v in [0, 1] is the information an hour holds about a common factor; hours without a known amount are skipped. Since
    y/μ varies by α/v, the variance of L_t is α / (κ + Σ d^{i-1} Σ_s v), κ counted as hours that were seen. y/μ counts up to thirty:
    where next to nothing is expected, one print would say anything.

    Parameters
    ----------
    amount, mean
        float64 ``(n, 2)`` [10,000 USD]; NaN amounts are unknown.
    shrinkage_h
        κ: pseudo-hours that hold the level at one.
    """
    known = np.isfinite(amount)
    information = np.where(known, dispersion * mean / (1 + dispersion * mean), 0.0)
    ratio = np.minimum(np.where(known, amount, 0.0) / np.maximum(mean, 1e-9), _MOST_RATIO)
    seen, expected = (information * ratio).sum(axis=1), information.sum(axis=1)
    keep = 0.5 ** (1 / half_life_h)
    tops, bottoms = np.zeros(len(amount) + 1), np.zeros(len(amount) + 1)
    for i in range(len(amount)):
        tops[i + 1], bottoms[i + 1] = keep * tops[i] + seen[i], keep * bottoms[i] + expected[i]
    held = bottoms + shrinkage_h
    return LevelPath(np.log((tops + shrinkage_h) / held), dispersion / held)
