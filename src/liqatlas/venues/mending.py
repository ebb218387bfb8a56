"""Gaps of a feed: found, mended from REST where the venue can, listed where it cannot. Nothing is lost in silence.

Trades are mended. Other datasets (marks, liquidations, open interest, funding) cannot be asked for again at the same fineness:
the stretch in which their connection was broken is listed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from liqatlas.base.clock import MINUTE_NS, NS_PER_S, now_ns
from liqatlas.base.errors import LiqAtlasError
from liqatlas.venues.continuity import Gap, MinuteAudit, SeenIds, Sequence
from liqatlas.venues.inbox import Broken, Fetched

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from liqatlas.venues.client import VenueClient
    from liqatlas.venues.continuity import GapReason
    from liqatlas.venues.inbox import Inbox, RawFrame, Resumed
    from liqatlas.venues.rows import Row, RowBatch
    from liqatlas.venues.subscriptions import Subscription


class Mender:
    """The memory of what came, by symbol, and the gaps in it."""

    def __init__(self, client: VenueClient, inbox: Inbox, *, grace_s: float, audit_s: float) -> None:
        self._client, self._inbox = client, inbox
        self._grace_s, self._audit_s = grace_s, audit_s
        self._sequences: dict[str, Sequence] = {}
        self._seen: dict[str, SeenIds] = {}
        self._audits: dict[str, MinuteAudit] = {}
        self._last_ts: dict[str, int] = {}
        self._began: dict[
            str, int
        ] = {}  # first trade of each symbol whose first minute was not looked at yet
        self._broken: dict[Subscription, Broken] = {}
        self._open: dict[int, Gap] = {}
        self._closed: list[Gap] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._tokens = 0
        #: Audits that could not ask the venue, and what was last in the way of mending.
        self.audit_failures = 0
        self.last_trouble = ""

    @property
    def audits(self) -> bool:
        """Whether minutes are compared with the venue's bars: where ids do not count, nothing else shows a loss."""
        return self._audit_s > 0 and not self._client.counted_trade_ids

    # --- trades -------------------------------------------------------------------------------------------------

    def new_trades(self, symbol: str, rows: list[Row], counts: list[int] | None) -> list[Row]:
        """Return the rows that are no replays; open a gap where ids leave a hole."""
        if self._client.counted_trade_ids:
            kept = self._counted(symbol, rows, counts)
        else:
            seen = self._seen.setdefault(symbol, SeenIds())
            kept = [row for row in rows if seen.offer(*_moment_and_id(row))]
            if kept:
                self._last_ts[symbol] = max(self._last_ts.get(symbol, 0), _moment_and_id(kept[-1])[0])
        if self.audits:
            if kept and symbol not in self._audits:
                self._began[symbol] = _moment_and_id(kept[0])[0]
            audit = self._audits.setdefault(symbol, MinuteAudit())
            for row in kept:
                audit.add(row[0], row[2])  # type: ignore[arg-type]
        return kept

    def _counted(self, symbol: str, rows: list[Row], counts: list[int] | None) -> list[Row]:
        """Return the new rows of a venue whose ids count one by one."""
        sequence = self._sequences.setdefault(symbol, Sequence())
        kept = []
        for i, row in enumerate(rows):
            ts, last = _moment_and_id(row)
            first = last - (counts[i] if counts else 1) + 1
            before = sequence.last
            if not sequence.offer(first, last):
                continue
            kept.append(row)
            if before is not None and first > before + 1:
                gap = self._gap("trades", symbol, self._last_ts.get(symbol, ts), ts, "sequence")
                gap.first_id, gap.last_id, gap.missing = before + 1, first - 1, first - 1 - before
                self._mend(gap)
            self._last_ts[symbol] = max(self._last_ts.get(symbol, 0), ts)
        return kept

    def _gap(self, dataset: str, symbol: str, start_ns: int, end_ns: int, reason: GapReason) -> Gap:
        return Gap(self._client.key, dataset, symbol, min(start_ns, end_ns), max(start_ns, end_ns), reason)

    def _mend(self, gap: Gap) -> None:
        """Ask REST for a gap's trades."""
        self._tokens += 1
        self._open[self._tokens] = gap
        self._start(self._fetch(self._tokens, gap))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, token: int, gap: Gap) -> None:
        """Wait for late frames, then ask; the answer goes through the inbox like everything else."""
        await asyncio.sleep(self._grace_s)
        batch, trouble = None, ""
        sequence = self._sequences.get(gap.symbol)
        if gap.first_id is not None and gap.last_id is not None and sequence is not None:
            holes = sequence.still_missing(gap.first_id, gap.last_id)
            first, last = (holes[0][0], holes[-1][1]) if holes else (None, None)
        else:
            first = last = None
        try:
            if gap.first_id is None or first is not None:
                batch = await self._client.missing_trades(gap.symbol, first, last)
        except LiqAtlasError as error:
            trouble = str(error)
        self._inbox.tell(Fetched(token, batch, trouble))

    def fetched(self, message: Fetched, into: RowBatch) -> None:
        """Take what REST had for a gap; close it as filled or listed."""
        gap = self._open.pop(message.token, None)
        if gap is None:
            return
        self.last_trouble = message.trouble or self.last_trouble
        rows = message.batch.of("trades", gap.symbol) if message.batch is not None else []
        if gap.first_id is not None and gap.last_id is not None:
            self._fill_counted(gap, rows, into)
        else:
            self._fill_by_overlap(gap, rows, into)
        if gap.reason == "beginning" and gap.status == "filled" and not gap.filled_rows:
            return  # looked at, and whole
        self._closed.append(gap)

    def _fill_counted(self, gap: Gap, rows: list[Row], into: RowBatch) -> None:
        """Keep rows whose ids are still missing; what stays missing is listed with its number."""
        assert gap.first_id is not None
        assert gap.last_id is not None
        sequence = self._sequences[gap.symbol]
        kept = [row for row in rows if sequence.offer(_moment_and_id(row)[1], _moment_and_id(row)[1])]
        into.extend("trades", gap.symbol, kept)
        gap.filled_rows = len(kept)
        holes = sequence.still_missing(gap.first_id, gap.last_id)
        gap.missing = sum(high - low + 1 for low, high in holes)
        gap.status = "listed" if gap.missing else "filled"
        sequence.give_up(gap.first_id, gap.last_id)

    def _fill_by_overlap(self, gap: Gap, rows: list[Row], into: RowBatch) -> None:
        """Keep rows not seen; the gap is filled only if the answer reaches back to a trade from before it.

        A gap found by turnover is filled when the minute agrees afterwards.
        """
        seen = self._seen.setdefault(gap.symbol, SeenIds())
        keys = [_moment_and_id(row) for row in rows]
        reaches = any(key in seen and key[0] <= gap.start_ns for key in keys)
        kept = [row for row, key in zip(rows, keys, strict=True) if seen.offer(*key)]
        into.extend("trades", gap.symbol, kept)
        for row in kept if self.audits else ():
            self._audits.setdefault(gap.symbol, MinuteAudit()).add(row[0], row[2])  # type: ignore[arg-type]
        gap.filled_rows = len(kept)
        gap.status = "filled" if reaches else "listed"

    # --- breaks -------------------------------------------------------------------------------------------------

    def broken(self, message: Broken) -> None:
        """Remember since when a connection is broken."""
        self._broken.setdefault(message.source, message)

    def never_connected(self, source: Subscription, since_ns: int) -> None:
        """Remember a connection that never came up."""
        self._broken.setdefault(source, Broken(source, since_ns, since_ns, "disconnect"))

    def resumed(self, message: Resumed) -> None:
        """Close the break: list its stretch for each dataset, mend trades."""
        broken = self._broken.pop(message.source, None)
        if broken is None:
            return
        for dataset, symbol in sorted(message.source.carries):
            gap = self._gap(dataset, symbol, broken.since_ns, message.at_ns, broken.reason)
            if dataset != "trades":
                gap.status = "listed"
                self._closed.append(gap)
            elif not self._client.counted_trade_ids:
                gap.start_ns = self._last_ts.get(symbol, gap.start_ns)
                self._mend(gap)
            # Where ids count, the first trade after the break opens the gap by itself, with its exact size.

    def unreadable(self, raw: RawFrame) -> None:
        """List a frame that could not be read, for every dataset its connection carries."""
        for dataset, symbol in sorted(raw.source.carries):
            gap = self._gap(dataset, symbol, raw.recv_ns, raw.recv_ns + 1, "unreadable")
            if dataset == "trades" and not self._client.counted_trade_ids:
                gap.start_ns = self._last_ts.get(symbol, gap.start_ns)
                self._mend(gap)
            elif dataset != "trades":
                gap.status = "listed"
                self._closed.append(gap)

    def broken_sources(self) -> list[Subscription]:
        """Return the connections broken now."""
        return list(self._broken)

    # --- audit --------------------------------------------------------------------------------------------------

    async def audit(self, symbols: Iterable[str]) -> None:
        """Compare each finished minute's turnover with the venue's bar, for ever."""
        names = list(symbols)
        while True:
            await asyncio.sleep(min(self._audit_s, 5.0))
            for symbol in names:
                try:
                    await self._audit_symbol(symbol)
                except LiqAtlasError as error:  # the minutes stay and are compared next time
                    self.audit_failures += 1
                    self.last_trouble = str(error)

    async def _audit_symbol(self, symbol: str) -> None:
        """Compare the minutes of one symbol that are over by long enough.

        The minute in which recording began has no bar to compare with: what REST still has of it is laid over what came.
        """
        began = self._began.get(symbol)
        over = now_ns() - int(self._audit_s * NS_PER_S)
        if began is not None and (began // MINUTE_NS + 1) * MINUTE_NS <= over:
            del self._began[symbol]
            self._mend(self._gap("trades", symbol, began, (began // MINUTE_NS + 1) * MINUTE_NS, "beginning"))
        audit = self._audits.get(symbol)
        minutes = audit.whole_minutes(over) if audit else []
        if audit is None or not minutes:
            return
        listing = await self._client.listing(symbol)
        lot = float(listing.instrument.lot_size)
        volumes: dict[int, float] = {}
        async for page in self._client.history(
            "bars", symbol, minutes[0], minutes[-1] + MINUTE_NS, interval="1m"
        ):
            volumes |= {row[0]: row[6] or 0.0 for row in page.of("bars", symbol)}  # type: ignore[misc]
        for minute in minutes:
            if minute not in volumes:
                break  # the venue has not written that bar yet
            lost = audit.differs(minute, volumes[minute], lot)
            audit.done(minute)
            if lost:
                gap = self._gap("trades", symbol, minute, minute + MINUTE_NS, "volume")
                self._mend(gap)

    # --- the end ------------------------------------------------------------------------------------------------

    def closed(self) -> list[Gap]:
        """Return the gaps closed since the last call."""
        found, self._closed = self._closed, []
        return found

    def finish(self, at_ns: int) -> list[Gap]:
        """List what is still open."""
        for source, broken in self._broken.items():
            for dataset, symbol in sorted(source.carries):
                gap = self._gap(dataset, symbol, broken.since_ns, at_ns, "end")
                gap.status = "listed"
                self._closed.append(gap)
        for gap in self._open.values():
            gap.status = "listed"
            self._closed.append(gap)
        self._broken.clear()
        self._open.clear()
        return self.closed()

    async def stop(self) -> None:
        """End what is being asked for."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _moment_and_id(row: Row) -> tuple[int, int]:
    """Return the moment and the id of a trades row."""
    return row[0], row[4]  # type: ignore[return-value]
