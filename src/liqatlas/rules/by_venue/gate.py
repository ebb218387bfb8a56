"""Gate: linear and inverse contracts with mark-value maintenance plus the taker fee, tiers with a published deduction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
_API = "https://www.gate.com/docs/developers/apiv4/en/#query-risk-limit-tiers"

STEPS = LiquidationSteps(
    first_target="down to the next lower tier",
    order="the system takes the position over and sends orders to the market at the bankruptcy price; larger positions tier by tier",
    takeover="insurance fund takes what is not filled, at the bankruptcy price: an internal trade, not on the book",
    deleveraging="when the fund cannot take it: an internal trade with opposite positions in the order of their yield",
    backstop_below=0.0,
    sources=(
        "https://www.gate.com/docs/developers/apiv4/en/#futures",
        "https://gate.tv/de/help/futures/futures-logic/22081",
        "https://app.csrqoa.com/tr/blog/17786 (mirror of the venue's page of 2026-02-05 on tiered liquidation)",
    ),
    read_on=READ_ON,
)

_LINEAR = MarginRule(
    venue="gate",
    kind="linear",
    version=RuleVersion(
        name="mark-value maintenance plus taker fee",
        in_force_from=None,
        source="freqtrade/freqtrade freqtrade/exchange/exchange.py at c9ae5e1e, which names Gate beside OKX",
        read_on=READ_ON,
        note=f"the venue's own formula is not stored; tiers and deduction: {_API}",
    ),
    basis="mark",
    fee="mark",
    trigger="mark",
    tick_rounding="unknown",
    steps=STEPS,
)

VERSIONS = (_LINEAR,)
INVERSE_VERSIONS = (
    replace(
        _LINEAR,
        kind="inverse",
        version=replace(
            _LINEAR.version,
            note="no source for the inverse contract: the linear rule's terms in the inverse equation",
        ),
    ),
)
