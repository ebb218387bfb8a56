"""How a venue liquidates: each departure from "all at once, at the mark, without impact" does what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.simulate import (
    STEEP_TIERS,
    Engine,
    PricePath,
    SimulatedVenue,
    Simulation,
    SimulationConfig,
    simulate,
)
from liqatlas.simulate.kernels_exchange import run
from liqatlas.simulate.paths import index_paths, venue_marks
from liqatlas.simulate.population import Traders
from liqatlas.simulate.releases import releases
from liqatlas.simulate.world import make_world
from tests.unit.simulate.conftest import RISKY

if TYPE_CHECKING:
    from numpy.typing import NDArray

WILD = PricePath(jumps_per_week=14.0, jump_floor=0.03, jump_minutes=1.0)
#: Jumps within one mark step, far beyond the bankruptcy price of the highly levered.
GAPS = PricePath(jumps_per_week=28.0, jump_floor=0.03, jump_minutes=0.01)


def world(engine: Engine, *, seed: int = 21, days: float = 0.5, **changes: object) -> Simulation:
    config = SimulationConfig(
        seed=seed, days=days, warmup_days=0.0, population=RISKY, venues=(SimulatedVenue(engine=engine),)
    )
    return simulate(replace(config, **changes))  # type: ignore[arg-type]


# ---- partial steps ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stepwise() -> Simulation:
    big = replace(RISKY, size_median_usd=60_000.0)
    return world(Engine(tiers=STEEP_TIERS, partial_steps=True), population=big)


def test_partial_steps_reduce_to_the_cap_of_a_lower_tier(stepwise: Simulation) -> None:
    market = stepwise.truth.markets[0]
    partial = market.prints.filter(pl.col("method") == "partial_liquidation")
    assert partial.height > 30
    after = market.positions.join(
        partial.select("position_id", "mark_price", step=pl.col("ts_event_ns")), on="position_id"
    ).filter((pl.col("from_ns") > pl.col("opened_ns")) & (pl.col("from_ns") <= pl.col("step")))
    notional = (after["qty"] * after["mark_price"]).to_numpy()
    distance = np.abs(notional[:, None] / np.array(STEEP_TIERS.floors[1:])[None, :] - 1).min(axis=1)
    assert len(notional) > 10
    assert (distance < 0.01).mean() > 0.9  # others were reduced again at a later mark


def test_what_is_liquidated_in_steps_adds_up_to_the_position(stepwise: Simulation) -> None:
    market = stepwise.truth.markets[0]
    gone = market.positions.filter(pl.col("ended_by") == "liquidation")["position_id"]
    opened = market.positions.unique("position_id", keep="first", maintain_order=True)
    opened = opened.filter(pl.col("position_id").is_in(gone.implode()))
    liquidated = market.prints.group_by("position_id").agg(pl.col("qty_native").sum())
    joined = opened.join(liquidated, on="position_id", how="left")
    # the first stretch can have no length when a position is reduced at once; its size is then not in the table
    assert joined.height > 100
    assert (joined["qty_native"] - joined["qty"]).abs().max() < 1e-9  # type: ignore[operator]


def test_a_step_moves_the_level_away_and_costs_margin(stepwise: Simulation) -> None:
    market = stepwise.truth.markets[0]
    lives = market.positions.sort("position_id", "from_ns").with_columns(
        before=pl.col("liquidation_price").shift(1).over("position_id"),
        margin_before=pl.col("margin_usd").shift(1).over("position_id"),
    )
    changed = lives.filter(pl.col("before").is_not_null())
    sign = np.where(changed["position"] == "long", 1.0, -1.0)
    assert changed.height > 10
    level = changed["liquidation_price"].fill_null(0.0)  # a long's level can move out of reach altogether
    assert (sign * (changed["before"] - level).to_numpy() > 0).all()
    assert (changed["margin_usd"] < changed["margin_before"]).all()


def test_without_the_switch_everything_goes_at_once() -> None:
    market = world(Engine(tiers=STEEP_TIERS)).truth.markets[0]
    assert set(market.prints["method"]) == {"liquidation"}
    assert market.positions["position_id"].is_unique().all()


# ---- price impact -------------------------------------------------------------------------------------------------


def test_displacement_is_the_sum_of_what_was_sold_over_depth() -> None:
    depth = 40e6
    simulation = world(Engine(depth_usd_per_percent=depth / 100, recovery_s=np.inf))
    config, market = simulation.config, simulation.truth.markets[0]
    calm = venue_marks(config, config.venues[0], index_paths(config))[0]
    impact = 0.0
    for row in market.prints.iter_rows(named=True):  # the book as a plain loop
        step = (row["ts_event_ns"] - config.start_ns) // (config.step_ms * 10**6)
        direction = 1 if row["liquidated"] == "long" else -1
        last = calm[step] * (1 + impact)
        shift = row["qty_native"] * last / depth
        assert row["price"] == pytest.approx(calm[step] * (1 + impact - direction * shift / 2), abs=0.11)
        impact -= direction * shift
    assert abs(impact) > 1e-3
    assert market.marks["mark_price"][-1] / calm[-1] - 1 == pytest.approx(impact, abs=1e-6)


def test_thin_books_liquidate_more_and_infinite_ones_do_not_move() -> None:
    liquidated = [
        world(Engine(depth_usd_per_percent=depth)).recording.liquidations["notional_usd"].to_numpy().sum()
        for depth in (1e6, 5e6, np.inf)
    ]
    assert liquidated[0] > liquidated[1] > liquidated[2]
    still = world(Engine())
    calm = venue_marks(still.config, still.config.venues[0], index_paths(still.config))[0]
    assert np.abs(still.truth.markets[0].marks["mark_price"].to_numpy() - calm).max() <= 0.000_51


def test_displacement_recovers_with_its_half_life() -> None:
    half_life = 30.0
    simulation = world(Engine(depth_usd_per_percent=2e6, recovery_s=half_life))
    config, market = simulation.config, simulation.truth.markets[0]
    calm = venue_marks(config, config.venues[0], index_paths(config))[0]
    moved = market.marks["mark_price"].to_numpy() / calm - 1
    hit = np.unique((market.prints["ts_event_ns"].to_numpy() - config.start_ns) // (config.step_ms * 10**6))
    steps = round(half_life / config.mark_step_s)
    quiet = [
        s for s in hit[:-1] if not np.any((hit > s) & (hit <= s + steps + 1)) and s + 1 + steps < len(moved)
    ]
    start, later = moved[np.array(quiet) + 1], moved[np.array(quiet) + 1 + steps]
    large = np.abs(start) > 1e-4
    assert large.sum() > 10
    assert np.allclose(later[large] / start[large], 0.5, atol=0.01)


def test_pass_through_is_the_part_of_the_displacement_that_reaches_the_mark() -> None:
    none = world(Engine(depth_usd_per_percent=2e6, pass_through=0.0))
    calm = venue_marks(none.config, none.config.venues[0], index_paths(none.config))[0]
    assert np.abs(none.truth.markets[0].marks["mark_price"].to_numpy() - calm).max() <= 0.000_51
    joined = none.recording.trades.join_asof(none.recording.marks, on="ts_event_ns")
    assert (joined["price_ticks"] * 0.1 / joined["mark_price"] - 1).abs().max() > 1e-3  # type: ignore[operator]


def ladder(levels: NDArray[np.float64], notional_usd: float) -> Traders:
    """Return longs opened at once whose liquidation levels lie at these distances below entry (maintenance 0.4 %)."""
    count = len(levels)
    same = np.zeros(count, np.int64)
    return Traders(
        open_ms=same, close_ms=np.full(count, 10**12), coin=same, direction=same + 1, account=same - 1,
        notional_usd=np.full(count, notional_usd), leverage=1 / (0.004 + levels * (1 - 0.004)),
        stop=np.full(count, np.nan), open_passive=np.ones(count, np.bool_), close_passive=np.zeros(count, np.bool_),
        herd=same - 1,
    )  # fmt: skip


@pytest.mark.parametrize("ratio", [0.3, 0.6])
def test_a_uniform_ladder_amplifies_a_shock_by_one_over_one_minus_the_branching_ratio(ratio: float) -> None:
    count, first, reach, shock = 4000, 0.005, 0.005, 0.0008
    notional, price = 50_000.0, 60_000.0
    depth = count * notional / reach / ratio
    engine = Engine(depth_usd_per_percent=depth / 100, recovery_s=np.inf)
    config = SimulationConfig(days=0.02, warmup_days=0.0, venues=(SimulatedVenue(engine=engine),))
    traders = ladder(first + np.linspace(0, reach, count + 1)[1:], notional)
    calm = np.full((1, config.steps + 1), price)
    calm[0, 10:] *= 1 - first - shock
    live = make_world(
        config, config.venues[0], traders,
        gap_ms=np.zeros(count, np.int64), calm=calm, last_gap=np.zeros_like(calm),
    )  # fmt: skip
    run(live)
    drop = 1 - live.mark[0, -1] / price
    # coins were bought dearer than they are sold, and the book's depth is per unit of the fallen price
    there = ratio * (1 - first - shock) ** 2
    assert drop - first == pytest.approx(shock / (1 - there), rel=0.005)


# ---- auto-deleveraging --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deleveraged() -> Simulation:
    return world(Engine(adl=True), path=GAPS, days=1.0)


def test_deleveraging_is_off_the_book_and_the_identity_counts_it(deleveraged: Simulation) -> None:
    flows = deleveraged.truth.markets[0].flows
    change = flows["oi_close"] - flows["oi_open"]
    assert flows["off_book"].sum() > 0
    opened = flows["opened_long"] + flows["opened_short"]
    closed = flows["closed_long"] + flows["closed_short"]
    assert (opened == flows["volume"] + change + flows["off_book"]).all()
    assert (closed == flows["volume"] - change + flows["off_book"]).all()
    assert (
        flows["opened_long"] - flows["closed_long"] == flows["opened_short"] - flows["closed_short"]
    ).all()


def test_both_sides_of_a_deleveraging_have_the_same_size_and_no_trade(deleveraged: Simulation) -> None:
    market = deleveraged.truth.markets[0]
    off_book = market.prints.filter(pl.col("method") == "adl")
    lots = np.rint(off_book["qty_native"].to_numpy() * 1000).sum()
    assert lots == market.flows["off_book"].sum()
    assert (off_book["price_kind"] == "bankruptcy").all()
    traded = deleveraged.recording.trades.with_columns(price=(pl.col("price_ticks") / 10).round(4))
    assert off_book.join(traded, on=["ts_event_ns", "price", "qty_native"], how="semi").height == 0


def test_the_deleveraged_opposite_was_in_profit_and_ranked_first(deleveraged: Simulation) -> None:
    market, step_ns = deleveraged.truth.markets[0], deleveraged.config.step_ms * 10**6
    hit = market.positions.filter(pl.col("ended_by") == "adl_opposite")
    assert hit.height > 20
    for row in hit.sample(40, seed=1, with_replacement=True).iter_rows(named=True):
        start, sign = row["until_ns"], 1 if row["position"] == "long" else -1
        causes = market.prints.filter(
            (pl.col("method") == "adl")
            & (pl.col("liquidated") != row["position"])
            & pl.col("ts_event_ns").is_between(start, start + step_ns, closed="left")
        )
        passed_over = market.alive(start).filter(
            (pl.col("position") == row["position"]) & (pl.col("margin_mode") == "isolated")
        )
        entry, leverage = passed_over["entry_price"].to_numpy(), passed_over["leverage"].to_numpy()
        first = [
            sign * (price / row["entry_price"] - 1) * row["leverage"]
            >= (sign * (price / entry - 1) * leverage).max()
            for price in causes["price"]
            if sign * (price - row["entry_price"]) > 0
        ]
        assert any(first)


def test_a_rich_fund_prevents_deleveraging() -> None:
    rich = world(Engine(adl=True, insurance_fund_usd=1e9), path=GAPS, days=1.0).truth.markets[0]
    assert rich.flows["off_book"].sum() == 0
    assert "adl" not in rich.prints["method"].to_list()


# ---- stops --------------------------------------------------------------------------------------------------------


def test_stops_close_ahead_of_liquidation_and_are_not_printed() -> None:
    with_stops = world(Engine(), population=replace(RISKY, stop_share=0.5, stop_range=(0.5, 0.9)))
    market, without = with_stops.truth.markets[0], world(Engine()).truth.markets[0]
    stopped = market.positions.filter(pl.col("ended_by") == "stop")
    assert stopped.height > 100
    assert market.prints.height < 0.8 * without.prints.height
    assert market.prints.join(stopped, on="position_id", how="semi").height == 0
    for row in stopped.sample(100, seed=1).iter_rows(named=True):
        way = (market.mark(row["until_ns"]) - row["entry_price"]) / (
            row["liquidation_price"] - row["entry_price"]
        )
        assert 0.5 <= way < 1.0


# ---- what is seen -------------------------------------------------------------------------------------------------


def test_last_price_apart_from_mark_shows_in_trades_not_in_touches() -> None:
    config = SimulationConfig(seed=21, days=0.5, warmup_days=0.0, population=RISKY)
    apart = simulate(replace(config, venues=(SimulatedVenue(last_sigma_bp=5.0),)))
    joined = apart.recording.trades.join_asof(apart.recording.marks, on="ts_event_ns")
    gap_bp = 1e4 * (joined["price_ticks"] * 0.1 / joined["mark_price"] - 1).to_numpy()
    assert gap_bp.std() == pytest.approx(5.0, rel=0.2)
    assert apart.recording.marks.equals(simulate(config).recording.marks)
    market = apart.truth.markets[0]
    beyond = market.prints.select(
        pl.when(pl.col("liquidated") == "long")
        .then(pl.col("mark_price") <= pl.col("liquidation_price"))
        .otherwise(pl.col("mark_price") >= pl.col("liquidation_price"))
    )
    assert beyond.to_series().all()


def test_open_interest_is_sampled_as_asked() -> None:
    config = SimulationConfig(seed=21, days=0.5, warmup_days=0.0, venues=(SimulatedVenue(oi_sample_s=300),))
    samples = simulate(config).recording.open_interest
    assert samples["ts_event_ns"].diff().drop_nulls().unique().to_list() == [300 * 10**9]
    assert samples.height == 12 * 12 + 1


def test_leverage_is_capped_by_the_tier_of_the_position() -> None:
    big = replace(RISKY, size_median_usd=60_000.0)
    opened = world(Engine(tiers=STEEP_TIERS), population=big).truth.markets[0].positions
    notional = (opened["qty"] * opened["entry_price"]).to_numpy()
    tier = np.searchsorted(STEEP_TIERS.floors, notional, side="right") - 1
    cap = 0.5 / np.array(STEEP_TIERS.rates)[tier]
    leverage = opened["leverage"].to_numpy()
    assert (leverage <= cap).all()
    assert (leverage == cap).any()
    assert np.isin(leverage[leverage < cap], RISKY.leverages).all()


# ---- what would be printed ----------------------------------------------------------------------------------------


def test_releases_are_the_prints_that_happened(stepwise: Simulation) -> None:
    market, engine = stepwise.truth.markets[0], stepwise.truth.parameters.venues[0].engine
    first = market.positions.filter(pl.col("from_ns") == pl.col("opened_ns"))
    told = releases(first, engine).join(
        first.with_row_index("row").select("row", "position_id"), on="row", how="left"
    )
    printed = market.prints.filter(pl.col("method").is_in(["liquidation", "partial_liquidation"]))
    ended = market.positions.filter(pl.col("ended_by") == "liquidation")["position_id"]
    # a position that was liquidated to the end printed all that was told, at the prices that were told
    real = (
        printed.filter(pl.col("position_id").is_in(ended.implode()))
        .group_by("position_id")
        .agg(pl.col("qty_native").sum(), price=(pl.col("liquidation_price") * pl.col("qty_native")).sum())
    )
    whole = told.group_by("position_id").agg(
        pl.col("qty").sum(), wanted=(pl.col("price") * pl.col("qty")).sum()
    )
    both = real.join(whole, on="position_id")
    assert both.height > 100
    assert (told.group_by("row").len()["len"] > 1).sum() > 30
    np.testing.assert_allclose(both["qty_native"], both["qty"], rtol=1e-6)
    off = np.abs(both["price"].to_numpy() / both["wanted"].to_numpy() - 1)
    assert np.quantile(off, 0.9) < 0.002


def test_stopped_and_cross_positions_release_nothing() -> None:
    frame = pl.DataFrame(
        {
            "position": ["long", "long", "short"], "entry_price": 100.0, "qty": 2.0, "margin_usd": 10.0,
            "liquidation_price": [95.0, 95.0, None], "stop": [None, 0.5, None],
        }
    )  # fmt: skip
    assert releases(frame, Engine()).rows() == [(0, "long", 100.0, 95.0, 2.0)]
