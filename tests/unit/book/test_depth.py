from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.book.depth import Depth, assumed_book, tail_exponent, thinned


def test_depth_is_linear_between_points_and_a_power_law_beyond() -> None:
    depth = Depth(np.array([0.01, 0.02]), np.array([1e6, 3e6]), 0.5)
    assert depth.cumulative(0.0) == 0
    assert depth.cumulative(0.005) == pytest.approx(0.5e6)
    assert depth.cumulative(0.015) == pytest.approx(2e6)
    assert depth.cumulative(0.08) == pytest.approx(3e6 * 2.0)
    assert depth.scaled(0.5).cumulative(0.02) == pytest.approx(1.5e6)


@pytest.mark.parametrize(
    ("distance", "usd"),
    [
        ([0.0, 0.1], [1, 2]),
        ([0.2, 0.1], [1, 2]),
        ([0.1, 0.2], [2, 1]),
        ([0.1, 0.2], [1, np.inf]),
        ([0.1], [0.0]),
    ],
)
def test_depth_that_cannot_be_is_refused(distance: list[float], usd: list[float]) -> None:
    with pytest.raises(InputError, match="ascending"):
        Depth(np.array(distance, dtype=float), np.array(usd, dtype=float), 1.0)


def test_an_empty_side_is_not_enough_data() -> None:
    with pytest.raises(NotEnoughDataError, match="empty"):
        Depth(np.array([]), np.array([]), 1.0)


def test_tail_exponent_of_an_exact_power_law() -> None:
    x = np.array([0.01, 0.02, 0.03, 0.05])
    assert tail_exponent(x, 7e6 * x**0.8) == pytest.approx(0.8)
    with pytest.raises(NotEnoughDataError):
        tail_exponent(x[:1], x[:1])


def test_thinning_takes_what_the_integral_says() -> None:
    """Linear book, density kept e^(-0.5 per percent): D(x) = D₀ (1 - e^(-50 x)) / 50."""
    grid = np.linspace(0.0001, 0.05, 500)
    thin = thinned(Depth(np.array([0.01]), np.array([1e6]), 1.0), grid, per_percent=0.5, least=1e-6)
    assert thin.cumulative(0.04) == pytest.approx(1e8 * (1 - np.exp(-50 * 0.04)) / 50, rel=1e-4)
    floored = thinned(Depth(np.array([0.01]), np.array([1e6]), 1.0), grid, per_percent=50, least=0.3)
    assert floored.cumulative(0.05) == pytest.approx(0.3 * 5e6, rel=0.02)
    with pytest.raises(InputError, match="thinning"):
        thinned(thin, grid, per_percent=-1, least=0.5)


def test_an_assumed_book_says_so() -> None:
    book = assumed_book("okx", "BTC-USDT-SWAP", 5e7, as_of_ns=0)
    assert book.assumed
    assert "ASSUMED" in book.source
    assert book.met_by("down").cumulative(0.02) == pytest.approx(1e8)
    with pytest.raises(InputError, match="positive"):
        assumed_book("okx", "X", 0.0, as_of_ns=0)
