"""A dispersion for predictions of test days alone: each block of days is scored with the one fitted on the other blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.scores import fit_dispersion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours

#: A day of hours and positions: fewer rows do not carry a dispersion.
FEWEST_ROWS = 48
#: Blocks of consecutive days, as one day's prints go on into the next.
_BLOCKS = 10


def crossed_dispersion(
    hours: Hours, mean: NDArray[np.float64], test: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], int]:
    """Return a dispersion per hour that no print of its own block of test days has moved, and how many blocks there are.

    The sum of log-likelihoods over the blocks is never above the one with the best single dispersion of the test rows.

    Parameters
    ----------
    mean
        float64 ``(n, 2)`` [10,000 USD].
    test
        bool ``(n,)``.
    rows
        bool ``(n, 2)``: hours and positions that are compared; what the prediction and the amounts do not say drops out.

    Returns
    -------
    tuple[NDArray[np.float64], int]
        ``(n,)``, NaN on days without such a row, and the number of blocks.

    Raises
    ------
    NotEnoughDataError
        If the days outside some block hold fewer than ``FEWEST_ROWS`` rows.
    """
    used = rows & test[:, None] & np.isfinite(mean) & np.isfinite(hours.amount)
    spoken = test & used.any(axis=1)
    days = np.unique(hours.day[spoken])
    blocks = min(_BLOCKS, len(days))
    block = np.where(spoken, np.searchsorted(days, hours.day) * blocks // max(len(days), 1), -1)
    out = np.full(len(hours), np.nan)
    for number in range(blocks):
        others = used & (block != number)[:, None]
        if int(others.sum()) < FEWEST_ROWS:
            raise NotEnoughDataError(
                f"{int(others.sum())} rows on the other test days; a dispersion wants {FEWEST_ROWS}"
            )
        out[block == number] = fit_dispersion(hours.amount[others], mean[others])
    if not blocks:
        raise NotEnoughDataError("no test hour has a prediction and a known amount")
    return out, blocks
