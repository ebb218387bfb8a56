"""The common path: exact crossings against a fine search, single accounts equal to the plain level, betas from known moves."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.maps.measured_path import LEAST_CHANGES, Leg, betas, first_crossings
from liqatlas.rules import Positions, TierTable, tiered_liquidation_price, tiers

BTC, SOL, WIF = (tiers("hyperliquid", coin, date(2026, 1, 25)) for coin in ("BTC", "SOL", "WIF"))


def room(equity: float, legs: list[Leg], x: float) -> float:
    """Equity minus maintenance, written plainly, tier by tier."""
    total = equity
    for leg in legs:
        level = max(1 + leg.beta * x, 0.0)
        total += leg.signed_usd * (level - 1)
        notional, owed = abs(leg.signed_usd) * level, 0.0
        floors = [*leg.table.floors.tolist(), np.inf]
        for low, high, rate in zip(floors[:-1], floors[1:], leg.table.rates.tolist(), strict=True):
            owed += max(min(notional, high) - low, 0.0) * rate
        total -= owed
    return total


def searched(equity: float, legs: list[Leg], grid: np.ndarray) -> float:
    """The first grid point beyond which there is no room, refined by bisection."""
    for inner, outer in itertools.pairwise(grid.tolist()):
        if room(equity, legs, outer) <= 0:
            near, far = inner, outer
            for _ in range(80):
                middle = (near + far) / 2
                near, far = (middle, far) if room(equity, legs, middle) > 0 else (near, middle)
            return float(far)
    return float("nan")


LEGS = st.lists(
    st.builds(
        Leg,
        st.floats(-3e8, 3e8).filter(lambda v: abs(v) > 1e3),
        st.floats(-0.5, 2.0),
        st.sampled_from([BTC, SOL, WIF]),
    ),
    min_size=1,
    max_size=4,
)


@given(LEGS, st.floats(0.001, 1.5))
def test_crossings_are_those_of_a_fine_search(legs: list[Leg], share: float) -> None:
    notional = sum(abs(leg.signed_usd) for leg in legs)
    equity = sum(float(leg.table.maintenance_amount(abs(leg.signed_usd))) for leg in legs) + share * notional
    found = first_crossings(equity, legs)
    for ours, grid in ((found.down, np.linspace(0, -0.999, 4000)), (found.up, np.linspace(0, 19, 40_000))):
        right = searched(equity, legs, grid)
        if np.isnan(right) or np.isnan(
            ours
        ):  # a touch between two grid points may escape the search, never the solution
            assert np.isnan(right)
            assert np.isnan(ours) or abs(room(equity, legs, ours)) < 1e-6 * notional
        else:
            assert abs(ours) <= abs(right) + 1e-9
            assert abs(room(equity, legs, ours)) < 1e-6 * notional


@pytest.mark.parametrize(("signed", "table"), [(2e6, BTC), (-2e6, BTC), (4e8, BTC), (-3e7, SOL), (5e5, WIF)])
def test_single_position_has_its_plain_level(signed: float, table: TierTable) -> None:
    equity = 0.4 * abs(signed)
    crossing = first_crossings(equity, [Leg(signed, 1.0, table)])
    side = np.sign(signed)
    price = 100.0
    held = Positions.of(side, np.array([abs(signed) / price]), entry=price, margin=equity)
    level = float(tiered_liquidation_price(held, table)[0])
    ours = crossing.down if side > 0 else crossing.up
    assert price * (1 + ours) == pytest.approx(level, rel=1e-12)
    assert np.isnan(crossing.up if side > 0 else crossing.down)


def test_perfect_hedge_has_no_level_below() -> None:
    legs = [Leg(1e6, 1.0, BTC), Leg(-1e6, 1.0, SOL)]
    crossing = first_crossings(3e5, legs)
    assert np.isnan(crossing.down)
    assert crossing.up > 1  # maintenance of both grows with the price


def test_account_that_is_liquidatable_now() -> None:
    assert first_crossings(1.0, [Leg(1e6, 1.0, BTC)]) == first_crossings(0.0, [Leg(1e6, 1.0, BTC)])
    assert first_crossings(1.0, [Leg(1e6, 1.0, BTC)]).down == 0


def snapshots(moves: np.ndarray) -> pl.DataFrame:
    price = {"ETH": 2000 * np.exp(np.cumsum(moves)), "SOL": 80 * np.exp(np.cumsum(1.5 * moves)), "NEW": None}
    rows = []
    for i in range(len(moves)):
        rows += [(i, "ETH", "ETH", price["ETH"][i]), (i, "SOL", "SOL", price["SOL"][i])]
        if i >= len(moves) - 3:
            rows.append((i, "NEW", "NEW", 1.0 + i))
    return pl.DataFrame(rows, schema=["ts_event_ns", "symbol", "asset", "mark_price"], orient="row")


def test_betas_of_known_moves() -> None:
    moves = np.random.default_rng(1).normal(0, 0.01, LEAST_CHANGES + 20)
    found, counts = betas(snapshots(moves), "ETH")
    assert found["ETH"] == 1
    assert found["SOL"] == pytest.approx(1.5, rel=1e-9)
    assert (found["NEW"], counts["NEW"]) == (1.0, 2)
