"""A feed: everything of one venue that was asked for, in order, each row once, every gap known.

It reads the inbox, parses, drops replays, keeps the books in step, asks REST for what is missing and says what stays missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from liqatlas.base.clock import NS_PER_S, now_ns
from liqatlas.base.errors import FormatError, LiqAtlasError, UnknownSymbolError
from liqatlas.venues.books import BookKeeper
from liqatlas.venues.connection import Persistence, Stream
from liqatlas.venues.inbox import Broken, Fetched, Inbox, Polled, RawFrame, Resumed
from liqatlas.venues.mending import Mender
from liqatlas.venues.polling import Poller
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType
    from typing import Self

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.client import VenueClient
    from liqatlas.venues.continuity import Gap
    from liqatlas.venues.frames import Frame, Listing, Ticker
    from liqatlas.venues.inbox import Message
    from liqatlas.venues.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """Caps and pauses of a feed.

    Attributes
    ----------
    max_frames, max_bytes, patience_s
        The inbox: how much it holds, and how long sockets are held back before frames are dropped (and counted).
    batch_frames
        Frames put into one batch at most; one that waits alone is handed on at once.
    grace_s
        How long a hole in trade ids may wait for late frames before REST is asked; what its answer leaves open is asked again after
        several times as long.
    book_levels, book_every_s
        Best levels of each side written as rows, and how often.
    audit_s
        How long after a minute's end its turnover is compared with the venue's own bar, once a later trade is read; 0 turns it off.
    max_skew_s
        Distance between a message's moment and ours from which it is counted as skewed.
    poll_s
        How often datasets without a stream are asked for.
    renew_s
        How often contracts are read again, so that a changed size, funding interval or delisting is noticed: nothing in a stream
        tells of them.
    """

    max_frames: int = 50_000
    max_bytes: int = 64 * 1024 * 1024
    patience_s: float = 5.0
    batch_frames: int = 512
    grace_s: float = 0.5
    book_levels: int = 50
    book_every_s: float = 10.0
    audit_s: float = 10.0
    max_skew_s: float = 60.0
    poll_s: float = 15.0
    renew_s: float = 900.0
    persistence: Persistence = field(default_factory=Persistence)


@dataclass(slots=True)
class FeedStats:
    """What a feed went through."""

    frames: int = 0
    rows: int = 0
    duplicates: int = 0
    unreadable: int = 0
    unknown_symbols: int = 0
    errors: int = 0
    skewed: int = 0
    clock_jumps: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    last_error: str = ""


@dataclass(slots=True)
class Batch:
    """What a feed hands on: rows, gaps newly closed (filled or listed), summaries, and the moments of the last and first frame.

    ``changed`` names contracts that hold from the NEXT batch on (``None`` before: new): price ticks of one batch are all of one
    instrument, so a changed tick never mixes two scales. ``ended`` names contracts asked for that trade no longer.
    """

    rows: RowBatch = field(default_factory=RowBatch)
    gaps: list[Gap] = field(default_factory=list)
    tickers: list[Ticker] = field(default_factory=list)
    changed: list[tuple[Instrument | None, Instrument]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    recv_ns: int = 0
    first_recv_ns: int = 0

    def __bool__(self) -> bool:
        return bool(len(self.rows) or self.gaps or self.tickers or self.changed or self.ended)


class Feed:
    """Live rows of one venue; iterate over it inside ``async with``.

    Parameters
    ----------
    client
        The venue.
    symbols
        The venue's own names.
    datasets
        Of ``rows.DATASETS``, those the venue streams or lets be polled.
    """

    def __init__(
        self,
        client: VenueClient,
        symbols: Iterable[str],
        datasets: Iterable[str],
        options: FeedOptions | None = None,
    ) -> None:
        self.client, self.symbols, self.datasets = client, list(symbols), list(datasets)
        self.options = options or FeedOptions()
        o = self.options
        self.inbox = Inbox(max_frames=o.max_frames, max_bytes=o.max_bytes, patience_s=o.patience_s)
        self.stats = FeedStats()
        self.connections: list[Stream] = []
        self.books = BookKeeper(client, self.inbox, o.book_levels, o.book_every_s)
        self.mender = Mender(client, self.inbox, grace_s=o.grace_s, audit_s=o.audit_s)
        self.poller = Poller(client, self.inbox, every_s=o.poll_s)
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._last_rate: dict[str, tuple[object, ...]] = {}
        self._refreshed = time.monotonic() - 60
        self._known: dict[str, Listing] = {}
        self._renewed: dict[str, Listing] | None = None
        self._waiting: list[Message] = []
        self._began_ns = now_ns()
        self._clocks = (time.time(), time.monotonic())

    async def __aenter__(self) -> Self:
        self._known = await self.client.listings()
        for symbol in self.symbols:
            await self.client.listing(symbol)
        self._began_ns = now_ns()
        self._session = aiohttp.ClientSession(headers={"User-Agent": "liqatlas"})
        polled = [d for d in self.datasets if d not in self.client.streamed and d in self.client.polled]
        if polled:
            self._tasks.append(asyncio.create_task(self.poller.run(polled, self.symbols)))
        streamed = [d for d in self.datasets if d not in polled]
        for subscription in self.client.subscriptions(self.symbols, streamed) if streamed else ():
            connection = self.client.connection(
                subscription, self.inbox, session=self._session, persistence=self.options.persistence
            )
            self.connections.append(connection)
            self._tasks.append(asyncio.create_task(connection.run()))
        self._tasks.append(asyncio.create_task(self._renew()))
        if self.mender.audits and "trades" in self.datasets:
            self._tasks.append(asyncio.create_task(self.mender.audit(self.symbols)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await self.mender.stop()
        await self.books.stop()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()

    async def __aiter__(self) -> AsyncIterator[Batch]:
        while True:
            batch = await self.next(timeout_s=1.0)
            if batch:
                yield batch

    async def next(self, timeout_s: float) -> Batch:
        """Return what has come, waiting up to ``timeout_s`` for the first of it; an empty batch if nothing did."""
        if self._renewed is not None:
            batch, found, self._renewed = Batch(), self._renewed, None
            self._adopt(found, batch)
            if batch:
                return batch  # alone: rows after it are read under the new contracts
        messages = self._waiting or await self.inbox.get(self.options.batch_frames, timeout_s)
        self._waiting = []
        self._watch_clock()
        batch = Batch()
        for i, message in enumerate(messages):
            if not isinstance(message, RawFrame):
                self._handle(message, batch)
            elif await self._read(message, batch):
                self._waiting = messages[
                    i:
                ]  # this frame is read again under the new contracts, in a batch of its own
                break
        self.books.sample(batch.rows, "book_levels" in self.datasets)
        batch.gaps += self.mender.closed()
        self.stats.rows += len(batch.rows)
        return batch

    def finish(self) -> list[Gap]:
        """Return the gaps still open, listed up to now: call once after the last batch."""
        for connection in self.connections:
            if connection.stats.connects == 0:
                self.mender.never_connected(connection.subscription, self._began_ns)
        return self.mender.finish(now_ns()) + self.poller.finish(now_ns())

    def _handle(self, message: Broken | Resumed | Fetched | Polled, batch: Batch) -> None:
        """Act on what is no frame."""
        if isinstance(message, Broken):
            self.mender.broken(message)
            self.books.broken(message.source)
        elif isinstance(message, Resumed):
            self.mender.resumed(message)
        elif isinstance(message, Polled):
            batch.rows.merge(message.batch)
            batch.gaps += message.gaps
        else:
            self.mender.fetched(message, batch.rows)

    async def _read(self, raw: RawFrame, batch: Batch) -> bool:
        """Keep what a frame says; return whether the contracts changed instead and the frame is to be read again.

        One that cannot be read is counted, and its connection's rows are suspect.
        """
        batch.recv_ns = raw.recv_ns
        batch.first_recv_ns = batch.first_recv_ns or raw.recv_ns
        try:
            frame = self.client.read(raw, self._known)
        except (UnknownSymbolError, FormatError) as error:
            self.stats.last_error = str(error)
            unknown = isinstance(error, UnknownSymbolError)
            if (unknown or "out of date" in str(error)) and await self._refresh_listings(batch):
                return True
            self.stats.frames += 1
            if unknown:
                self.stats.unknown_symbols += 1
            else:
                self.stats.unreadable += 1
                self.mender.unreadable(raw)
            return False
        self.stats.frames += 1
        self._absorb(frame, raw, batch)
        return False

    async def _refresh_listings(self, batch: Batch) -> bool:
        """Read the contracts again, at most once a minute; return whether any is new or different."""
        if time.monotonic() - self._refreshed < 60:
            return False
        self._refreshed = time.monotonic()
        try:
            found = await self.client.listings(refresh=True)
        except LiqAtlasError as error:
            self.stats.last_error = str(error)
            return False
        self._adopt(found, batch)
        return bool(batch.changed)

    async def _renew(self) -> None:
        """Read the contracts again and again; they are adopted between two batches."""
        while True:
            await asyncio.sleep(self.options.renew_s)
            try:
                self._renewed = await self.client.listings(refresh=True)
            except LiqAtlasError as error:
                self.stats.last_error = str(error)

    def _adopt(self, found: dict[str, Listing], batch: Batch) -> None:
        """Take other contracts for the known ones, and tell what is new, different or over."""
        before, self._known = self._known, found
        for symbol, listing in found.items():
            old = before.get(symbol)
            if old is None or old.instrument != listing.instrument:
                batch.changed.append((old.instrument if old else None, listing.instrument))
        for symbol in self.symbols:
            was, now = before.get(symbol), found.get(symbol)
            if was is not None and was.status != "delisted" and (now is None or now.status == "delisted"):
                batch.ended.append(symbol)

    def _absorb(self, frame: Frame, raw: RawFrame, batch: Batch) -> None:
        """Keep what is new of a frame."""
        if frame.control is not None:
            if frame.control.kind == "error":
                self.stats.errors += 1
                self.stats.last_error = (
                    f"{self.client.name}: {frame.control.text} {frame.control.code}".strip()
                )
            return
        for reason, count in frame.skipped.items():
            self.stats.skipped[reason] = self.stats.skipped.get(reason, 0) + count
        batch.tickers += frame.tickers
        for change in frame.books:
            self.books.apply(change)
        for dataset, symbol, rows in frame.batch:
            kept = rows
            if dataset == "trades":
                kept = self.mender.new_trades(symbol, rows, frame.trade_counts.get(symbol))
                self.stats.duplicates += len(rows) - len(kept)
            elif dataset == "funding":
                kept = [row for row in rows if self._rate_changed(symbol, row)]
            batch.rows.extend(dataset, symbol, kept)
            newest = rows[-1][0]
            if dataset not in {"bars", "account_trades"} and isinstance(newest, int):
                self._watch_skew(newest, raw.recv_ns)

    def _rate_changed(self, symbol: str, row: tuple[object, ...]) -> bool:
        """Return whether a running funding rate differs from the last: venues repeat it every second."""
        if self._last_rate.get(symbol) == row[1:]:
            return False
        self._last_rate[symbol] = row[1:]
        return True

    def _watch_skew(self, ts_ns: int, recv_ns: int) -> None:
        """Count messages whose moment is far from ours."""
        if abs(recv_ns - ts_ns) > self.options.max_skew_s * NS_PER_S:
            self.stats.skewed += 1

    def _watch_clock(self) -> None:
        """Count jumps of this machine's clock against its steady one."""
        wall, steady = time.time(), time.monotonic()
        if abs((wall - self._clocks[0]) - (steady - self._clocks[1])) > 1.0:
            self.stats.clock_jumps += 1
        self._clocks = (wall, steady)

    def being_mended(self) -> set[tuple[str, str]]:
        """Return the dataset and symbol of gaps that REST is being asked for: nothing is known of those stretches yet."""
        return self.mender.being_mended()

    def broken_connections(self) -> list[Subscription]:
        """Return the connections that are not delivering now."""
        return self.mender.broken_sources()
