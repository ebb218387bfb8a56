"""A margin table learned from a position's earlier snapshot: used for the next one only, and never where it does not fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import DAY_NS
from liqatlas.maps.measured_check import self_test
from liqatlas.maps.measured_path import Leg, levels_on_common_path
from liqatlas.rules import tiers
from tests.unit.maps.test_measured_check import MARKS, MOMENT, holdings, level_of, row
from tests.unit.maps.test_measured_path import searched

#: WIF at 10x is under another table than the one of that day (5x).
OLD_RATE = 0.05


def snapshot(
    day: int, *, rate: float = OLD_RATE, account: str = "a", free: float = 400.0
) -> list[dict[str, Any]]:
    sizes = {"BTC": 0.01, "ETH": -0.4, "SOL": 6.0}
    when = {"ts_event_ns": MOMENT + day * DAY_NS}
    rows = [row(account, c, q, liquidation_price=level_of(c, q, free), **when) for c, q in sizes.items()]
    return [
        *rows,
        row(account, "WIF", 9_000.0, liquidation_price=level_of("WIF", 9_000.0, free, rate), **when),
    ]


def test_the_first_snapshot_teaches_and_the_next_is_reproduced() -> None:
    first = self_test(holdings(snapshot(0)))
    assert (first.checked, first.within, first.remembered, first.remembered_within) == (4, 3, 0, 3)
    both = self_test(holdings([*snapshot(0), *snapshot(1, free=300.0)]))
    assert (both.checked, both.within) == (8, 6)
    assert (both.remembered, both.remembered_within) == (1, 7)
    assert [(d.name, d.count) for d in both.disagreements] == [("another_margin_table", 2)]


@pytest.mark.parametrize("rate", [0.5 / 3, 0.05 * 1.2])
def test_a_table_that_no_longer_holds_reproduces_nothing(rate: float) -> None:
    """The same position under a third table the next day: what was learned is tried and does not fit."""
    test = self_test(holdings([*snapshot(0), *snapshot(1, rate=rate)]))
    assert (test.remembered, test.remembered_within) == (1, 6)


def test_what_one_account_taught_says_nothing_of_another() -> None:
    test = self_test(holdings([*snapshot(0), *snapshot(1, account="b")]))
    assert (test.remembered, test.remembered_within) == (0, 6)


def test_the_common_path_uses_the_table_a_position_is_under() -> None:
    """All coins move like ETH here: the level is where equity meets maintenance under the true tables, found by plain search."""
    held = holdings(snapshot(0))
    seen = held.newest(as_of_ns=MOMENT, window_ns=DAY_NS)
    mine = seen.filter(pl.col("symbol") == "ETH")
    shaped, parameters = levels_on_common_path(held, seen, mine, asset="ETH")
    assert parameters["positions_under_a_table_of_their_own"] == 1
    day = date(2026, 2, 1)
    true = {c: tiers("hyperliquid", c, day) for c in ("BTC", "ETH", "SOL")}
    flat = replace(
        true["SOL"],
        floors=np.zeros(1),
        rates=np.array([OLD_RATE]),
        deductions=np.zeros(1),
        max_leverages=np.array([10.0]),
    )
    sizes = {"BTC": 0.01, "ETH": -0.4, "SOL": 6.0}
    legs = [Leg(q * MARKS[c], 1.0, true[c]) for c, q in sizes.items()] + [
        Leg(9_000.0 * MARKS["WIF"], 1.0, flat)
    ]
    equity = 400.0 + sum(float(leg.table.maintenance_amount(abs(leg.signed_usd))) for leg in legs)
    down, up = (
        searched(equity, legs, np.linspace(0, -0.999, 4000)),
        searched(equity, legs, np.linspace(0, 19, 40_000)),
    )
    # The account is net long: it is liquidated on the way down, which is a short's own favour.
    assert np.isnan(up)
    assert shaped["apart"].to_list() == ["other_side"]
    btc, _ = levels_on_common_path(held, seen, seen.filter(pl.col("symbol") == "BTC"), asset="BTC")
    assert btc["level"][0] == pytest.approx(MARKS["BTC"] * (1 + down), rel=1e-6)
