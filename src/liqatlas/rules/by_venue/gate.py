"""Gate: linear and inverse contracts with mark-value maintenance plus the taker fee, tiers with a published deduction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
_API = "https://www.gate.com/docs/developers/apiv4/en/#query-risk-limit-tiers"

STEPS = LiquidationSteps(
    first_target="whole position",
    order="liquidation order at a limit price; the history names its price and its average fill",
    takeover="insurance fund: an internal trade, not on the book",
    deleveraging="an internal trade with accounts chosen for it; the order of choice is not in the pages read",
    sources=("https://www.gate.com/docs/developers/apiv4/en/#futures",),
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
