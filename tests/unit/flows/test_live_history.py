"""A map made from what a server keeps at hand is the map of the lake, bit for bit, whatever comes and in whatever order."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_S
from liqatlas.flows import live_history
from liqatlas.flows.build import build_map
from liqatlas.flows.lake_memory import LakeMemory
from liqatlas.flows.request import Request
from liqatlas.maps.serialise import head_tree
from liqatlas.store import Lake
from tests.unit.flows.markets import START, X, bars_market, trades_market

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.base.recording import Recording

pytestmark = pytest.mark.kernels
HOURS = 30
#: From where rows come one step after the other.
CUT = START + 27 * HOUR_NS
END = START + HOURS * HOUR_NS
Y = replace(X, venue="bybit", symbol="BTCUSDT")
WINDOWS = (20 * MINUTE_NS, 4 * HOUR_NS, 26 * HOUR_NS, 30 * DAY_NS)


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close bars and look for late rows at every look, not every other second."""
    monkeypatch.setattr(live_history, "CLOSE_EVERY_S", 0.0)
    monkeypatch.setattr(live_history, "LOOKS_APART", 0)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.create(tmp_path / "lake") as lake:
        yield lake


def write(lake: Lake, recording: Recording, start_ns: int, end_ns: int, only: tuple[str, ...] = ()) -> None:
    """Write the rows of ``[start, end)`` as a recorder does, durable on return."""
    with lake.writer(bound_s=0.01) as writer:
        for name, frame in recording.tables().items():
            if only and name not in only:
                continue
            when = "ts_event_ns" if "ts_event_ns" in frame.columns else "ts_close_ns"
            part = frame.filter(pl.col(when).is_between(start_ns, end_ns, closed="left"))
            if part.height:
                dataset = "bars" if name == "mark_bars" else name
                writer.wait(writer.append(dataset, recording.instrument, part))


def ingest(lake: Lake, recording: Recording, until_ns: int) -> None:
    for name, frame in recording.until(until_ns - 1).tables().items():
        lake.ingest("bars" if name == "mark_bars" else name, recording.instrument, frame)


def assert_same(lake: Lake, memory: LakeMemory, *, windows: tuple[int, ...] = WINDOWS) -> None:
    for window in windows:
        request = Request(asset="BTC", lake=lake.root, window_ns=window)
        whole, live = build_map(request), build_map(request, memory=memory)
        assert head_tree(live.head) == head_tree(whole.head)
        assert np.array_equal(live.price_edges, whole.price_edges)
        assert np.array_equal(live.usd, whole.usd)
        assert whole.head.coverage == live.head.coverage
    assert whole.usd.any()


def steps(start_ns: int, end_ns: int, seed: int) -> list[tuple[int, int]]:
    """Return stretches of uneven length, some shorter than a bar and some as long as many."""
    rng = np.random.default_rng(seed)
    edges = [start_ns]
    while edges[-1] < end_ns:
        edges.append(edges[-1] + int(rng.choice((3, 40, 300, 1_500)) * NS_PER_S))
    return list(pairwise(edges))


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_as_they_come_give_the_map_of_the_lake(lake: Lake, seed: int) -> None:
    markets = [trades_market(HOURS, seed), trades_market(HOURS, seed + 10, instrument=Y)]
    for market in markets:
        ingest(lake, market, CUT)
    with LakeMemory(lake.root) as memory:
        assert_same(lake, memory)
        for number, (start, end) in enumerate(steps(CUT, END, seed)):
            for market in markets:
                write(lake, market, start, end)
            assert_same(lake, memory, windows=(WINDOWS[number % 3], WINDOWS[3]))
        assert_same(lake, memory)
        made = memory.rebuilt
        assert made["first"] == 2
        assert made["late rows"] == 0
        assert 2 <= made["hour"] <= 8  # a new hour is sealed, nothing else is made again
        assert memory.updates > 6 * sum(made.values())


def test_rows_that_come_a_little_late_are_taken_in_and_later_ones_make_it_anew(lake: Lake) -> None:
    market = trades_market(HOURS, 3)
    ingest(lake, market, CUT)
    edges = market.open_interest["ts_event_ns"].to_numpy()
    sample = int(edges[np.searchsorted(edges, CUT + 10 * MINUTE_NS)])  # in the middle of an hour
    held_back = (sample - 40 * NS_PER_S, sample)
    with LakeMemory(lake.root) as memory:
        write(lake, market, CUT, held_back[0])
        assert_same(lake, memory)
        write(lake, market, held_back[1], sample + 2 * NS_PER_S)
        write(lake, market, *held_back, only=("marks", "open_interest"))
        assert_same(lake, memory)
        write(
            lake, market, *held_back, only=("trades",)
        )  # two seconds after the sample that closes their bar
        assert_same(lake, memory)
        assert memory.rebuilt["late rows"] == 0
        late = (sample + 2 * NS_PER_S, sample + 20 * MINUTE_NS)
        write(lake, market, *late, only=("open_interest", "marks"))
        write(lake, market, late[1], late[1] + MINUTE_NS)
        assert_same(lake, memory)
        write(lake, market, *late, only=("trades",))
        assert_same(lake, memory)
        assert memory.rebuilt["late rows"] == 1


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("backfill of an old day", "late rows"),
        ("bars", ""),
        ("compaction of the running hour", "files"),
        ("ingest into the running hour", "files"),
        ("another open interest", "late rows"),
        ("earlier history", "history"),
        ("hourly compaction", ""),
    ],
)
def test_a_changed_history_is_made_again_and_that_is_counted(lake: Lake, what: str, why: str) -> None:
    market, old = trades_market(HOURS, 4), (START + 3 * HOUR_NS, START + 5 * HOUR_NS)
    within = pl.col("ts_event_ns").is_between(*old, closed="left")
    missing = pl.col("ts_event_ns") < START + HOUR_NS
    middle = pl.col("ts_event_ns").is_between(CUT + 5 * MINUTE_NS, CUT + 8 * MINUTE_NS)
    first = replace(
        market, trades=market.trades.filter(~within & ~missing & ~middle),
        open_interest=market.open_interest.filter(~missing), marks=market.marks.filter(~missing),
    )  # fmt: skip
    ingest(lake, first, CUT - HOUR_NS)
    write(lake, first, CUT - HOUR_NS, CUT + 40 * MINUTE_NS)
    with LakeMemory(lake.root) as memory:
        assert_same(lake, memory)
        assert memory.rebuilt == {"first": 1}
        if what == "backfill of an old day":
            write(lake, market, *old, only=("trades",))
        elif what == "bars":
            write(lake, bars_market(HOURS, 4), CUT, CUT + 30 * MINUTE_NS, only=("bars", "mark_bars"))
        elif what == "compaction of the running hour":
            lake.compact(at_ns=END + DAY_NS)
        elif what == "hourly compaction":
            lake.compact(at_ns=CUT + 40 * MINUTE_NS)
        elif what == "ingest into the running hour":
            lake.ingest("trades", X, market.trades.filter(middle))
        elif what == "earlier history":
            lake.ingest("trades", X, market.trades.filter(missing))
        else:
            row = first.open_interest.filter(pl.col("ts_event_ns") > CUT).head(1)
            changed = replace(market, open_interest=row.with_columns(pl.col("oi_native") * 1.5))
            write(lake, changed, CUT, END, only=("open_interest",))
        write(lake, first, CUT + 40 * MINUTE_NS, CUT + 50 * MINUTE_NS)
        assert_same(lake, memory)
        assert dict(memory.rebuilt) == {"first": 1} | ({why: 1} if why else {})
        assert f'liqatlas_live_rebuilds_total{{why="{why or "first"}"}} 1' in memory.metrics_text()
        if what == "bars":  # an hour of bars alone is read from the lake each time
            assert memory.updates == len(WINDOWS)


def test_a_restart_goes_on_with_the_same_map(lake: Lake) -> None:
    market = trades_market(HOURS, 5)
    ingest(lake, market, CUT)
    for start, end in steps(CUT, CUT + HOUR_NS, 5)[:6]:
        write(lake, market, start, end)
        with LakeMemory(lake.root) as memory:
            assert_same(lake, memory)
            assert memory.rebuilt == {"first": 1}


def test_a_lake_of_bars_alone_is_read_from_the_lake(lake: Lake) -> None:
    market = bars_market(HOURS, 6)
    ingest(lake, market, CUT)
    with LakeMemory(lake.root) as memory:
        assert_same(lake, memory)
        write(lake, market, CUT, CUT + 5 * MINUTE_NS)
        assert_same(lake, memory)
        assert memory.updates == sum(memory.rebuilt.values()) == 0


def test_rare_samples_of_open_interest(lake: Lake) -> None:
    """Windows that begin where no sample is for hours, or that hold none."""
    market = trades_market(HOURS, 7)
    market = replace(market, open_interest=market.open_interest.gather_every(40))
    ingest(lake, market, CUT)
    with LakeMemory(lake.root) as memory:
        for start, end in steps(CUT, CUT + 2 * HOUR_NS, 8):
            write(lake, market, start, end)
            assert_same(lake, memory)


def test_a_market_without_marks_gets_them(lake: Lake) -> None:
    market = trades_market(HOURS, 9)
    ingest(lake, replace(market, marks=market.marks.clear()), CUT)
    with LakeMemory(lake.root) as memory:
        assert_same(lake, memory)
        write(lake, market, CUT, CUT + MINUTE_NS, only=("trades", "open_interest"))
        assert_same(lake, memory)
        for start, end in steps(CUT + MINUTE_NS, CUT + HOUR_NS, 9):
            write(lake, market, start, end)
            assert_same(lake, memory)


def test_a_moment_asked_for_is_read_from_the_lake(lake: Lake) -> None:
    market = trades_market(HOURS, 1)
    ingest(lake, market, CUT)
    request = Request(asset="BTC", lake=lake.root, window_ns=DAY_NS, as_of_ns=CUT - HOUR_NS)
    with LakeMemory(lake.root) as memory:
        assert np.array_equal(build_map(request, memory=memory).usd, build_map(request).usd)
        assert memory.updates == 0


def test_a_window_that_begins_in_an_hour_without_rows_is_the_lakes_and_says_so(lake: Lake) -> None:
    market = trades_market(HOURS, 9)
    ingest(lake, market, CUT)
    build_map(Request(asset="BTC", lake=lake.root, window_ns=DAY_NS))  # sealed
    assert lake.retain(keep_days={"trades": 1, "marks": 1}, at_ns=CUT + 12 * HOUR_NS).removed
    windows = (51 * HOUR_NS // 2, 24 * HOUR_NS, 2 * HOUR_NS)
    with LakeMemory(lake.root) as memory:
        for start, end in steps(CUT, CUT + 20 * MINUTE_NS, 2):
            write(lake, market, start, end)
            assert_same(lake, memory, windows=windows)
        told = build_map(Request(asset="BTC", lake=lake.root, window_ns=windows[0]), memory=memory)
        assert any("the window begins at" in text for text in told.head.warnings)
        assert memory.rebuilt == {"first": 1}
