"""The rule of thumb and its error."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.rules import Maintenance, Positions, liquidation_price, rule_of_thumb_error, rule_of_thumb_price


def test_both_sides() -> None:
    thumb = rule_of_thumb_price(100.0, 10.0, maintenance_rate=0.01, direction=[1, -1])
    np.testing.assert_allclose(thumb, [91.0, 109.0])


@pytest.mark.parametrize("kind", ["linear", "inverse"])
def test_error_is_thumb_minus_exact(kind: str) -> None:
    held = Positions.isolated([1, -1], 1.0, entry=100.0, leverage=10.0, kind=kind)  # type: ignore[arg-type]
    exact = liquidation_price(held, Maintenance.of(0.01))
    thumb = rule_of_thumb_price(100.0, 10.0, maintenance_rate=0.01, direction=[1, -1])
    error = rule_of_thumb_error(100.0, 10.0, maintenance_rate=0.01, direction=[1, -1], kind=kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(error, thumb - exact, atol=1e-12)


def test_for_a_covered_inverse_short_it_is_infinitely_wrong() -> None:
    assert rule_of_thumb_error(100.0, 1.0, maintenance_rate=0.01, direction=-1, kind="inverse") == -np.inf
