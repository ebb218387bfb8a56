"""Any world keeps its books: lots, sides, levels and prints."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqatlas.base import schemas
from liqatlas.simulate import (
    ETH,
    STEEP_TIERS,
    Closing,
    Coin,
    Engine,
    Makers,
    Population,
    PricePath,
    SimulatedVenue,
    Simulation,
    SimulationConfig,
    simulate,
)

pytestmark = pytest.mark.kernels

populations = st.builds(
    Population,
    arrivals_per_minute=st.sampled_from([0.05, 2.0, 10.0]),
    long_share=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    size_median_usd=st.sampled_from([50.0, 8e3, 2e5]),
    closing=st.builds(
        Closing, mean_life_h=st.sampled_from([0.1, 2.0, 50.0]), weibull_shape=st.sampled_from([0.7, 1.0, 2.0])
    ),
    herding_share=st.sampled_from([0.0, 0.5]),
    cross_share=st.sampled_from([0.0, 0.5]),
    stop_share=st.sampled_from([0.0, 0.5]),
)
engines = st.builds(
    Engine,
    tiers=st.just(STEEP_TIERS),
    partial_steps=st.booleans(),
    depth_usd_per_percent=st.sampled_from([2e5, 1e7, np.inf]),
    recovery_s=st.sampled_from([5.0, 60.0, np.inf]),
    adl=st.booleans(),
    pass_through=st.sampled_from([0.0, 0.5, 1.0]),
)
venues = st.builds(
    SimulatedVenue,
    engine=engines,
    last_sigma_bp=st.sampled_from([0.0, 20.0]),
    print_rule=st.sampled_from(["all", "last_per_second", "first_per_second"]),
    oi_sample_s=st.sampled_from([30, 300]),
)
configs = st.builds(
    SimulationConfig,
    seed=st.integers(0, 2**32),
    days=st.just(0.06),
    warmup_days=st.sampled_from([0.0, 0.02]),
    mark_step_s=st.just(30),
    coins=st.just((Coin(), ETH)),
    path=st.builds(PricePath, jumps_per_week=st.just(300.0), jump_minutes=st.sampled_from([0.5, 5.0])),
    population=populations,
    makers=st.builds(Makers, count=st.sampled_from([2, 12]), churn_per_minute=st.sampled_from([0.0, 5.0])),
    venues=st.tuples(venues),
)


def check_flows(simulation: Simulation) -> None:
    for market in simulation.truth.markets:
        f = market.flows
        change = f["oi_close"] - f["oi_open"]
        assert (f["opened_long"] + f["opened_short"] == f["volume"] + change + f["off_book"]).all()
        assert (f["closed_long"] + f["closed_short"] == f["volume"] - change + f["off_book"]).all()
        assert (f["opened_long"] - f["closed_long"] == f["opened_short"] - f["closed_short"]).all()
        assert f["oi_open"].min() is not None
        assert min(int(f["oi_open"].min() or 0), int(f["oi_close"].min() or 0)) >= 0  # type: ignore[arg-type]


def check_levels(simulation: Simulation) -> None:
    config = simulation.config
    for moment in np.linspace(config.start_ns, config.end_ns, 5).astype(np.int64):
        levels = simulation.truth.levels(int(moment))
        assert (levels["qty"] > 0).all()
        for market in simulation.truth.markets:
            mine = levels.filter(
                (pl.col("symbol") == market.instrument.symbol) & (pl.col("margin_mode") == "isolated")
            )
            # a position opened after this moment's mark with the last price far away can lie beyond it until the next
            settled = mine.filter(pl.col("opened_ns") <= moment - config.step_ms * 10**6)
            sign = pl.when(pl.col("position") == "long").then(1.0).otherwise(-1.0)
            beyond = settled.filter(sign * (market.mark(int(moment)) - pl.col("liquidation_price")) <= 0)
            assert beyond.height == 0


def check_stretches(simulation: Simulation) -> None:
    for market in simulation.truth.markets:
        p = market.positions
        assert (
            p.filter(pl.col("until_ns").is_not_null())
            .select(pl.col("until_ns") > pl.col("from_ns"))
            .to_series()
        ).all()
        assert (p["until_ns"].is_null() == p["ended_by"].is_null()).all()
        changed = p.filter(pl.col("ended_by") == "changed")
        follows = changed.join(
            p, left_on=["position_id", "until_ns"], right_on=["position_id", "from_ns"], how="semi"
        )
        ends_at_once = (
            changed.height - follows.height
        )  # what was changed and gone within one mark has no next stretch
        assert ends_at_once <= market.prints.height + p.filter(pl.col("ended_by") == "adl_opposite").height


def check_tables(simulation: Simulation) -> None:
    for recording, market in zip(simulation.recordings, simulation.truth.markets, strict=True):
        for name, frame in recording.tables().items():
            assert schemas.ALL_TABLES[name].conform(frame).equals(frame)
            assert frame["ts_event_ns"].is_sorted()
        assert recording.simulated
        assert (recording.trades["price_ticks"] > 0).all()
        assert (recording.trades["qty_native"] > 0).all()
        assert recording.liquidations.height <= market.prints.height
        assert (recording.marks["mark_price"] > 0).all()


@settings(max_examples=25)
@given(configs)
def test_any_world_keeps_its_books(config: SimulationConfig) -> None:
    simulation = simulate(config)
    check_flows(simulation)
    check_levels(simulation)
    check_stretches(simulation)
    check_tables(simulation)
