"""BitMEX until its announced closure on 2026-09-23: inverse, linear and quanto, fair price as trigger.

Maintenance is ``maintMargin`` of the contract plus the taker fee; risk limits add ``riskStep`` after ``riskStep``. The venue's own
algebra is not stored, and formulas users quote contradict each other: the generic equation stands in, and says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
CLOSED_ON = date(2026, 9, 23)
_PAGE = "https://www.bitmex.com/app/liquidation"

STEPS = LiquidationSteps(
    first_target="down to the next lower tier",
    partial_from_tier=2,
    order="orders of the contract are cancelled, then, above the lowest risk limit, a fill-or-kill order of the excess over a lower one; "
    "what is left is taken over and sold with a limit order at the bankruptcy price",
    takeover="liquidation engine at the bankruptcy price; what is better goes to the insurance fund, what is worse is paid by it",
    deleveraging="when the fund cannot pay: against profitable positions by profit and leverage, at the bankruptcy price",
    backstop_below=0.0,
    sources=(_PAGE, "https://testnet.bitmex.com/app/liquidationExamples"),
    read_on=READ_ON,
)

_INVERSE = MarginRule(
    venue="bitmex",
    kind="inverse",
    version=RuleVersion(
        name="mark-value maintenance plus taker fee",
        in_force_from=None,
        source="https://www.bitmex.com/app/liquidation",
        read_on=READ_ON,
        note="the official algebra is not stored: generic equation with maintMargin and takerFee of the instrument row",
    ),
    basis="mark",
    fee="mark",
    trigger="mark",
    tick_rounding="unknown",
    steps=STEPS,
)

INVERSE_VERSIONS = (_INVERSE,)
LINEAR_VERSIONS = (replace(_INVERSE, kind="linear"),)
QUANTO_VERSIONS = (replace(_INVERSE, kind="quanto"),)
