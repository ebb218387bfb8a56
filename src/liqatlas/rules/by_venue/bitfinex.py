"""Bitfinex derivatives: how a position is closed is stated, at which maintenance it is not: steps without a margin rule."""

from __future__ import annotations

from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps

STEPS = LiquidationSteps(
    first_target="whole position",
    order="limit order at the zero-equity price, a market order for smaller positions",
    takeover="the position's own margin first, then the liquidation fund",
    deleveraging="when the fund is drained: termination of the positions with the highest percentage gain",
    backstop_below=0.0,
    sources=(
        "https://support.bitfinex.com/hc/en-us/articles/213895229",
        "https://support.bitfinex.com/hc/en-us/articles/360035477394",
    ),
    read_on=date(2026, 11, 22),
)
