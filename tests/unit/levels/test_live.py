"""Events one by one give the bits of the batch."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
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


def test_a_late_event_is_refused() -> None:
    live = LiveFlow(GRID, Decimal("0.01"), NEAREST, start_ns=0, open_interest=100.0)
    live.mark(20, 97.0)
    with pytest.raises(InputError, match="sort events by time"):
        live.trade(19, 9_700, 1.0, taker_buy=False)
