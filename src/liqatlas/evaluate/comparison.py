"""Two predictions of the same amounts: gain in nats per hour and position, dispersion fitted on training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.bootstrap import Interval, block_mean
from liqatlas.evaluate.scores import (
    fit_dispersion,
    log_likelihood,
    predicted_over_realised,
    rank_ic,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better one prediction explains the test hours than another.

    Attributes
    ----------
    per_row
        Nats per hour and position, day-block interval.
    per_million_usd
        Nats per million USD printed in the test hours.
    rank_ic, predicted_over_realised
        Of the prediction itself, not of the difference; NaN where they have no value.
    rows
        Hours × positions compared.
    """

    per_row: Interval
    per_million_usd: float
    rank_ic: float
    predicted_over_realised: float
    rows: int


def or_nan(
    score: Callable[[NDArray[np.float64], NDArray[np.float64]], float],
    amount: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> float:
    """Return a score, NaN where it has no value: nothing printed, or a constant prediction."""
    try:
        return score(amount, mean)
    except NotEnoughDataError:
        return float("nan")


def row_likelihood(
    hours: Hours,
    mean: NDArray[np.float64],
    train: NDArray[np.bool_],
    *,
    dispersion: float | NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the log-likelihood of every hour and position, shape ``(n, 2)``.

    Rows with unknown amount or unknown prediction are NaN.

    Parameters
    ----------
    dispersion
        Where given, it is used: one, or ``(n,)`` with NaN where an hour is not scored. Otherwise it is fitted on the
        training rows.
    """
    known = np.isfinite(mean) & np.isfinite(hours.amount)
    if dispersion is None:
        fit_on = known & train[:, None]
        dispersion = fit_dispersion(hours.amount[fit_on], mean[fit_on])
    each = np.broadcast_to(np.asarray(dispersion)[..., None], mean.shape)
    known &= np.isfinite(each)
    out = np.full(mean.shape, np.nan)
    out[known] = log_likelihood(hours.amount[known], mean[known], each[known])
    return out


def gain(
    hours: Hours,
    mean: NDArray[np.float64],
    over: NDArray[np.float64],
    *,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    dispersion: float | NDArray[np.float64] | None = None,
    over_dispersion: float | NDArray[np.float64] | None = None,
) -> Gain:
    """Compare two predictions on the test hours, paired row by row.

    Parameters
    ----------
    hours
        The hours.
    mean, over
        float64, shape ``(n, 2)`` [10,000 USD]: the prediction and the one it must beat; NaN rows drop out of both.
    train, test
        bool, shape ``(n,)``; dispersions are fitted on ``train``.
    dispersion, over_dispersion
        Of ``mean`` and of ``over``, where they are not to be fitted on the training hours; as in :func:`row_likelihood`.

    Raises
    ------
    NotEnoughDataError
        If fewer than two days of the test hours can be compared.
    """
    difference = row_likelihood(hours, mean, train, dispersion=dispersion) - row_likelihood(
        hours, over, train, dispersion=over_dispersion
    )
    rows = np.isfinite(difference) & test[:, None]
    if not bool(rows.any()):
        raise NotEnoughDataError("no test hour has both predictions and a known amount")
    day = np.broadcast_to(hours.day[:, None], difference.shape)
    amount = hours.amount[rows]
    printed_million = float(amount.sum()) / 100.0
    return Gain(
        per_row=block_mean(difference[rows], day[rows]),
        per_million_usd=float(difference[rows].sum()) / printed_million
        if printed_million > 0
        else float("nan"),
        rank_ic=or_nan(rank_ic, amount, mean[rows]),
        predicted_over_realised=or_nan(predicted_over_realised, amount, mean[rows]),
        rows=int(rows.sum()),
    )
