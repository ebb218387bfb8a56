"""A power cut at random instants: what was synced stands, what was not is gone or torn, the lake opens either way."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from liqatlas.store import Lake
from tests.conformance.store.rows import BTC, DAY, START, trades
from tests.faults.store_power import PowerCut, compiler

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="the simulated power cut needs a C compiler")
@pytest.mark.parametrize("torn", [False, True])
def test_power_cuts(tmp_path: Path, torn: bool) -> None:
    acknowledged = []
    for found in PowerCut(tmp_path / "lake", seed=7, torn=torn).rounds(3):
        assert (found.lost, found.twice, found.strange) == (0, 0, 0)
        assert found.acknowledged <= found.durable
        acknowledged.append(found.acknowledged)
    assert max(acknowledged) > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_log_cut_anywhere_leaves_whole_commits(tmp_path: Path, seed: int) -> None:
    """Without any compiler: the write-ahead log cut or overwritten from any byte on holds exactly the commits before it."""
    r = random.Random(seed)
    root = tmp_path / "lake"
    log = root / "catalogue.sqlite-wal"
    with Lake.create(root) as lake, lake.writer() as writer:
        writer.wait(writer.append("trades", BTC, trades(0)))
        ends = []
        for i in range(12):
            block = trades(r.randrange(1, 300), start=START + i * DAY // 12, first_id=1000 * i)
            writer.wait(writer.append("trades", BTC, block, checkpoint=("block", str(i))))
            ends.append((log.stat().st_size, block))
        for number in range(6):
            copy = tmp_path / f"copy-{number}"
            copy.mkdir()
            shutil.copyfile(root / "catalogue.sqlite", copy / "catalogue.sqlite")
            cut = r.randrange(ends[0][0], ends[-1][0])
            whole = log.read_bytes()
            rest = r.randbytes(len(whole) - cut) if number % 2 else b""
            (copy / log.name).write_bytes(whole[:cut] + rest)
            kept = [block for end, block in ends if end <= cut]
            with Lake.open(copy) as after:
                assert after.checkpoint("block") == str(len(kept) - 1)
                found = after.read("trades", BTC.venue, BTC.symbol, START, START + DAY)
                assert found["trade_id"].to_list() == [i for block in kept for i in block["trade_id"]]
                assert after.verify(young_s=-1).ok
