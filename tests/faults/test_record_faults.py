"""The fault schedule through ``record`` as a process, in short; at full length: ``.ci/proof.d/faults``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.record_faults import session

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_injected_gap_is_found_and_nothing_comes_twice(tmp_path: Path) -> None:
    verdicts = await session(24.0, tmp_path, venues=("binance", "okx"), tail_s=0.0)
    for key, found in verdicts.items():
        assert found.gaps > 2, key
        assert found.found == found.gaps, (key, found)
        assert found.missed == 0, (key, found)
        assert found.twice == 0, (key, found)
        assert found.filled > 0, (key, found)
        assert sum(found.injected.values()) > 10, key
