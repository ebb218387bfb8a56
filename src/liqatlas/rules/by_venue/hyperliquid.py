"""Hyperliquid: generic linear equation; until 2023 a constant maintenance amount.

    now          liq = price - side * margin_available / size / (1 - l side),  l = 1 / maintenance leverage
    March 2023   liq = price - side * margin_available / size

with margin_available = account value (cross) or isolated margin, less the maintenance required at ``price``. Maintenance is
half of the initial margin at the coin's highest leverage. Under the 2023 rule maintenance is fixed where the account is looked
at, so pass positions restated at that mark: ``entry`` = mark price, ``margin`` = account value, ``cross_remainder`` = minus the
maintenance of the other coins.
"""

from __future__ import annotations

from datetime import date

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion

READ_ON = date(2026, 11, 22)
DOCS = "https://hyperliquid.gitbook.io/hyperliquid-docs/trading/liquidations"

STEPS = LiquidationSteps(
    first_target="share",
    first_share=0.2,
    partial_above_usd=100_000.0,
    cooldown_s=30.0,
    order="market order to the book; up to 100,000 USDC at full size, above it 20 % first and after the pause the whole",
    takeover="liquidator vault with positions and margin, once equity is below two thirds of maintenance",
    backstop_below=2.0 / 3.0,
    deleveraging="when an account's value is negative: by (mark / entry) * (notional / account value), at the previous mark",
    sources=(
        DOCS,
        "https://docs.tings.xyz/core-mechanics/liquidations",
        "https://docs.hyena.trade/trading/liquidation",
    ),
    read_on=READ_ON,
)

VERSIONS = (
    MarginRule(
        venue="hyperliquid",
        kind="linear",
        version=RuleVersion(
            name="constant maintenance",
            in_force_from=None,
            source="hyperliquid-dex/hyperliquid-python-sdk tests/cassettes/info_test/test_get_user_state.yaml at 7ee976d1",
            read_on=READ_ON,
            note="inferred from the API's answer of 2023-03-27",
        ),
        basis="entry",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
    MarginRule(
        venue="hyperliquid",
        kind="linear",
        version=RuleVersion(
            name="mark-value maintenance",
            in_force_from=date(2024, 2, 1),
            predecessor_last_seen=date(2023, 3, 27),
            source=DOCS,
            read_on=READ_ON,
            note="first seen in the documentation's API example of February 2024",
        ),
        basis="mark",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)
