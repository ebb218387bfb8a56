"""The hidden truth against plain loops over the published marks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.errors import InputError
from liqatlas.simulate import Closing, Population, PricePath, SimulatedVenue, SimulationConfig, simulate

if TYPE_CHECKING:
    from liqatlas.simulate import MarketTruth, Simulation


def marks_between(market: MarketTruth, start_ns: int, end_ns: int) -> tuple[float, float]:
    """Return the lowest and highest mark in ``(start, end)``, infinite ends where there is none."""
    inside = market.marks.filter((pl.col("ts_event_ns") > start_ns) & (pl.col("ts_event_ns") < end_ns))[
        "mark_price"
    ]
    return (float(inside.min()), float(inside.max())) if len(inside) else (np.inf, -np.inf)  # type: ignore[arg-type]


def test_nobody_outlives_a_touched_level_and_only_touched_ones_are_liquidated(two_by_two: Simulation) -> None:
    for market in two_by_two.truth.markets:
        checked = 0
        for row in market.positions.sample(400, seed=1).iter_rows(named=True):
            low, high = marks_between(market, row["from_ns"], row["until_ns"] or two_by_two.config.end_ns + 1)
            if row["position"] == "long":
                assert low > row["liquidation_price"]
            else:
                assert high < row["liquidation_price"]
            if row["ended_by"] == "liquidation":
                mark = market.mark(row["until_ns"])
                touched = (
                    mark <= row["liquidation_price"]
                    if row["position"] == "long"
                    else mark >= row["liquidation_price"]
                )
                assert touched
                checked += 1
        assert checked > 10


def test_levels_at_a_moment_lie_beyond_the_mark(minimal: Simulation) -> None:
    config = minimal.config
    for part in (0.0, 0.3, 0.77, 1.0):
        moment = config.start_ns + int(part * (config.end_ns - config.start_ns))
        levels, mark = minimal.truth.levels(moment), minimal.truth.markets[0].mark(moment)
        longs = levels.filter(pl.col("position") == "long")
        shorts = levels.filter(pl.col("position") == "short")
        assert min(longs.height, shorts.height) > 100
        assert (longs["liquidation_price"] < mark).all()
        assert (shorts["liquidation_price"] > mark).all()
        assert (longs["liquidation_price"] < longs["entry_price"]).all()
        assert (shorts["liquidation_price"] > shorts["entry_price"]).all()
        assert (levels["opened_ns"] <= moment).all()


def test_a_level_is_where_equity_meets_maintenance(minimal: Simulation) -> None:
    levels = minimal.truth.levels(minimal.config.end_ns)
    rate = minimal.config.venues[0].engine.tiers.rates[0]
    sign = np.where(levels["position"] == "long", 1.0, -1.0)
    price, qty = levels["liquidation_price"].to_numpy(), levels["qty"].to_numpy()
    equity = qty * levels["entry_price"].to_numpy() / levels["leverage"].to_numpy()
    equity = equity + sign * qty * (price - levels["entry_price"].to_numpy())
    assert np.allclose(equity, rate * qty * price, rtol=1e-9)


def test_levels_do_not_see_the_future(minimal: Simulation) -> None:
    middle = (minimal.config.start_ns + minimal.config.end_ns) // 2
    levels = minimal.truth.levels(middle)
    trades = minimal.recording.trades.filter(pl.col("ts_event_ns") <= middle)
    newest, last_trade = levels["opened_ns"].max(), trades["ts_event_ns"].max()
    assert isinstance(newest, int)
    assert isinstance(last_trade, int)
    assert newest <= last_trade


def test_levels_of_one_market_are_part_of_all(two_by_two: Simulation) -> None:
    moment = two_by_two.config.end_ns
    parts = [
        two_by_two.truth.levels(moment, venue=venue, asset=asset)
        for venue in ("simulated_a", "simulated_b")
        for asset in ("BTC", "ETH")
    ]
    assert pl.concat(parts).equals(two_by_two.truth.levels(moment))
    assert all(part.height > 0 for part in parts)


def test_an_unknown_market_or_moment_is_an_error(minimal: Simulation) -> None:
    with pytest.raises(InputError, match="no simulated market fits venue binance"):
        minimal.truth.levels(minimal.config.end_ns, venue="binance")
    with pytest.raises(InputError, match="before this world's first mark"):
        minimal.truth.levels(minimal.config.start_ns - 2 * 86_400 * 10**9)


def test_arriving_leverage_follows_the_stated_mixture(minimal: Simulation) -> None:
    who = minimal.config.population
    arrived = minimal.truth.markets[0].positions.unique("position_id")
    for position, mix in (("long", who.long_mix), ("short", who.short_mix)):
        leverage = arrived.filter(pl.col("position") == position)["leverage"].to_numpy()
        shares = np.array([(leverage == value).mean() for value in who.leverages])
        error = np.sqrt(np.array(mix) * (1 - np.array(mix)) / len(leverage))
        assert (np.abs(shares - mix) < 4 * error).all()


@pytest.mark.parametrize("leverage", [100.0, 50.0])
def test_share_liquidated_before_closing_is_the_closed_form(leverage: float) -> None:
    """P = exp(-d sqrt(2c) / σ) for a Brownian price, closing rate c and log distance d, first passage of a Brownian log price."""
    still = PricePath(jumps_per_week=0.0, fast_sigma=0.0, slow_sigma=0.0)
    alone = Population(
        arrivals_per_minute=2.0,
        leverages=(leverage,),
        long_mix=(1.0,),
        short_mix=(1.0,),
        closing=Closing(mean_life_h=24),
    )
    shares = []
    for seed in range(4):
        config = SimulationConfig(
            seed=seed, days=30, warmup_days=0, mark_step_s=5, path=still, population=alone
        )
        market = simulate(replace(config, venues=(SimulatedVenue(basis_sigma_bp=0.0),))).truth.markets[0]
        done = market.positions.filter(pl.col("opened_ns") < config.start_ns + 20 * 86_400 * 10**9)
        shares.append((done["ended_by"] == "liquidation").to_numpy().mean())
    day_sigma = 0.6 / np.sqrt(365)
    unseen = 0.5826 * day_sigma * np.sqrt(5 / 86_400)  # a barrier looked at in steps lies that much farther
    for_side = []
    for direction in (1, -1):
        level = (1 - direction / leverage) / (1 - direction * 0.004)
        for_side.append(np.exp(-(abs(np.log(level)) + unseen) * np.sqrt(2) / day_sigma))
    assert np.mean(shares) == pytest.approx(np.mean(for_side), rel=0.05)
