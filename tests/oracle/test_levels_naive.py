"""The compiled fold equals the plain loop, trade by trade, on random tapes."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.grid import LogGrid
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.levels.buckets import bucket_offsets
from liqatlas.levels.flow import FlowBars, flow_bars, opened_and_closed
from liqatlas.levels.parameters import EstimatorParameters
from liqatlas.levels.stream import LevelStream, fold, touched_per_bar
from tests.oracle import naive

pytestmark = pytest.mark.kernels
S = 1_000_000_000
EDGES = [0.004, 0.01, 0.03, 0.08]
STEP = 0.002
PARAMETERS = EstimatorParameters(
    name="test",
    version="1",
    made_on="2026-01-01",
    made_by="here",
    data_until="2020-01-01",
    status="test",
    grid_step=STEP,
    bucket_edges=tuple(EDGES),
    hazard=(3.0, 1.0, 0.4, 0.2),
    weights=(0.2, 0.3, 0.4, 0.1),
    phi=0.7,
    theta=0.4,
)
GRID = LogGrid(STEP)
OFFSETS = bucket_offsets(np.array(EDGES), GRID)
NEAREST = (int(OFFSETS.first[0].min()), int(OFFSETS.first[1].min()))


def tape(
    seed: int, *, trades: int = 240, bars: int = 18, volatility: float = 0.004, marks: bool = True
) -> Recording:
    """A random market whose bars often move further than the nearest level, across several hours."""
    rng = np.random.default_rng(seed)
    price = 100 * np.exp(np.cumsum(rng.normal(0, volatility, trades)))
    moments = np.sort(rng.integers(0, bars * 700 * S, trades))
    samples = np.arange(bars + 1) * 700 * S
    interest = 50 + np.cumsum(rng.normal(0, 2.0, bars + 1))
    mark_at = np.sort(rng.integers(0, bars * 700 * S, 40)) if marks else np.array([], np.int64)
    level = price[np.maximum(np.searchsorted(moments, mark_at) - 1, 0)] * np.exp(
        rng.normal(0, 0.002, len(mark_at))
    )
    return Recording(
        Instrument("test", "X", "X", tick_size=Decimal("0.01")),
        trades=schemas.TRADES.conform(
            pl.DataFrame(
                {
                    "ts_event_ns": moments,
                    "price_ticks": np.rint(price * 100).astype(np.int64),
                    "qty_native": rng.exponential(1.0, trades),
                    "taker_buy": rng.random(trades) < 0.5,
                }
            )
        ),
        marks=schemas.MARKS.conform(pl.DataFrame({"ts_event_ns": mark_at, "mark_price": level})),
        open_interest=schemas.OPEN_INTEREST.conform(
            pl.DataFrame({"ts_event_ns": samples, "oi_native": interest, "oi_published": interest})
        ),
    )


def naive_events(recording: Recording, edges: list[int]) -> list[list[tuple[int, int, int, float]]]:
    """Every trade and every mark as an event of its own, in time order, marks first at the same moment."""
    merged = [(int(t), 0, p, 0.0) for t, p in recording.marks.select("ts_event_ns", "mark_price").iter_rows()]
    merged += [
        (int(t), 1, ticks * 0.01, q)
        for t, ticks, q in recording.trades.select("ts_event_ns", "price_ticks", "qty_native").iter_rows()
    ]
    merged.sort(key=lambda e: (e[0], e[1]))
    basis, last_trade, last_entry = 0.0, math.nan, None
    out: list[list[tuple[int, int, int, float]]] = [[] for _ in edges[1:]]
    for moment, is_trade, price, qty in merged:
        coordinate = math.log(price) / STEP
        inside = edges[0] <= moment and (moment < edges[-1] or (not is_trade and moment <= edges[-1]))
        bar = next(
            (
                j
                for j in range(len(out))
                if moment < edges[j + 1] or (not is_trade and moment <= edges[j + 1])
            ),
            0,
        )
        if is_trade:
            last_trade = coordinate
            touched = math.floor(coordinate + basis)
            entry = last_entry = math.floor(coordinate)
        else:
            if not math.isnan(last_trade):
                basis = coordinate - last_trade
            touched = math.floor(coordinate)
            last_entry = last_entry if last_entry is not None else touched
            entry = touched
        if inside:
            out[bar].append((entry, touched, touched, qty if is_trade else 0.0))
    return out


def run_naive(recording: Recording, flow: FlowBars) -> tuple[naive.NaiveState, list[list[list[float]]]]:
    state = naive.NaiveState(EDGES, STEP, list(PARAMETERS.hazard))
    touched = []
    events = naive_events(recording, flow.edges_ns.tolist())
    for j, bar in enumerate(events):
        volume = sum(e[3] for e in bar)
        before, after = float(flow.open_interest[j]), float(flow.open_interest[j + 1])
        opened, closed = naive.opened_and_closed(volume, before, after, PARAMETERS.theta, PARAMETERS.phi)
        if volume == 0:
            entry = next(
                (e[0] for e in reversed([x for b in events[: j + 1] for x in b]) if e[3] > 0),
                bar[-1][0] if bar else 0,
            )
            bar = [*bar, (entry, 1, 0, 1.0)]  # noqa: PLW2901
        touched.append(naive.fold_trades(state, bar, (opened[0], opened[1]), (closed[0], closed[1])))
    return state, touched


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("marks", [True, False])
def test_fold_equals_the_plain_loop(seed: int, marks: bool) -> None:
    recording = tape(seed, marks=marks)
    flow = flow_bars(recording, GRID, as_of_ns=10**18, nearest=NEAREST)
    segment = fold(flow, PARAMETERS, OFFSETS)
    state, touched = run_naive(recording, flow)
    for p in range(2):
        for k in range(len(EDGES) - 1):
            got = {
                segment.origin + int(b): float(segment.inflow[p, k, b])
                for b in np.flatnonzero(segment.inflow[p, k])
            }
            wanted = {b: m for b, m in state.mass[p][k].items() if m > 0}
            assert got.keys() == wanted.keys()
            assert np.allclose([got[b] for b in wanted], list(wanted.values()), rtol=1e-11, atol=0)
    assert np.allclose(segment.survival, state.survival, rtol=1e-12)
    assert np.allclose(segment.unlevered, state.unlevered, rtol=1e-12)
    assert (segment.low, segment.high) == (state.low, state.high)
    hits, flat = touched_per_bar(flow, PARAMETERS, OFFSETS)
    assert np.allclose(hits, np.array(touched), rtol=1e-10, atol=1e-12)
    assert np.allclose(flat.inflow, segment.inflow, rtol=1e-11, atol=0)
    assert hits.sum() > 0, "the tape must touch something or this test proves nothing"


def test_stream_and_batch_give_the_same_bits() -> None:
    flow = flow_bars(tape(3), GRID, as_of_ns=10**18, nearest=NEAREST)
    batch = fold(flow, PARAMETERS, OFFSETS)
    stream = LevelStream(PARAMETERS, OFFSETS)
    for j in range(flow.count):
        stream.update(flow, j, j + 1)
        stream.segment()
        stream.density(np.array(PARAMETERS.weights))
    live = stream.segment()
    assert (live.low, live.high, live.origin) == (batch.low, batch.high, batch.origin)
    for name in ("survival", "inflow", "unlevered"):
        assert np.array_equal(getattr(live, name), getattr(batch, name)), name


def test_density_is_the_weighted_segment() -> None:
    flow = flow_bars(tape(5), GRID, as_of_ns=10**18, nearest=NEAREST)
    stream = LevelStream(PARAMETERS, OFFSETS)
    weights = np.array(PARAMETERS.weights)
    for j in range(0, flow.count, 4):
        stream.update(flow, j, min(j + 4, flow.count))
        segment = stream.segment()
        origin, levels, unlevered = stream.density(weights)
        assert origin == segment.origin
        assert np.allclose(
            levels, np.einsum("k,pkb->pb", weights[:-1], segment.inflow), rtol=1e-12, atol=1e-15
        )
        assert np.allclose(unlevered, weights[-1] * segment.unlevered, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_history_splits_anywhere(seed: int) -> None:
    flow = flow_bars(tape(seed), GRID, as_of_ns=10**18, nearest=NEAREST)
    whole = fold(flow, PARAMETERS, OFFSETS)
    for cut in (1, 5, flow.count - 1):
        joined = fold(flow, PARAMETERS, OFFSETS, 0, cut).then(fold(flow, PARAMETERS, OFFSETS, cut))
        low, high = min(whole.origin, joined.origin), max(whole.end, joined.end)
        assert np.allclose(joined.window(low, high), whole.window(low, high), rtol=1e-11, atol=1e-15)
        assert np.allclose(joined.survival, whole.survival, rtol=1e-12)
        assert (joined.low, joined.high) == (whole.low, whole.high)


def test_flow_identity_holds_and_matches_the_plain_loop() -> None:
    rng = np.random.default_rng(0)
    interest = 100 + np.cumsum(rng.normal(0, 3, 50))
    volume = np.abs(np.diff(interest)) + rng.exponential(5, 49)
    opened, share = opened_and_closed(volume, interest, theta=0.3, phi=1.0)
    change = np.diff(interest)
    closed = share * interest[:-1, None]
    assert np.allclose(opened.sum(axis=1), volume + change)
    assert np.allclose(closed.sum(axis=1), volume - change)
    assert np.allclose(opened[:, 0] - closed[:, 0], change)
    assert np.allclose(opened[:, 1] - closed[:, 1], change)
    for j in range(49):
        wanted = naive.opened_and_closed(volume[j], interest[j], interest[j + 1], 0.3, 1.0)
        assert np.allclose((opened[j], share[j]), wanted)
