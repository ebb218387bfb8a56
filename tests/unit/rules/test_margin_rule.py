"""Margin rules: which version holds when, and what a rule asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from liqatlas.base.errors import RuleError
from liqatlas.base.instruments import VENUES
from liqatlas.rules import Maintenance, Positions, liquidation_price, margin_rule, tiered_liquidation_price
from liqatlas.rules.catalogue import tiers
from liqatlas.rules.margin_rule import rule_in_force
from liqatlas.rules.registry import RULES

LONG = Positions.isolated(1, 1.0, entry=100.0, leverage=10.0)


@pytest.mark.parametrize(
    ("venue", "kind", "on", "basis", "uncertain"),
    [
        ("hyperliquid", "linear", date(2023, 3, 27), "entry", False),
        ("hyperliquid", "linear", date(2023, 9, 1), "entry", True),
        ("hyperliquid", "linear", date(2024, 2, 1), "mark", False),
        ("bybit", "linear", date(2022, 1, 1), "entry", True),
        ("bybit", "linear", date(2026, 5, 26), "entry", True),
        ("bybit", "linear", date(2026, 5, 27), "mark", False),
        ("bybit", "inverse", date(2024, 1, 1), "entry", False),
        ("bybit", "inverse", date(2025, 1, 1), "entry", True),
        ("binance", "linear", date(2020, 1, 1), "mark", False),
        ("dydx", "linear", date(2026, 1, 1), "mark", False),
    ],
)
def test_version_in_force(venue: str, kind: str, on: date, basis: str, uncertain: bool) -> None:
    rule = margin_rule(venue, kind, on)  # type: ignore[arg-type]
    assert rule.basis == basis
    assert bool(rule.warning) == uncertain, rule.warning
    if uncertain:
        assert str(on) in rule.warning


def test_a_stated_date_leaves_no_doubt() -> None:
    old, new = RULES["hyperliquid", "linear"]
    stated = replace(new, version=replace(new.version, from_is="stated"))
    assert rule_in_force((old, stated), date(2023, 9, 1)).warning == ""


def test_moments_are_taken_at_their_utc_day() -> None:
    east = timezone(timedelta(hours=9))
    assert margin_rule("bybit", "linear", datetime(2026, 5, 27, 8, tzinfo=east)).basis == "entry"
    assert margin_rule("bybit", "linear", datetime(2026, 5, 27, tzinfo=UTC)).basis == "mark"


def test_an_unknown_rule_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(RuleError, match="okx inverse"):
        margin_rule("deribit", "inverse", date(2026, 1, 1))
    with pytest.raises(RuleError, match="quanto"):
        margin_rule("binance", "quanto", date(2026, 1, 1))


@pytest.mark.parametrize(("venue", "kind"), list(RULES))
def test_every_rule_says_where_it_is_from(venue: str, kind: str) -> None:
    assert venue in VENUES
    versions = RULES[venue, kind]
    assert versions[0].version.in_force_from is None
    starts = [r.version.in_force_from for r in versions[1:]]
    assert None not in starts
    assert starts == sorted(starts, key=str)
    for rule in versions:
        assert (rule.venue, rule.kind) == (venue, kind)
        assert rule.version.source
        assert rule.version.read_on >= date(2026, 1, 1)
        assert rule.steps.sources
        share = rule.steps.first_share
        assert share is None or 0 < share <= 1


def test_steps_of_hyperliquid_as_documented() -> None:
    steps = margin_rule("hyperliquid", "linear", date(2026, 1, 1)).steps
    assert (steps.first_share, steps.partial_above_usd, steps.cooldown_s) == (0.2, 100_000.0, 30.0)
    assert steps.backstop_below == pytest.approx(2 / 3)


def test_a_rule_with_fee_asks_for_it() -> None:
    rule = margin_rule("okx", "linear", date(2026, 1, 1))
    with pytest.raises(RuleError, match="taker_fee"):
        rule.liquidation_price(LONG, Maintenance.of(0.01))
    free = rule.liquidation_price(LONG, Maintenance.of(0.01), taker_fee=0.0)
    paid = rule.liquidation_price(LONG, Maintenance.of(0.01), taker_fee=0.0005)
    assert paid > free
    legacy = margin_rule("bybit", "inverse", date(2022, 1, 1))
    coin = Positions.isolated(1, 1000.0, entry=100.0, leverage=10.0, kind="inverse")
    with pytest.raises(RuleError, match="taker_fee"):
        legacy.bankruptcy_price(coin)


def test_a_rule_without_fee_ignores_one() -> None:
    rule = margin_rule("binance", "linear", date(2026, 1, 1))
    with_fee = rule.liquidation_price(LONG, Maintenance.of(0.01, close_fee=0.01), taker_fee=0.001)
    assert with_fee == liquidation_price(LONG, Maintenance.of(0.01))


def test_a_rule_takes_a_tier_table() -> None:
    rule = margin_rule("binance", "linear", date(2026, 9, 29))
    table = tiers("binance", "BTCUSDT", date(2026, 9, 29))
    held = Positions.isolated([1, -1], 300.0, entry=65_000.0, leverage=20.0)
    assert rule.liquidation_price(held, table).tolist() == tiered_liquidation_price(held, table).tolist()


def test_the_wrong_kind_is_refused() -> None:
    coin = Positions.isolated(1, 1000.0, entry=100.0, leverage=10.0, kind="inverse")
    with pytest.raises(RuleError, match="inverse"):
        margin_rule("binance", "linear", date(2026, 1, 1)).liquidation_price(coin, Maintenance.of(0.01))
