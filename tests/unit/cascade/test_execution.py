"""A large order on a book and a map that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.book.depth import Depth
from liqatlas.cascade.execution import execution, mean_slippage
from liqatlas.cascade.ladder import Ladder

BOOK = (Depth(np.array([0.01]), np.array([10e6]), 1.0),)
UP = Ladder("up", 100.0, ("none",), np.array([0.01]), np.zeros((1, 1)), BOOK)
#: Longs of 3M at 1 %, 4M at 2 %, 5M at 3 % below.
DOWN = Ladder("down", 100.0, ("none",), np.array([0.01, 0.02, 0.03]), np.array([[3e6, 4e6, 5e6]]), BOOK)


def test_a_linear_book_is_walked_at_half_its_way() -> None:
    """10M of depth in each percent: 5M ends at 0.5 %, 0.25 % in the mean; in half the book at 1 %, 0.5 %."""
    slippage = mean_slippage(UP, 5e6, np.array([1.0, 0.5]))
    assert slippage == pytest.approx(np.expm1([0.0025, 0.005]), rel=1e-3)
    beyond = mean_slippage(UP, 1e15, np.ones(1))
    assert np.isfinite(beyond).all()


def test_a_buyer_is_filled_by_longs_that_are_liquidated_below() -> None:
    """Of 10M, half released: 1.5M, 2M and 2.5M come to 6M. A purchase of 3M takes 1.5M at 1 % and 1.5M at 2 %: 1.5 % in the mean.

    To get to 2 % somebody must sell 20M of depth less the 1.5M forced before.
    """
    out = execution(UP, DOWN, 3e6, release=0.5, depth_factor=np.ones(3))
    assert out.opposite_usd == 6e6
    assert out.filled_at == pytest.approx(100 * np.exp(-0.02))
    assert out.mean_price == pytest.approx(100 * np.exp(-0.015))
    assert out.needed_usd == pytest.approx(18.5e6)
    more = execution(UP, DOWN, 7e6, release=0.5, depth_factor=np.ones(3))
    assert np.isnan(more.filled_at)
    assert more.opposite_usd == 6e6
