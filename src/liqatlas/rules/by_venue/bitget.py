"""Bitget futures, isolated: mark-value maintenance with the taker fee in it.

    USDT, USDC   LP = (margin (+ offset) - size E s) / (size (m + taker - s))

which is the generic linear equation; the page calls the deduction a pre-calculated offset, and positions opened since 2025-11-10 have
one (``rules.loaders.bitget``). Coin-margined contracts of the unified account are inverse: value in USD, profit and fee in the coin
(_COIN_PAGE). A fill shows it: 120 contracts at 84,350.2 cost 0.0000002845280747 BTC, which is 120 USD / 84,350.2 at the maker rate of 0.02 %.
"""

from __future__ import annotations

from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
_PAGE = "https://bitget.com/asia/support/articles/12560603808759"
_COIN_PAGE = "https://www.bitget.com/support/articles/12560603848198"
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
            note="page dated 2025-09-18; formula for isolated margin, no numbers; older rules are not stored; tiers by steps since 2025-11-10",
        ),
        basis="mark",
        fee="mark",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)

INVERSE_VERSIONS = (
    MarginRule(
        venue="bitget_coinm",
        kind="inverse",
        version=RuleVersion(
            name="mark-value maintenance plus taker fee, in coin",
            in_force_from=None,
            source=_COIN_PAGE,
            read_on=READ_ON,
            note="page dated 2026-01-16: inverse contracts; no page stored gives their liquidation price: the terms of the other futures "
            f"({_PAGE}, which names coin-margined ones) in the inverse equation",
        ),
        basis="mark",
        fee="mark",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)
