"""The order books of a feed: kept in step, asked for again when they fall out of it, written down now and then."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import LiqAtlasError
from liqatlas.venues.ladder import Ladder

if TYPE_CHECKING:
    from liqatlas.venues.client import VenueClient
    from liqatlas.venues.frames import BookChange
    from liqatlas.venues.inbox import Inbox
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription


@dataclass(slots=True)
class BookStats:
    """What the books went through."""

    changes: int = 0
    gaps: int = 0
    snapshots: int = 0
    stale: int = 0
    crossed: int = 0
    failures: int = 0


class BookKeeper:
    """Ladders by symbol.

    A ladder out of step gets a snapshot from REST, whichever venue: the stream's own comes only on subscribing, and asking for
    it again would interrupt the other symbols of the connection.
    """

    def __init__(self, client: VenueClient, inbox: Inbox, levels: int, every_s: float) -> None:
        self.ladders: dict[str, Ladder] = {}
        self.stats = BookStats()
        self._client, self._inbox = client, inbox
        self._levels, self._every_s = levels, every_s
        self._last_sample = time.monotonic()
        self._written: dict[str, int] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}

    def apply(self, change: BookChange) -> None:
        """Take a change; ask for a snapshot where the ladder has lost step."""
        ladder = self.ladders.setdefault(change.symbol, Ladder())
        self.stats.changes += 1
        result = ladder.apply(change)
        if change.snapshot and result == "applied":
            self.stats.snapshots += 1
        if result == "stale":
            self.stats.stale += 1
        elif result == "gap":
            self.stats.gaps += 1
        if result in {"gap", "waiting"}:
            self._fetch(change.symbol)

    def broken(self, source: Subscription) -> None:
        """Put the books of a broken connection out of step: what comes next begins anew."""
        for dataset, symbol in source.carries:
            if dataset == "book_levels" and symbol in self.ladders:
                self.ladders[symbol] = Ladder()

    def _fetch(self, symbol: str) -> None:
        """Ask for a snapshot, one at a time per symbol."""
        running = self._fetching.get(symbol)
        if running is None or running.done():
            self._fetching[symbol] = asyncio.create_task(self._snapshot(symbol))

    async def _snapshot(self, symbol: str) -> None:
        """Ask until a snapshot joins the changes that wait for it."""
        for attempt in range(5):
            try:
                snapshot = await self._client.book(symbol)
            except LiqAtlasError:
                self.stats.failures += 1
                return
            ladder = self.ladders.setdefault(symbol, Ladder())
            if ladder.in_step or ladder.apply(snapshot) == "applied":
                self.stats.snapshots += 1
                return
            await asyncio.sleep(0.1 * 2**attempt)

    def sample(self, into: RowBatch, wanted: bool) -> None:
        """Write the best levels of every ladder in step that moved, each ``every_s`` seconds; one that crosses begins anew."""
        now = time.monotonic()
        if not wanted or now - self._last_sample < self._every_s:
            return
        self._last_sample = now
        for symbol, ladder in self.ladders.items():
            if not ladder.in_step or ladder.ts_event_ns == self._written.get(symbol):
                continue
            if ladder.crossed:
                self.stats.crossed += 1
                ladder.in_step = False
                self._fetch(symbol)
                continue
            self._written[symbol] = ladder.ts_event_ns
            into.extend("book_levels", symbol, ladder.rows(self._levels))

    async def stop(self) -> None:
        """End what is being asked for."""
        for task in self._fetching.values():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
