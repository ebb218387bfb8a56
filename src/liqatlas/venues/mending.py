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
from liqatlas.venues.seam import PAUSES, Seam

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from liqatlas.venues.client import VenueClient
    from liqatlas.venues.continuity import GapReason
    from liqatlas.venues.inbox import Inbox, RawFrame, Resumed
    from liqatlas.venues.rows import Row, RowBatch
    from liqatlas.venues.subscriptions import Subscription

#: A contract so quiet that its next trade does not come for this long has its minutes compared without it.
_QUIET_NS = 10 * MINUTE_NS


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
        self._seams: dict[int, Seam] = {}
        self._unheard: dict[str, list[Seam]] = {}  # broken, and no trade of the symbol came since
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
            newest = max((_moment_and_id(row)[0] for row in rows), default=0)
            self._last_ts[symbol] = max(self._last_ts.get(symbol, 0), newest)
            for seam in self._unheard.pop(symbol, ()) if rows else ():
                seam.heard_ns = newest
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

    @property
    def mending(self) -> int:
        """Number of gaps that REST is being asked for."""
        return len(self._open)

    def being_mended(self) -> set[tuple[str, str]]:
        """Return the dataset and symbol of those gaps."""
        return {(gap.dataset, gap.symbol) for gap in self._open.values()}

    def _mend(self, gap: Gap, heard_ns: int | None = None, lot: float = 0.0) -> None:
        """Ask REST for a gap's trades.

        Parameters
        ----------
        gap
            What is missing.
        heard_ns
            A trade known from after it; ``None`` where the stream must be heard again first.
        lot
            What the turnover of a minute is compared by, where a bar showed the gap.
        """
        self._tokens += 1
        self._open[self._tokens] = gap
        if gap.first_id is None:
            seam = self._seams[self._tokens] = Seam(gap, heard_ns, lot)
            if heard_ns is None:
                self._unheard.setdefault(gap.symbol, []).append(seam)
        self._start(self._fetch(self._tokens, gap, self._grace_s * PAUSES[0]))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, token: int, gap: Gap, wait_s: float) -> None:
        """Wait for late frames, then ask; the answer goes through the inbox like everything else."""
        await asyncio.sleep(wait_s)
        batch, trouble = None, ""
        seam = self._seams.get(token)
        try:
            if seam is not None and seam.asked and seam.verdict != "again":
                pass  # the stream went on at what the answer before held
            elif gap.first_id is None:
                batch = await self._client.missing_trades(gap.symbol, None, None)
                if gap.reason == "volume":
                    batch.extend("bars", gap.symbol, await self._bars(gap.symbol, gap.start_ns, gap.end_ns))
            elif span := self._hole(gap):
                batch = await self._client.missing_trades(gap.symbol, *span)
        except LiqAtlasError as error:
            trouble = str(error)
        self._inbox.tell(Fetched(token, batch, trouble))

    def _hole(self, gap: Gap) -> tuple[int, int] | None:
        """Return the first and last id of a gap that have not come meanwhile."""
        assert gap.first_id is not None
        assert gap.last_id is not None
        holes = self._sequences[gap.symbol].still_missing(gap.first_id, gap.last_id)
        return (holes[0][0], holes[-1][1]) if holes else None

    async def _bars(self, symbol: str, start_ns: int, end_ns: int) -> list[Row]:
        """Return the venue's bars of some minutes."""
        rows: list[Row] = []
        async for page in self._client.history("bars", symbol, start_ns, end_ns, interval="1m"):
            rows += page.of("bars", symbol)
        return rows

    def fetched(self, message: Fetched, into: RowBatch) -> None:
        """Take what REST had for a gap; close it as filled or listed, or ask again."""
        gap = self._open.get(message.token)
        if gap is None:
            return
        self.last_trouble = message.trouble or self.last_trouble
        rows = message.batch.of("trades", gap.symbol) if message.batch is not None else []
        seam = self._seams.get(message.token)
        if seam is None:
            self._fill_counted(gap, rows, into)
        elif message.batch is None:
            gap.status = "listed" if message.trouble or seam.verdict != "filled" else "filled"
        else:
            self._fill_by_overlap(seam, rows, into)
            if gap.reason == "volume":
                seam.bar_lost = self._still_lost(seam, message.batch.of("bars", gap.symbol))
            if seam.verdict == "again":
                pause_s = self._grace_s * PAUSES[seam.asked]
                self._start(self._fetch(message.token, gap, pause_s))
                return
            gap.status = seam.verdict
        self._close(message.token, gap)

    def _close(self, token: int, gap: Gap) -> None:
        """Tell how a gap ended, unless a look at it showed that nothing was lost."""
        del self._open[token]
        seam = self._seams.pop(token, None)
        if seam is not None and seam in self._unheard.get(gap.symbol, ()):
            self._unheard[gap.symbol].remove(seam)
        if gap.reason == "volume":
            self._audits[gap.symbol].release(gap.start_ns)
        looked_at = gap.reason in {"beginning", "volume"}
        if looked_at and gap.status == "filled" and not gap.filled_rows:
            return
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

    def _fill_by_overlap(self, seam: Seam, rows: list[Row], into: RowBatch) -> None:
        """Keep rows not seen, and note how far the answer joins on to what came."""
        gap = seam.gap
        seen = self._seen.setdefault(gap.symbol, SeenIds())
        keys = [_moment_and_id(row) for row in rows]
        seam.lay(keys, seen)
        kept = [row for row, key in zip(rows, keys, strict=True) if seen.offer(*key)]
        into.extend("trades", gap.symbol, kept)
        for row in kept if self.audits else ():
            self._audits.setdefault(gap.symbol, MinuteAudit()).add(row[0], row[2])  # type: ignore[arg-type]
        gap.filled_rows += len(kept)

    def _still_lost(self, seam: Seam, bars: list[Row]) -> float | None:
        """Return the turnover that a minute's bar has beyond ours, ``None`` where there is no such bar."""
        minute, symbol = seam.gap.start_ns, seam.gap.symbol
        for bar in bars:
            if bar[0] == minute:
                return self._audits[symbol].differs(minute, bar[6] or 0.0, seam.lot)  # type: ignore[arg-type]
        return None

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
        began, over = self._began.get(symbol), self._over_ns(symbol)
        if began is not None and (began // MINUTE_NS + 1) * MINUTE_NS <= over:
            del self._began[symbol]
            end = (began // MINUTE_NS + 1) * MINUTE_NS
            self._mend(self._gap("trades", symbol, began, end, "beginning"), self._last_ts.get(symbol, end))
        audit = self._audits.get(symbol)
        minutes = audit.whole_minutes(over) if audit else []
        if audit is None or not minutes:
            return
        lot = float((await self._client.listing(symbol)).instrument.lot_size)
        bars = await self._bars(symbol, minutes[0], minutes[-1] + MINUTE_NS)
        volumes: dict[int, float] = {row[0]: row[6] or 0.0 for row in bars}  # type: ignore[misc]
        for minute in minutes:
            if minute not in volumes:
                break  # the venue has not written that bar yet
            if audit.differs(minute, volumes[minute], lot):
                audit.hold(minute)
                self._mend(self._gap("trades", symbol, minute, minute + MINUTE_NS, "volume"), minute, lot)
            audit.done(minute)

    def _over_ns(self, symbol: str) -> int:
        """Return up to when a symbol's minutes are over.

        By both clocks: ours, and the last trade read. Ours may run ahead of the venue's, whose bar of the minute is not whole then,
        and trades of the minute may still wait in the inbox; a minute compared too early would never be looked at again.
        """
        ours = now_ns() - int(self._audit_s * NS_PER_S)
        return min(ours, max(self._last_ts.get(symbol, 0), ours - _QUIET_NS))

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
        self._seams.clear()
        self._unheard.clear()
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
