"""The writer: rows go into a bounded queue, one thread commits them in groups, a ticket tells when they are durable.

The promise: a row whose ticket is durable survives ``kill -9`` and a power cut. A row that is not yet durable can be lost;
the queue is written at the latest after a quarter of ``bound_s``, so that a crash loses at most the last ``bound_s``
seconds as long as one commit takes less than the rest. Commits that were later are counted, never hidden.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from liqatlas.base.errors import BackPressureError, InternalError, LakeError
from liqatlas.store import commit
from liqatlas.store.catalogue import ensure_series, write_sidecar
from liqatlas.store.coverage import proper
from liqatlas.store.database import connect, sqlite_errors, transaction
from liqatlas.store.keys import checked, keying
from liqatlas.store.layout import CATALOGUE
from liqatlas.store.lock import Lock
from liqatlas.store.receipts import Ticket, WriterStats
from liqatlas.store.streams import StreamCounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    import polars as pl

    from liqatlas.base.instruments import Instrument
    from liqatlas.store.commit import Item
    from liqatlas.store.coverage import Span

#: What a crash may lose at most [s].
BOUND_S = 1.0
#: Memory of rows that wait for their commit [bytes].
MAX_PENDING_BYTES = 64 * 2**20
#: Rows of one transaction; more wait for the next.
MAX_COMMIT_ROWS = 100_000
#: Pause before a failed commit is tried again [s].
RETRY_S = 0.5
_ITEM_BYTES = 512


class Writer:
    """Appends rows to a lake; a context manager. Safe to use from several threads.

    Parameters
    ----------
    root
        The lake's folder, already made.
    role
        What this process writes as; two writers of one role exclude each other.
    bound_s
        What a crash may lose at most [s].
    max_pending_bytes
        Hard cap on the memory of waiting rows.
    on_durable
        Called from the writer's thread with the number up to which tickets are durable; must be quick and not raise.

    Raises
    ------
    LakeLockedError
        If another process writes in this role.
    """

    def __init__(
        self,
        root: Path,
        *,
        role: str = "recorder",
        bound_s: float = BOUND_S,
        max_pending_bytes: int = MAX_PENDING_BYTES,
        on_durable: Callable[[int], None] | None = None,
    ) -> None:
        self._root = root
        self._path = root / CATALOGUE
        self._lock = Lock(root, role).acquire()
        #: What a former writer of this role left that died without closing, else empty.
        self.taken_over = self._lock.taken_over
        self._bound_s = bound_s
        self._cap = max_pending_bytes
        self._on_durable = on_durable
        self._counts = StreamCounts()
        self._known: dict[Instrument, int] = {}
        self._change = threading.Condition()
        self._queue: deque[Item] = deque()
        self._stats = WriterStats()
        self._last = 0
        self._durable = 0
        self._hurry = False
        self._closing = False
        self._error: LakeError | None = None
        self._broken: InternalError | None = None
        try:
            self._front = connect(self._path, writable=True)
            self._back = connect(self._path, writable=True)
        except BaseException:
            self._lock.release()
            raise
        self._thread = threading.Thread(target=self._run, name="liqatlas-store-writer", daemon=True)
        self._thread.start()

    def append(
        self,
        dataset: str,
        instrument: Instrument,
        frame: pl.DataFrame,
        *,
        stream: str | None = None,
        covers: Span | None = None,
        checkpoint: tuple[str, str] | None = None,
        wait_s: float | None = None,
    ) -> Ticket:
        """Take rows to be written; return at once unless the queue is full.

        Parameters
        ----------
        dataset
            Name of a table of ``base.schemas``.
        instrument
            Whose rows they are; ``price_ticks`` count its ``tick_size``.
        frame
            Rows in that schema. The same block appended again adds nothing.
        stream
            Name of the live connection they came from. Identical events of one stream are different events, however
            many appends they come in; without it the frame is a block, such as a page of history.
        covers
            ``[start, end)`` [ns] within which nothing is missing after these rows; the frame may be empty.
        checkpoint
            Name and value, written in the same transaction as the rows.
        wait_s
            How long to wait for room [s]; by default as long as it takes.

        Raises
        ------
        BackPressureError
            If there was no room within ``wait_s``; nothing was taken.
        LakeError
            If there is no room because commits fail, as on a full disk.
        InputError, InternalError
            If the frame does not hold to its schema or ``covers`` is no span.
        """
        rule = keying(dataset)
        rows = checked(dataset, frame)
        size = int(rows.estimated_size()) + _ITEM_BYTES
        covers = None if covers is None else proper(covers)
        with self._change:
            self._need_room(size, rows.height, wait_s)
            number = self._series(instrument)
            name = (dataset, number, stream) if stream is not None else None
            item = commit.Item(
                number=self._last + 1,
                dataset=dataset,
                series=number,
                tick_size=instrument.tick_size,
                rows=self._counts.counted(rule, rows, name),
                covers=covers,
                checkpoint=checkpoint,
                size=size,
                since=time.monotonic(),
            )
            return self._enqueue(item)

    def note_loss(self, dataset: str, instrument: Instrument, span: Span, *, reason: str) -> Ticket:
        """Write a gap with the next commit: rows of ``[start, end)`` that the caller could not keep."""
        with self._change:
            number = self._series(instrument)
            gap = (instrument.venue, instrument.symbol, *proper(span), reason)
            item = commit.Item(
                self._last + 1, dataset, number, instrument.tick_size, None, since=time.monotonic(), gap=gap
            )
            return self._enqueue(item)

    def _enqueue(self, item: Item) -> Ticket:
        count = 0 if item.rows is None else item.rows.height
        self._last = item.number
        self._queue.append(item)
        self._stats = replace(
            self._stats,
            appended=self._stats.appended + count,
            pending_rows=self._stats.pending_rows + count,
            pending_bytes=self._stats.pending_bytes + item.size,
        )
        self._change.notify_all()
        return Ticket(item.number, count)

    def _series(self, instrument: Instrument) -> int:
        """Return the instrument's series number, made on its first append."""
        number = self._known.get(instrument)
        if number is None:
            with sqlite_errors(self._path):
                with transaction(self._front) as open_transaction:
                    number = ensure_series(open_transaction, instrument).number
                write_sidecar(self._front, self._root)
            self._known[instrument] = number
        return number

    def _need_room(self, size: int, rows: int, wait_s: float | None) -> None:
        """Wait until the queue can take ``size`` bytes; an empty queue takes anything."""
        begun = time.monotonic()
        while not self._closing and self._broken is None:
            if not self._queue or self._stats.pending_bytes + size <= self._cap:
                break
            waited = time.monotonic() - begun
            out_of_time = wait_s is not None and waited >= wait_s
            if out_of_time or self._error is not None:
                self._count_wait(begun)
                self._stats = replace(self._stats, refused_rows=self._stats.refused_rows + rows)
                raise self._error or BackPressureError(
                    f"{self._stats.pending_rows:,} rows ({self._stats.pending_bytes:,} bytes) wait to be written and the "
                    f"cap is {self._cap:,} bytes; {rows:,} rows were not taken. Wait and append again, or note the loss"
                )
            self._hurry = True
            self._change.notify_all()
            self._change.wait(None if wait_s is None else wait_s - waited)
        self._count_wait(begun)
        if self._broken is not None:
            raise self._broken
        if self._closing:
            raise LakeError(f"lake {self._root}: the writer is closed; open another one")

    def _count_wait(self, begun: float) -> None:
        waited = time.monotonic() - begun
        if waited > 0.001:
            self._stats = replace(
                self._stats, waits=self._stats.waits + 1, waited_s=self._stats.waited_s + waited
            )

    def durable_upto(self, ticket: Ticket) -> bool:
        """Whether this ticket and all before it are durable."""
        return self._durable >= ticket.number

    @property
    def durable_number(self) -> int:
        """Number of the last durable ticket, 0 for none."""
        return self._durable

    def wait(self, ticket: Ticket, *, timeout_s: float | None = None) -> None:
        """Have a ticket written now and return when it is durable.

        Raises
        ------
        LakeError
            If its commit failed; the rows still wait and are tried again. Also if the time is over.
        """
        begun = time.monotonic()
        with self._change:
            failures = self._stats.failed_commits
            while self._durable < ticket.number:
                if self._broken is not None:
                    raise self._broken
                if self._error is not None and self._stats.failed_commits > failures:
                    raise self._error
                left = None if timeout_s is None else timeout_s - (time.monotonic() - begun)
                if left is not None and left <= 0:
                    raise LakeError(
                        f"lake {self._root}: not durable within {timeout_s:g} s; the rows still wait"
                    )
                self._hurry = True
                self._change.notify_all()
                self._change.wait(left)

    def flush(self, *, timeout_s: float | None = None) -> None:
        """Return when everything appended so far is durable; see :meth:`wait`."""
        self.wait(Ticket(self._last, 0), timeout_s=timeout_s)

    @property
    def stats(self) -> WriterStats:
        """Counts up to this moment."""
        return self._stats

    def close(self) -> None:
        """Write what waits, stop, let go of the lock.

        Raises
        ------
        LakeError
            If what waits could not be written; says how many rows were lost.
        """
        with self._change:
            self._closing = True
            self._error = None  # one last try, the disk may have room again
            self._change.notify_all()
        self._thread.join()
        self._front.close()
        self._back.close()
        self._lock.release()
        if self._broken is not None:
            raise self._broken
        lost, self._queue = self._stats.pending_rows, deque()
        self._stats = replace(self._stats, pending_rows=0, pending_bytes=0)
        if lost:
            raise LakeError(
                f"lake {self._root}: {lost:,} rows were appended but never durable and are lost: {self._error}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        """Commit groups until closed."""
        try:
            while (items := self._next_group()) is not None:
                self._write(items)
        except Exception as error:  # noqa: BLE001 whoever waits must learn why the thread ended
            with self._change:
                self._broken = InternalError(
                    f"the writer of lake {self._root} broke: {error!r}; please report it"
                )
                self._broken.__cause__ = error
                self._change.notify_all()

    def _next_group(self) -> list[Item] | None:
        """Wait until the oldest item is due and return what goes into one transaction; ``None`` to stop."""
        with self._change:
            while not self._due():
                if self._closing and (not self._queue or self._error is not None):
                    return None
                oldest = self._queue[0].since if self._queue else None
                self._change.wait(
                    None if oldest is None else max(0.0, oldest + self._bound_s / 4 - time.monotonic())
                )
            items: list[Item] = []
            rows = 0
            for item in self._queue:
                rows += 0 if item.rows is None else item.rows.height
                if items and rows > MAX_COMMIT_ROWS:
                    break
                items.append(item)
            self._hurry = False
            return items

    def _due(self) -> bool:
        if not self._queue or (self._closing and self._error is not None):
            return False
        aged = time.monotonic() - self._queue[0].since >= self._bound_s / 4
        return aged or self._hurry or self._closing or self._stats.pending_rows >= MAX_COMMIT_ROWS

    def _write(self, items: list[Item]) -> None:
        """Commit a group and tell everybody; after a failure it stays queued and is tried again after a pause."""
        begun = time.monotonic()
        try:
            with sqlite_errors(self._path), transaction(self._back) as open_transaction:
                written = commit.write_group(open_transaction, items)
        except LakeError as error:
            with self._change:
                self._error = error
                self._stats = replace(
                    self._stats, failed_commits=self._stats.failed_commits + 1, error=str(error)
                )
                self._change.notify_all()
                if not self._closing:
                    self._change.wait(RETRY_S)
            return
        self._acknowledge(items, written, begun)

    def _acknowledge(self, items: list[Item], written: int, begun: float) -> None:
        now = time.monotonic()
        delay = now - items[0].since
        with self._change:
            for _ in items:
                self._queue.popleft()
            old = self._stats
            self._stats = replace(
                old,
                written=old.written + written,
                commits=old.commits + 1,
                late_commits=old.late_commits + (delay > self._bound_s),
                pending_rows=old.pending_rows - sum(i.rows.height for i in items if i.rows is not None),
                pending_bytes=old.pending_bytes - sum(i.size for i in items),
                longest_commit_s=max(old.longest_commit_s, now - begun),
                longest_delay_s=max(old.longest_delay_s, delay),
                error="",
            )
            self._error = None
            self._durable = items[-1].number
            self._change.notify_all()
        if self._on_durable is not None:
            self._on_durable(self._durable)
