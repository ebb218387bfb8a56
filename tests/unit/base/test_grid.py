"""The log-price grid: one bin per price, edges in their own bins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.errors import InputError
from liqatlas.base.grid import DEFAULT_STEP, LogGrid

GRIDS = st.sampled_from([LogGrid(), LogGrid(1e-6), LogGrid(0.00025), LogGrid(0.01), LogGrid(0.1)])
PRICES = st.floats(1e-12, 1e9)


@given(grid=GRIDS, price=PRICES)
def test_a_price_lies_between_the_edges_of_its_bin(grid: LogGrid, price: float) -> None:
    index = grid.bin(price)
    assert grid.edge(index) <= price < grid.edge(index + 1)


@given(grid=GRIDS, index=st.integers(-60_000, 60_000))
def test_an_edge_lies_in_the_bin_it_opens(grid: LogGrid, index: int) -> None:
    if not 1e-300 < math.exp(min(index * grid.step, 700.0)) < 1e300:
        return
    edge = grid.edge(index)
    assert grid.bin(edge) == index
    assert grid.bin(np.nextafter(edge, 0.0)) == index - 1


def test_every_edge_of_nine_decades() -> None:
    """math.exp and numpy.exp round some of these differently; the grid uses one of them throughout."""
    grid = LogGrid()
    indices = np.arange(-20_000, 24_000)
    edges = grid.edges(-20_000, 23_999)
    assert edges.tolist() == [grid.edge(int(i)) for i in indices]
    assert grid.bins(edges).tolist() == indices.tolist()


@given(grid=GRIDS, prices=st.lists(PRICES, max_size=20))
def test_many_prices_as_one(grid: LogGrid, prices: list[float]) -> None:
    array = np.array(prices, dtype=np.float64)
    assert grid.bins(array).tolist() == [grid.bin(price) for price in prices]
    assert grid.bins(array).dtype == np.int32


@given(a=PRICES, b=PRICES)
def test_order_is_kept(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert LogGrid().bin(low) <= LogGrid().bin(high)


def test_a_distance_is_the_same_number_of_bins_at_any_price() -> None:
    grid = LogGrid()
    assert {grid.bin(price * 1.02) - grid.bin(price) for price in (0.0004, 1.0, 90_000.0)} <= {39, 40}
    assert round(math.log(1.02) / DEFAULT_STEP) == 40


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_price_without_a_bin(price: float) -> None:
    with pytest.raises(InputError, match="no bin"):
        LogGrid().bin(price)


@pytest.mark.parametrize("step", [0.0, -0.0005, 1e-7, 0.2, math.nan, math.inf])
def test_a_step_that_is_none(step: float) -> None:
    with pytest.raises(InputError, match="grid step"):
        LogGrid(step)
