"""Two recorders on one lake: the second refuses; a dead one's place is taken; readers never wait."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import LakeLockedError
from liqatlas.store import Lake
from tests.conformance.store.rows import BTC, DAY, START, trades

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
END = START + 400 * DAY
RECORDER = """
import sys
from pathlib import Path
from tests.conformance.store.rows import BTC, HOUR, START, trades
from liqatlas.store import Lake
lake = Lake.create(Path(sys.argv[1]))
with lake.writer(bound_s=0.05) as writer:
    print("recording", flush=True)
    for i in range(10**6):
        block = trades(10, start=START + i * HOUR, first_id=1 + 10 * i)
        writer.wait(writer.append("trades", BTC, block, checkpoint=("blocks", str(i + 1))))
        if i % 7 == 6:
            lake.compact(at_ns=START + i * HOUR, settle_ns=0)
            lake.sweep(grace_ns=-HOUR)
"""


@contextmanager
def recorder(root: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", RECORDER, root], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "recording\n"
        yield child
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()


def test_the_second_recorder_names_the_first(tmp_path: Path) -> None:
    with recorder(tmp_path / "lake") as first, Lake.create(tmp_path / "lake") as lake:
        with pytest.raises(LakeLockedError, match="is being written by process") as caught:
            lake.writer()
        assert (caught.value.pid, caught.value.host) == (first.pid, socket.gethostname())
        assert f"process {first.pid} on {socket.gethostname()} since 20" in str(caught.value)
        assert "a second recorder was refused. Stop that process, or use another lake" in str(caught.value)
        with pytest.raises(LakeLockedError, match=f"process {first.pid}"):
            Lake.repair(tmp_path / "lake")


def test_a_dead_recorders_place_is_taken(tmp_path: Path) -> None:
    with recorder(tmp_path / "lake") as first:
        pass
    with Lake.create(tmp_path / "lake") as lake:
        with lake.writer() as writer:
            assert f'"pid": {first.pid}' in writer.taken_over
        with lake.writer() as writer:
            assert writer.taken_over == ""


def test_a_backfill_writes_beside_the_recorder(tmp_path: Path) -> None:
    with recorder(tmp_path / "lake"), Lake.create(tmp_path / "lake") as lake:
        old = trades(500, start=START - 10 * DAY, first_id=10**9)
        with lake.writer(role="backfill") as writer:
            writer.append("trades", BTC, old[:250])
        lake.ingest("trades", BTC, old[250:])
        assert lake.read("trades", BTC.venue, BTC.symbol, START - 20 * DAY, START).equals(old)


def test_readers_in_other_processes_always_see_a_whole_prefix(tmp_path: Path) -> None:
    with recorder(tmp_path / "lake") as child, Lake.open(tmp_path / "lake") as reader:
        seen, moved = 0, 0
        while moved < 40:
            assert child.poll() is None
            before = int(reader.checkpoint("blocks") or 0)
            if before == 0:
                continue
            ids = reader.read("trades", BTC.venue, BTC.symbol, START, END)["trade_id"].to_list()
            after = int(reader.checkpoint("blocks") or 0)
            assert ids == list(range(1, len(ids) + 1))
            assert 10 * before <= len(ids) <= 10 * after
            moved += len(ids) > seen
            seen = len(ids)
        assert any((tmp_path / "lake").glob("dataset=trades/**/*.parquet"))
