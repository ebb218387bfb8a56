"""Hyperliquid client: one endpoint, POST /info, told apart by ``type``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.base.errors import InputError, UnknownSymbolError
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.hyperliquid import consts, parse, parse_rest, stream
from liqatlas.venues.paging import by_window, forward
from liqatlas.venues.transport import Answer, Question, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")


class HyperliquidClient(VenueClient):
    """Hyperliquid perpetuals of the main dex."""

    key = "hyperliquid"
    name = "Hyperliquid"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    quotas = consts.QUOTAS
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS
    names_accounts = True

    def check_answer(self, body: bytes) -> Refusal | None:
        """Refuse what is no data: ``null`` answers an unknown coin, plain text an error."""
        text = body.strip()
        if text == b"null":
            return Refusal("symbol", "the answer is null")
        if not text.startswith((b"{", b"[")):
            return Refusal("retry", f"the body is no JSON: {text[:80]!r}")
        return None

    async def _info(
        self, body: Mapping[str, object], read: Callable[[bytes], T], weight: float = consts.ORDINARY
    ) -> T:
        return await self._ask("/info", read, weight=weight, quota="weight", body=json.dumps(body).encode())

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for the universe."""
        return await self._info({"type": "meta"}, parse_rest.parse_instruments)

    async def server_time_ns(self, question: Callable[[Answer], T]) -> T:
        """Ask for a book, which carries the venue's time; there is no clock endpoint."""
        coin = next(iter(await self.listings()))
        body = json.dumps({"type": "l2Book", "coin": coin}).encode()
        return await self.transport.ask(Question("/info", consts.LIGHT, "weight", body=body), question)

    def parse_time(self, body: bytes) -> int:
        """Return the time of a book."""
        return parse_rest.parse_book(body).ts_event_ns

    async def contexts(self) -> Frame:
        """Return marks, open interest, funding and summaries of all coins in one answer."""
        return await self._info(
            {"type": "metaAndAssetCtxs"}, lambda body: parse_rest.parse_contexts(body, now_ns())
        )

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest and running funding of a coin (one answer for all coins)."""
        if dataset not in {"marks", "open_interest", "funding"}:
            raise InputError(f"Hyperliquid gives no snapshot of {dataset}")
        batch = (await self.contexts()).batch
        for key in [key for key in batch.rows if key[1] != symbol]:
            del batch.rows[key]
        if not batch.rows:
            raise UnknownSymbolError(symbol, where=self.name)
        return batch

    async def book(self, symbol: str, levels: int = 20) -> BookChange:
        """Return the book; the venue gives 20 levels a side."""
        del levels
        await self.listing(symbol)
        return await self._info({"type": "l2Book", "coin": symbol}, parse_rest.parse_book, consts.LIGHT)

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all coins."""
        return (await self.contexts()).tickers

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw ``meta`` payload, which holds every coin's margin table."""
        await self.listing(symbol)

        def whole(body: bytes) -> bytes:
            parse_rest.parse_instruments(body)
            return body

        return [await self._info({"type": "meta"}, whole)]

    def reach_ns(self, dataset: str, interval: str = "1m") -> int | None:
        """Return the reach of the latest 5,000 candles of a size."""
        return consts.BARS_REACH * INTERVALS_NS[interval] if dataset == "bars" else None

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        if dataset == "bars":
            return self._bar_pages(listing, start_ns, end_ns, interval)
        return self._funding_pages(listing, start_ns, end_ns) if dataset == "funding" else None

    def _bar_pages(
        self, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        coin = listing.instrument.symbol

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            request = {
                "coin": coin,
                "interval": consts.INTERVALS[interval],
                "startTime": start_ms,
                "endTime": end_ms,
            }
            span = (end_ms - start_ms) * NS_PER_MS / INTERVALS_NS[interval]
            weight = consts.ORDINARY + span / 60
            return await self._info(
                {"type": "candleSnapshot", "req": request},
                lambda body: parse_rest.parse_bars(body, now_ns()),
                weight,
            )

        return by_window(
            ask, start_ns, end_ns, step_ns=INTERVALS_NS[interval], page_rows=consts.BARS_PER_PAGE
        )

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        coin = listing.instrument.symbol

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            request = {"type": "fundingHistory", "coin": coin, "startTime": start_ms, "endTime": end_ms}
            weight = consts.ORDINARY + consts.PAYMENTS_PER_PAGE / 20
            return await self._info(request, parse_rest.parse_funding_history, weight)

        return forward(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades; the venue sends few and cannot be asked for older ones."""
        del first_id, last_id
        listing = await self.listing(symbol)
        return await self._info(
            {"type": "recentTrades", "coin": symbol}, lambda body: parse_rest.parse_trades(body, listing)
        )

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        return parse.parse_frame(payload, listings, recv_ns)
