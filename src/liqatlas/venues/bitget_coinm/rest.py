"""Bitget COIN-M client: the unified account's questions; manners, clock and failures are those of the other futures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from liqatlas.base.errors import InputError
from liqatlas.venues.bitget.rest import BitgetClient
from liqatlas.venues.bitget_coinm import consts, parse, parse_rest, stream
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.frames import book_rows
from liqatlas.venues.paging import by_window, numbered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from liqatlas.venues.bitget_coinm.units import OpenInterestUnit
    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_BAR_TYPES = {"bars": ("market", "last"), "mark_bars": ("mark", "mark"), "index_bars": ("index", "index")}


class BitgetCoinMClient(BitgetClient):
    """Bitget coin-margined futures of the unified account."""

    key = "bitget_coinm"
    name = "Bitget COIN-M"
    offers = consts.CAPABILITIES
    root = consts.ROOT
    streamed = stream.DATASETS
    polled = frozenset({"book_levels"})
    #: What open interest counts, as the venue's own figures show it; set with the contracts.
    unit: OpenInterestUnit | None = None

    async def _get(
        self,
        path: str,
        parse: Callable[[bytes], T],
        params: Mapping[str, str | int] | None = None,
        *,
        quota: str = "requests",
        **named: str | int,
    ) -> T:
        """Ask the unified API about coin-margined futures."""
        return await super()._get(path, parse, params, quota=quota, category=consts.CATEGORY, **named)

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for the contracts, then for their summaries: these tell what open interest counts."""
        found = await self._get("instruments", parse_rest.parse_instruments)
        self.unit = await self._get("tickers", lambda body: parse_rest.parse_open_interest_unit(body, found))
        return found

    async def listing(self, name: str) -> Listing:
        """Return the contract of a symbol or asset, as every venue does: coin-margined ones are what is here."""
        return await VenueClient.listing(self, name)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest and running rate of a contract (one answer), or its book."""
        if dataset == "book_levels":
            return book_rows(await self.book(symbol), consts.BOOK_LEVELS_KEPT)
        if dataset not in {"marks", "open_interest", "funding"}:
            raise InputError(f"{self.name} gives no snapshot of {dataset}")
        listings = await self.listings()
        frame = await self._get(
            "tickers", lambda body: parse_rest.parse_tickers(body, listings, self.unit), symbol=symbol
        )
        return frame.batch

    async def book(self, symbol: str, levels: int = consts.BOOK_LEVELS) -> BookChange:
        """Return the book, up to 200 levels a side."""
        listing = await self.listing(symbol)
        return await self._get(
            "orderbook", lambda body: parse_rest.parse_book(body, listing), symbol=listing.instrument.symbol,
            limit=min(levels, consts.BOOK_LEVELS),
        )  # fmt: skip

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        listings = await self.listings()
        frame = await self._get("tickers", lambda body: parse_rest.parse_tickers(body, listings, self.unit))
        return frame.tickers

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw position tiers, for ``rules.loaders.load_bitget_unified_tiers``."""
        found = (await self.listing(symbol)).instrument.symbol
        return [await self._get("position-tier", lambda body: body, symbol=found)]

    def reach_ns(self, dataset: str, interval: str = "1m") -> int | None:
        """Return no bound: only recent trades are given, and no page says how far candles reach."""
        del dataset, interval
        return None

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        if dataset in _BAR_TYPES:
            return self._bar_pages(dataset, listing, start_ns, end_ns, interval)
        return self._funding_pages(listing, start_ns, end_ns) if dataset == "funding" else None

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        type_of, kind = _BAR_TYPES[dataset]
        symbol, step = listing.instrument.symbol, INTERVALS_NS[interval]

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(
                "candles", lambda body: parse_rest.parse_bars(body, symbol, step, kind), symbol=symbol,
                interval=consts.INTERVALS[interval], type=type_of, startTime=start_ms, endTime=end_ms + 1,
                limit=consts.BARS_PER_PAGE,
            )  # fmt: skip

        rows = min(consts.BARS_PER_PAGE, consts.BARS_SPAN_NS // step)
        return by_window(ask, start_ns, end_ns, step_ns=step, page_rows=rows)

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        symbol = listing.instrument.symbol

        async def ask(number: int) -> RowBatch:
            return await self._get(
                "history-fund-rate", lambda body: parse_rest.parse_funding_history(body, listing), symbol=symbol,
                cursor=number, limit=consts.PAYMENTS_PER_PAGE,
            )  # fmt: skip

        return numbered(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades; ids do not count one by one."""
        del first_id, last_id
        listing = await self.listing(symbol)
        return await self._get(
            "fills", lambda body: parse_rest.parse_trades(body, listing), symbol=listing.instrument.symbol,
            limit=consts.TRADES_PER_PAGE,
        )  # fmt: skip

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings, self.unit)
