"""One rate budget per venue, shared by everything that asks that venue: recorder, backfill, server, other processes.

A token bucket of capacity C refilled at r lets C + r·T through in any window T. Venues count fixed windows of weight W, so the
bucket is cut as C = burst·W and r = (1 − burst)·W / T: no window, however it lies, can hold more than W.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from liqatlas.base.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Quota:
    """A venue's limit: ``weight`` units in any ``window_s`` seconds; ``share`` of it is ours to use."""

    name: str
    weight: float
    window_s: float
    share: float = 0.8
    burst: float = 0.3

    @property
    def capacity(self) -> float:
        """Units a full bucket holds."""
        return self.weight * self.share * self.burst

    @property
    def refill_per_s(self) -> float:
        """Units that come back each second."""
        return self.weight * self.share * (1 - self.burst) / self.window_s


@dataclass(slots=True)
class Bucket:
    """Tokens of one quota at a moment, and until when the venue wants no request at all."""

    tokens: float
    at: float
    blocked_until: float = 0.0
    reason: str = ""


class BudgetState(Protocol):
    """Where buckets live; ``hold`` gives them to one user at a time and keeps what he changed."""

    def hold(self) -> AbstractContextManager[dict[str, Bucket]]:
        """Lend the buckets."""


class MemoryState:
    """Buckets of this process."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    @contextlib.contextmanager
    def hold(self) -> Iterator[dict[str, Bucket]]:
        """Lend the buckets; asyncio runs one task at a time, so nothing else is needed."""
        yield self._buckets


class FileState:
    """Buckets in a small locked file, for all processes of a machine that ask the same venue.

    Moments are of the monotonic clock, which processes share until the machine restarts; buckets from before are dropped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def hold(self) -> Iterator[dict[str, Bucket]]:
        """Lend the buckets under an exclusive lock of the file."""
        import fcntl

        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            buckets = self._read(descriptor)
            yield buckets
            os.ftruncate(descriptor, 0)
            text = json.dumps(
                {name: [b.tokens, b.at, b.blocked_until, b.reason] for name, b in buckets.items()}
            )
            os.pwrite(descriptor, text.encode(), 0)
        finally:
            os.close(descriptor)

    @staticmethod
    def _read(descriptor: int) -> dict[str, Bucket]:
        """Return the buckets; a torn or foreign file counts as none (the bucket then starts empty)."""
        text = os.pread(descriptor, 65_536, 0)
        try:
            stored = {name: Bucket(*values) for name, values in json.loads(text or b"{}").items()}
        except (ValueError, TypeError, AttributeError):
            return {}
        return {name: b for name, b in stored.items() if b.at <= time.monotonic()}


class RateBudget:
    """Weights a venue still allows; ``take`` waits for them."""

    def __init__(
        self,
        quotas: Sequence[Quota],
        *,
        state: BudgetState | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.quotas = {quota.name: quota for quota in quotas}
        self._state = state or MemoryState()
        self._clock, self._sleep = clock, sleep
        self._turns = {quota.name: asyncio.Lock() for quota in quotas}
        #: Seconds spent waiting for tokens or for a block to end.
        self.waited_s = 0.0

    async def take(self, weight: float, quota: str) -> None:
        """Wait until ``weight`` may be spent and spend it; callers are served in their order.

        Raises
        ------
        InternalError
            If one request weighs more than the bucket can ever hold.
        """
        limit = self.quotas[quota]
        if weight > limit.capacity:
            raise InternalError(
                f"a request of weight {weight} never fits quota {quota!r} of {limit.capacity:g} at a time"
            )
        async with self._turns[quota]:
            while (wait := self._try(weight, limit)) > 0:
                self.waited_s += wait
                await self._sleep(wait)

    def _try(self, weight: float, limit: Quota) -> float:
        """Spend and return 0, or return the seconds until it may be tried again."""
        now = self._clock()
        with self._state.hold() as buckets:
            bucket = self._refilled(buckets, limit, now)
            if bucket.blocked_until > now:
                return bucket.blocked_until - now
            if bucket.tokens < weight:
                # A millisecond at least: rounding may leave the bucket a hair short of the weight for ever.
                return max((weight - bucket.tokens) / limit.refill_per_s, 0.001)
            bucket.tokens -= weight
        return 0.0

    @staticmethod
    def _refilled(buckets: dict[str, Bucket], limit: Quota, now: float) -> Bucket:
        """Return a quota's bucket brought up to now."""
        bucket = buckets.get(limit.name)
        if bucket is None:
            bucket = buckets[limit.name] = Bucket(limit.capacity, now)
        bucket.tokens = min(limit.capacity, bucket.tokens + (now - bucket.at) * limit.refill_per_s)
        bucket.at = now
        return bucket

    def block(self, seconds: float, reason: str) -> None:
        """Let nobody ask for a while: the venue said so (Retry-After)."""
        now = self._clock()
        with self._state.hold() as buckets:
            for limit in self.quotas.values():
                bucket = self._refilled(buckets, limit, now)
                bucket.blocked_until = max(bucket.blocked_until, now + seconds)
                bucket.reason = reason

    def blocked_for(self) -> tuple[float, str]:
        """Return the seconds the venue still wants no request, and why; ``(0, "")`` when free."""
        now = self._clock()
        with self._state.hold() as buckets:
            worst = max(buckets.values(), key=lambda b: b.blocked_until, default=None)
        if worst is None or worst.blocked_until <= now:
            return 0.0, ""
        return worst.blocked_until - now, worst.reason

    def observe_used(self, used: float, quota: str) -> None:
        """Take the venue's own count of a window's weight: others behind our address spend from it too."""
        limit = self.quotas[quota]
        with self._state.hold() as buckets:
            bucket = self._refilled(buckets, limit, self._clock())
            bucket.tokens = min(bucket.tokens, max(0.0, limit.weight * limit.share - used))
