"""Binance USD-M: linear, mark-value maintenance with the deduction ``cum``, no fee in maintenance.

    LP = (WB - TMM1 + UPNL1 + cumB - Side * Pos * EP) / (Pos * MMR - Side * Pos)

which is the generic linear equation with X = UPNL1 - TMM1. Hedge mode adds a long and a short of one symbol: treat the other
leg as another position of the account.
"""

from __future__ import annotations

from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)

STEPS = LiquidationSteps(
    first_target="until margin is met",
    order="open orders are cancelled, then one large immediate-or-cancel order; small positions are almost always closed whole",
    takeover="insurance fund at the bankruptcy price",
    deleveraging="when the fund cannot take it: by profit x leverage, at the bankruptcy price of the liquidated order",
    backstop_below=0.0,
    sources=(
        "https://www.binance.com/pt-BR/support/faq/360033525271",
        "https://www.binance.com/en/support/faq/360033525471",
    ),
    read_on=READ_ON,
)

VERSIONS = (
    MarginRule(
        venue="binance",
        kind="linear",
        version=RuleVersion(
            name="mark-value maintenance with deduction",
            in_force_from=None,
            source="https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93",
            read_on=READ_ON,
            note="the formula is an image on the stored page; its variables are text, and four published figures agree",
        ),
        basis="mark",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)
