"""The rate budget: no window ever holds more than the venue allows, whoever asks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.errors import InternalError
from liqatlas.venues.budget import Bucket, FileState, MemoryState, Quota, RateBudget

if TYPE_CHECKING:
    from pathlib import Path


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(
    weights=st.lists(st.integers(1, 60), min_size=1, max_size=200),
    pauses=st.lists(st.floats(0, 20), min_size=200, max_size=200),
    share=st.floats(0.3, 1.0),
    burst=st.floats(0.1, 0.9),
)
def test_no_window_holds_more_than_the_venue_allows(
    weights: list[int], pauses: list[float], share: float, burst: float
) -> None:
    quota = Quota("weight", 2400, 60, share=share, burst=burst)
    time = FakeTime()
    budget = RateBudget([quota], clock=time.clock, sleep=time.sleep)
    spent: list[tuple[float, int]] = []

    async def run() -> None:
        for weight, pause in zip(weights, pauses, strict=False):
            if weight > quota.capacity:
                continue
            await budget.take(weight, "weight")
            spent.append((time.now, weight))
            time.now += pause if weight % 7 == 0 else 0.0

    asyncio.run(run())
    for begin, _ in spent:
        assert sum(w for at, w in spent if begin <= at < begin + 60) <= 2400 * share + 1e-6


async def test_a_block_keeps_everybody_away() -> None:
    time = FakeTime()
    budget = RateBudget([Quota("a", 100, 1), Quota("b", 100, 1)], clock=time.clock, sleep=time.sleep)
    budget.block(30, "the venue said so")
    seconds, reason = budget.blocked_for()
    assert (seconds, reason) == (30, "the venue said so")
    await budget.take(1, "b")
    assert time.now == pytest.approx(1_030)
    assert budget.blocked_for() == (0.0, "")


async def test_the_venues_own_count_is_believed() -> None:
    time = FakeTime()
    quota = Quota("weight", 2400, 60)
    budget = RateBudget([quota], clock=time.clock, sleep=time.sleep)
    budget.observe_used(2400, "weight")  # somebody else behind our address spent it all
    await budget.take(10, "weight")
    assert time.now == pytest.approx(1_000 + 10 / quota.refill_per_s)


async def test_a_request_that_never_fits_is_our_own_fault() -> None:
    with pytest.raises(InternalError, match="never fits"):
        await RateBudget([Quota("weight", 10, 60)]).take(50, "weight")


def test_two_budgets_on_one_file_are_one_budget(tmp_path: Path) -> None:
    time = FakeTime()
    quota = Quota("weight", 1000, 60, share=1, burst=0.5)
    path = tmp_path / "binance.budget"
    first, second = (
        RateBudget([quota], state=FileState(path), clock=time.clock, sleep=time.sleep) for _ in range(2)
    )

    async def run() -> None:
        await first.take(400, "weight")
        await second.take(100, "weight")
        assert time.now == 1_000  # the bucket held 500
        await second.take(50, "weight")
        assert time.now == pytest.approx(1_000 + 50 / quota.refill_per_s)
        first.block(9, "ban")
        seconds, reason = second.blocked_for()
        assert seconds == pytest.approx(9)
        assert reason == "ban"

    asyncio.run(run())


_SPENDER = """
import asyncio, sys, time
from pathlib import Path
from liqatlas.venues.budget import FileState, Quota, RateBudget
async def run():
    budget = RateBudget([Quota("w", 2000, 1, share=1, burst=0.1)], state=FileState(Path(sys.argv[1])))
    for _ in range(150):
        await budget.take(1, "w")
        print(time.monotonic())
asyncio.run(run())
"""


def test_processes_share_a_budget(tmp_path: Path) -> None:
    """Three processes spend from one file; the spacing of all together obeys the one limit."""
    path = str(tmp_path / "shared.budget")
    running = [
        subprocess.Popen([sys.executable, "-c", _SPENDER, path], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    moments = sorted(
        float(line) for process in running for line in process.communicate(timeout=60)[0].split()
    )
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(moments) == 450
    # Capacity 200 and 1,800 a second: any span may hold no more than the bucket and what flowed in meanwhile.
    for i in range(0, len(moments) - 250, 10):
        assert (
            200 + 1_800 * (moments[i + 249] - moments[i]) + 5 >= 250
        )  # 5: the print comes after the spending


def test_a_torn_file_is_no_budget_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "torn"
    path.write_bytes(b'{"weight": [12.0, ')
    with FileState(path).hold() as buckets:
        assert buckets == {}
        buckets["weight"] = Bucket(5.0, 0.5)
    with FileState(path).hold() as buckets:
        assert buckets["weight"].tokens == 5.0


def test_memory_keeps_what_it_was_given() -> None:
    state = MemoryState()
    with state.hold() as buckets:
        buckets["a"] = Bucket(1, 2)
    with state.hold() as buckets:
        assert buckets["a"].tokens == 1
