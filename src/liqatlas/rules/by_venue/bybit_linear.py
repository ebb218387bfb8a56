"""Bybit USDT and USDC contracts: entry-value maintenance in the legacy rule, mark-value maintenance in 2026.

    legacy   LP = E - s (IM - MM) / size          IM = value / L, MM = entry value * MMR - deduction
    2026     LP = (q E (1 - s/L) - s extra - s D) / (q (1 - s MMR))

Cross margin: an account is liquidated when its maintenance-margin rate reaches 100 %; no closed form is published, the generic
equation with X describes it. The text of the 2026 page's linear section is not stored: it is inferred from its inverse one.
"""

from __future__ import annotations

from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
PAGE_2026 = (
    "https://www.kbybit.com/en/help-center/article/"
    "Liquidation-Price-Calculation-under-Isolated-Mode-Unified-Trading-Account"
)
PAGE_2024 = (
    "https://testnet.bybit.com/ar-SA/help-center/article/"
    "Liquidation-Price-Calculation-under-Isolated-Mode-Unified-Trading-Account"
)
#: The 2024 page names no day; the first of that year is the earliest it can be.
SEEN_2024 = date(2024, 1, 1)
SEEN_2026 = date(2026, 5, 27)

STEPS = LiquidationSteps(
    first_target="down to the next lower tier",
    partial_from_tier=2,
    order="open orders are cancelled, then a fill-or-kill order of the excess over the lower tier",
    takeover="insurance pool at the bankruptcy price; in the lowest tier at once",
    deleveraging=(
        "when the pool's balance is <= 0, or above its threshold when the symbol's profit has fallen by insurancePnlRatio "
        "of the pool's 8 h maximum (example: starts at -0.3, stops at -0.25)"
    ),
    backstop_below=0.0,
    sources=(
        "https://www.bybit.com/en/help-center/article?id=000001381",
        "https://bybitglobal.com/en/help-center/article?id=000001876",
        "https://bybit-exchange.github.io/docs/v5/market/adl-alert",
    ),
    read_on=READ_ON,
)

VERSIONS = (
    MarginRule(
        venue="bybit",
        kind="linear",
        version=RuleVersion(
            name="entry-value maintenance",
            in_force_from=None,
            source="https://testnet.bybit.com/en-US/help-center/s/article/Liquidation-Price-USDT-Contract",
            read_on=READ_ON,
        ),
        basis="entry",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
    MarginRule(
        venue="bybit",
        kind="linear",
        version=RuleVersion(
            name="mark-value maintenance",
            in_force_from=SEEN_2026,
            source=PAGE_2026,
            read_on=READ_ON,
            note="page dated 2026-05-27 (mirror); its linear text is not stored and follows from the inverse one",
        ),
        basis="mark",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)
