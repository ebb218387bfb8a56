"""Bitfinex client: what to ask, how its history is cut, and the channel numbers of each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.base.errors import InputError, SourceUnavailableError, TiersUnknownError
from liqatlas.venues.bitfinex import consts, parse, parse_rest, parse_stream, stream
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.frames import book_rows
from liqatlas.venues.paging import by_window, forward
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.transport import Answer, Question, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from liqatlas.venues.client import ClientOptions
    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.inbox import RawFrame
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_PROBLEM = msgspec.json.Decoder(tuple[str, int, str])
_ANY = msgspec.json.Decoder(msgspec.Raw)


class BitfinexClient(VenueClient):
    """Bitfinex perpetual derivatives."""

    key = "bitfinex"
    name = "Bitfinex"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    quotas = consts.QUOTAS
    root = consts.ROOT
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS
    polled = frozenset({"book_levels"})

    def __init__(self, options: ClientOptions | None = None) -> None:
        super().__init__(options)
        self._channels: dict[Subscription | None, parse_stream.Channels] = {}

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``["error", code, text]``; anything else is data if it is whole."""
        if not body.startswith(b'["error"'):
            try:
                _ANY.decode(body)
            except msgspec.MsgspecError:
                return Refusal("retry", "the body is cut short or no JSON")
            return None
        try:
            _, code, text = _PROBLEM.decode(body)
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is cut short")
        said = f"{code}, {text!r}"
        if code in consts.LIMIT_CODES:
            return Refusal("limit", said)
        if code in consts.UNKNOWN_CODES and "symbol" in text:
            return Refusal("symbol", said)
        return Refusal("final" if code in consts.UNKNOWN_CODES else "retry", said)

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for contracts, and for prices: the step of a price follows from it."""
        found = await self.tickers()
        prices = {ticker.symbol: ticker.last_price for ticker in found if ticker.last_price}
        return await self._get(
            "/conf/pub:info:pair:futures", lambda body: parse_rest.parse_instruments(body, prices)
        )

    async def server_time_ns(self, question: Callable[[Answer], T]) -> T:
        """Ask whether the platform operates; its clock is that of the answer's header.

        Raises
        ------
        SourceUnavailableError
            If it says that it is in maintenance.
        """

        def read(answer: Answer) -> T:
            if not parse_rest.parse_platform(answer.body):
                raise SourceUnavailableError("Bitfinex says that it is in maintenance: try again later")
            moment = parse_rest.moment_of(answer.headers.get("Date", ""))
            return question(answer._replace(body=str(moment).encode()))

        return await self.transport.ask(Question(f"{consts.ROOT}/platform/status", 1, "requests"), read)

    def parse_time(self, body: bytes) -> int:
        """Return the clock that :meth:`server_time_ns` found."""
        return int(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest and running rate of a contract (one answer), or its best book levels."""
        if dataset == "book_levels":
            return book_rows(await self.book(symbol), consts.POLLED_LEVELS)
        if dataset not in {"marks", "open_interest", "funding"}:
            raise InputError(f"Bitfinex gives no snapshot of {dataset}")
        await self.listing(symbol)
        return await self._get("/status/deriv", parse.parse_status, quota="status", keys=symbol)

    async def book(self, symbol: str, levels: int = consts.BOOK_LEVELS) -> BookChange:
        """Return the book; levels are given by 1, 25 or 100."""
        listing = await self.listing(symbol)
        return await self._get(
            f"/book/{symbol}/P0", lambda body: parse_rest.parse_book(body, listing, now_ns()),
            len=25 if levels <= 25 else consts.BOOK_LEVELS,
        )  # fmt: skip

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all derivatives."""
        return await self._get(
            "/tickers", lambda body: parse_rest.parse_tickers(body, now_ns()), symbols="ALL"
        )

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Refuse: maintenance rates of derivatives are not published."""
        await self.listing(symbol)
        raise TiersUnknownError(
            "bitfinex",
            symbol,
            "Bitfinex publishes no maintenance rate of derivatives; give the symbol's own terms",
        )

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        symbol = listing.instrument.symbol
        if dataset == "bars":
            return self._bar_pages(listing, start_ns, end_ns, interval)
        asked: dict[str, tuple[str, Callable[[bytes], RowBatch], str, int]] = {
            "trades": (f"/trades/{symbol}/hist", lambda body: parse.parse_trades(body, listing), "trades", consts.TRADES_PER_PAGE),
            "marks": (f"/status/deriv/{symbol}/hist", self._samples("marks", symbol), "status", consts.SAMPLES_PER_PAGE),
            "open_interest": (
                f"/status/deriv/{symbol}/hist", self._samples("open_interest", symbol), "status", consts.SAMPLES_PER_PAGE,
            ),
        }  # fmt: skip
        if dataset == "liquidations":
            return self._print_pages(symbol, start_ns, end_ns)
        if dataset not in asked:
            return None
        path, read, quota, rows = asked[dataset]

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(path, read, quota=quota, start=start_ms, end=end_ms, limit=rows, sort=1)

        return forward(ask, start_ns, end_ns, page_rows=rows)

    @staticmethod
    def _samples(dataset: str, symbol: str) -> Callable[[bytes], RowBatch]:
        """Return a reader of one dataset of the status history."""

        def read(body: bytes) -> RowBatch:
            out = RowBatch()
            out.extend(dataset, symbol, parse.parse_status(body, symbol=symbol).of(dataset))
            return out

        return read

    def _bar_pages(
        self, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        if interval not in consts.INTERVALS:
            raise InputError(
                f"Bitfinex has no candles of {interval}: wanted one of {', '.join(consts.INTERVALS)}"
            )
        symbol, step = listing.instrument.symbol, INTERVALS_NS[interval]
        path = f"/candles/trade:{consts.INTERVALS[interval]}:{symbol}/hist"

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(
                path, lambda body: parse_rest.parse_bars(body, listing, step), start=start_ms, end=end_ms,
                limit=consts.BARS_PER_PAGE, sort=1,
            )  # fmt: skip

        return by_window(ask, start_ns, end_ns, step_ns=step, page_rows=consts.BARS_PER_PAGE)

    async def _print_pages(self, symbol: str, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        """Yield prints of one contract: pages hold rows of the whole venue, triggers included, so the rows asked for tell a full one.

        Raises
        ------
        SourceUnavailableError
            If a full page holds a single moment: the venue gives no way past it.
        """
        cursor, listings = start_ns // NS_PER_MS, await self.listings()
        while cursor * NS_PER_MS < end_ns:
            frame, moments = await self._get(
                "/liquidations/hist",
                lambda body: (parse.parse_liquidations(body, listings), parse.moments_of(body)),
                quota="liquidations", start=cursor, end=(end_ns - 1) // NS_PER_MS, limit=consts.PRINTS_PER_PAGE, sort=1,
            )  # fmt: skip
            full = len(moments) >= consts.PRINTS_PER_PAGE
            last = max(moments, default=0)
            if full and last == cursor:
                raise SourceUnavailableError(
                    f"more than {consts.PRINTS_PER_PAGE} liquidations share {last} ms"
                )
            stop = last * NS_PER_MS if full else end_ns
            page = RowBatch()
            rows = frame.batch.of("liquidations", symbol)
            page.extend("liquidations", symbol, [row for row in rows if start_ns <= row[0] < stop])  # type: ignore[operator]
            if len(page):
                yield page
            if not full:
                return
            cursor = last

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades; ids count over the whole venue, not one by one."""
        del first_id, last_id
        listing = await self.listing(symbol)
        return await self._get(
            f"/trades/{symbol}/hist", lambda body: parse.parse_trades(body, listing), quota="trades",
            limit=consts.TRADES_PER_PAGE, sort=-1,
        )  # fmt: skip

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def read(self, raw: RawFrame, listings: Mapping[str, Listing]) -> Frame:
        """Return what a frame says under the channel numbers of its connection."""
        return parse_stream.parse_frame(raw.payload, self._channels.setdefault(raw.source, {}), listings)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a message of a lone connection says."""
        del recv_ns
        return parse_stream.parse_frame(payload, self._channels.setdefault(None, {}), listings)
