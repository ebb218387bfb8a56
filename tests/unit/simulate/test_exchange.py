"""The minimal form: tables, flow identity, open interest, prints, determinism."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.simulate import PricePath, SimulationConfig, exchange, paths, simulate, tape

if TYPE_CHECKING:
    from liqatlas.base.recording import Recording
    from liqatlas.simulate import Simulation

WORLD_IN_ANOTHER_PROCESS = """
from tests.unit.simulate.test_exchange import digest, hard_world
from liqatlas.simulate import simulate
print(digest(simulate(hard_world())))
"""


def hard_world() -> SimulationConfig:
    """Return a small world in which every switch is on and much is liquidated."""
    from liqatlas.simulate import full_config
    from tests.unit.simulate.conftest import RISKY

    full = full_config(seed=5, days=0.15)
    crowd = replace(
        full.population, leverages=RISKY.leverages, long_mix=RISKY.long_mix, short_mix=RISKY.short_mix
    )
    gaps = PricePath(jumps_per_week=350.0, jump_floor=0.03, jump_minutes=0.01)
    return replace(full, warmup_days=0.05, population=crowd, mark_step_s=20, path=gaps)


def digest(simulation: Simulation) -> str:
    """Return a hash over every bit of every table, public and hidden."""
    out = hashlib.sha256()
    frames = [frame for recording in simulation.recordings for frame in recording.tables().values()]
    for market in simulation.truth.markets:
        frames += [market.positions, market.prints, market.flows, market.marks]
    frames.append(simulation.truth.levels(simulation.config.end_ns))
    for frame in frames:
        out.update(frame.write_csv(float_precision=None, include_header=True).encode())
        for column in frame.select(pl.col(pl.Float64)).iter_columns():
            out.update(column.fill_null(float("nan")).to_numpy().tobytes())
    return out.hexdigest()


def in_another_process(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WORLD_IN_ANOTHER_PROCESS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_every_table_has_the_shared_schema_and_order(two_by_two: Simulation) -> None:
    for recording in two_by_two.recordings:
        tables = recording.tables()
        assert set(tables) == {"trades", "marks", "open_interest", "funding", "liquidations"}
        for name, frame in tables.items():
            table = schemas.ALL_TABLES[name]
            assert frame.schema == table.schema
            assert table.conform(frame).equals(frame)
            assert frame["ts_event_ns"].is_sorted()


def test_everything_is_labelled_simulated(two_by_two: Simulation) -> None:
    for recording in two_by_two.recordings:
        assert recording.simulated
        assert recording.instrument.venue.startswith("simulated")
        assert all("SIMULATED" in source for source in recording.sources)


def test_rows_lie_inside_the_recording(two_by_two: Simulation) -> None:
    config = two_by_two.config
    for recording in two_by_two.recordings:
        for name in ("trades", "liquidations"):
            moments = getattr(recording, name)["ts_event_ns"]
            assert moments.min() >= config.start_ns
            assert moments.max() < config.end_ns
        assert recording.marks["ts_event_ns"][0] == config.start_ns
        assert recording.marks["ts_event_ns"][-1] == config.end_ns
        steps = recording.marks["ts_event_ns"].diff().drop_nulls().unique().to_list()
        assert steps == [config.mark_step_s * 10**9]


def test_flow_identity_holds_in_whole_lots_in_every_interval(two_by_two: Simulation) -> None:
    for market in two_by_two.truth.markets:
        flows, change = market.flows, market.flows["oi_close"] - market.flows["oi_open"]
        opened = flows["opened_long"] + flows["opened_short"]
        closed = flows["closed_long"] + flows["closed_short"]
        assert flows["volume"].sum() > 0
        assert (opened == flows["volume"] + change).all()
        assert (closed == flows["volume"] - change).all()
        assert (flows["off_book"] == 0).all()


def test_public_tables_add_up_to_the_hidden_flows(two_by_two: Simulation) -> None:
    for recording, market in zip(two_by_two.recordings, two_by_two.truth.markets, strict=True):
        lots = np.rint(recording.trades["qty_native"].to_numpy() / float(recording.instrument.lot_size))
        edges = np.append(market.flows["ts_open_ns"].to_numpy(), market.flows["ts_close_ns"][-1])
        volume, _ = np.histogram(recording.trades["ts_event_ns"].to_numpy(), edges, weights=lots)
        in_range = volume[:-1]  # the histogram's last interval includes its end
        assert (in_range == market.flows["volume"].to_numpy()[:-1]).all()
        interest = np.rint(
            recording.open_interest["oi_native"].to_numpy() / float(recording.instrument.lot_size)
        )
        assert (interest[:-1] == market.flows["oi_open"].to_numpy()).all()
        assert (interest[1:] == market.flows["oi_close"].to_numpy()).all()


def test_longs_equal_shorts_after_every_trade(minimal: Simulation) -> None:
    config = minimal.config
    index = paths.index_paths(config)
    world, _ = exchange._live(config, config.venues[0], index)
    seen = tape.make_tape(config, config.venues[0], index, world, coin=0)
    longs = np.cumsum(seen.opened_long - seen.closed_long)
    shorts = np.cumsum(seen.opened_short - seen.closed_short)
    assert (longs == shorts).all()
    assert longs.min() >= 0
    assert (
        min(a.min() for a in (seen.opened_long, seen.opened_short, seen.closed_long, seen.closed_short)) >= 0
    )


def test_open_interest_covers_the_living_positions_on_both_sides(minimal: Simulation) -> None:
    lot = float(minimal.recording.instrument.lot_size)
    for moment, interest in minimal.recording.open_interest.select("ts_event_ns", "oi_native").rows()[::97]:
        living = minimal.truth.levels(moment - 1)
        for position in ("long", "short"):
            held = living.filter(pl.col("position") == position)["qty"].sum()
            assert 0 < held <= interest + lot / 2  # the rest is held by makers


def test_prints_are_the_liquidated_positions(minimal: Simulation) -> None:
    market, config = minimal.truth.markets[0], minimal.config
    ended = market.positions.filter(
        (pl.col("ended_by") == "liquidation")
        & pl.col("until_ns").is_between(config.start_ns, config.end_ns, closed="left")
    )
    prints = minimal.recording.liquidations
    assert prints.height == ended.height > 200
    assert sorted(market.prints["position_id"].to_list()) == sorted(ended["position_id"].to_list())
    assert np.allclose(prints["qty_native"].to_numpy().sum(), ended["qty"].to_numpy().sum())
    assert np.allclose(prints["notional_usd"], prints["qty_native"] * prints["price"])


def test_every_print_is_also_a_trade_on_the_right_side(minimal: Simulation) -> None:
    recording = minimal.recording
    tick = float(recording.instrument.tick_size)
    trades = recording.trades.with_columns(price=(pl.col("price_ticks") / (1 / tick)).round(4))
    found = recording.liquidations.with_columns(pl.col("price").round(4)).join(
        trades, on=["ts_event_ns", "price", "qty_native"], how="left"
    )
    assert found["taker_buy"].null_count() == 0
    assert (found["taker_buy"] == (found["liquidated"] == "short")).all()  # a liquidated long sells


def test_trades_stay_within_a_tick_of_the_mark_without_basis_noise(minimal: Simulation) -> None:
    recording = minimal.recording
    joined = recording.trades.join_asof(recording.marks, on="ts_event_ns")
    tick = float(recording.instrument.tick_size)
    distance = (joined["price_ticks"] * tick - joined["mark_price"]).abs().max()
    assert isinstance(distance, float)
    assert distance <= tick * 1.01


def test_trade_sizes_are_spread_like_a_log_normal(minimal: Simulation) -> None:
    market = minimal.truth.markets[0]
    opened = market.positions.unique("position_id")
    log_usd = np.log((opened["qty"] * opened["entry_price"]).to_numpy())
    who = minimal.config.population
    assert abs(np.median(log_usd) - np.log(who.size_median_usd)) < 0.1
    assert abs(log_usd.std() - who.size_sigma) < 0.1


def test_the_same_seed_gives_the_same_world_and_another_does_not() -> None:
    small = SimulationConfig(seed=3, days=0.05, warmup_days=0.0)
    assert digest(simulate(small)) == digest(simulate(small))
    assert digest(simulate(small)) != digest(simulate(replace(small, seed=4)))


def test_a_venue_does_not_change_when_another_joins(two_by_two: Simulation) -> None:
    alone = simulate(replace(two_by_two.config, venues=two_by_two.config.venues[:1]))
    pair: tuple[Recording, Recording] = (alone.recordings[0], two_by_two.recordings[0])
    assert pair[0].trades.equals(pair[1].trades)
    assert pair[0].liquidations.equals(pair[1].liquidations)


def test_other_processes_compiled_or_not_give_the_same_bits() -> None:
    here = digest(simulate(hard_world()))
    assert in_another_process(PYTHONHASHSEED="77") == here
    assert in_another_process(NUMBA_DISABLE_JIT="1") == here


@pytest.mark.parametrize("changed", [{"seed": 2}, {"days": 0.02}])
def test_the_configuration_travels_with_the_result(changed: dict[str, float]) -> None:
    config = replace(SimulationConfig(seed=1, days=0.01, warmup_days=0.0), **changed)  # type: ignore[arg-type]
    simulation = simulate(config)
    assert simulation.config == config == simulation.truth.parameters
