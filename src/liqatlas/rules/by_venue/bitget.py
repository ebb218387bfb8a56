"""Bitget USDT and USDC futures, isolated: mark-value maintenance with the taker fee in it.

    LP = (margin (+ offset) - size E s) / (size (m + taker - s))

which is the generic linear equation; the page calls the deduction a pre-calculated offset.
"""

from __future__ import annotations

from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
_PAGE = "https://bitget.com/asia/support/articles/12560603808759"
_TIERS = "https://www.bitget.com/api-doc/contract/position/Get-Query-Position-Lever"

STEPS = LiquidationSteps(
    first_target="down to the next lower tier",
    partial_from_tier=2,
    order="orders are cancelled, opposite positions netted, cross positions reduced two tiers at a time, what remains sold at market; "
    "isolated positions and the first tier at once",
    takeover="insurance fund earns what fills beat the bankruptcy price by and pays what they miss it by",
    deleveraging="what the market does not take when the mark reaches the bankruptcy price: by profit and leverage, at that price",
    backstop_below=0.0,
    sources=(
        _TIERS,
        "https://www.bitget.club/futures/introduction/liquidation-summarize",
        "https://www.bitget.com/support/articles/360052910712",
        "https://www.bitget.com/academy/What-is-Bitget-Insurance-fund",
    ),
    read_on=READ_ON,
)

VERSIONS = (
    MarginRule(
        venue="bitget",
        kind="linear",
        version=RuleVersion(
            name="mark-value maintenance plus taker fee",
            in_force_from=None,
            source=_PAGE,
            read_on=READ_ON,
            note="page dated 2025-09-18; formula for isolated margin, no numbers; older rules are not stored",
        ),
        basis="mark",
        fee="mark",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)
