"""Bybit inverse contracts: three versions.

    legacy cross   W + Q (1/E - 1/LP) = (Q/E) MMR + fee * Q / bankruptcy        shown price rounded up to the tick
    2024           LP = Q / (Q/E +- (IM - MM)), MM on the entry value
    2026           long S (MMR + 1) / (S/E + S/(E L) + extra/(1 + fee) + D); short with the signs turned

The last is the generic inverse equation: the closing fee sits in initial and maintenance margin alike and cancels; only extra
margin is divided by 1 +- fee, so pass ``margin = S/(E L) + extra / (1 + s fee)``.
"""

from __future__ import annotations

from liqatlas.rules.by_venue.bybit_linear import PAGE_2024, PAGE_2026, READ_ON, SEEN_2024, SEEN_2026, STEPS
from liqatlas.rules.margin_rule import MarginRule, RuleVersion

VERSIONS = (
    MarginRule(
        venue="bybit",
        kind="inverse",
        version=RuleVersion(
            name="entry-value maintenance, closing fee kept back at the bankruptcy price",
            in_force_from=None,
            source="https://help.bybit.com/hc/en-us/articles/360039261334",
            read_on=READ_ON,
        ),
        basis="entry",
        fee="bankruptcy",
        trigger="mark",
        tick_rounding="up",
        steps=STEPS,
    ),
    MarginRule(
        venue="bybit",
        kind="inverse",
        version=RuleVersion(
            name="entry-value maintenance",
            in_force_from=SEEN_2024,
            source=PAGE_2024,
            read_on=READ_ON,
            note="the page names the year only",
        ),
        basis="entry",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
    MarginRule(
        venue="bybit",
        kind="inverse",
        version=RuleVersion(
            name="mark-value maintenance",
            in_force_from=SEEN_2026,
            predecessor_last_seen=SEEN_2024,
            source=PAGE_2026,
            read_on=READ_ON,
            note="page dated 2026-05-27 (mirror)",
        ),
        basis="mark",
        fee="none",
        trigger="mark",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)
