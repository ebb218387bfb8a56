"""The recorder of one venue: feed → lake, and a word for every stretch that was or was not recorded."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, NS_PER_S, now_ns
from liqatlas.base.errors import (
    BackPressureError,
    LiqAtlasError,
    SourceUnavailableError,
    UnknownSymbolError,
)
from liqatlas.base.instruments import Instrument
from liqatlas.flows.venue_state import VenueState, difference
from liqatlas.venues.feed import Feed, FeedOptions
from liqatlas.venues.rows import RowBatch, table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from liqatlas.store import Freshness, Lake, Writer
    from liqatlas.venues.client import VenueClient
    from liqatlas.venues.continuity import Gap
    from liqatlas.venues.rows import Row

#: Datasets that are recorded, where the venue streams them or lets them be polled.
RECORDED = ("trades", "marks", "open_interest", "funding", "liquidations", "insurance_fund")
#: Rows wait this long to be handed on together [s].
FLUSH_S = 0.1
#: How often, and up to how long ago, what was recorded is vouched for.
VOUCH_EVERY_S = 2.0
VOUCH_LAG_NS = 2 * NS_PER_S
#: Accounts that trades name are noted together this often [s].
DISCOVER_EVERY_S = 5.0
#: Longest stretch of trades fetched again after the recorder was down; a longer one stays a gap for backfill.
LONGEST_FILL_NS = 2 * HOUR_NS
#: How long the first live trade is waited for, up to which a pause is filled [s].
FIRST_TRADE_S = 30.0
#: Pause while the writer has no room [s].
_FULL_PAUSE_S = 0.05
DOWN = "the recorder was not running"
_LONGEST_NAME = 80


class VenueRecorder:
    """Records one venue for ever; see :meth:`run`.

    Parameters
    ----------
    names
        Assets or symbols, as the user gave them.
    silent_s
        The feed is opened anew when no frame came for this long [s].

    Attributes
    ----------
    on_rows
        Called with each batch of rows as it comes, before it is durable, and the moment its first frame was received [ns], 0 where
        none was: a map in memory.
    instruments
        The venue's instruments by symbol, as far as they are known.
    """

    def __init__(
        self,
        lake: Lake,
        writer: Writer,
        client: VenueClient,
        names: Sequence[str],
        *,
        silent_s: float,
        options: FeedOptions | None = None,
    ) -> None:
        self.state = VenueState(client.key)
        self.names = tuple(names)
        self.on_rows: Callable[[RowBatch, int], None] | None = None
        self._lake, self._writer, self._client = lake, writer, client
        self._silent_s, self._options = silent_s, options or FeedOptions()
        self._held = RowBatch()
        self._accounts: list[Row] = []
        self._discovered = time.monotonic()
        self._flushed = self._vouched = time.monotonic()
        self._upto: dict[tuple[str, str], int] = {}
        self._first_live: dict[str, int] = {}
        self._before: dict[tuple[str, str], Freshness] = {}
        self._stream = ""
        self._fills: set[asyncio.Task[None]] = set()
        self.instruments: dict[str, Instrument] = {}

    async def resolve(self) -> tuple[str, ...]:
        """Return the venue's symbols of the names; one it does not list is left out.

        Raises
        ------
        UnknownSymbolError
            If it lists none of them.
        SourceUnavailableError
            If it cannot be asked.
        """
        found, last = [], None
        for name in self.names:
            try:
                found.append((await self._client.listing(name)).instrument.symbol)
            except UnknownSymbolError as error:
                last = error
        if not found:
            raise last or UnknownSymbolError(", ".join(self.names), where=self._client.name)
        self.state.symbols = tuple(dict.fromkeys(found))
        return self.state.symbols

    async def unlisted(self, names: Sequence[str]) -> dict[str, UnknownSymbolError]:
        """Return the names the venue does not list, with what it offers instead.

        Raises
        ------
        SourceUnavailableError
            If it cannot be asked.
        """
        out: dict[str, UnknownSymbolError] = {}
        for name in names:
            try:
                await self._client.listing(name)
            except UnknownSymbolError as error:
                out[name] = error
        return out

    async def run(self, stop: asyncio.Event) -> None:
        """Record until told to stop; a venue that cannot be reached is tried again, its problem shown."""
        pause = 1.0
        while not stop.is_set():
            try:
                await self._session(stop)
                pause = 1.0
            except SourceUnavailableError as error:
                self.state.problem = str(error)
            except UnknownSymbolError as error:
                self.state.problem = str(error)
                pause = 60.0
            self.state.connected = 0
            if not stop.is_set():
                self.state.restarts += 1
                await _either(stop, pause)
                pause = min(2 * pause, 60.0)

    async def _session(self, stop: asyncio.Event) -> None:
        """Record with one feed until told to stop or no frame comes."""
        symbols = await self.resolve()
        listings = await self._client.listings()
        self.instruments = {symbol: one.instrument for symbol, one in listings.items()}
        for symbol in symbols:
            self._lake.put_instrument(self.instruments[symbol])
        offered = self._client.streamed | self._client.polled
        datasets = [name for name in RECORDED if name in offered]
        self._stream = f"{self._client.key}-{now_ns()}"
        self._upto.clear()
        self._first_live.clear()
        self._before = {
            (row.dataset, row.symbol): row
            for row in self._lake.freshness(self._client.key)
            if row.symbol in symbols
        }  # before the first new row
        async with Feed(self._client, symbols, datasets, self._options) as feed:
            self.state.problem = ""
            self.state.last_frame = time.monotonic()
            while not stop.is_set():
                batch = await feed.next(FLUSH_S)
                if batch.recv_ns:
                    self.state.last_frame = time.monotonic()
                if self.on_rows is not None and len(batch.rows):
                    self.on_rows(batch.rows, batch.first_recv_ns)
                self._held.merge(batch.rows)
                self._note_gaps(batch.gaps)
                await self._flush_when_due(force=bool(batch.changed))
                for old, new in batch.changed:
                    self.instruments[new.symbol] = new
                    if new.symbol in symbols:
                        self._lake.put_instrument(new, valid_from_ns=batch.recv_ns or now_ns())
                        self.state.news.append(
                            f"{new.symbol} is listed" if old is None else difference(old, new)
                        )
                if batch.ended:
                    self.state.news.append(
                        f"no longer traded: {', '.join(batch.ended)}; what was recorded stays"
                    )
                self._vouch(feed, symbols, datasets)
                self._count(feed)
                if time.monotonic() - self.state.last_frame > self._silent_s:
                    self.state.problem = f"no frame for {self._silent_s:g} s: opening the feed anew"
                    break
            await self._flush_when_due(force=True)
            self._discover(force=True)
            self._note_gaps(feed.finish())
            self._vouch(feed, symbols, datasets, force=True)
            for task in self._fills:
                task.cancel()

    async def _flush_when_due(self, *, force: bool = False) -> None:
        """Hand held rows to the writer; while it has no room the feed is held back, which is counted."""
        if not len(self._held) or (not force and time.monotonic() - self._flushed < FLUSH_S):
            return
        held, self._held = self._held, RowBatch()
        self._flushed = time.monotonic()
        self._accounts += held.of("account_trades")
        self._discover()
        for (dataset, symbol), frame in held.frames().items():
            instrument = self.instruments.get(symbol)
            if instrument is None and dataset == "insurance_fund":
                instrument = self.instruments[symbol] = pool(self._client.key, symbol)
            if dataset not in RECORDED or instrument is None:
                continue
            while True:
                try:
                    self._writer.append(dataset, instrument, frame, stream=self._stream, wait_s=0.0)
                    break
                except BackPressureError:
                    self.state.writer_waits += 1
                    await asyncio.sleep(_FULL_PAUSE_S)
            if dataset == "trades":
                self._first_live.setdefault(symbol, int(frame[0, "ts_event_ns"]))
            self.state.rows[dataset] = self.state.rows.get(dataset, 0) + frame.height

    def _discover(self, *, force: bool = False) -> None:
        """Note the accounts that public trades name, so that a scan finds them; together, as each note is a commit."""
        now = time.monotonic()
        if not self._accounts or (not force and now - self._discovered < DISCOVER_EVERY_S):
            return
        found, self._accounts, self._discovered = table_of("account_trades", self._accounts), [], now
        self.state.accounts_found += self._lake.accounts.discover(self._client.key, found, found_in="trades")

    def _note_gaps(self, gaps: Sequence[Gap]) -> None:
        for gap in gaps:
            if gap.dataset not in RECORDED:
                continue
            number = self._lake.open_gap(
                gap.dataset,
                gap.venue,
                gap.symbol,
                gap.start_ns,
                end_ns=max(gap.start_ns, gap.end_ns),
                reason=gap.reason,
            )
            if gap.status == "filled":
                self._lake.close_gap(number, max(gap.start_ns, gap.end_ns), filled=True)
                self.state.gaps_filled += 1
            else:
                self.state.gaps_listed += 1

    def _vouch(
        self, feed: Feed, symbols: Sequence[str], datasets: Sequence[str], *, force: bool = False
    ) -> None:
        """Vouch for what came without a break; where a connection is broken or a gap is being mended, wait for the word on it."""
        now = time.monotonic()
        if not force and now - self._vouched < VOUCH_EVERY_S and self._upto:
            return
        self._vouched = now
        broken = {pair for one in feed.broken_connections() for pair in one.carries} | feed.being_mended()
        up = {pair for c in feed.connections if c.stats.connects for pair in c.subscription.carries}
        upto = now_ns() - (0 if force else VOUCH_LAG_NS)
        for dataset in datasets:
            for symbol in symbols:
                pairs = {(dataset, symbol), (dataset, "*")}
                polled = dataset not in self._client.streamed
                if pairs & broken or not (polled or pairs & up):
                    continue
                key = (dataset, symbol)
                begin = self._upto.get(key)
                if begin is None:
                    self._upto[key] = now_ns()
                    self._after_a_pause(dataset, symbol, self._upto[key])
                elif upto > begin:
                    empty = schemas.ALL_TABLES[dataset].empty()
                    self._writer.append(dataset, self.instruments[symbol], empty, covers=(begin, upto))
                    self._upto[key] = upto

    def _after_a_pause(self, dataset: str, symbol: str, began_ns: int) -> None:
        """Write down the stretch since the recorder last ran, and have its trades fetched where the venue still has them."""
        known = self._before.get((dataset, symbol))
        if known is None:
            return
        if dataset == "trades":
            self._fill_old(symbol, began_ns)
        since = min(known.recorded_until_ns or known.last_event_ns, known.last_event_ns)
        if since >= began_ns:
            return
        number = self._lake.open_gap(dataset, self._client.key, symbol, since, end_ns=began_ns, reason=DOWN)
        if dataset == "trades" and began_ns - since <= LONGEST_FILL_NS:
            self._start(self._fill(number, symbol, since, began_ns))
        else:
            self.state.gaps_listed += 1

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._fills.add(task)
        task.add_done_callback(self._fills.discard)

    def _fill_old(self, symbol: str, now: int) -> None:
        """Have earlier pauses fetched that no recorder lived long enough to fetch."""
        span = (now - LONGEST_FILL_NS, now)
        for gap in self._lake.list_gaps(
            dataset="trades", venue=self._client.key, symbol=symbol, span=span, filled=False
        ):
            if gap.reason == DOWN and gap.end_ns is not None and gap.start_ns >= span[0]:
                self._start(self._fill(gap.number, symbol, gap.start_ns, gap.end_ns))

    async def _fill(self, number: int, symbol: str, since: int, until: int) -> None:
        """Fetch the trades of a stretch, up to the first live one; the gap counts as filled only if all of it came."""
        waited = time.monotonic()
        while symbol not in self._first_live and time.monotonic() - waited < FIRST_TRADE_S:  # noqa: ASYNC110 (rows come through the same loop)
            await asyncio.sleep(FLUSH_S)
        try:
            whole = await self._fetch(symbol, since, self._first_live.get(symbol, until) + 1)
        except LiqAtlasError as error:
            self.state.problem = f"gap of {symbol} stays: {error}"
            whole = False
        if whole:
            self._lake.close_gap(number, until, filled=True)
            self.state.gaps_filled += 1
        else:
            self.state.gaps_listed += 1

    async def _fetch(self, symbol: str, since: int, until: int) -> bool:
        """Return whether the trades of ``[since, until)`` were fetched to the last."""
        instrument = self.instruments[symbol]
        pages: list[RowBatch] = []
        if self._client.capabilities().capabilities.trades == "both":
            pages = [page async for page in self._client.history("trades", symbol, since, until)]
            whole = True
        else:  # only the most recent ones can be had
            pages = [await self._client.missing_trades(symbol, None, None)]
            rows = pages[0].of("trades", symbol)
            whole = bool(rows) and min(int(str(row[0])) for row in rows) <= since
        ticket = None
        for page in pages:
            self._accounts += page.of("account_trades")
            for (dataset, name), frame in page.frames().items():
                if (dataset, name) == ("trades", symbol):
                    ticket = self._writer.append("trades", instrument, frame)
        while ticket is not None and not self._writer.durable_upto(ticket):  # noqa: ASYNC110 (the writer is a thread)
            await asyncio.sleep(_FULL_PAUSE_S)
        return whole

    def _count(self, feed: Feed) -> None:
        state = self.state
        state.connections = len(feed.connections)
        state.connected = sum(c.stats.connects > 0 for c in feed.connections) - len(feed.broken_connections())
        state.frames, state.duplicates = feed.stats.frames, feed.stats.duplicates
        state.dropped, state.held_back = feed.inbox.stats.dropped, feed.inbox.stats.waits
        if feed.stats.last_error:
            state.problem = feed.stats.last_error


def pool(venue: str, name: str) -> Instrument:
    """Return what stands in the catalogue for an insurance pool that no single contract names: its name, and nothing that trades.

    Some pools are named by all the contracts they serve; a name too long for a folder is cut and told apart by its digest.
    """
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 9]}~{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"
    return Instrument(venue, name, name)


async def _either(stop: asyncio.Event, seconds: float) -> None:
    """Wait until told to stop, at most some seconds."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
