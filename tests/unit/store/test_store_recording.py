from __future__ import annotations

from typing import Any

import pytest

from liqatlas.base.errors import LakeCorruptError
from liqatlas.store import Lake
from tests.conformance.store.rows import (
    BTC,
    BUSY_HOURS,
    DAY,
    HOUR,
    IDENTITY,
    MINUTE,
    START,
    frame,
    made_up,
    trades,
)  # fmt: skip


def bar(start: int, length: int, kind: str = "last") -> dict[str, Any]:
    ohlc = dict.fromkeys(("open", "high", "low", "close"), 1.0)
    return {"ts_open_ns": start, "ts_close_ns": start + length, "price_kind": kind, **ohlc}


def record(lake: Lake, bars: list[dict[str, Any]]) -> Any:
    lake.ingest("bars", BTC, frame("bars", bars))
    return lake.recording(BTC.venue, BTC.symbol, START, START + DAY)


def test_a_recording_holds_every_table(lake: Lake) -> None:
    for dataset in IDENTITY:
        lake.ingest(dataset, BTC, made_up(dataset, 100, 1))
    found = lake.recording(BTC.venue, BTC.symbol, START, START + 3 * DAY)
    assert set(found.tables()) == set(IDENTITY) - {"long_short_ratios", "insurance_fund"} | {"mark_bars"}
    assert found.instrument == BTC
    assert set(found.bars["price_kind"]) == {"last"}
    assert set(found.mark_bars["price_kind"]) == {"mark"}
    assert not found.simulated
    assert found.sources == ("lake: binance:BTCUSDT 2026-02-05T00:00:00Z to 2026-02-08T00:00:00Z",)
    assert len(BUSY_HOURS) == 3


def test_bars_of_several_lengths_never_overlap(lake: Lake) -> None:
    minutes = [bar(START + 2 * HOUR + i * MINUTE, MINUTE) for i in range(60)]
    found = record(lake, [bar(START + i * HOUR, HOUR) for i in range(4)] + minutes)
    assert found.bars["ts_open_ns"].to_list() == [
        START, START + HOUR, *(START + 2 * HOUR + i * MINUTE for i in range(60)), START + 3 * HOUR,
    ]  # fmt: skip
    assert found.warnings == ("bars of several lengths (1m, 1h): of those that overlap the shorter are used",)


def test_spot_bars_stand_in_only_where_there_are_no_others(lake: Lake) -> None:
    assert record(lake, [bar(START, MINUTE, "spot")]).bars.height == 1
    found = record(lake, [bar(START + MINUTE, MINUTE)])
    assert set(found.bars["price_kind"]) == {"last"}
    assert any("spot" in warning for warning in found.warnings)


def test_gaps_of_the_window_are_warnings(lake: Lake) -> None:
    lake.ingest("trades", BTC, trades(1))
    for i in range(8):
        lake.open_gap(
            "trades", BTC.venue, BTC.symbol, START + i * HOUR, end_ns=START + i * HOUR + 1, reason="test"
        )
    lake.open_gap("trades", BTC.venue, BTC.symbol, START + 40 * HOUR, reason="later")
    warnings = lake.recording(BTC.venue, BTC.symbol, START, START + DAY).warnings
    assert len(warnings) == 6
    assert warnings[-1].startswith("3 more gaps")


def test_a_read_that_loses_its_file_to_a_compaction_starts_over(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liqatlas.store import parquet

    rows = trades(100)
    lake.ingest("trades", BTC, rows[:50])
    read = parquet.read

    def swept_meanwhile(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(parquet, "read", read)
        with Lake.create(lake.root) as other:
            other.ingest("trades", BTC, rows[50:])
            other.sweep(grace_ns=-HOUR)
        return read(*arguments, **options)

    monkeypatch.setattr(parquet, "read", swept_meanwhile)
    assert lake.read("trades", BTC.venue, BTC.symbol, START, START + DAY).equals(rows)


def test_a_file_that_is_gone_is_an_error_not_an_empty_table(lake: Lake) -> None:
    lake.ingest("trades", BTC, trades(100))
    for path in lake.root.glob("dataset=*/**/*.parquet"):
        path.unlink()
    with pytest.raises(
        LakeCorruptError, match="missing; see liqatlas lake verify, then liqatlas lake repair"
    ):
        lake.read("trades", BTC.venue, BTC.symbol, START, START + DAY)


def test_a_window_is_cut_exactly(lake: Lake) -> None:
    rows = trades(200, step=MINUTE)
    lake.ingest("trades", BTC, rows[:150])
    with lake.writer() as writer:
        writer.append("trades", BTC, rows[140:])
    found = lake.read("trades", BTC.venue, BTC.symbol, START + 10 * MINUTE, START + 190 * MINUTE)
    assert found.equals(rows[10:190])
    assert lake.read("trades", BTC.venue, BTC.symbol, START + 500 * MINUTE, START + 600 * MINUTE).is_empty()
