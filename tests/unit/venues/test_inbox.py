"""The inbox: a hard cap, waits counted, losses told at their place."""

from __future__ import annotations

import asyncio

from liqatlas.venues.inbox import Broken, Inbox, RawFrame, Resumed
from liqatlas.venues.subscriptions import Subscription

SOURCE = Subscription("ws://nowhere", ())


async def test_a_full_inbox_holds_back_then_drops_and_says_so() -> None:
    inbox = Inbox(max_frames=3, max_bytes=1_000, patience_s=0.02)
    for n in range(3):
        await inbox.put(RawFrame(SOURCE, n, b"x"))
    await inbox.put(RawFrame(SOURCE, 3, b"x"))
    await inbox.put(RawFrame(SOURCE, 4, b"x"))
    assert inbox.stats.dropped == 2
    assert inbox.stats.waits == 2
    assert inbox.stats.waited_s >= 0.02
    assert len(await inbox.get(10, 0)) == 3
    await inbox.put(RawFrame(SOURCE, 5, b"x"))
    broken, resumed, frame = await inbox.get(10, 0)
    assert isinstance(broken, Broken)
    assert (broken.reason, broken.frames, broken.since_ns) == ("dropped", 2, 3)
    assert isinstance(resumed, Resumed)
    assert isinstance(frame, RawFrame)
    assert frame.recv_ns == 5


async def test_room_in_time_loses_nothing() -> None:
    inbox = Inbox(max_frames=1, max_bytes=1_000, patience_s=5)
    await inbox.put(RawFrame(SOURCE, 0, b"x"))
    waiting = asyncio.create_task(inbox.put(RawFrame(SOURCE, 1, b"x")))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await inbox.get(1, 0)
    await waiting
    assert inbox.stats.dropped == 0
    assert inbox.stats.waits == 1


async def test_bytes_are_capped_as_well_as_frames() -> None:
    inbox = Inbox(max_frames=1_000, max_bytes=100, patience_s=0.0)
    for n in range(50):
        await inbox.put(RawFrame(SOURCE, n, b"0123456789"))
    assert inbox.stats.peak_bytes <= 100
    assert inbox.stats.dropped == 40


async def test_an_empty_inbox_gives_up_after_its_time() -> None:
    assert await Inbox(max_frames=1, max_bytes=1, patience_s=0).get(5, 0.01) == []
