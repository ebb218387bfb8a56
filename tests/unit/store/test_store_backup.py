from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.errors import DiskFullError, InputError, LakeCorruptError
from liqatlas.store import Lake
from tests.conformance.store.rows import BTC, DAY, HOUR, START, trades

if TYPE_CHECKING:
    from pathlib import Path

END = START + 10 * DAY


def held(lake: Lake) -> Any:
    return lake.read("trades", BTC.venue, BTC.symbol, START, END)


def fill(lake: Lake) -> Any:
    rows = trades(200, step=10 * 60 * 10**9)
    lake.ingest("trades", BTC, rows[:150])
    with lake.writer() as writer:
        writer.append("trades", BTC, rows[150:], checkpoint=("at", "200"))
    return rows


@pytest.mark.parametrize("link", [True, False])
def test_a_backup_restores_to_the_same_lake(lake: Lake, tmp_path: Path, link: bool) -> None:
    rows = fill(lake)
    made = lake.backup(tmp_path / "copy", link=link)
    assert made.files == 2
    assert made.linked == (2 if link else 0)
    with Lake.open(tmp_path / "copy") as copy:
        assert held(copy).equals(rows)
    lake.close()
    Lake.restore(tmp_path / "copy", tmp_path / "new")
    with Lake.create(tmp_path / "new") as new:
        assert held(new).equals(rows)
        assert new.verify(young_s=-1).ok
        assert new.checkpoint("at") == "200"
        with new.writer() as writer:
            writer.append("trades", BTC, trades(1, start=START + 5 * DAY, first_id=900))
        assert held(new).height == 201


def test_a_backup_while_recording_is_a_whole_moment(lake: Lake, tmp_path: Path) -> None:
    stop = threading.Event()

    def keep_recording() -> None:
        i = 0
        while not stop.is_set():
            block = trades(10, start=START + i * HOUR, first_id=1 + 10 * i)
            ticket = writer.append("trades", BTC, block, checkpoint=("blocks", str(i + 1)))
            writer.wait(ticket)
            i += 1
            if i % 5 == 0:
                other.compact(at_ns=START + i * HOUR, settle_ns=0)
                other.sweep(grace_ns=-HOUR)

    with Lake.create(lake.root) as other, lake.writer(bound_s=0.01) as writer:
        thread = threading.Thread(target=keep_recording)
        thread.start()
        try:
            for number in range(4):
                lake.backup(tmp_path / f"copy-{number}")
        finally:
            stop.set()
            thread.join()
    for number in range(4):
        with Lake.open(tmp_path / f"copy-{number}") as copy:
            blocks = int(copy.checkpoint("blocks") or 0)
            assert blocks == 0 or held(copy)["trade_id"].to_list() == list(range(1, 10 * blocks + 1))
            assert copy.verify(young_s=-1).ok
    assert lake._connection().execute("SELECT count(*) FROM pin").fetchone() == (0,)


def test_a_damaged_backup_is_not_restored(lake: Lake, tmp_path: Path) -> None:
    fill(lake)
    lake.backup(tmp_path / "copy", link=False)
    path = next((tmp_path / "copy").glob("dataset=*/**/*.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(LakeCorruptError, match="not those that were written"):
        Lake.restore(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    path.unlink()
    with pytest.raises(LakeCorruptError, match="missing in the backup"):
        Lake.restore(tmp_path / "copy", tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_nothing_is_overwritten(lake: Lake, tmp_path: Path) -> None:
    fill(lake)
    lake.backup(tmp_path / "copy")
    with pytest.raises(InputError, match="already exists"):
        lake.backup(tmp_path / "copy")
    with pytest.raises(InputError, match="already exists"):
        Lake.restore(tmp_path / "copy", lake.root)
    with pytest.raises(InputError, match="inside the lake"):
        lake.backup(lake.root / "copy")
    with pytest.raises(InputError, match="not a finished backup"):
        Lake.restore(lake.root, tmp_path / "new")


def test_other_disks_get_copies(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = fill(lake)

    def another_disk(*_: Any) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", another_disk)
    assert lake.backup(tmp_path / "copy").linked == 0
    with Lake.open(tmp_path / "copy") as copy:
        assert held(copy).equals(rows)


def test_no_room_for_a_backup_leaves_nothing_behind(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(DiskFullError, match="Nothing was left behind"):
        lake.backup(tmp_path / "copy")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lake"]
