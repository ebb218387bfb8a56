"""Killed at each step of writing a file into the lake, one after the other: readers see the rows once, repair finds the rest."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from liqatlas.store import Lake
from tests.conformance.store.rows import BTC, DAY, START, trades

ROOT = Path(__file__).parents[2]
#: Where the process dies, as a patch of the store run in it.
STAGES = {
    "partial file half written": """
real = os.fsync
def die(fd):
    if os.readlink(f"/proc/self/fd/{fd}").endswith(".partial"):
        os.truncate(fd, 100); kill()
    real(fd)
os.fsync = die
""",
    "file renamed, folder not synced": "parquet.sync_folder = lambda folder: kill()",
    "file complete, manifest untouched": "manifest.end = lambda *a: kill()",
    "inside the manifest's transaction": """
real = manifest.add
manifest.add = lambda *a: (real(*a), kill())
""",
    "manifest written, hot rows still there": "compaction._drop_hot = lambda *a: kill()",
    "hot rows half removed": """
hot.DELETE_CHUNK = 10
real = hot.HotTable.delete
turns = []
def die(*a, **k):
    turns.append(1)
    if len(turns) > 2: kill()
    return real(*a, **k)
hot.HotTable.delete = die
""",
    "while sweeping": """
def die(*a): kill()
manifest.forget = die
""",
}
CHILD = """
import os, signal, sys
from pathlib import Path
from liqatlas.store import Lake, compaction, hot, manifest, parquet
def kill(*a): os.kill(os.getpid(), signal.SIGKILL)
lake = Lake.create(Path(sys.argv[1]))
exec(sys.argv[2])
lake.compact(at_ns=int(sys.argv[3]))
lake.sweep(grace_ns=-10**15)
"""


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_killed_at(tmp_path: Path, stage: str) -> None:
    root = tmp_path / "lake"
    rows = trades(100)
    end = START + 3 * DAY
    with Lake.create(root) as lake:
        lake.ingest("trades", BTC, rows[:50])
        with lake.writer() as writer:
            writer.append("trades", BTC, rows[50:])
        child = subprocess.run(
            [sys.executable, "-c", CHILD, root, STAGES[stage], str(end)], cwd=ROOT, check=False
        )
        assert child.returncode == -signal.SIGKILL
        assert lake.read("trades", BTC.venue, BTC.symbol, START, end).equals(rows)
        assert {p.kind for p in lake.verify(young_s=-1).problems} <= {"orphan", "partial"}
        lake.compact(at_ns=end)
        lake.sweep(grace_ns=-DAY)
        assert lake.read("trades", BTC.venue, BTC.symbol, START, end).equals(rows)
    strays = Lake.repair(root).actions
    assert bool(strays) == (
        stage in {"partial file half written", *[s for s in STAGES if s.startswith("file ")]}
        or "inside" in stage
    )
    with Lake.open(root) as lake:
        assert lake.verify(young_s=-1).ok
        assert lake.verify().files == 1
        assert lake.read("trades", BTC.venue, BTC.symbol, START, end).equals(rows)
