from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import LakeCorruptError
from liqatlas.store import Lake, manifest
from tests.conformance.store.rows import BTC, DAY, START, trades

if TYPE_CHECKING:
    from pathlib import Path

END = START + 10 * DAY


def held(lake: Lake) -> object:
    return lake.read("trades", BTC.venue, BTC.symbol, START, END)


def data_file(lake: Lake, number: int = 0) -> Path:
    return lake.root / manifest.all_live(lake._connection())[number].path


def fill(lake: Lake) -> None:
    lake.ingest("trades", BTC, trades(100, step=DAY // 50), covers=(START, START + 2 * DAY))


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def test_a_sound_lake_needs_nothing(lake: Lake) -> None:
    fill(lake)
    found = lake.verify(young_s=-1)
    assert (found.ok, found.files, found.rows) == (True, 2, 100)
    lake.close()
    assert Lake.repair(lake.root).actions == ()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_seen_by_reading_and_by_verify_and_becomes_a_gap(lake: Lake, share: float) -> None:
    fill(lake)
    path = data_file(lake)
    flip(path, int(share * path.stat().st_size))
    with pytest.raises(LakeCorruptError, match=path.name):
        held(lake)
    (problem,) = lake.verify().problems
    assert (problem.kind, problem.path) == ("damaged", str(path.relative_to(lake.root)))
    damaged = path.read_bytes()
    lake.close()
    (action,) = Lake.repair(lake.root).actions
    assert "50 rows of trades binance:BTCUSDT" in action
    assert held(lake).equals(trades(100, step=DAY // 50)[50:])  # type: ignore[attr-defined]
    (gap,) = lake.list_gaps()
    assert (gap.start_ns, gap.end_ns, gap.reason) == (START, START + DAY, "repair: file damaged")
    assert lake.coverage("trades", BTC.venue, BTC.symbol, START, START + 2 * DAY).share == 0.5
    (kept,) = (lake.root / "quarantine").rglob("*.parquet")
    assert kept.read_bytes() == damaged
    assert lake.verify(young_s=-1).ok


def test_a_missing_file_becomes_a_gap(lake: Lake) -> None:
    fill(lake)
    data_file(lake, 1).unlink()
    assert [p.kind for p in lake.verify().problems] == ["missing"]
    lake.close()
    Lake.repair(lake.root)
    assert [g.start_ns for g in lake.list_gaps()] == [START + DAY]
    fill(lake)  # the same rows again
    assert held(lake).equals(trades(100, step=DAY // 50))  # type: ignore[attr-defined]


def test_files_nobody_names_are_set_aside_once_they_are_old(lake: Lake) -> None:
    fill(lake)
    path = data_file(lake)
    orphan, partial = path.with_name("h00-24-ffff.parquet"), path.with_name("h00-24-eeee.partial")
    for stray in (orphan, partial):
        stray.write_bytes(path.read_bytes()[:99])
    assert lake.verify().ok  # somebody may be writing them right now
    old = time.time() - 3600
    for stray in (orphan, partial):
        os.utime(stray, (old, old))
    assert sorted(p.kind for p in lake.verify().problems) == ["orphan", "partial"]
    assert held(lake).equals(trades(100, step=DAY // 50))  # type: ignore[attr-defined]
    lake.close()
    assert len(Lake.repair(lake.root).actions) == 2
    assert not orphan.exists()
    assert len(list((lake.root / "quarantine").rglob("h00-24-*"))) == 2
    assert lake.verify(young_s=-1).ok


def test_a_manifest_that_lies_is_seen(lake: Lake) -> None:
    fill(lake)
    connection = lake._connection()
    connection.execute("UPDATE manifest SET rows = rows + 1 WHERE file = 1")
    assert [p.kind for p in lake.verify().problems] == ["damaged"]
    connection.execute("UPDATE manifest SET rows = rows - 1 WHERE file = 1")
    connection.execute("UPDATE manifest SET end_ns = end_ns + 1 WHERE file = 1")
    assert [p.kind for p in lake.verify().problems] == ["overlap"]
