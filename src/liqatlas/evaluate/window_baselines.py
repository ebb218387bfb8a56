"""B3 and B3h for windows of several hours: the same regressions with what is known at a window's start and its extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.evaluate.baselines import BEYOND_FLOOR, MOVE_FLOOR, WINDOWS_H, trailing_extreme, trailing_mean
from liqatlas.evaluate.hours import HOUR_NS
from liqatlas.evaluate.regression import fit_log_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours

#: A day's window passes yesterday's extremes easily; two weeks are looked back.
_LOOK_BACK_H = (*WINDOWS_H, 336)
_RANGE_FLOOR = 2e-3
#: There are few windows: without it the many extremes of B3h fit noise and it loses to B3.
_RIDGE = 1.0


def window_baselines(
    hours: Hours, windows: Hours, first: NDArray[np.int64], train: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Return the means of B3 and, where the windows carry it, B3h for every window, ``(m, 2)`` each [10,000 USD].

    Parameters
    ----------
    hours, windows
        The hours and the windows made of them.
    first
        int64 ``(m,)``: number of each window's first hour.
    train
        bool ``(m,)``: windows that may be fitted on.

    Raises
    ------
    NotEnoughDataError
        If the training windows do not carry B3.
    """
    own = np.maximum(windows.depth, 0.0)
    whole = own.sum(axis=1, keepdims=True) * np.ones((1, 2))
    step = np.diff(np.log(hours.close), prepend=np.log(hours.close[0]))
    volatility = 0.5 * np.log(trailing_mean(step**2, 24)[first] + 1e-8)
    printed = [np.log(24 * trailing_mean(hours.amount[:, s], 24)[first] + 1.0) for s in range(2)]
    plain = [
        np.tile([0.5, -0.5], (len(first), 1)),
        np.log(own + _RANGE_FLOOR),
        np.stack(printed, axis=1),
        np.repeat(volatility[:, None], 2, axis=1),
    ]
    beyond = [np.log(whole + 1e-4)]
    length = windows.step_ns // HOUR_NS
    for window in (w for w in _LOOK_BACK_H if w >= length):
        passed = _passed(hours, windows, first, window)
        beyond += [np.log(passed + BEYOND_FLOOR), passed / (own + MOVE_FLOOR)]
    amount = np.where(train[:, None], windows.amount, np.nan)
    out = {}
    for name, columns in (("B3", plain), ("B3h", [*plain, *beyond])):
        x = np.stack(columns, axis=2)
        if name != "B3" and int(np.isfinite(amount).sum()) < 10 * (len(columns) + 2):
            continue
        out[name] = fit_log_regression(amount, x, ridge=_RIDGE).predict(x)
    return out


def _passed(hours: Hours, windows: Hours, first: NDArray[np.int64], window: int) -> NDArray[np.float64]:
    """Return by how much each window passed the extreme of the hours before it, its open for the first [log price]."""
    low = trailing_extreme(-np.log(hours.low), window)[first]
    high = trailing_extreme(np.log(hours.high), window)[first]
    opened = np.log(windows.open)
    low, high = np.where(np.isfinite(low), low, -opened), np.where(np.isfinite(high), high, opened)
    return np.maximum(np.stack([-np.log(windows.low) - low, np.log(windows.high) - high], axis=1), 0.0)
