"""Exact margin maths: liquidation price, tiers, leverage against distance, dated rules per venue. See README.md."""

from liqatlas.rules.catalogue import (
    OpeningLimits,
    leverage_cap,
    opening_limits,
    representative_maintenance,
    shipped_symbols,
    tiers,
)
from liqatlas.rules.distance import distance_from_leverage, leverage_from_distance, minimum_distance
from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion
from liqatlas.rules.positions import Positions, cross_remainders, direction_of
from liqatlas.rules.prices import Maintenance, bankruptcy_price, level_from_bankruptcy, liquidation_price
from liqatlas.rules.registry import liquidation_steps, margin_rule
from liqatlas.rules.rule_of_thumb import rule_of_thumb_error, rule_of_thumb_price
from liqatlas.rules.tier_search import self_consistent, tiered_liquidation_price
from liqatlas.rules.tier_table import TierTable, continuous_deductions

__all__ = [
    "LiquidationSteps",
    "Maintenance",
    "MarginRule",
    "OpeningLimits",
    "Positions",
    "RuleVersion",
    "TierTable",
    "bankruptcy_price",
    "continuous_deductions",
    "cross_remainders",
    "direction_of",
    "distance_from_leverage",
    "level_from_bankruptcy",
    "leverage_cap",
    "leverage_from_distance",
    "liquidation_price",
    "liquidation_steps",
    "margin_rule",
    "minimum_distance",
    "opening_limits",
    "representative_maintenance",
    "rule_of_thumb_error",
    "rule_of_thumb_price",
    "self_consistent",
    "shipped_symbols",
    "tiered_liquidation_price",
    "tiers",
]
