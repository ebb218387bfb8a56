"""Between sockets and parsing: a bounded queue of frames that counts every wait and every loss.

The cap is in bytes as well as in frames. A full inbox first holds the sockets back (the kernel and the venue then wait too);
when that lasts longer than ``patience_s`` frames are dropped, and the drop is itself a message in the inbox, so that the reader
learns of it at the right place.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from liqatlas.venues.continuity import Gap
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription

BreakReason = Literal["disconnect", "stall", "dropped"]


class RawFrame(NamedTuple):
    """A message as it came."""

    source: Subscription
    recv_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection lost something: since when, why, how many frames where known."""

    source: Subscription
    since_ns: int
    at_ns: int
    reason: BreakReason
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Resumed:
    """A broken connection delivers again."""

    source: Subscription
    at_ns: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """Rows that were asked for to mend a gap; ``token`` says which."""

    token: int
    batch: RowBatch | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Polled:
    """Rows of a dataset without a stream, and what its failures left out."""

    batch: RowBatch
    gaps: tuple[Gap, ...] = ()


Message = RawFrame | Broken | Resumed | Fetched | Polled


@dataclass(slots=True)
class InboxStats:
    """What the inbox held, held back and lost."""

    frames: int = 0
    bytes: int = 0
    waits: int = 0
    waited_s: float = 0.0
    dropped: int = 0
    peak_frames: int = 0
    peak_bytes: int = 0


class Inbox:
    """The one queue of a feed."""

    def __init__(self, *, max_frames: int, max_bytes: int, patience_s: float) -> None:
        self.max_frames, self.max_bytes, self.patience_s = max_frames, max_bytes, patience_s
        self.stats = InboxStats()
        self._messages: deque[Message] = deque()
        self._frames = self._bytes = 0
        self._filled, self._room = asyncio.Event(), asyncio.Event()
        self._losing: dict[Subscription, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def _fits(self, size: int) -> bool:
        return self._frames < self.max_frames and self._bytes + size <= self.max_bytes

    def try_put(self, frame: RawFrame) -> bool:
        """Take a frame if there is room and nothing of its connection was lost; return whether it was taken."""
        size = len(frame.payload)
        if self._losing or self._frames >= self.max_frames or self._bytes + size > self.max_bytes:
            return False
        self._keep(frame, size)
        return True

    async def put(self, frame: RawFrame) -> None:
        """Take a frame, waiting for room; drop and count it where there is none for too long."""
        size = len(frame.payload)
        if not self._fits(size) and not await self._wait_for_room(size):
            self.stats.dropped += 1
            since, count = self._losing.get(frame.source, (frame.recv_ns, 0))
            self._losing[frame.source] = (since, count + 1)
            return
        lost = self._losing.pop(frame.source, None)
        if lost is not None:
            self.tell(Broken(frame.source, lost[0], frame.recv_ns, "dropped", lost[1]))
            self.tell(Resumed(frame.source, frame.recv_ns))
        self._keep(frame, size)

    def _keep(self, frame: RawFrame, size: int) -> None:
        self._frames += 1
        self._bytes += size
        stats = self.stats
        stats.frames += 1
        stats.bytes += size
        stats.peak_frames = max(stats.peak_frames, self._frames)
        stats.peak_bytes = max(stats.peak_bytes, self._bytes)
        self._messages.append(frame)
        if not self._filled.is_set():
            self._filled.set()

    async def _wait_for_room(self, size: int) -> bool:
        """Hold the socket back; return whether room came in time."""
        if size > self.max_bytes:
            return False
        self.stats.waits += 1
        begin = time.monotonic()
        while not self._fits(size):
            left = self.patience_s - (time.monotonic() - begin)
            if left <= 0:
                break
            self._room.clear()
            try:
                await asyncio.wait_for(self._room.wait(), left)
            except TimeoutError:
                break
        self.stats.waited_s += time.monotonic() - begin
        return self._fits(size)

    def tell(self, message: Message) -> None:
        """Take a message that must not be lost; these are few and small beside the frames."""
        self._messages.append(message)
        self._filled.set()

    async def get(self, most: int, timeout_s: float) -> list[Message]:
        """Return up to ``most`` messages, waiting for the first one up to ``timeout_s``; none if none came."""
        if not self._messages:
            self._filled.clear()
            try:
                await asyncio.wait_for(self._filled.wait(), timeout_s)
            except TimeoutError:
                return []
        taken = [self._messages.popleft() for _ in range(min(most, len(self._messages)))]
        for message in taken:
            if isinstance(message, RawFrame):
                self._frames -= 1
                self._bytes -= len(message.payload)
        self._room.set()
        return taken
