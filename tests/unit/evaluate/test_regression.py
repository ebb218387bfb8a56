from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate import regression
from liqatlas.evaluate.regression import fit_log_regression
from liqatlas.evaluate.scores import fit_dispersion


def _world(seed: int, n: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)) * [1.0, 3.0] + [0.0, 5.0]
    mu = np.exp(2.0 + 0.6 * x[:, 0] - 0.2 * x[:, 1])
    return rng.poisson(rng.gamma(1 / 0.5, 0.5 * mu)).astype(np.float64), x, mu


def test_slopes_and_dispersion_are_recovered() -> None:
    y, x, mu = _world(0)
    got = fit_log_regression(y, x)
    assert got.slope / got.scale == pytest.approx([0.6, -0.2], abs=0.03)
    assert got.dispersion == pytest.approx(0.5, abs=0.064)  # four standard errors of 6000 rows
    assert got.dispersion == pytest.approx(fit_dispersion(y, mu), rel=0.01)
    assert np.abs(np.log(got.predict(x) / mu)).max() < 0.15


def test_gradient_is_the_derivative() -> None:
    y, x, _ = _world(1, 300)
    z = np.concatenate([np.ones((300, 1)), x], axis=1)
    for theta in (np.array([1.0, 0.2, -0.1, 0.3]), np.array([0.0, 0.0, 0.0, -1.0])):
        _, gradient = regression._loss(theta, y, z, 0.7)
        for j in range(len(theta)):
            h = np.zeros(len(theta))
            h[j] = 1e-6
            slope = (
                regression._loss(theta + h, y, z, 0.7)[0] - regression._loss(theta - h, y, z, 0.7)[0]
            ) / 2e-6
            assert slope == pytest.approx(gradient[j], rel=1e-4, abs=1e-3)


def test_unknown_amounts_change_nothing() -> None:
    y, x, _ = _world(2, 500)
    more = np.concatenate([y, [np.nan] * 50])
    features = np.concatenate([x, np.full((50, 2), 99.0)])
    assert fit_log_regression(more, features).slope == pytest.approx(fit_log_regression(y, x).slope)


def test_too_few_rows_or_no_prints_or_bad_features_are_refused() -> None:
    y, x, _ = _world(3, 200)
    with pytest.raises(NotEnoughDataError, match="known rows"):
        fit_log_regression(y[:20], x[:20])
    with pytest.raises(NotEnoughDataError, match="nothing was printed"):
        fit_log_regression(np.zeros(200), x)
    with pytest.raises(InputError, match="not finite"):
        fit_log_regression(y, np.where(np.arange(200)[:, None] == 7, np.inf, x))
    with pytest.raises(InputError, match="features"):
        fit_log_regression(y, x).predict(x[:, :1])
