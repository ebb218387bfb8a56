"""dYdX auction prices at their bounds."""

from __future__ import annotations

import pytest

from liqatlas.rules.by_venue.dydx import fillable_price, subaccount_bankruptcy_price


@pytest.mark.parametrize(("direction", "ratio", "expected"), [
    (1, 1.0, 100.0), (1, 2.0, 100.0), (1, 0.0, 99.5), (1, -5.0, 99.5), (-1, 0.0, 100.5), (-1, 0.5, 100.25),
])  # fmt: skip
def test_fillable_price_is_clamped_to_the_widest_spread(
    direction: int, ratio: float, expected: float
) -> None:
    price = fillable_price(
        100.0,
        direction=direction,
        maintenance_fraction=0.05,
        collateral_ratio=ratio,
        spread_to_maintenance=0.1,
    )
    assert price == pytest.approx(expected)


def test_bankruptcy_spreads_collateral_by_maintenance() -> None:
    """A market that holds half of the maintenance may spend half of the collateral, on either side."""
    price = subaccount_bankruptcy_price(
        100.0, direction=[1, -1], maintenance_fraction=0.05, collateral=4.0, total_maintenance=10.0
    )
    assert price.tolist() == pytest.approx([98.0, 102.0])
