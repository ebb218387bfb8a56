from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.boosting import BoostSettings, fit_boosted_trees
from liqatlas.evaluate.regression import fit_log_regression
from liqatlas.evaluate.scores import fit_dispersion, log_likelihood

QUICK = BoostSettings(most_rounds=60, rate=0.15)


def _world(seed: int, n: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2, 4))
    mu = np.exp(2.0 + 1.2 * np.where(x[..., 0] * x[..., 1] > 0, 1.0, -1.0))  # no additive model sees this
    return rng.poisson(rng.gamma(2.0, mu / 2.0)).astype(np.float64), x, mu


def test_an_interaction_is_found_where_a_regression_is_blind() -> None:
    y, x, mu = _world(0)
    trees, line = fit_boosted_trees(y, x, settings=QUICK), fit_log_regression(y, x)
    fresh, x_new, mu_new = _world(1)

    def score(mean: np.ndarray) -> float:
        return float(log_likelihood(fresh, mean, fit_dispersion(fresh, mean)).mean())

    assert score(trees.predict(x_new)) > score(line.predict(x_new)) + 0.15
    assert score(trees.predict(x_new)) <= score(mu_new) + 0.01
    assert np.corrcoef(np.log(trees.predict(x)).ravel(), np.log(mu).ravel())[0, 1] > 0.9


def test_noise_is_left_alone() -> None:
    rng = np.random.default_rng(2)
    y, x = rng.gamma(1.0, 30.0, (1500, 2)), rng.normal(size=(1500, 2, 6))
    trees = fit_boosted_trees(y, x, settings=QUICK)
    assert len(trees.trees) <= 10
    assert np.std(np.log(trees.predict(x))) < 0.2


def test_prediction_is_the_same_row_by_row_and_after_refitting() -> None:
    y, x, _ = _world(3)
    trees, again = fit_boosted_trees(y, x, settings=QUICK), fit_boosted_trees(y, x, settings=QUICK)
    assert np.array_equal(trees.predict(x), again.predict(x))
    assert np.array_equal(trees.predict(x)[7], trees.predict(x[7]))


def test_leaves_hold_the_rows_they_must() -> None:
    y, x, _ = _world(4)
    trees = fit_boosted_trees(y, x, settings=BoostSettings(most_rounds=1, depth=6, fewest_rows=50))
    _, counts = np.unique(trees.predict(x), return_counts=True)
    assert counts.min() >= 50


def test_wrong_shapes_unknown_features_and_few_rows_are_refused() -> None:
    y, x, _ = _world(5)
    with pytest.raises(InputError, match="shape"):
        fit_boosted_trees(y, x[:-1])
    with pytest.raises(InputError, match="not finite"):
        fit_boosted_trees(y, np.where(x > 2, np.nan, x))
    with pytest.raises(NotEnoughDataError):
        fit_boosted_trees(y[:50], x[:50])
    with pytest.raises(InputError, match="features"):
        fit_boosted_trees(y, x, settings=QUICK).predict(x[..., :2])
