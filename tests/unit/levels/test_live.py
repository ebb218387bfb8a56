"""Events one by one give the bits of the batch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from liqatlas.base.errors import InputError
from liqatlas.levels.flow import flow_bars
from liqatlas.levels.live import LiveFlow
from liqatlas.levels.stream import LevelStream, fold
from tests.oracle.test_levels_naive import GRID, NEAREST, OFFSETS, PARAMETERS, tape

pytestmark = pytest.mark.kernels


def test_a_live_stream_of_events_ends_with_the_bits_of_the_batch() -> None:
    recording = tape(11)
    batch_flow = flow_bars(recording, GRID, as_of_ns=10**18, nearest=NEAREST)
    batch = fold(batch_flow, PARAMETERS, OFFSETS)
    interest = list(zip(batch_flow.edges_ns.tolist(), batch_flow.open_interest.tolist(), strict=True))
    events = [
        (t, 1, row)
        for t, *row in recording.trades.select(
            "ts_event_ns", "price_ticks", "qty_native", "taker_buy"
        ).iter_rows()
    ]
    events += [(t, 0, [p]) for t, p in recording.marks.select("ts_event_ns", "mark_price").iter_rows()]
    events.sort(key=lambda e: (e[0], e[1]))
    live = LiveFlow(GRID, Decimal("0.01"), NEAREST, start_ns=interest[0][0], open_interest=interest[0][1])
    stream = LevelStream(PARAMETERS, OFFSETS)
    position = 0
    for moment, value in interest[1:]:
        while position < len(events) and (
            events[position][0] < moment or (events[position][1] == 0 and events[position][0] == moment)
        ):
            when, is_trade, row = events[position]
            if is_trade:
                live.trade(when, row[0], row[1], taker_buy=row[2])
            else:
                live.mark(when, row[0])
            position += 1
        live.running(moment)
        stream.update(live.open_interest(moment, value))
    assert position == len(events)
    got = stream.segment()
    assert (got.low, got.high) == (batch.low, batch.high)
    low, high = min(got.origin, batch.origin), max(got.end, batch.end)
    assert np.array_equal(got.window(low, high), batch.window(low, high))
    assert np.array_equal(got.survival, batch.survival)


def test_a_running_bar_moves_levels_before_it_closes() -> None:
    live = LiveFlow(GRID, Decimal("0.01"), NEAREST, start_ns=0, open_interest=100.0)
    live.trade(10, 10_000, 5.0, taker_buy=True)
    live.mark(20, 97.0)
    bar = live.running(30)
    assert bar.last_is_provisional
    assert bar.volume.tolist() == [5.0]
    assert bar.runs.low.min() == GRID.bin(97.0)


def test_an_event_older_than_the_running_bar_is_refused() -> None:
    live = LiveFlow(GRID, Decimal("0.01"), NEAREST, start_ns=0, open_interest=100.0)
    live.mark(20, 97.0)
    live.trade(19, 9_700, 1.0, taker_buy=False)  # its order within the bar does not matter
    assert live.open_interest(30, 101.0).volume.tolist() == [1.0]
    with pytest.raises(InputError, match="was closed"):
        live.trade(29, 9_700, 1.0, taker_buy=False)
    with pytest.raises(InputError, match="sort samples by time"):
        live.open_interest(30, 101.0)


def test_the_order_of_arrival_within_a_bar_changes_no_bit() -> None:
    recording = tape(12)
    trades, rng = recording.trades, np.random.default_rng(1)
    moment = int(trades[-1, "ts_event_ns"]) + 1
    bars = []
    for order in (np.arange(trades.height), rng.permutation(trades.height)):
        live = LiveFlow(GRID, Decimal("0.01"), NEAREST, start_ns=0, open_interest=100.0)
        rows = trades.with_columns(pl.col("ts_event_ns") + pl.int_range(pl.len()))[order]
        for part in rows.iter_slices(97):
            live.trades(
                *(part[c].to_numpy() for c in ("ts_event_ns", "price_ticks", "qty_native", "taker_buy"))
            )
            live.news()
        bars.append(live.open_interest(moment + trades.height, 90.0))
    one, other = (bar.runs for bar in bars)
    assert np.array_equal(one.entry, other.entry)
    assert np.array_equal(one.qty, other.qty)
    assert np.array_equal(one.low, other.low)


def test_news_ahead_of_the_bar_come_close_to_it_and_are_forgotten_when_it_closes() -> None:
    recording = tape(13)
    flow = flow_bars(recording, GRID, as_of_ns=10**18, nearest=NEAREST)
    middle = int(flow.edges_ns[flow.count // 2])
    weights = np.array(PARAMETERS.weights)
    interest = 50 * float(flow.open_interest[flow.count // 2])  # the tape turns its own over in no time
    stream, exact = (LevelStream(PARAMETERS, OFFSETS) for _ in range(2))
    for one in (stream, exact):
        one.update(flow, 0, flow.count // 2)
    live = LiveFlow(GRID, Decimal("0.01"), NEAREST, start_ns=middle, open_interest=interest)
    later = recording.trades.filter(pl.col("ts_event_ns") >= middle).head(400)
    for part in later.iter_slices(20):
        live.trades(*(part[c].to_numpy() for c in ("ts_event_ns", "price_ticks", "qty_native", "taker_buy")))
        news = live.news()
        assert news is not None
        stream.run_ahead(news)
    assert live.news() is None
    end = int(later[-1, "ts_event_ns"]) + 1
    running = live.running(end)
    exact.update(running)
    shown, wanted = stream.density(weights), exact.density(weights)
    closed_share = PARAMETERS.phi * float(running.volume[0]) / interest
    # what opened ahead of the bar's end is closed by what follows in it, in the bar itself it is not
    assert np.abs(_on(shown, wanted) - wanted[1]).sum() < 1.5 * closed_share * wanted[1].sum()
    assert closed_share < 0.1
    closed = live.open_interest(end, interest)
    stream.update(closed)
    assert np.array_equal(_on(stream.density(weights), wanted), wanted[1])


def _on(shown: tuple[int, Any, Any], wanted: tuple[int, Any, Any]) -> Any:
    """Return levels on the bins of others; what lies outside must be nothing."""
    out, shift = np.zeros_like(wanted[1]), shown[0] - wanted[0]
    for b in np.flatnonzero(shown[1].any(axis=0)):
        out[:, b + shift] = shown[1][:, b]
    return out
