"""The dispersion of predictions that say test hours only: fair, near the one of training hours, and no better than the predictions are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.baselines import fit_baseline
from liqatlas.evaluate.crossed import crossed_dispersion
from liqatlas.evaluate.evaluation import evaluate_predictions
from liqatlas.evaluate.scores import fit_dispersion, log_likelihood
from liqatlas.flows.estimator_source import judged_hours
from tests.unit.levels.hour_markets import random_market

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours

HOURS = 24 * 42
TRAIN = np.arange(HOURS) < 24 * 20
TEST = np.arange(HOURS) >= 24 * 21
EVERY = np.ones((HOURS, 2), dtype=np.bool_)


@pytest.fixture(scope="module")
def hours() -> Hours:
    return judged_hours(random_market(HOURS, 5))


@pytest.fixture(scope="module")
def good(hours: Hours) -> NDArray[np.float64]:
    """Means that know the amounts up to a wide error."""
    error = np.random.default_rng(7).normal(0, 0.6, hours.amount.shape)
    return np.asarray(hours.amount * np.exp(error) + 0.5)


def only(mask: NDArray[np.bool_], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mask[:, None], mean, np.nan)


def test_the_same_predictions_gain_the_same_either_way(hours: Hours, good: NDArray[np.float64]) -> None:
    baselines = {name: fit_baseline(name, hours, TRAIN) for name in ("B1", "B3", "B3h")} | {"twin": good}
    got = evaluate_predictions(
        hours, {"all": good, "late": only(TEST, good)}, baselines, train=TRAIN, test=TEST
    )
    whole, late = got.scores
    (note,) = got.notes
    assert "late says nothing about the training hours" in note
    assert "10 blocks" in note
    for name in ("B1", "B3", "B3h"):
        assert whole.gains[name].per_row.mean > 0.3
        assert late.gains[name].per_row.mean == pytest.approx(whole.gains[name].per_row.mean, abs=0.015)
        assert late.gains[name].rows == whole.gains[name].rows
    assert late.gains["twin"].per_row.mean == 0.0
    assert late.spatial_quantile == pytest.approx(whole.spatial_quantile, abs=0.15)
    assert late.coverage_90 == pytest.approx(whole.coverage_90, abs=0.03)
    assert (late.rank_ic, late.predicted_over_realised) == (whole.rank_ic, whole.predicted_over_realised)
    assert set(late.calm) == set(whole.calm)
    assert [g is None for g in late.by_depth["B3"]] == [g is None for g in whole.by_depth["B3"]]


def test_no_block_reads_its_own_prints(hours: Hours, good: NDArray[np.float64]) -> None:
    before, blocks = crossed_dispersion(hours, good, TEST, EVERY)
    assert blocks == 10
    assert np.isnan(before[~TEST]).all()
    mine = before == before[-1]
    assert mine.sum() in (48, 72)
    printed = hours.printed_usd.copy()
    printed[mine] *= 30.0
    moved = type(hours)(**{n: getattr(hours, n) for n in hours.__slots__} | {"printed_usd": printed})
    after, _ = crossed_dispersion(moved, good, TEST, EVERY)
    assert np.array_equal(before[mine], after[mine])
    assert (before[TEST & ~mine] != after[TEST & ~mine]).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("days", [2, 5, 21])
def test_nothing_scores_above_its_best_single_dispersion(hours: Hours, seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    mean = np.asarray(
        hours.amount * np.exp(rng.normal(0, rng.uniform(0.2, 2), (HOURS, 2))) + rng.uniform(0.01, 3)
    )
    test = TEST & (np.arange(HOURS) < 24 * (21 + days))
    crossed, blocks = crossed_dispersion(hours, mean, test, EVERY)
    assert blocks == min(days, 10)
    y, mu = hours.amount[test], mean[test]
    got = log_likelihood(y, mu, np.repeat(crossed[test][:, None], 2, axis=1)).sum()
    # the fit stops within a part in a hundred thousand of the peak
    assert got <= log_likelihood(y, mu, fit_dispersion(y, mu)).sum() + 1e-3


def test_where_other_days_say_too_little_the_first_baseline_lends(hours: Hours) -> None:
    mean = only(TEST & (np.arange(HOURS) % 24 < 2) & (np.arange(HOURS) < 24 * 25), np.full((HOURS, 2), 5.0))
    with pytest.raises(NotEnoughDataError, match="12 rows on the other test days"):
        crossed_dispersion(hours, mean, TEST, EVERY)
    with pytest.raises(NotEnoughDataError, match="no test hour"):
        crossed_dispersion(hours, np.full((HOURS, 2), np.nan), TEST, EVERY)
    base = fit_baseline("B1", hours, TRAIN)
    got = evaluate_predictions(hours, {"few": mean}, {"B1": base}, train=TRAIN, test=TEST)
    assert "12 rows on the other test days" in got.notes[0]
    assert "scored with the dispersion of B1" in got.notes[0]
    rows = np.isfinite(mean)
    lent = fit_dispersion(hours.amount[TRAIN], base[TRAIN])
    wanted = log_likelihood(hours.amount[rows], mean[rows], lent) - log_likelihood(
        hours.amount[rows], base[rows], lent
    )
    assert got.scores[0].gains["B1"].per_row.mean == pytest.approx(float(wanted.mean()))
