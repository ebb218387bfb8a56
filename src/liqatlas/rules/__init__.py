"""Exact margin maths: liquidation price, tiers, leverage against distance, dated rules per venue. See README.md."""

from liqatlas.rules.distance import distance_from_leverage, leverage_from_distance, minimum_distance
from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion
from liqatlas.rules.positions import Positions, cross_remainders, direction_of
from liqatlas.rules.prices import Maintenance, bankruptcy_price, liquidation_price
from liqatlas.rules.registry import margin_rule
from liqatlas.rules.rule_of_thumb import rule_of_thumb_error, rule_of_thumb_price
from liqatlas.rules.tier_search import self_consistent, tiered_liquidation_price
from liqatlas.rules.tiers import TierTable, continuous_deductions

__all__ = [
    "LiquidationSteps",
    "Maintenance",
    "MarginRule",
    "Positions",
    "RuleVersion",
    "TierTable",
    "bankruptcy_price",
    "continuous_deductions",
    "cross_remainders",
    "direction_of",
    "distance_from_leverage",
    "leverage_from_distance",
    "liquidation_price",
    "margin_rule",
    "minimum_distance",
    "rule_of_thumb_error",
    "rule_of_thumb_price",
    "self_consistent",
    "tiered_liquidation_price",
]
