from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.errors import InputError
from liqatlas.store.coverage import without
from tests.conformance.store.rows import BTC, DAY, ETH, HOUR, START, frame, trades

if TYPE_CHECKING:
    from liqatlas.store import Lake

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda t: (t[0], t[0] + t[1])), max_size=6
)


def vouch(lake: Lake, *hours: tuple[int, int]) -> None:
    with lake.writer() as writer:
        for low, high in hours:
            writer.append("trades", BTC, trades(0), covers=(START + low * HOUR, START + high * HOUR))


def recorded(lake: Lake, low: int = 0, high: int = 24) -> list[tuple[int, int]]:
    found = lake.coverage("trades", BTC.venue, BTC.symbol, START + low * HOUR, START + high * HOUR)
    return [((a - START) // HOUR, (b - START) // HOUR) for a, b in found.recorded]


def test_spans_that_meet_become_one(lake: Lake) -> None:
    vouch(lake, (0, 2), (5, 6), (2, 4), (3, 5), (10, 12))
    assert recorded(lake) == [(0, 6), (10, 12)]
    assert recorded(lake, 1, 11) == [(1, 6), (10, 11)]


def test_gaps_are_taken_out_until_they_are_filled(lake: Lake) -> None:
    vouch(lake, (0, 24))
    gap = lake.open_gap("trades", BTC.venue, BTC.symbol, START + 3 * HOUR, reason="connection lost")
    assert recorded(lake) == [(0, 3)]
    lake.close_gap(gap, START + 5 * HOUR)
    assert recorded(lake) == [(0, 3), (5, 24)]
    lake.close_gap(gap, START + 5 * HOUR, filled=True)
    assert recorded(lake) == [(0, 24)]
    (listed,) = lake.list_gaps()
    assert listed.filled
    assert str(listed) == (
        "trades of binance:BTCUSDT missing 2026-02-05T03:00:00Z to 2026-02-05T05:00:00Z: connection lost, filled since"
    )


def test_a_gap_of_the_whole_venue_counts_for_every_symbol(lake: Lake) -> None:
    vouch(lake, (0, 24))
    lake.open_gap("*", BTC.venue, "*", START, end_ns=START + HOUR, reason="venue down")
    lake.open_gap("*", ETH.venue, "*", START, end_ns=START + 4 * HOUR, reason="venue down")
    assert recorded(lake) == [(1, 24)]
    assert len(lake.list_gaps(dataset="trades", venue=BTC.venue, symbol=BTC.symbol)) == 1
    assert len(lake.list_gaps(span=(START + 2 * HOUR, START + 3 * HOUR))) == 1
    assert lake.list_gaps(filled=True) == []


def test_gaps_that_make_no_sense_are_refused(lake: Lake) -> None:
    with pytest.raises(InputError, match="not before its start"):
        lake.open_gap("trades", "binance", "BTCUSDT", START, end_ns=START - 1, reason="")
    with pytest.raises(InputError, match="known gap"):
        lake.close_gap(99, START)


def test_a_span_that_ends_before_it_starts_breaks_no_other_write(lake: Lake) -> None:
    with lake.writer() as writer, pytest.raises(InputError, match="end after its start"):
        writer.append("trades", BTC, trades(1), covers=(START, START))


def test_freshness_names_the_newest_row_and_the_vouched_end(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.append("trades", BTC, trades(10), covers=(START, START + HOUR))
        writer.append("marks", BTC, frame("marks", [{"ts_event_ns": START + 7, "mark_price": 1.0}]))
    found = {f.dataset: (f.last_event_ns, f.recorded_until_ns) for f in lake.freshness()}
    assert found == {"trades": (START + 9 * 10**9, START + HOUR), "marks": (START + 7, None)}


def test_touched_hours_tell_what_is_stale(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.append("trades", BTC, trades(3, step=HOUR))
        writer.flush()
        first = lake.touched_since(BTC.venue, BTC.symbol, 0)
        assert [(t.dataset, (t.hour_ns - START) // HOUR) for t in first] == [("trades", h) for h in range(3)]
        built_from = max(t.seq for t in first)
        assert lake.touched_since(BTC.venue, BTC.symbol, built_from) == []
        writer.append("trades", BTC, trades(3, step=HOUR))  # nothing new
        writer.flush()
        assert lake.touched_since(BTC.venue, BTC.symbol, built_from) == []
        writer.append("trades", BTC, trades(1, start=START + HOUR + 1, first_id=50))
        writer.flush()
        (late,) = lake.touched_since(BTC.venue, BTC.symbol, built_from)
        assert late.hour_ns == START + HOUR
    lake.ingest("trades", BTC, trades(1, start=START + DAY, first_id=90))
    assert lake.touched_since(BTC.venue, BTC.symbol, late.seq)[0].hour_ns == START + DAY


@given(spans=SPANS, holes=SPANS)
def test_without_is_the_difference_of_sets(
    spans: list[tuple[int, int]], holes: list[tuple[int, int]]
) -> None:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):  # disjoint, as the lake keeps them
        if not merged or start > merged[-1][1]:
            merged.append((start, end))
    wanted = {i for a, b in merged for i in range(a, b)} - {i for a, b in holes for i in range(a, b)}
    found = [i for a, b in without(merged, holes) for i in range(a, b)]
    assert found == sorted(wanted)
