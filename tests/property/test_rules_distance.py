"""Leverage and distance: both ways, and the same as the liquidation price of an isolated position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.rules import (
    Maintenance,
    Positions,
    distance_from_leverage,
    leverage_from_distance,
    liquidation_price,
    minimum_distance,
    rule_of_thumb_error,
)

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind

directions = st.sampled_from([-1, 1])
KINDS: tuple[ContractKind, ...] = ("linear", "inverse", "quanto")
kinds = st.sampled_from(KINDS)


@st.composite
def terms(draw: st.DrawFn, least: float = 1.0) -> tuple[float, float]:
    """A leverage and a maintenance rate below its initial margin."""
    leverage = draw(st.floats(least, 200.0))
    return leverage, draw(st.floats(0.0, min(0.2, 0.999 / leverage)))


@given(terms(), directions, kinds)
def test_there_and_back(case: tuple[float, float], direction: int, kind: ContractKind) -> None:
    leverage, rate = case
    delta = distance_from_leverage(leverage, rate, direction=direction, kind=kind)
    back = leverage_from_distance(delta, rate, direction=direction, kind=kind)
    assert back.item() == pytest.approx(leverage, rel=1e-9)


@given(terms(), directions, kinds, st.floats(1e-6, 1e6))
def test_it_is_the_distance_of_the_liquidation_price(
    case: tuple[float, float], direction: int, kind: ContractKind, entry: float
) -> None:
    leverage, rate = case
    held = Positions.isolated(direction, 1.0, entry=entry, leverage=leverage, kind=kind)
    level = liquidation_price(held, Maintenance.of(rate)).item()
    delta = distance_from_leverage(leverage, rate, direction=direction, kind=kind).item()
    if np.isinf(delta) or np.isinf(level):
        assert delta > 1e11
        assert np.isinf(level)
    else:
        assert abs(level / entry - 1) == pytest.approx(delta, rel=1e-9 * max(1.0, delta), abs=1e-12)


@given(terms(least=2.0), directions)
def test_lower_leverage_is_farther(case: tuple[float, float], direction: int) -> None:
    leverage, rate = case
    near = minimum_distance(leverage, rate, direction=direction)
    far = minimum_distance(leverage - 1, rate, direction=direction)
    assert far > near > 0


@given(terms(), directions, st.floats(1.0, 1e6))
def test_rule_of_thumb_errs_by_the_rate_s_share_of_the_distance(
    case: tuple[float, float], direction: int, entry: float
) -> None:
    leverage, rate = case
    delta = distance_from_leverage(leverage, rate, direction=direction).item()
    error = rule_of_thumb_error(entry, leverage, maintenance_rate=rate, direction=direction).item()
    assert error == pytest.approx(entry * rate * delta, rel=1e-6, abs=1e-9 * entry)
