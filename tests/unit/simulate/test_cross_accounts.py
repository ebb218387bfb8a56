"""Cross accounts: one margin over two coins, levels that hold while the other coin stands still."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.simulate import (
    ETH,
    STEEP_TIERS,
    Coin,
    Engine,
    Simulation,
)
from tests.unit.simulate.conftest import RISKY
from tests.unit.simulate.test_engine import WILD, world

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def crossed() -> Simulation:
    crowd = replace(RISKY, cross_share=0.6)
    return world(
        Engine(tiers=STEEP_TIERS),
        population=crowd,
        coins=(Coin(), replace(ETH, correlation=0.0)),
        path=WILD,
        days=1.0,
    )


def slack_over_time(
    simulation: Simulation, account: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[str]]:
    """Return moments, equity less maintenance at each mark, and how its positions ended: a plain loop over truth."""
    tiers = simulation.config.venues[0].engine.tiers.table()
    legs = [
        row | {"marks": market.marks}
        for market in simulation.truth.markets
        for row in market.positions.filter(pl.col("account") == account).iter_rows(named=True)
    ]
    end = simulation.config.end_ns + 1
    moments = legs[0]["marks"]["ts_event_ns"].to_numpy()
    slack = np.full(len(moments), np.nan)
    for k, moment in enumerate(moments):
        # a leg is held up to and including the mark that ended it
        held = [leg for leg in legs if leg["from_ns"] < moment <= (leg["until_ns"] or end)]
        if not held:
            continue
        slack[k] = held[0]["margin_usd"]
        for leg in held:
            mark = leg["marks"]["mark_price"][k]
            sign = 1 if leg["position"] == "long" else -1
            notional = leg["qty"] * mark
            tier = max(i for i, floor in enumerate(tiers.floors) if notional >= floor)
            slack[k] += sign * leg["qty"] * (mark - leg["entry_price"])
            slack[k] -= tiers.rates[tier] * notional - tiers.deductions[tier]
    return moments, slack, [leg["ended_by"] for leg in legs]


def test_cross_accounts_live_exactly_while_equity_exceeds_maintenance(crossed: Simulation) -> None:
    positions = pl.concat([market.positions for market in crossed.truth.markets])
    cross = positions.filter(pl.col("account").is_not_null())
    dead = cross.filter(pl.col("ended_by") == "liquidation")["account"].unique().sort()
    assert len(dead) > 50
    for account in dead.sample(12, seed=1):
        moments, slack, _ = slack_over_time(crossed, account)
        until = cross.filter((pl.col("account") == account) & (pl.col("ended_by") == "liquidation"))[
            "until_ns"
        ]
        at = int(np.searchsorted(moments, until[0]))
        assert until.n_unique() == 1  # all its positions at once
        assert slack[at] <= 0
        assert np.nanmin(slack[:at], initial=np.inf) > 0
    alive = cross.filter(~pl.col("account").is_in(dead.implode()))["account"].unique().sort()
    for account in alive.sample(12, seed=1):
        moments, slack, ended = slack_over_time(crossed, account)
        assert "liquidation" not in ended
        assert np.nanmin(slack, initial=np.inf) > 0


def test_the_other_coin_can_liquidate_a_position_that_gained(crossed: Simulation) -> None:
    lost = 0
    for market in crossed.truth.markets:
        dead = market.positions.filter(
            (pl.col("ended_by") == "liquidation") & pl.col("account").is_not_null()
        )
        for row in dead.iter_rows(named=True):
            sign = 1 if row["position"] == "long" else -1
            lost += sign * (market.mark(row["until_ns"]) - row["entry_price"]) > 0
    assert lost > 0


def test_a_cross_level_is_conditional_on_the_other_coin_standing_still(crossed: Simulation) -> None:
    moment = crossed.config.end_ns - 3_600 * 10**9
    tiers = crossed.config.venues[0].engine.tiers.table()
    levels = crossed.truth.levels(moment)
    stretches = pl.concat([market.alive(moment) for market in crossed.truth.markets])
    levels = levels.join(stretches.select("position_id", "account"), on="position_id")
    cross = levels.filter(pl.col("account").is_not_null() & pl.col("liquidation_price").is_not_null())
    assert cross.height > 50
    marks = {market.instrument.symbol: market.mark(moment) for market in crossed.truth.markets}
    for row in cross.sample(40, seed=1).iter_rows(named=True):
        equity = row["margin_usd"]
        for leg in levels.filter(pl.col("account") == row["account"]).iter_rows(named=True):
            own = leg["position_id"] == row["position_id"]
            price = row["liquidation_price"] if own else marks[leg["symbol"]]
            sign = 1 if leg["position"] == "long" else -1
            notional = leg["qty"] * price
            tier = max(i for i, floor in enumerate(tiers.floors) if notional >= floor)
            equity += sign * leg["qty"] * (price - leg["entry_price"])
            equity -= tiers.rates[tier] * notional - tiers.deductions[tier]
        assert equity == pytest.approx(0, abs=1e-6 * row["qty"] * row["entry_price"])
