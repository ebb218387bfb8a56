"""The regressions that a liquidation map must beat, each refit on the rows the model was fitted on.

B1 range; B2 open interest × range; B3 range, prints of the last day, realised volatility; B3h adds how far the hour
went beyond earlier extremes (a crude map with touch removal) and the hour's whole range; B3xx adds the path and the
turnover inside the hour. ``B1``-``B3h`` may be compared with a frozen map, ``B3xx`` only with a running one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.regression import fit_log_regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours

WINDOWS_H = (1, 4, 12, 24, 72, 168)

# Added before logs, in log price. 10 bp on the range is worth +0.07 nats to B3 over 2 bp (BTC, December 2025 to
# February 2026): the baselines get the form that serves them best.
RANGE_FLOOR = 1e-3
BEYOND_FLOOR = 5e-4
MOVE_FLOOR = 2e-4

_B3 = ("position", "range", "printed_24h", "volatility_24h")
_BEYOND = tuple(f"{kind}_{w}h" for kind in ("beyond", "beyond_share") for w in WINDOWS_H)
_INSIDE = ("volume", "path_volatility", "path_semivolatility", "worst_run", "worst_step")

BASELINES: dict[str, tuple[str, ...]] = {
    "B1": ("position", "range"),
    "B2": ("position", "oi_times_range"),
    "B3": _B3,
    "B3h": (*_B3, "whole_range", *_BEYOND),
    "B3xx": (*_B3, "whole_range", *_BEYOND, *_INSIDE),
}


def baseline_features(hours: Hours) -> dict[str, NDArray[np.float64]]:
    """Return every feature by name, each float64 of shape ``(n, 2)`` (long, short).

    A feature of hour ``t`` reads hours before ``t`` and, where its name says so, the hour itself; never a later one.
    Path features are NaN where the path is.
    """
    own = np.maximum(hours.depth, 0.0)
    whole = own.sum(axis=1, keepdims=True) * np.ones((1, 2))
    step = np.diff(np.log(hours.close), prepend=np.log(hours.close[0]))
    sign = np.tile([0.5, -0.5], (len(hours), 1))
    out = {
        "position": sign,
        "range": np.log(own + RANGE_FLOOR),
        "whole_range": np.log(whole + 1e-4),
        "oi_times_range": np.log(own + RANGE_FLOOR) + _both(np.log(hours.oi_usd)),
        "volatility_24h": _both(0.5 * np.log(trailing_mean(step**2, 24) + 1e-8)),
        "printed_24h": np.stack(
            [np.log(24 * trailing_mean(hours.amount[:, s], 24) + 1.0) for s in range(2)], axis=1
        ),
        "volume": _both(np.log(hours.volume + 1e-9)),
    }
    for window in WINDOWS_H:
        beyond = _beyond(hours, window)
        out[f"beyond_{window}h"] = np.log(beyond + BEYOND_FLOOR)
        out[f"beyond_share_{window}h"] = beyond / (own + MOVE_FLOOR)
    out.update(_path_features(hours.path))
    return out


def fit_baseline(
    name: str,
    hours: Hours,
    train: NDArray[np.bool_],
    *,
    features: dict[str, NDArray[np.float64]] | None = None,
) -> NDArray[np.float64]:
    """Fit one baseline on the training hours and return its means for every hour.

    Parameters
    ----------
    name
        A key of ``BASELINES``.
    hours
        The hours.
    train
        bool, shape ``(n,)``: hours whose prints may be read for fitting.
    features
        ``baseline_features(hours)`` where the caller has it already.

    Returns
    -------
    NDArray[np.float64]
        Shape ``(n, 2)`` [10,000 USD]; NaN where a feature is unknown.

    Raises
    ------
    InputError
        If there is no such baseline.
    NotEnoughDataError
        If the training hours do not carry the regression.
    """
    if name not in BASELINES:
        raise InputError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    table = baseline_features(hours) if features is None else features
    return _fit_columns(BASELINES[name], table, hours, train)


def _fit_columns(
    columns: tuple[str, ...],
    table: dict[str, NDArray[np.float64]],
    hours: Hours,
    train: NDArray[np.bool_],
) -> NDArray[np.float64]:
    x = np.stack([table[column] for column in columns], axis=2)
    usable: NDArray[np.bool_] = np.all(np.isfinite(x), axis=2)
    amount = np.where(train[:, None] & usable, hours.amount, np.nan)
    fitted = fit_log_regression(amount, np.where(usable[:, :, None], x, 0.0))
    return np.where(usable, fitted.predict(np.where(usable[:, :, None], x, 0.0)), np.nan)


def fit_with_prediction(
    name: str,
    hours: Hours,
    train: NDArray[np.bool_],
    mean: NDArray[np.float64],
    *,
    features: dict[str, NDArray[np.float64]] | None = None,
) -> NDArray[np.float64]:
    """Fit a baseline that may also read the log of a prediction: what the prediction adds to what the baseline knows.

    Parameters and returns as :func:`fit_baseline`; ``mean`` is ``(n, 2)`` [10,000 USD].
    """
    table = dict(baseline_features(hours) if features is None else features)
    table["log_prediction"] = np.log(np.maximum(mean, 1e-9))
    return _fit_columns((*BASELINES[name], "log_prediction"), table, hours, train)


def persistence(hours: Hours, train: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return yesterday's prints per log distance travelled, times the distance of the hour; no map, no regression.

    One factor per position makes the sums agree on the training hours.

    Returns
    -------
    NDArray[np.float64]
        Shape ``(n, 2)`` [10,000 USD].

    Raises
    ------
    NotEnoughDataError
        If a position has no known prints in the training hours.
    """
    own = np.maximum(hours.depth, 0.0) + RANGE_FLOOR
    out = np.empty_like(own)
    for s in range(2):
        # one unit per day is added so that a silent day does not forbid the next
        printed = trailing_mean(hours.amount[:, s], 24) + 1.0 / 24.0
        travelled = np.maximum(trailing_mean(own[:, s], 24), RANGE_FLOOR)
        raw = printed / travelled * own[:, s]
        known = train & np.isfinite(hours.amount[:, s])
        if not bool(known.any()) or float(hours.amount[known, s].sum()) <= 0:
            raise NotEnoughDataError("persistence needs known prints of both positions in the training hours")
        out[:, s] = raw * (float(hours.amount[known, s].sum()) / float(raw[known].sum()))
    return out


def _both(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([value, value], axis=1)


def trailing_mean(value: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean of the known values of the ``window`` rows before each row; 0 where none is known."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(value))])
    known = np.concatenate([[0.0], np.cumsum(np.isfinite(value))])
    end = np.arange(len(value))
    begin = np.maximum(end - window, 0)
    mean: NDArray[np.float64] = (total[end] - total[begin]) / np.maximum(known[end] - known[begin], 1.0)
    return mean


def _beyond(hours: Hours, window: int) -> NDArray[np.float64]:
    """Log distance by which the hour passed the extreme of the ``window`` hours before it (its open for the first)."""
    low = trailing_extreme(-np.log(hours.low), window)
    high = trailing_extreme(np.log(hours.high), window)
    opened = np.log(hours.open)
    low = np.where(np.isfinite(low), low, -opened)
    high = np.where(np.isfinite(high), high, opened)
    return np.maximum(np.stack([-np.log(hours.low) - low, np.log(hours.high) - high], axis=1), 0.0)


def trailing_extreme(value: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the largest of the ``window`` rows before each row; minus infinity before the first."""
    padded = np.concatenate([np.full(window, -np.inf), value])
    extreme: NDArray[np.float64] = sliding_window_view(padded, window)[: len(value)].max(axis=1)
    return extreme


def _path_features(path: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    log_path = np.log(path)
    step = np.diff(log_path, axis=1)
    down, up = np.minimum(step, 0.0), np.maximum(step, 0.0)
    fall = (np.maximum.accumulate(log_path, axis=1) - log_path).max(axis=1)
    rise = (log_path - np.minimum.accumulate(log_path, axis=1)).max(axis=1)
    return {
        "path_volatility": _both(0.5 * np.log((step**2).sum(axis=1) + 1e-8)),
        "path_semivolatility": np.stack(
            [0.5 * np.log((part**2).sum(axis=1) + 1e-8) for part in (down, up)], axis=1
        ),
        "worst_run": np.log(np.stack([fall, rise], axis=1) + MOVE_FLOOR),
        "worst_step": np.log(np.stack([-down.min(axis=1), up.max(axis=1)], axis=1) + MOVE_FLOOR),
    }
