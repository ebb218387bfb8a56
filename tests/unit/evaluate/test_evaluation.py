"""The whole table: every prediction against every baseline, regimes, and what is said where something cannot be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.baselines import BASELINES, fit_baseline, fit_with_prediction
from liqatlas.evaluate.comparison import gain, row_likelihood
from liqatlas.evaluate.evaluation import all_baselines, evaluate_predictions
from liqatlas.evaluate.fixed_tiers import fixed_tiers
from liqatlas.evaluate.scores import fit_dispersion, log_likelihood
from liqatlas.flows.estimator_source import judged_hours
from liqatlas.levels.estimator_settings import load_settings
from tests.unit.levels.hour_markets import random_market

if TYPE_CHECKING:
    from liqatlas.evaluate.hours import Hours

HOURS = 24 * 12
TRAIN = np.arange(HOURS) < 24 * 8
TEST = np.arange(HOURS) >= 24 * 9


@pytest.fixture(scope="module")
def hours() -> Hours:
    return judged_hours(random_market(HOURS, 5))


def test_gains_are_the_paired_difference_of_likelihoods(hours: Hours) -> None:
    mean = np.maximum(np.nan_to_num(hours.amount), 0.1) * 1.1 + 1
    over = np.full((HOURS, 2), 5.0)
    got = evaluate_predictions(hours, {"mine": mean}, {"flat": over}, train=TRAIN, test=TEST)
    y = hours.amount
    first = log_likelihood(y[TEST], mean[TEST], fit_dispersion(y[TRAIN], mean[TRAIN]))
    second = log_likelihood(y[TEST], over[TEST], fit_dispersion(y[TRAIN], over[TRAIN]))
    (score,) = got.scores
    assert score.gains["flat"].per_row.mean == pytest.approx(float((first - second).mean()))
    assert score.gains["flat"].rows == 2 * int(TEST.sum()) == score.rows
    assert score.wild == {}  # one wild day among three has no interval
    assert score.calm["flat"].rows == 2 * 48
    assert got.printed_usd == pytest.approx(float(hours.printed_usd[TEST].sum()))
    assert score.predicted_over_realised == pytest.approx(float(mean[TEST].sum() / y[TEST].sum()))


def test_baselines_that_do_not_fit_are_named(hours: Hours) -> None:
    made, notes = all_baselines(hours, TRAIN & (np.arange(HOURS) < 30))
    assert "B1" in made
    assert "B3xx" not in made
    assert any(note.startswith("baseline B3xx is left out") for note in notes)
    everything, none = all_baselines(hours, TRAIN, trees=False)
    assert set(everything) == {*BASELINES, "persistence"}
    assert none == ()


def test_a_good_prediction_adds_to_a_regression_and_noise_does_not(hours: Hours) -> None:
    truth = hours.amount * np.exp(np.random.default_rng(1).normal(0, 0.3, hours.amount.shape)) + 0.1
    noise = np.random.default_rng(2).gamma(1.0, 5.0, hours.amount.shape)
    base = fit_baseline("B3", hours, TRAIN)
    good, bad = (
        gain(hours, fit_with_prediction("B3", hours, TRAIN, m), base, train=TRAIN, test=TEST).per_row
        for m in (truth, noise)
    )
    assert good.low > 0.5
    assert bad.mean < 0.05


@pytest.mark.parametrize("bookkeeping", [False, True])
def test_fixed_tiers_predict_every_hour(hours: Hours, *, bookkeeping: bool) -> None:
    mean = fixed_tiers(hours, random_market(HOURS, 5), load_settings(), TRAIN, bookkeeping=bookkeeping)
    assert mean.shape == (HOURS, 2)
    assert np.all(np.isfinite(mean) & (mean > 0))
    assert np.isfinite(row_likelihood(hours, mean, TRAIN)).all()


def test_a_test_without_prints_is_refused(hours: Hours) -> None:
    with pytest.raises(NotEnoughDataError, match="no hour of the test period"):
        evaluate_predictions(hours, {}, {}, train=TRAIN, test=np.zeros(HOURS, dtype=np.bool_))
