"""What must hold for any market: mass, sides, touches, time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqatlas.base.grid import LogGrid
from liqatlas.levels.buckets import bucket_offsets
from liqatlas.levels.events import bracket
from liqatlas.levels.flow import flow_bars, opened_and_closed
from liqatlas.levels.segment import Segment, identity
from liqatlas.levels.stream import LevelStream, fold, touched_per_bar
from liqatlas.maps.modelled import RiskTerms, modelled_map, prepare
from tests.oracle.test_levels_naive import GRID, NEAREST, OFFSETS, PARAMETERS, tape

pytestmark = pytest.mark.kernels
TERMS = RiskTerms(0.004, 200.0, (0.0, 0.0), "test")
SEEDS = st.integers(0, 2**31)


def segment(seed: int) -> Segment:
    return fold(
        flow_bars(tape(seed, trades=60, bars=6), GRID, as_of_ns=10**18, nearest=NEAREST), PARAMETERS, OFFSETS
    )


def same(a: Segment, b: Segment, rtol: float) -> bool:
    low, high = min(a.origin, b.origin), max(a.end, b.end)
    return (
        (a.low, a.high) == (b.low, b.high)
        and np.allclose(a.survival, b.survival, rtol=rtol, atol=0)
        and np.allclose(a.window(low, high), b.window(low, high), rtol=rtol, atol=1e-300)
        and np.allclose(a.unlevered, b.unlevered, rtol=rtol, atol=0)
    )


@given(SEEDS, SEEDS, SEEDS)
@settings(max_examples=25)
def test_composition_is_associative_to_rounding(x: int, y: int, z: int) -> None:
    a, b, c = segment(x), segment(y), segment(z)
    assert same(a.then(b).then(c), a.then(b.then(c)), 1e-12)


@given(SEEDS)
@settings(max_examples=15)
def test_the_identity_changes_no_bit(seed: int) -> None:
    one, nothing = segment(seed), identity(len(PARAMETERS.hazard) - 1)
    for joined in (one.then(nothing), nothing.then(one)):
        assert np.array_equal(joined.window(one.origin, one.end), one.inflow)
        assert np.array_equal(joined.survival, one.survival)
        assert np.array_equal(joined.unlevered, one.unlevered)
        assert (joined.low, joined.high) == (one.low, one.high)


@given(SEEDS)
@settings(max_examples=25)
def test_mass_is_never_created_and_never_lost_unsaid(seed: int) -> None:
    flow = flow_bars(tape(seed), GRID, as_of_ns=10**18, nearest=NEAREST)
    opened, closed = opened_and_closed(
        flow.volume, flow.open_interest, theta=PARAMETERS.theta, phi=PARAMETERS.phi
    )
    whole = fold(flow, PARAMETERS, OFFSETS)
    per_bucket = whole.inflow.sum(axis=2)
    assert (per_bucket <= opened.sum(axis=0)[:, None] * (1 + 1e-12)).all()
    assert (whole.inflow >= 0).all()
    touched, _ = touched_per_bar(flow, PARAMETERS, OFFSETS)
    hazard = np.array(PARAMETERS.hazard[:-1])
    left = np.zeros_like(per_bucket)
    for j in range(
        flow.count
    ):  # book-keeping by bucket: what was there, minus closed, minus touched, plus opened
        left = left * (1 - closed[j])[:, None] ** hazard + opened[j][:, None] - touched[j]
    assert np.allclose(left, per_bucket, rtol=1e-9, atol=1e-9)


@given(SEEDS)
@settings(max_examples=20)
def test_touched_levels_are_empty_and_sides_lie_on_their_side(seed: int) -> None:
    recording = tape(seed, marks=False)  # a mark far from the trade can open a position past its level
    stream = LevelStream(PARAMETERS, OFFSETS)
    flow = flow_bars(recording, GRID, as_of_ns=10**18, nearest=NEAREST)
    for j in range(flow.count):
        stream.update(flow, j, j + 1)
        now = stream.segment()
        runs = slice(flow.runs.first[j], flow.runs.first[j + 1])
        touches = flow.runs.low[runs] <= flow.runs.high[runs]
        if not touches.any():
            continue
        last_low, last_high = flow.runs.low[runs][touches][-1], flow.runs.high[runs][touches][-1]
        bins = np.arange(now.origin, now.end)
        assert now.inflow[0][:, bins >= last_low].sum() == 0
        assert now.inflow[1][:, bins <= last_high].sum() == 0


@given(st.floats(0.001, 0.4), st.floats(0.0001, 0.3))
def test_long_levels_lie_below_their_entry_and_short_levels_above(distance: float, width: float) -> None:
    edges = np.array([distance, distance + width])
    offsets = bucket_offsets(edges, LogGrid(0.0005))
    assert (offsets.first >= 1).all()
    total = (
        offsets.weight_first
        + offsets.weight_middle * np.maximum(offsets.last - offsets.first - 1, 0)
        + offsets.weight_last
    )
    assert np.allclose(total, 1.0)


@given(SEEDS, st.floats(0.2, 0.9))
@settings(max_examples=15, deadline=None)
def test_a_map_never_sees_later_data(seed: int, part: float) -> None:
    recording = tape(seed)
    moment = int(part * 18 * 700e9)
    changed = replace(
        recording,
        trades=recording.trades.with_columns(
            price_ticks=pl.when(pl.col("ts_event_ns") > moment)
            .then(pl.col("price_ticks") * 3)
            .otherwise("price_ticks"),
            qty_native=pl.when(pl.col("ts_event_ns") > moment)
            .then(pl.col("qty_native") * 50)
            .otherwise("qty_native"),
        ),
        open_interest=recording.open_interest.with_columns(
            oi_native=pl.when(pl.col("ts_event_ns") > moment).then(0.0).otherwise("oi_native")
        ),
        marks=recording.marks.filter(pl.col("ts_event_ns") <= moment),
    )
    maps = [
        modelled_map(
            [prepare(r, PARAMETERS, TERMS, as_of_ns=moment)], PARAMETERS, as_of_ns=moment, window_ns=10**13
        )
        for r in (recording, changed)
    ]
    assert maps[0].to_json() == maps[1].to_json()


@given(SEEDS)
@settings(max_examples=15)
def test_the_bracket_holds_the_exact_fold(seed: int) -> None:
    flow = flow_bars(tape(seed, marks=False), GRID, as_of_ns=10**18, nearest=NEAREST)
    exact = fold(flow, PARAMETERS, OFFSETS)
    lower = fold(replace(flow, runs=bracket(flow.runs, lower=True)), PARAMETERS, OFFSETS)
    upper = fold(replace(flow, runs=bracket(flow.runs, lower=False)), PARAMETERS, OFFSETS)
    low, high = exact.origin - 5, exact.end + 5
    tiny = 1e-9
    assert (lower.window(low, high) <= exact.window(low, high) + tiny).all()
    assert (exact.window(low, high) <= upper.window(low, high) + tiny).all()


@given(SEEDS, st.sampled_from([0.05, 0.5, 5.0]))
@settings(max_examples=20, deadline=None)
def test_totals_never_exceed_open_interest_and_coverage_adds_up(seed: int, days: float) -> None:
    recording = tape(seed)
    as_of = 18 * 700 * 10**9
    result = modelled_map(
        [prepare(recording, PARAMETERS, TERMS, as_of_ns=as_of)],
        PARAMETERS,
        as_of_ns=as_of,
        window_ns=int(days * 86400e9),
    )
    assert result.head.coverage is not None
    for total, side in (
        (result.long_usd.sum(), result.head.coverage.long),
        (result.short_usd.sum(), result.head.coverage.short),
    ):
        assert total <= side.open_interest_usd * (1 + 1e-12)
        assert np.isclose(total, side.explained_usd, rtol=1e-9)
        parts = side.explained_usd + side.outside_window_usd + side.older_usd + side.unreachable_usd
        assert np.isclose(parts, side.open_interest_usd, rtol=1e-9)
    curve = result.cumulative()
    assert np.isclose(curve.long_usd[0], result.long_usd.sum())
    assert np.isclose(curve.short_usd[-1], result.short_usd.sum())
    price = result.head.price
    assert result.long_usd[result.price_edges[:-1] > price].sum() == 0
    assert result.short_usd[result.price_edges[1:] < price].sum() == 0
