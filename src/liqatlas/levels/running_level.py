"""The causal level: how many times the expected the prints of past hours came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def log_level(
    amount: NDArray[np.float64],
    mean: NDArray[np.float64],
    dispersion: float,
    *,
    half_life_h: float,
    shrinkage_h: float,
) -> NDArray[np.float64]:
    r"""Return the log level of every hour from prints strictly before it, both positions together.

        L_t = ln[(κ + Σ_{i≥1} d^{i-1} Σ_s v y/μ) / (κ + Σ_{i≥1} d^{i-1} Σ_s v)],   v = αμ/(1 + αμ),   d = 2^(-1/half-life)

    v in [0, 1] is the information an hour holds about a common factor; hours without a known amount are skipped.

    Parameters
    ----------
    amount, mean
        float64 ``(n, 2)`` [10,000 USD]; NaN amounts are unknown.
    shrinkage_h
        κ: pseudo-hours that hold the level at one.

    Returns
    -------
    NDArray[np.float64]
        ``(n + 1,)``: the last entry is the level after the last hour, for a live map.
    """
    known = np.isfinite(amount)
    information = np.where(known, dispersion * mean / (1 + dispersion * mean), 0.0)
    ratio = np.where(known, amount, 0.0) / np.maximum(mean, 1e-9)
    seen, expected = (information * ratio).sum(axis=1), information.sum(axis=1)
    keep = 0.5 ** (1 / half_life_h)
    out = np.empty(len(amount) + 1)
    top = bottom = 0.0
    for i in range(len(amount)):
        out[i] = np.log((top + shrinkage_h) / (bottom + shrinkage_h))
        top, bottom = keep * top + seen[i], keep * bottom + expected[i]
    out[-1] = np.log((top + shrinkage_h) / (bottom + shrinkage_h))
    return out
