"""Draws of a map: the same market read with other weights that the calibration's prints would allow as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Posterior:
    """What a one-instrument map could be as well, given the standard errors of its calibration.

    Attributes
    ----------
    unit_usd
        float64 ``(2, K, B)``: position, bucket, bin [USD at unit weight].
    weights
        float64 ``(S, K)``: draws of the buckets' weights, the level included. Level, closing hazard and the form of the model
        are taken as known, so the draws spread too little.
    """

    unit_usd: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        if (
            self.unit_usd.ndim != 3
            or self.weights.ndim != 2
            or self.weights.shape[1] != self.unit_usd.shape[1]
        ):
            raise InputError(
                f"draws of a map need unit mass (2, K, B) and weights (S, K), not {self.unit_usd.shape} and {self.weights.shape}"
            )

    def draws(self, position: int) -> NDArray[np.float64]:
        """Return levels of one position (0 long, 1 short) in every draw, ``(S, B)`` [USD]."""
        return np.asarray(self.weights @ self.unit_usd[position])
