"""kill -9 at random instants of recording and compaction: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.store import Lake
from tests.faults.store_kill import BOUND_S, Judge

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_five_kills(tmp_path: Path) -> None:
    acknowledged = []
    for found in Judge(tmp_path / "lake", seed=1).rounds(5):
        assert (found.lost, found.twice, found.strange) == (0, 0, 0)
        assert found.acknowledged <= found.durable
        acknowledged.append(found.acknowledged)
    assert acknowledged[-1] > 0
    assert BOUND_S == 1.0
    Lake.repair(tmp_path / "lake")
    with Lake.open(tmp_path / "lake") as lake:
        assert lake.verify(young_s=-1).ok
