"""All predictions against all baselines on the same test hours: the table that is published."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.baselines import BASELINES, baseline_features, fit_baseline, persistence
from liqatlas.evaluate.boosting import fit_boosted_trees
from liqatlas.evaluate.comparison import gain, or_nan
from liqatlas.evaluate.crossed import FEWEST_ROWS, crossed_dispersion
from liqatlas.evaluate.scores import fit_dispersion, predicted_over_realised, rank_ic, reliability
from liqatlas.evaluate.secondary import area_under_curve, interval_coverage, spatial_quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from liqatlas.evaluate.comparison import Gain
    from liqatlas.evaluate.hours import Hours
    from liqatlas.evaluate.scores import ReliabilityBin

#: Days whose range lies in the top fifth of the test days are called wild.
_WILD_SHARE = 0.2
#: Edges of the depth by which skill is shown [log price].
DEPTH_BASELINES = ("B3", "B3h")
DEPTHS = (0.0, 0.001, 0.0025, 0.005, 0.01, 0.02, 1.0)


@dataclass(frozen=True, slots=True)
class Scores:
    """How one prediction did on the test hours.

    Attributes
    ----------
    gains
        Over each baseline.
    calm, wild
        Gains over the baselines on test days of usual and of large range; empty where a regime has fewer than two days.
    rank_ic, predicted_over_realised
        NaN where they have no value.
    reliability
        By decile of the prediction; empty with too few rows.
    auc
        Of telling rows above the training mean of what was printed from the others; NaN where all lie on one side.
    spatial_quantile
        Of the S-test; NaN where nothing was printed.
    coverage_50, coverage_90
        Share of rows inside the central predictive intervals.
    by_depth
        Gain over ``DEPTH_BASELINES`` by how far the hour went against the position, see ``DEPTHS``.
    """

    name: str
    rows: int
    gains: dict[str, Gain]
    calm: dict[str, Gain]
    wild: dict[str, Gain]
    rank_ic: float
    predicted_over_realised: float
    reliability: tuple[ReliabilityBin, ...]
    auc: float
    spatial_quantile: float
    coverage_50: float
    coverage_90: float
    by_depth: dict[str, tuple[Gain | None, ...]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of several predictions, and what could not be computed, one sentence each."""

    scores: tuple[Scores, ...]
    train_hours: int
    test_hours: int
    test_days: int
    printed_usd: float
    notes: tuple[str, ...]


def all_baselines(
    hours: Hours, train: NDArray[np.bool_], *, trees: bool = True
) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Return the means of every baseline that the training hours carry, and a sentence on each they do not."""
    features = baseline_features(hours)
    makers: dict[str, Callable[[], NDArray[np.float64]]] = {
        name: partial(fit_baseline, name, hours, train, features=features) for name in BASELINES
    }
    makers["persistence"] = partial(persistence, hours, train)
    if trees:
        makers["boosted trees"] = partial(_boosted, hours, train, features)
    out, notes = {}, []
    for name, make in makers.items():
        try:
            out[name] = make()
        except NotEnoughDataError as error:
            notes.append(f"baseline {name} is left out: {error}")
    return out, tuple(notes)


def _boosted(
    hours: Hours, train: NDArray[np.bool_], features: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    x = np.stack(list(features.values()), axis=2)
    usable = np.asarray(np.isfinite(x).all(axis=2))
    filled = np.where(usable[:, :, None], x, 0.0)
    fitted = fit_boosted_trees(np.where(train[:, None] & usable, hours.amount, np.nan), filled)
    return np.where(usable, fitted.predict(filled), np.nan)


def evaluate_predictions(
    hours: Hours,
    predictions: Mapping[str, NDArray[np.float64]],
    baselines: Mapping[str, NDArray[np.float64]],
    *,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
) -> Evaluation:
    """Score every prediction against every baseline.

    Parameters
    ----------
    predictions, baselines
        float64 ``(n, 2)`` [10,000 USD]; NaN where nothing is said.
    train, test
        bool ``(n,)``. A prediction that says nothing, or less than a day, about training hours is scored with a dispersion
        fitted on the other test days, and so is what it is compared with.

    Raises
    ------
    NotEnoughDataError
        If no test hour has a known amount.
    """
    known = test & np.isfinite(hours.amount).all(axis=1)
    if not bool(known.any()):
        raise NotEnoughDataError("no hour of the test period has known prints")
    wild = _wild_days(hours, known)
    notes: list[str] = []
    scores = []
    for name, mean in predictions.items():
        held = _dispersions((name, mean), hours, baselines, (train, test), notes)
        whole, calm, rough = (
            _gains(hours, mean, baselines, (train, part), held) for part in (test, test & ~wild, test & wild)
        )
        deep = {
            baseline: _by_depth(hours, mean, other, (train, test), (held.own, held.over.get(baseline)))
            for baseline, other in baselines.items()
            if baseline in DEPTH_BASELINES
        }
        scores.append(
            _scores(name, hours, mean, (train, test), (whole, calm, rough, deep), dispersion=held.own)
        )
    days = len(np.unique(hours.day[known]))
    if days < 2:
        notes.append("the test hours lie on one day: there is no interval, so no gain is given")
    printed = float(np.nansum(hours.printed_usd[known]))
    return Evaluation(tuple(scores), int(train.sum()), int(known.sum()), days, printed, tuple(notes))


def _wild_days(hours: Hours, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    days = hours.day
    names, index = np.unique(days, return_inverse=True)
    high = np.full(len(names), -np.inf)
    low = np.full(len(names), np.inf)
    np.maximum.at(high, index, np.log(hours.high))
    np.minimum.at(low, index, np.log(hours.low))
    span = high - low
    limit = np.quantile(span[np.unique(index[known])], 1 - _WILD_SHARE)
    return np.asarray(span[index] > limit)


@dataclass(frozen=True, slots=True)
class _Dispersions:
    """Of a prediction and of the baselines it is compared with; where absent, fitted on training hours."""

    own: float | NDArray[np.float64] | None
    over: dict[str, NDArray[np.float64]]


def _dispersions(
    named: tuple[str, NDArray[np.float64]],
    hours: Hours,
    baselines: Mapping[str, NDArray[np.float64]],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    notes: list[str],
) -> _Dispersions:
    """Return what the training rows, otherwise the other test days, otherwise the first baseline give; ``split`` is (train, test)."""
    name, mean = named
    train, test = split
    said = np.isfinite(mean) & np.isfinite(hours.amount)
    trained = int((said & train[:, None]).sum())
    if trained >= FEWEST_ROWS:
        return _Dispersions(None, {})
    why = f"{name} says {'too little' if trained else 'nothing'} about the training hours"
    try:
        own, blocks = crossed_dispersion(hours, mean, test, said)
    except NotEnoughDataError as error:
        first, other = next(iter(baselines.items()))
        rows = np.isfinite(other) & np.isfinite(hours.amount) & train[:, None]
        notes.append(f"{why} and has {error}: it is scored with the dispersion of {first}")
        return _Dispersions(fit_dispersion(hours.amount[rows], other[rows]), {})
    notes.append(
        f"{why}: its dispersion, and that of what it is compared with, is fitted on test days, "
        f"for each of {blocks} blocks of days on the other blocks"
    )
    over = {baseline: _crossed_or_unknown(hours, other, test, said) for baseline, other in baselines.items()}
    return _Dispersions(own, over)


def _crossed_or_unknown(
    hours: Hours, mean: NDArray[np.float64], test: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the crossed dispersion of a baseline; NaN, which takes it out of the table, where too few rows are shared."""
    try:
        return crossed_dispersion(hours, mean, test, rows)[0]
    except NotEnoughDataError:
        return np.full(len(hours), np.nan)


def _gains(
    hours: Hours,
    mean: NDArray[np.float64],
    baselines: Mapping[str, NDArray[np.float64]],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    held: _Dispersions,
) -> dict[str, Gain]:
    """Return the gains over the baselines, ``split`` being (train, test)."""
    out = {}
    train, test = split
    for name, other in baselines.items():
        try:
            out[name] = gain(
                hours,
                mean,
                other,
                train=train,
                test=test,
                dispersion=held.own,
                over_dispersion=held.over.get(name),
            )
        except NotEnoughDataError:
            continue  # fewer than two days of this regime: it has no interval, and is absent from the table
    return out


def _by_depth(
    hours: Hours,
    mean: NDArray[np.float64],
    over: NDArray[np.float64],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    dispersions: tuple[float | NDArray[np.float64] | None, NDArray[np.float64] | None],
) -> tuple[Gain | None, ...]:
    """Return the gain in each stretch of ``DEPTHS``; None where fewer than two days have such hours."""
    train, test = split
    own, theirs = dispersions
    depth = hours.depth
    out: list[Gain | None] = []
    for low, high in pairwise(DEPTHS):
        part = np.where(((depth >= low) & (depth < high)) | train[:, None], mean, np.nan)
        try:
            out.append(
                gain(
                    hours, part, over, train=train, test=test & ~train, dispersion=own, over_dispersion=theirs
                )
            )
        except NotEnoughDataError:
            out.append(None)
    return tuple(out)


def _scores(
    name: str,
    hours: Hours,
    mean: NDArray[np.float64],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    gains: tuple[dict[str, Gain], dict[str, Gain], dict[str, Gain], dict[str, tuple[Gain | None, ...]]],
    *,
    dispersion: float | NDArray[np.float64] | None,
) -> Scores:
    train, test = split
    known = np.isfinite(mean) & np.isfinite(hours.amount)
    rows, fitted_on = known & test[:, None], known & train[:, None]
    y, mu = hours.amount[rows], mean[rows]
    if dispersion is None:
        dispersion = fit_dispersion(hours.amount[fitted_on], mean[fitted_on])
    each = np.broadcast_to(np.asarray(dispersion)[..., None], mean.shape)[rows]
    limit = float(np.nanmean(np.where(train[:, None], hours.amount, np.nan)))
    return Scores(
        name,
        int(rows.sum()),
        gains[0],
        gains[1],
        gains[2],
        or_nan(rank_ic, y, mu),
        or_nan(predicted_over_realised, y, mu),
        _or_empty(y, mu),
        or_nan(partial(area_under_curve, limit=limit), y, mu),
        or_nan(partial(spatial_quantile, dispersion=each), y, mu),
        interval_coverage(y, mu, each, 0.5),
        interval_coverage(y, mu, each, 0.9),
        gains[3],
    )


def _or_empty(y: NDArray[np.float64], mu: NDArray[np.float64]) -> tuple[ReliabilityBin, ...]:
    try:
        return reliability(y, mu)
    except NotEnoughDataError:
        return ()
