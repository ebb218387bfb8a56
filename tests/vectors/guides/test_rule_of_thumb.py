"""The formula that guides print, and what the exact one says to their example (65,000, 10x, 0.5 %)."""

from __future__ import annotations

from liqatlas.rules.positions import Positions
from liqatlas.rules.prices import Maintenance, liquidation_price
from liqatlas.rules.rule_of_thumb import rule_of_thumb_error, rule_of_thumb_price
from tests.vectors.published import assert_printed


def test_example_of_the_guides() -> None:
    assert_printed(rule_of_thumb_price(65_000.0, 10.0, maintenance_rate=0.005, direction=1), "58825")
    exact = liquidation_price(
        Positions.isolated(1, 1.0, entry=65_000.0, leverage=10.0), Maintenance.of(0.005)
    )
    assert_printed(exact, "58793.97")
    error = rule_of_thumb_error(65_000.0, 10.0, maintenance_rate=0.005, direction=1)
    assert_printed(error, "31.03")
