"""Whose turn it is: near and large first, none forgotten, a failure never an empty account."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from liqatlas.maps.accounts import HOLDER, Account, AccountRegistry

S = 10**9
HOLDS, EMPTY, FAILED = "holds positions", "holds no position", "failed"


def test_near_and_large_accounts_are_looked_at_more_often() -> None:
    far = Account("a", HOLDS, notional_usd=1e4, distance=0.9).pace_s
    near = Account("b", HOLDS, notional_usd=1e4, distance=0.01).pace_s
    large = Account("c", HOLDS, notional_usd=5e7, distance=0.9).pace_s
    empty = Account("d", EMPTY).pace_s
    assert near < large < far == HOLDER < empty


def test_new_accounts_go_first_the_largest_hint_before() -> None:
    registry = AccountRegistry()
    registry.note("seen", HOLDS, 0, distance=0.01)
    registry.add("small", 10)
    registry.add("big", 1e6)
    assert registry.due(10**6 * S, 10) == ["big", "small", "seen"]


def test_a_failure_keeps_what_was_known() -> None:
    registry = AccountRegistry()
    registry.note("a", HOLDS, 5 * S, notional_usd=3e6, distance=0.04)
    registry.note("a", FAILED, 9 * S)
    known = registry.accounts["a"]
    assert (known.outcome, known.notional_usd, known.distance, known.last_seen_ns) == (
        FAILED,
        3e6,
        0.04,
        5 * S,
    )
    assert registry.counts() == {FAILED: 1}
    first = known.pace_s
    registry.note("a", FAILED, 99 * S)
    assert known.pace_s > first
    registry.note("a", EMPTY, 200 * S)
    assert (known.failures, known.notional_usd) == (0, 0.0)


@given(st.lists(st.tuples(st.floats(0, 1e8), st.floats(0.001, 5)), min_size=1, max_size=40))
def test_under_a_small_limit_everybody_waits_in_proportion(accounts: list[tuple[float, float]]) -> None:
    """With room for one look a second, no account waits longer than its pace and one look at each."""
    registry = AccountRegistry()
    for i, (usd, distance) in enumerate(accounts):
        registry.note(f"{i}", HOLDS, 0, notional_usd=usd, distance=distance)
    worst = 0.0
    for second in range(1, 3 * int(HOLDER), 60):
        for account in registry.due(second * S, 1):
            known = registry.accounts[account]
            worst = max(worst, known.overdue(second * S))
            registry.note(
                account, HOLDS, second * S, notional_usd=known.notional_usd, distance=known.distance
            )
    demand = sum(60 / registry.accounts[f"{i}"].pace_s for i in range(len(accounts)))
    assert worst <= max(2.0, 2 * demand) + 1


def test_registry_survives_a_table() -> None:
    registry = AccountRegistry()
    registry.note("a", HOLDS, 5 * S, notional_usd=3e6, distance=math.inf)
    registry.add("b", 7.0)
    again = AccountRegistry.from_polars(registry.to_polars())
    assert again.accounts == registry.accounts


def test_an_account_that_traded_since_its_last_look_is_looked_at_sooner() -> None:
    registry = AccountRegistry()
    registry.note("quiet", EMPTY, 10 * S)
    registry.note("busy", EMPTY, 10 * S)
    registry.add("busy", 5e4, traded_ns=60 * S)
    assert registry.due(1000 * S, 10) == ["busy"]
    registry.note("busy", EMPTY, 1000 * S)
    assert registry.due(2000 * S, 10) == []
