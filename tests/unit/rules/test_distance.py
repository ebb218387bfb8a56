"""Leverage against distance: the values people quote, and what has no answer."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.errors import RuleError
from liqatlas.rules import distance_from_leverage, leverage_from_distance, minimum_distance


def test_linear_values() -> None:
    near = minimum_distance(25.0, 0.02, direction=[1, -1])
    np.testing.assert_allclose(near, [0.02 / 0.98, 0.02 / 1.02])
    np.testing.assert_allclose(
        distance_from_leverage(10.0, 0.005, direction=[1, -1]), [0.095 / 0.995, 0.095 / 1.005]
    )


def test_inverse_values() -> None:
    assert distance_from_leverage(2.0, 0.0, direction=-1, kind="inverse") == 1.0
    assert distance_from_leverage(2.0, 0.005, direction=-1, kind="inverse") == pytest.approx(0.99)
    assert distance_from_leverage(1.0, 0.005, direction=-1, kind="inverse") == np.inf
    assert distance_from_leverage(0.5, 0.005, direction=-1, kind="inverse") == np.inf
    assert distance_from_leverage(10.0, 0.005, direction=1, kind="inverse") == pytest.approx(0.095 / 1.1)


def test_a_long_below_one_times_is_never_liquidated() -> None:
    assert distance_from_leverage(0.5, 0.005, direction=1) == np.inf
    assert distance_from_leverage(1.0, 0.005, direction=1) == pytest.approx(1.0)


def test_an_infinite_distance_is_a_fully_covered_inverse_short() -> None:
    assert leverage_from_distance(np.inf, 0.005, direction=-1, kind="inverse") == 1.0
    assert leverage_from_distance(0.99, 0.005, direction=-1, kind="inverse") == pytest.approx(2.0)


@pytest.mark.parametrize(("leverage", "rate"), [(100.0, 0.01), (125.0, 0.01), (2.0, 0.5)])
def test_a_position_liquidated_where_it_opens_has_no_distance(leverage: float, rate: float) -> None:
    with pytest.raises(RuleError, match="where it opens"):
        distance_from_leverage(leverage, rate, direction=1)


def test_refusals() -> None:
    with pytest.raises(RuleError, match="leverage"):
        distance_from_leverage(0.0, 0.01, direction=1)
    with pytest.raises(RuleError, match="percent"):
        distance_from_leverage(10.0, 1.5, direction=1)
    with pytest.raises(RuleError, match="direction"):
        distance_from_leverage(10.0, 0.01, direction=0)
    with pytest.raises(RuleError, match="not positive"):
        leverage_from_distance(0.0, 0.01, direction=1)
    with pytest.raises(RuleError, match="exceeds 1"):
        leverage_from_distance([0.5, 1.5], 0.01, direction=1)
    assert leverage_from_distance(1.5, 0.01, direction=-1) < 1
