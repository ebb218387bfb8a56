"""Binance COIN-M: inverse, wallet balance and deduction ``cum`` in the coin, brackets in coins of notional.

The maintenance example of the support page: 100 contracts x 100 USD / 25,000 = 0.4 BTC, at 0.4 % 0.0016 BTC.
"""

from __future__ import annotations

from dataclasses import replace

from liqatlas.rules.by_venue import binance_usdm
from liqatlas.rules.margin_rule import MarginRule, RuleVersion

VERSIONS = (
    MarginRule(
        venue="binance_coinm",
        kind="inverse",
        version=RuleVersion(
            name="mark-value maintenance with deduction, in coin",
            in_force_from=None,
            source="https://dev.binance.vision/t/coin-margined-futures-liquidation-price-calculation-help-cm-variable/6292",
            read_on=binance_usdm.READ_ON,
            note="the venue's formula image is not stored; the generic inverse equation gives the price its page showed",
        ),
        basis="mark",
        fee="none",
        trigger="mark",
        tick_rounding="nearest",
        steps=replace(binance_usdm.STEPS),
    ),
)
