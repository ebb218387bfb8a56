"""A full disk: typed errors, everything durable stays readable, what waits is written once there is room."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import DiskFullError, LakeError, LakeLockedError
from liqatlas.store import Lake
from tests.conformance.store.rows import BTC, DAY, HOUR, START, trades

if TYPE_CHECKING:
    from collections.abc import Iterator

END = START + 20 * DAY


def held(lake: Lake) -> int:
    return lake.read("trades", BTC.venue, BTC.symbol, START, END).height


@contextmanager
def largest_file(limit: int) -> Iterator[None]:
    """Refuse this process files larger than ``limit`` bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_rows_wait_for_room_and_are_all_written(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake, lake.writer(bound_s=0.1) as writer:
        writer.wait(writer.append("trades", BTC, trades(100)))
        limit = max(p.stat().st_size for p in lake.root.iterdir() if p.is_file()) + 4096
        with largest_file(limit):
            ticket = writer.append("trades", BTC, trades(20_000, start=START + HOUR, first_id=1000))
            with pytest.raises(DiskFullError, match="no room left to write"):
                writer.wait(ticket)
            assert not writer.durable_upto(ticket)
            assert writer.stats.failed_commits > 0
            assert "no room" in writer.stats.error
            assert held(lake) == 100
            with Lake.open(lake.root) as reader:
                assert held(reader) == 100
        writer.flush(timeout_s=60)
        assert writer.durable_upto(ticket)
        assert held(lake) == 20_100
        assert writer.stats.error == ""
        assert lake.verify(young_s=-1).ok


def test_the_queue_stays_bounded_while_the_disk_is_full(tmp_path: Path) -> None:
    rows = trades(5_000)
    cap = int(rows.estimated_size() * 2.5)
    with Lake.create(tmp_path / "lake") as lake, lake.writer(bound_s=0.05, max_pending_bytes=cap) as writer:
        writer.wait(writer.append("trades", BTC, trades(10)))
        limit = max(p.stat().st_size for p in lake.root.iterdir() if p.is_file()) + 4096
        blocks = [trades(5_000, start=START + i * 6 * HOUR, first_id=1 + 10_000 * i) for i in (1, 2, 3)]
        with largest_file(limit):
            for block in blocks[:2]:
                writer.append("trades", BTC, block)
            with pytest.raises(DiskFullError):
                writer.append("trades", BTC, blocks[2])
            assert writer.stats.pending_bytes <= cap
            assert writer.stats.refused_rows == 5_000


def test_closing_on_a_full_disk_says_what_is_lost(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        writer = lake.writer(bound_s=400)
        writer.wait(writer.append("trades", BTC, trades(10)))
        limit = max(p.stat().st_size for p in lake.root.iterdir() if p.is_file()) + 4096
        with largest_file(limit):
            writer.append("trades", BTC, trades(20_000, start=START + HOUR, first_id=1000))
            with pytest.raises(LakeError, match="20,000 rows were appended but never durable and are lost"):
                writer.close()
        assert held(lake) == 10
        lake.writer().close()  # the lock is free again


def test_a_compaction_without_room_changes_nothing(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        with lake.writer() as writer:
            writer.append("trades", BTC, trades(5_000))
        assert held(lake) == 5_000  # what readers and writers share is there
        with largest_file(500), pytest.raises(DiskFullError, match="What was durable stays readable"):
            lake.compact(at_ns=END)
        assert held(lake) == 5_000
        assert [p for p in lake.root.rglob("*") if p.suffix in {".partial", ".parquet"}] == []
        assert lake.compact(at_ns=END).rows == 5_000


CHILD = """
import sys
from pathlib import Path
from tests.conformance.store.rows import BTC, HOUR, START, trades
from liqatlas.base.errors import DiskFullError
from liqatlas.store import Lake
lake = Lake.create(Path(sys.argv[1]))
writer = lake.writer()
i = 0
try:
    while True:
        writer.wait(writer.append("trades", BTC, trades(2000, start=START + i * HOUR, first_id=1 + 2000 * i)))
        i += 1
except DiskFullError as error:
    print(i, flush=True)
try:
    writer.close()
except Exception as error:
    print(type(error).__name__)
"""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 2 MB; needs the right to mount one."""
    folder = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("no right to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, small_disk / "lake"], check=True, capture_output=True, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    durable = int(child.stdout.split()[0])
    assert durable > 0
    with Lake.open(small_disk / "lake") as lake:
        assert held(lake) in (2000 * durable, 2000 * (durable + 1))
        assert lake.verify(young_s=-1).ok


def test_a_lake_at_rest_on_a_full_or_read_only_disk_can_be_read(small_disk: Path) -> None:
    with Lake.create(small_disk / "lake") as lake:
        lake.ingest("trades", BTC, trades(100))
    with (small_disk / "rest").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 1024):
            pass
    with Lake.open(small_disk / "lake") as lake:
        assert held(lake) == 100
    with pytest.raises(DiskFullError), Lake.create(small_disk / "lake") as lake:
        lake.put_checkpoint("a", "b")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with Lake.open(small_disk / "lake") as lake:
        assert held(lake) == 100
        assert lake.freshness()[0].dataset == "trades"
    with pytest.raises(LakeError), Lake.create(small_disk / "lake") as lake:
        lake.put_checkpoint("a", "b")


def test_a_lake_that_cannot_be_opened_for_lack_of_room_or_rights_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        real = Path.open

        def full(self: Path, *arguments: object, **options: object) -> object:
            if self.name.startswith("series.json.") and self.suffix == ".partial":
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(self, *arguments, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", full)
        with lake.writer() as writer, pytest.raises(DiskFullError, match="free space"):
            writer.append("trades", BTC, trades(1))
        monkeypatch.undo()

        def refused(self: Path, **_: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", refused)
        with pytest.raises(LakeError, match="check the folder and its rights"):
            lake.writer()


def test_a_lock_holds_where_there_is_no_room_for_its_holders_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lake.create(tmp_path / "lake") as lake:

        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with lake.writer(), pytest.raises(LakeLockedError, match="by another process"):
            lake.writer()
