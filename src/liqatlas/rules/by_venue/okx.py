"""OKX swaps and futures: the taker fee counts into maintenance; tiers are counted in contracts and carry no deduction.

    linear    LP = (E - s W/q) / (1 - s (m + taker))
    inverse   long (1 + m) / (1/E + W/Q), short (1 - m) / (1/E - W/Q), with m + taker for m where the fee counts

The venue's condition is its own: liquidation begins when equity is equal to or less than the maintenance margin plus liquidation fees (_HELP,
state of 2025-05-16). Its formula text for futures is not stored: the linear form is the one freqtrade codes citing OKX's help page, a third
party prints the inverse one without the fee; both are the condition solved for the price, with the fee.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
_HELP = "https://www.okx.com/help/v-tiered-maintenance-margin-ratio-rules"

STEPS = LiquidationSteps(
    first_target="down to the next lower tier",
    partial_from_tier=3,
    order="in steps of about one minute; a third party says two tiers at a time, the venue's older page down to tier 1",
    takeover="liquidation engine at the bankruptcy price; tiers 1 and 2 at once",
    deleveraging="when the insurance fund has fallen 30 % from its 8 h peak: matched at the mark price",
    backstop_below=0.0,
    sources=(
        "https://supdljgzdhc.okx.com/hc/en-us/articles/360020411711",
        "https://amorrr.com/14966",
        "https://ouchyi.rocks",
    ),
    read_on=READ_ON,
)

_LINEAR = MarginRule(
    venue="okx",
    kind="linear",
    version=RuleVersion(
        name="mark-value maintenance plus taker fee",
        in_force_from=None,
        source="freqtrade/freqtrade freqtrade/exchange/exchange.py at c9ae5e1e, citing OKX help 360053909592",
        read_on=READ_ON,
        note=f"the condition is the venue's ({_HELP}, read through okx.huicker.com); its formula text is not stored",
    ),
    basis="mark",
    fee="mark",
    trigger="mark",
    tick_rounding="unknown",
    steps=STEPS,
)

_INVERSE = replace(
    _LINEAR,
    kind="inverse",
    version=replace(
        _LINEAR.version,
        source="https://ukcamo.com/5262.html",
        note=f"a third party's formula, without the fee; the fee is added here as the venue's condition does ({_HELP})",
    ),
)

VERSIONS = (_LINEAR,)
INVERSE_VERSIONS = (_INVERSE,)
