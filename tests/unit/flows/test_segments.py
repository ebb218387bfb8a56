"""Maps composed of sealed segments have the bits of one fold over all rows; what is sealed follows the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, parse_time
from liqatlas.flows.ingest import keep
from liqatlas.flows.segments import cuts, recipe, update
from liqatlas.flows.stored_history import StoredHistory
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters
from liqatlas.maps.modelled import _segments, prepare
from liqatlas.store import Lake
from tests.unit.flows.markets import START, X, bars_market, trades_market

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.segments import Recipe
    from liqatlas.levels.segment import Segment

PARAMETERS = load_parameters()
TERMS = risk_terms(X, START)
RECIPE: Recipe = recipe(PARAMETERS, TERMS)
HOURS = 80


def same(a: Segment, b: Segment) -> bool:
    a, b = a.trimmed(), b.trimmed()
    return (
        (a.low, a.high, a.origin) == (b.low, b.high, b.origin)
        and np.array_equal(a.survival, b.survival)
        and np.array_equal(a.inflow, b.inflow)
        and np.array_equal(a.unlevered, b.unlevered)
    )


def assert_same_bits(lake: Lake, recording: Recording, as_of: int, window: int) -> None:
    prepared = prepare(recording, PARAMETERS, TERMS, as_of_ns=as_of)
    whole, part = _segments(prepared, PARAMETERS, as_of - window)
    history = StoredHistory(lake, X, RECIPE, as_of)
    stored_whole, stored_part = history.segments(as_of - window)
    assert same(whole, stored_whole)
    assert same(part, stored_part)
    assert part.inflow.any() == stored_part.inflow.any()


def newest(recording: Recording) -> int:
    span = recording.span_ns()
    assert span is not None
    return span[1]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "lake")


MOMENTS = [HOURS * 60.0, HOURS * 60 - 200.0, 60 * 30.0, 60 * 27 + 0.5, 60 * 3.0, 61.0]


@pytest.mark.parametrize("make", [bars_market, trades_market])
@pytest.mark.parametrize("seed", [1, 2])
def test_any_window_as_of_any_moment_has_the_bits_of_a_batch(
    lake: Lake, make: Callable[[int, int], Recording], seed: int
) -> None:
    recording = make(HOURS, seed)
    keep(lake, recording)
    assert update(lake, X, RECIPE, newest(recording)) > HOURS * 0.9
    for minutes in MOMENTS:
        as_of = START + round(minutes * MINUTE_NS)
        for window in (20 * MINUTE_NS, 5 * HOUR_NS, 26 * HOUR_NS, 60 * HOUR_NS, 365 * DAY_NS):
            assert_same_bits(lake, recording, as_of, window)


@pytest.mark.kernels
def test_few_trades_across_a_month_s_end(lake: Lake) -> None:
    recording = trades_market(54, 3, per_hour=12)
    keep(lake, recording)
    update(lake, X, RECIPE, newest(recording))
    for window in (20 * MINUTE_NS, 30 * HOUR_NS):
        assert_same_bits(lake, recording, newest(recording), window)


@pytest.mark.parametrize("make", [bars_market, trades_market])
def test_sealing_as_hours_arrive_gives_the_same_bits(
    lake: Lake, make: Callable[[int, int], Recording]
) -> None:
    recording = make(HOURS, 3)
    for upto in (7, 8, 31, 55, HOURS):
        so_far = recording.until(START + upto * HOUR_NS)
        keep(lake, so_far)
        update(lake, X, RECIPE, newest(so_far))
        assert_same_bits(lake, so_far, newest(so_far), 24 * HOUR_NS)


def test_a_busy_day_is_sealed_hour_by_hour_to_the_same_bits(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liqatlas.flows.lake_flow.TRADES_AT_ONCE", 50)
    monkeypatch.setattr("liqatlas.store.parquet.BATCH_ROWS", 100)  # and read from the middle of its file
    recording = trades_market(HOURS, 8)
    keep(lake, recording)
    update(lake, X, RECIPE, newest(recording))
    for minutes in MOMENTS[:3]:
        assert_same_bits(lake, recording, START + round(minutes * MINUTE_NS), 26 * HOUR_NS)


def test_late_rows_are_folded_in(lake: Lake) -> None:
    recording = trades_market(HOURS, 4)
    hole = pl.col("ts_event_ns").is_between(START + 31 * HOUR_NS, START + 32 * HOUR_NS)
    holed = replace(recording, trades=recording.trades.filter(~hole))
    assert holed.trades.height < recording.trades.height
    keep(lake, holed)
    update(lake, X, RECIPE, newest(holed))
    lake.ingest("trades", X, recording.trades.filter(hole))
    assert update(lake, X, RECIPE, newest(recording)) > 0
    assert_same_bits(lake, recording, newest(recording), 60 * HOUR_NS)


def test_an_update_that_died_half_way_is_finished_by_the_next(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = bars_market(HOURS, 5)
    keep(lake, recording)
    monkeypatch.setattr("liqatlas.flows.segments._DAYS_AT_ONCE", 1)
    write, calls = Lake.write_segments, 0

    def dying(self: Lake, *args: object, **kwargs: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        write(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Lake, "write_segments", dying)
    with pytest.raises(KeyboardInterrupt):
        update(lake, X, RECIPE, newest(recording))
    monkeypatch.setattr(Lake, "write_segments", write)
    assert_same_bits(
        lake, recording, newest(recording), 30 * HOUR_NS
    )  # what is sealed serves, the rest is folded
    update(lake, X, RECIPE, newest(recording))
    assert_same_bits(lake, recording, newest(recording), 30 * HOUR_NS)
    assert update(lake, X, RECIPE, newest(recording)) == 0


def test_a_window_is_a_handful_of_stretches() -> None:
    a, b = parse_time("2025-03-14T05:00Z"), parse_time("2026-03-14T05:00Z")
    assert cuts(a, b) == [
        ("hour", a, parse_time("2025-03-15")),
        ("day", parse_time("2025-03-15"), parse_time("2025-04-01")),
        ("month", parse_time("2025-04-01"), parse_time("2026-03-01")),
        ("day", parse_time("2026-03-01"), parse_time("2026-03-14")),
        ("hour", parse_time("2026-03-14"), b),
    ]
    inside = parse_time("2026-03-14T07:00Z")
    assert cuts(b, inside) == [("hour", b, inside)]
    assert cuts(b, b) == []
    for start in range(a, a + 40 * DAY_NS, 7 * HOUR_NS):
        for end in range(start, start + 70 * DAY_NS, 31 * HOUR_NS):
            found = cuts(start, end)
            bounds = [start, *[x for _, low, high in found for x in (low, high)], end]
            assert bounds[::2] == bounds[1::2]  # they meet, and leave nothing out


def test_segments_outlive_the_trades_they_were_made_of(lake: Lake) -> None:
    recording = trades_market(HOURS, 9)
    keep(lake, recording)
    end = newest(recording)
    update(lake, X, RECIPE, end)
    before, _ = StoredHistory(lake, X, RECIPE, end).segments(0)
    removed = lake.retain(keep_days={"trades": 1, "marks": 1}, at_ns=end)
    assert removed.removed
    oldest = next(f.first_event_ns for f in lake.freshness(X.venue, X.symbol) if f.dataset == "trades")
    assert oldest > START + 24 * HOUR_NS
    assert update(lake, X, RECIPE, end) == 0  # what fell off the end is not folded anew
    after = StoredHistory(lake, X, RECIPE, end)
    assert after.first_ns < oldest
    assert same(before, after.segments(0)[0])


def removed_trades(lake: Lake, **more: int) -> Recording:
    """Fill a lake, seal it, and have retention remove the first days' trades."""
    recording = trades_market(HOURS, 9)
    keep(lake, recording)
    update(lake, X, RECIPE, newest(recording))
    assert lake.retain(keep_days={"trades": 1, **more}, at_ns=newest(recording)).removed
    return recording


def window(lake: Lake, start: int, as_of: int) -> tuple[Segment, list[str]]:
    history = StoredHistory(lake, X, RECIPE, as_of)
    part = history.segments(start)[1]
    return part, history.notes


@pytest.mark.kernels
def test_a_window_cut_in_an_hour_without_rows_takes_the_hour_whole_and_says_so(
    lake: Lake, tmp_path: Path
) -> None:
    recording = removed_trades(lake, marks=1)
    end = newest(recording)
    with Lake.create(tmp_path / "whole") as whole:  # the same market, nothing removed
        keep(whole, recording)
        update(whole, X, RECIPE, end)
        edges = recording.open_interest["ts_event_ns"].to_numpy()
        for hour in (START + 5 * HOUR_NS, START + 9 * HOUR_NS):
            first = int(
                edges[np.searchsorted(edges, hour, side="right") - 1]
            )  # where the hour's first bar begins
            wanted, unsaid = window(whole, first, end)
            assert not unsaid
            for minutes in (0, 1, 25, 59):
                part, notes = window(lake, hour + minutes * MINUTE_NS, end)
                assert same(part, wanted)
                assert len(notes) == (minutes > 0)
                assert not notes or "the window begins at" in notes[0]
        late = end - 5 * HOUR_NS - 11 * MINUTE_NS  # the rows of this hour are there
        part, notes = window(lake, late, end)
        assert not notes
        assert same(part, window(whole, late, end)[0])


@pytest.mark.kernels
def test_late_rows_do_not_wipe_out_what_was_sealed_of_removed_ones(lake: Lake) -> None:
    recording = removed_trades(lake, marks=1)
    end = newest(recording)
    before = StoredHistory(lake, X, RECIPE, end).segments(0)[0]
    few = recording.trades.filter(pl.col("ts_event_ns") < START + 6 * HOUR_NS)[-3:]
    lake.ingest("trades", X, few)
    assert update(lake, X, RECIPE, end) > 0
    assert same(before, StoredHistory(lake, X, RECIPE, end).segments(0)[0])


@pytest.mark.kernels
def test_rows_that_were_fetched_again_are_folded_again(lake: Lake) -> None:
    recording = removed_trades(lake, marks=1)
    lake.ingest("trades", X, recording.trades)
    lake.ingest("marks", X, recording.marks)
    update(lake, X, RECIPE, newest(recording))
    assert_same_bits(lake, recording, newest(recording), 70 * HOUR_NS + 25 * MINUTE_NS)


@pytest.mark.kernels
def test_a_map_as_of_an_hour_without_rows_holds_all_hours_before_it(lake: Lake) -> None:
    recording = trades_market(HOURS, 9)
    keep(lake, recording)
    update(lake, X, RECIPE, newest(recording))
    as_of = START + 3 * HOUR_NS + 20 * MINUTE_NS
    before = StoredHistory(lake, X, RECIPE, as_of)
    wanted = before.segments(0)[0].inflow.sum()
    assert not before.notes
    lake.retain(keep_days={"trades": 1}, at_ns=newest(recording))
    lake.ingest(
        "trades", X, recording.trades[:3]
    )  # so that the lake knows trades of that time, but not all of them
    after = StoredHistory(lake, X, RECIPE, as_of)
    assert after.segments(0)[0].inflow.sum() > 0.8 * wanted
    (note,) = after.notes
    assert "what came after 2026-05-30T00:00" in note


@pytest.mark.kernels
def test_open_interest_known_days_before_the_first_trade_is_no_obstacle(lake: Lake) -> None:
    recording = trades_market(HOURS, 6)
    later = START + 40 * HOUR_NS
    recording = replace(
        recording,
        trades=recording.trades.filter(pl.col("ts_event_ns") >= later),
        marks=recording.marks.filter(pl.col("ts_event_ns") >= later),
    )
    keep(lake, recording)
    assert update(lake, X, RECIPE, newest(recording)) > 0
    prepared = prepare(recording, PARAMETERS, TERMS, as_of_ns=newest(recording))
    whole = _segments(prepared, PARAMETERS, 0)[0].trimmed()
    stored = StoredHistory(lake, X, RECIPE, newest(recording)).segments(0)[0].trimmed()
    assert np.allclose(whole.inflow, stored.inflow, rtol=1e-9, atol=0)
    assert (whole.low, whole.high, whole.origin) == (stored.low, stored.high, stored.origin)


def test_a_window_may_begin_where_no_sample_is_for_hours(lake: Lake) -> None:
    recording = trades_market(HOURS, 7)
    recording = replace(recording, open_interest=recording.open_interest.gather_every(60))
    keep(lake, recording)
    update(lake, X, RECIPE, newest(recording))
    for as_of in (newest(recording), START + 60 * HOUR_NS):
        for window in (2 * HOUR_NS, 4 * HOUR_NS, 7 * HOUR_NS, 10 * HOUR_NS, 26 * HOUR_NS):
            assert_same_bits(lake, recording, as_of, window)
