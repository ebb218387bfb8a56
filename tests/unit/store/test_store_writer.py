from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.errors import BackPressureError, InputError, LakeError
from liqatlas.store import Lake
from liqatlas.store.streams import StreamCounts
from tests.conformance.store.rows import BTC, DAY, ETH, SECOND, START, frame, trade, trades

if TYPE_CHECKING:
    from pathlib import Path

END = START + 10 * DAY


def held(lake: Lake, dataset: str = "trades") -> pl.DataFrame:
    return lake.read(dataset, BTC.venue, BTC.symbol, START, END)


def test_rows_are_durable_once_their_ticket_is(lake: Lake) -> None:
    rows = trades(50)
    with lake.writer() as writer:
        ticket = writer.append("trades", BTC, rows)
        assert ticket.rows == 50
        writer.wait(ticket)
        assert writer.durable_upto(ticket)
        assert writer.durable_number == ticket.number
        assert held(lake).equals(rows)


def test_tickets_become_durable_without_being_waited_for(lake: Lake) -> None:
    told = threading.Event()
    numbers: list[int] = []

    def note(number: int) -> None:
        numbers.append(number)
        if number == 3:
            told.set()

    with lake.writer(bound_s=0.05, on_durable=note) as writer:
        for i in range(3):
            writer.append("trades", BTC, trades(5, first_id=1 + 5 * i))
        assert told.wait(20)
    assert numbers == sorted(numbers)
    assert numbers[-1] == 3


def test_the_same_batch_twice_counts_once(lake: Lake) -> None:
    rows = trades(20, first_id=None)
    with lake.writer() as writer:
        writer.append("trades", BTC, rows)
        writer.append("trades", BTC, rows)
        writer.flush()
        assert (writer.stats.appended, writer.stats.written) == (40, 20)
    assert held(lake).equals(rows)


def test_identical_events_of_one_stream_are_different_events(lake: Lake) -> None:
    one = frame("trades", [trade(START)])
    with lake.writer() as writer:
        for _ in range(3):
            writer.append("trades", BTC, one, stream="connection-1")
        for _ in range(2):  # after a reconnect the venue repeats two of them
            writer.append("trades", BTC, one, stream="connection-2")
        writer.append("trades", BTC, pl.concat([one] * 3))  # and a REST page tells of all three
    assert held(lake).height == 3


def test_series_are_kept_apart(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.append("trades", BTC, trades(3))
        writer.append("trades", ETH, trades(5))
    assert held(lake).height == 3
    assert lake.read("trades", ETH.venue, ETH.symbol, START, END).height == 5


def test_no_room_is_an_error_that_is_counted(lake: Lake) -> None:
    rows = trades(1000)
    with lake.writer(bound_s=400, max_pending_bytes=int(rows.estimated_size() * 1.5)) as writer:
        writer.append("trades", BTC, rows)
        with pytest.raises(BackPressureError, match="1,000 rows were not taken"):
            writer.append("trades", BTC, rows, wait_s=0)
        assert writer.stats.refused_rows == 1000
        assert writer.stats.pending_rows == 1000


def test_a_full_queue_makes_the_caller_wait_and_counts_it(lake: Lake) -> None:
    rows = trades(2000)
    with lake.writer(bound_s=400, max_pending_bytes=int(rows.estimated_size() * 1.5)) as writer:
        for i in range(6):
            writer.append("trades", BTC, rows.with_columns(pl.col("trade_id") + 2000 * i))
        assert writer.stats.waits > 0
        assert writer.stats.pending_bytes <= int(rows.estimated_size() * 1.5)
        assert writer.stats.refused_rows == 0
    assert held(lake).height == 12_000


def test_losses_of_the_caller_become_gaps(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.wait(writer.note_loss("trades", BTC, (START, START + SECOND), reason="3 rows: no room"))
    (gap,) = lake.list_gaps()
    assert (gap.dataset, gap.start_ns, gap.end_ns, gap.reason) == (
        "trades",
        START,
        START + SECOND,
        "3 rows: no room",
    )


def test_checkpoint_and_span_come_with_their_rows(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.append("trades", BTC, trades(5), covers=(START, START + 5 * SECOND), checkpoint=("btc", "5"))
        writer.append("trades", BTC, trades(0), covers=(START + 5 * SECOND, START + 9 * SECOND))
    assert lake.checkpoint("btc") == "5"
    found = lake.coverage("trades", BTC.venue, BTC.symbol, START, START + 10 * SECOND)
    assert found.recorded == ((START, START + 9 * SECOND),)
    assert found.share == pytest.approx(0.9)
    assert (found.first_ns, found.last_ns) == (START, START + 4 * SECOND)


def test_closing_writes_what_waits(lake: Lake) -> None:
    writer = lake.writer(bound_s=400)
    writer.append("trades", BTC, trades(7))
    writer.close()
    assert held(lake).height == 7
    with pytest.raises(LakeError, match="closed"):
        writer.append("trades", BTC, trades(7))


def test_a_bad_frame_is_refused_at_once_and_hurts_nobody(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.append("trades", BTC, trades(2))
        with pytest.raises(InputError):
            writer.append("candles", BTC, trades(2))
    assert held(lake).height == 2


def test_a_late_commit_is_counted(lake: Lake) -> None:
    with lake.writer(bound_s=1e-9) as writer:
        writer.wait(writer.append("trades", BTC, trades(2)))
        assert writer.stats.late_commits == writer.stats.commits > 0
        assert writer.stats.longest_delay_s > 0


def test_waiting_ends_when_the_time_is_over(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake.writer(bound_s=400) as writer:
        monkeypatch.setattr(writer, "_due", lambda: False)
        ticket = writer.append("trades", BTC, trades(2))
        with pytest.raises(LakeError, match=r"not durable within 0\.01 s"):
            writer.wait(ticket, timeout_s=0.01)
        monkeypatch.undo()
        writer.wait(ticket)


def test_reading_lake_cannot_write(tmp_path: Path, lake: Lake) -> None:
    with Lake.open(lake.root) as reader, pytest.raises(InputError, match="opened for reading"):
        reader.writer()
    with Lake.open(lake.root) as reader, pytest.raises(InputError, match="opened for reading"):
        reader.put_checkpoint("a", "b")


def test_stream_counts_forget_the_oldest_events_and_streams_only() -> None:
    from liqatlas.store.keys import KEYINGS

    rule = KEYINGS["trades"]
    counts = StreamCounts(events=10, streams=2)
    events = [frame("trades", [trade(START + i)]) for i in range(12)]
    numbers = [counts.counted(rule, e, "a")["occurrence"][0] for e in events]
    assert numbers == [0] * 12
    assert counts.counted(rule, events[-1], "a")["occurrence"][0] == 1
    assert counts.counted(rule, events[0], "a")["occurrence"][0] == 0
    for stream in ("b", "c"):
        counts.counted(rule, events[-1], stream)
    assert counts.counted(rule, events[-1], "a")["occurrence"][0] == 0
