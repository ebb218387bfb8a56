"""A map that follows the feed ends where the batch does, and shows what is not closed yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.flows.ingest import keep
from liqatlas.flows.live_map import GRACE_NS, LiveMap
from liqatlas.flows.segments import recipe, update
from liqatlas.flows.stored_history import StoredHistory
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.flow import flow_bars
from liqatlas.levels.parameters import load_parameters
from liqatlas.levels.stream import fold
from liqatlas.store import Lake
from liqatlas.venues.rows import RowBatch
from tests.unit.flows.markets import START, X, trades_market

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

pytestmark = pytest.mark.kernels
PARAMETERS = load_parameters()
TERMS = risk_terms(X, START)


def feed(recording: Recording, live: LiveMap, *, after_ns: int, step_ns: int = MINUTE_NS) -> None:
    """Hand a recording's rows to a live map as a feed would, step by step."""
    tables = {name: getattr(recording, name) for name in ("trades", "marks", "open_interest")}
    span = recording.span_ns()
    assert span is not None
    for begin in range(after_ns, span[1] + 1, step_ns):
        batch = RowBatch()
        for name, table in tables.items():
            batch.extend(
                name,
                X.symbol,
                table.filter(pl.col("ts_event_ns").is_between(begin, begin + step_ns - 1)).rows(),
            )
        live.take(batch)


def test_closed_history_has_the_bits_of_a_batch() -> None:
    recording = trades_market(8, 6)
    first = int(recording.open_interest[0, "ts_event_ns"])
    last = int(recording.open_interest[-1, "ts_event_ns"])
    known = replace(
        recording,
        trades=recording.trades.filter(pl.col("ts_event_ns").is_between(first, last - 1)),
        marks=recording.marks.filter(pl.col("ts_event_ns").is_between(first, last)),
    )
    live = LiveMap(X, PARAMETERS, TERMS)
    feed(known, live, after_ns=first)
    closing = RowBatch()
    closing.add("marks", X.symbol, (last + GRACE_NS, 60_000.0, None))
    live.take(closing)
    made_with = recipe(PARAMETERS, TERMS)
    flow = flow_bars(known, made_with.grid, as_of_ns=last, nearest=made_with.nearest)
    ends = flow.edges_ns[:-1] < last
    batch = fold(flow, PARAMETERS, made_with.offsets, 0, int(ends.sum())).trimmed()
    got = live.segment().trimmed()
    assert live.late == 0
    assert got.inflow.any()
    assert (got.low, got.high, got.origin) == (batch.low, batch.high, batch.origin)
    assert np.array_equal(got.inflow, batch.inflow)
    assert np.array_equal(got.survival, batch.survival)


def test_it_goes_on_from_the_lake_and_shows_the_running_bar(tmp_path: Path) -> None:
    recording = trades_market(30, 7)
    cut = START + 26 * HOUR_NS
    made_with = recipe(PARAMETERS, TERMS)
    with Lake.create(tmp_path / "lake") as lake:
        keep(lake, recording.until(cut))
        update(lake, X, made_with, cut)
        live = LiveMap(X, PARAMETERS, TERMS, history=StoredHistory(lake, X, made_with, cut))
    assert live.levels() is None  # no sample and no price yet
    feed(recording, live, after_ns=cut + 1)
    shown = live.levels()
    assert shown is not None
    assert shown.usd.any()
    here = shown.grid.bin(shown.mark) - shown.origin
    assert not shown.usd[0, here:].any()
    assert not shown.usd[1, : here + 1].any()
    oi_usd = float(recording.open_interest[-1, "oi_native"]) * shown.mark
    assert (shown.usd.sum(axis=1) <= oi_usd * 1.001).all()
    crash = RowBatch()
    crash.add("marks", X.symbol, (shown.newest_ns + 1, shown.mark * 0.7, None))
    live.take(crash)
    after = live.levels()
    assert after is not None
    reached = after.grid.bin(shown.mark * 0.7)
    assert not after.usd[
        0, reached - after.origin :
    ].any()  # every long level above the crash is gone at once
    assert after.usd[1].sum() >= 0.99 * shown.usd[1].sum() * 0.7  # shorts stay, worth less


def test_rows_of_a_bar_that_is_closed_are_counted() -> None:
    live = LiveMap(X, PARAMETERS, TERMS)
    batch = RowBatch()
    batch.add("open_interest", X.symbol, (START, 1_000.0, 1_000.0, None))
    batch.add("trades", X.symbol, (START - 1, 600_000, 1.0, True, 1))
    batch.add("marks", X.symbol, (START - 1, 60_000.0, None))
    assert live.take(batch)
    assert live.late == 2
    assert not live.take(RowBatch())
