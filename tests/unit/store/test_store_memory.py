"""Compaction in little memory: stretches merge to what the whole would, and a larger day takes no more than a small one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.store import manifest, parquet
from liqatlas.store.keys import CELL_NS, KEYINGS, counted, keying, merge
from liqatlas.store.stretches import FileRows, HeldRows, stretches
from tests.conformance.store.rows import BTC, DAY, MINUTE, START, frame, made_up, trade, trades

if TYPE_CHECKING:
    import polars as pl

    from liqatlas.store import Lake

ROOT = Path(__file__).parents[3]
END = START + 3 * DAY


@pytest.mark.parametrize("dataset", sorted(KEYINGS))
@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_stretches_merge_to_what_the_whole_would(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, dataset: str, batch: int
) -> None:
    rule = keying(dataset)
    first, second, third = (made_up(dataset, 150, seed).sort(rule.time) for seed in (1, 2, 3))
    monkeypatch.setattr(parquet, "BATCH_ROWS", batch)
    lake.ingest(dataset, BTC, first)
    with lake.writer() as writer:
        writer.append(dataset, BTC, second)
    lake.compact(at_ns=END)
    lake.ingest(dataset, BTC, third)
    wanted = rule.table.empty()
    for rows in (first, second, third):
        wanted = merge(rule, wanted, counted(rule, rows))
    assert lake.read(dataset, BTC.venue, BTC.symbol, 0, END).equals(wanted)
    assert lake.verify(young_s=-1).ok


def test_stretches_are_whole_cells_and_leave_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", 10)
    rule = keying("trades")
    busy = trades(70, start=START + 5 * MINUTE, step=0)  # more of one moment than fits
    rows = merge(rule, busy, counted(rule, trades(200, step=MINUTE, first_id=100)))
    files = FileRows(rule, iter([rows[i : i + 9] for i in range(0, rows.height, 9)]))
    cut: list[tuple[int, int]] = []
    taken: list[pl.DataFrame] = []
    for start, end in stretches((START, START + DAY), (files, HeldRows(rule, rows[:30]))):
        cut.append((start, end))
        taken.append(files.before(end))
        assert taken[-1].is_empty() or start <= taken[-1][rule.time][0] <= taken[-1][rule.time][-1] < end
    assert [a for a, _ in cut] == [START, *(b for _, b in cut[:-1])]
    assert cut[-1][1] == START + DAY
    assert all(moment % CELL_NS == 0 for pair in cut for moment in pair)
    assert sum(one.height for one in taken) == rows.height
    heights = sorted(one.height for one in taken)
    assert (heights[-1], max(heights[:-1])) == (71, 10)  # the minute that holds more than a batch, whole


def test_one_id_within_a_minute_is_one_trade_and_in_another_minute_another() -> None:
    rule = keying("trades")
    told = frame("trades", [trade(START + 5, trade_id=1), trade(START + 2 * MINUTE, trade_id=1)])
    again = frame("trades", [trade(START + 7_000, trade_id=1)])  # stamped otherwise by another source
    held = merge(rule, merge(rule, rule.table.empty(), counted(rule, told)), counted(rule, again))
    assert held.equals(told)


def test_a_day_without_news_is_not_written_again(lake: Lake) -> None:
    rows = trades(100)
    lake.ingest("trades", BTC, rows)
    before = manifest.all_live(lake._connection())
    assert lake.ingest("trades", BTC, rows[10:20]) == 0
    assert manifest.all_live(lake._connection()) == before
    assert [str(p.relative_to(lake.root)) for p in lake.root.glob("dataset=*/**/*.*")] == [before[0].path]


def test_of_a_large_file_only_what_is_asked_for_is_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH_ROWS", 100)
    rows = trades(1_000, step=MINUTE)
    lake.ingest("trades", BTC, rows)
    near = parquet.read_near
    read: list[int] = []

    def counting(*arguments: Any, **options: Any) -> pl.DataFrame:
        frame = near(*arguments, **options)
        read.append(frame.height)
        return frame

    monkeypatch.setattr(parquet, "read_near", counting)
    for first, last in ((0, 5), (95, 305), (940, 1_000), (333, 333), (2_000, 2_100)):
        found = lake.read("trades", BTC.venue, BTC.symbol, START + first * MINUTE, START + last * MINUTE)
        assert found.equals(rows[first:last])
    assert read[:3] == [100, 400, 100]
    assert max(read[3:], default=0) <= 100


#: Hours of trades as files, one more as hot rows; then the day becomes one file. Prints what the memory rose by [bytes].
CHILD = """
import sys
from pathlib import Path
import numpy as np
import polars as pl
from liqatlas.base import schemas
from liqatlas.store import Lake, compaction, parquet
from tests.conformance.store.rows import BTC, DAY, HOUR, START

def hour(number, count):
    rng = np.random.default_rng(number)
    return schemas.TRADES.conform(pl.DataFrame({
        "ts_event_ns": START + number * HOUR + np.sort(rng.integers(0, HOUR, count)),
        "price_ticks": rng.integers(699_000, 701_000, count), "qty_native": rng.exponential(1.0, count),
        "taker_buy": rng.random(count) < 0.5, "trade_id": np.arange(count) + number * count}))

def status(name):
    line = next(one for one in open("/proc/self/status") if one.startswith(name))
    return int(line.split()[1]) * 1024

parquet.BATCH_ROWS = 5_000
count = int(sys.argv[2])
with Lake.create(Path(sys.argv[1])) as lake:
    lake.ingest("trades", BTC, hour(0, 10))
    lake.compact(at_ns=START + 2 * DAY)
    connection = lake._connection()
    for number in range(1, 9):
        span = (START + DAY + number * HOUR, START + DAY + (number + 1) * HOUR)
        compaction.rewrite(connection, lake.root, "trades", 1, span, extra=hour(24 + number, count))
    with lake.writer() as writer:
        for part in hour(34, count).iter_slices(2_000):
            writer.append("trades", BTC, part)
            writer.flush()
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    done = lake.compact(at_ns=START + 3 * DAY)
    print(done.files, done.rows, status("VmHWM") - before)
    assert lake.verify(young_s=-1).ok
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to read a peak of memory")
def test_a_larger_day_takes_no_more_memory(tmp_path: Path) -> None:
    rose = {}
    for count in (10_000, 80_000):
        command = [sys.executable, "-c", CHILD, str(tmp_path / str(count)), str(count)]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        assert [int(out[0]), int(out[1])] == [1, 9 * count]
        rose[count] = int(out[2])
    whole = 9 * 80_000 * 33  # the larger day once, were it held
    assert rose[80_000] - rose[10_000] < whole
