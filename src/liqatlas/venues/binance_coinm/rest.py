"""Binance COIN-M client: the questions of USD-M under another root, answers in contracts, samples by pair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, TiersUnknownError
from liqatlas.venues.binance import parse_rest as usdm
from liqatlas.venues.binance.consts import (
    INTERVALS,
    PERIODS,
    SAMPLES_PER_PAGE,
    TRADES_PER_PAGE,
    TRADES_WEIGHT,
)
from liqatlas.venues.binance.rest import BinanceClient
from liqatlas.venues.binance_coinm import consts, parse, parse_rest, stream
from liqatlas.venues.client import INTERVALS_NS
from liqatlas.venues.paging import by_window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription

#: topLongShortAccountRatio is left out: its page asks for a symbol and answers with a pair, so whose share it is stays unsaid.
_RATIO_PATHS = {
    "accounts": "/futures/data/globalLongShortAccountRatio",
    "top_positions": "/futures/data/topLongShortPositionRatio",
}
_BAR_PATHS = {
    "bars": ("/klines", "last"),
    "mark_bars": ("/markPriceKlines", "mark"),
    "index_bars": ("/indexPriceKlines", "index"),
}


def pair_of(symbol: str) -> str:
    """Return ``BTCUSD`` of ``BTCUSD_PERP`` and ``BTCUSD_261225``."""
    return symbol.partition("_")[0]


class BinanceCoinMClient(BinanceClient):
    """Binance COIN-M futures."""

    key = "binance_coinm"
    name = "Binance COIN-M"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    quotas = consts.QUOTAS
    streamed = stream.DATASETS
    polled = frozenset({"open_interest"})
    filed = frozenset()
    root = consts.ROOT

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all contracts and their funding intervals."""
        info, hours = await asyncio.gather(
            self._ask(f"{self.root}/exchangeInfo", parse_rest.parse_instruments, weight=1, quota="weight"),
            self._ask(f"{self.root}/fundingInfo", usdm.parse_funding_intervals, weight=1, quota="funding"),
        )
        return usdm.with_intervals(info, hours)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return marks and running funding (one answer), or open interest."""
        listings = await self.listings()
        if dataset in {"marks", "funding"}:
            return await self._ask(
                f"{self.root}/premiumIndex", lambda body: usdm.parse_premium_index(body, listings),
                weight=10, quota="weight", params={"symbol": symbol},
            )  # fmt: skip
        if dataset == "open_interest":
            return await self._ask(
                f"{self.root}/openInterest", lambda body: parse_rest.parse_open_interest(body, listings),
                weight=1, quota="weight", params={"symbol": symbol},
            )  # fmt: skip
        raise InputError(f"Binance COIN-M gives no snapshot of {dataset}")

    async def book(self, symbol: str, levels: int = 1000) -> BookChange:
        """Return the book; the venue offers up to 1000 levels a side."""
        limit = next((n for n in (100, 500, 1000) if n >= levels), 1000)
        listing = await self.listing(symbol)
        return await self._ask(
            f"{self.root}/depth", lambda body: usdm.parse_book(body, listing),
            weight={100: 5, 500: 10, 1000: 20}[limit], quota="weight", params={"symbol": symbol, "limit": limit},
        )  # fmt: skip

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        listings = await self.listings()
        return await self._ask(
            f"{self.root}/ticker/24hr", lambda body: parse_rest.parse_tickers(body, listings), weight=40, quota="weight"
        )  # fmt: skip

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Refuse: leverageBracket needs a key."""
        raise TiersUnknownError(
            self.name, symbol, "GET /dapi/v2/leverageBracket needs an API key; load them from a file"
        )

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        path, kind = _BAR_PATHS[dataset]
        symbol = listing.instrument.symbol
        whose = {"pair": pair_of(symbol)} if kind == "index" else {"symbol": symbol}

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                **whose, "interval": INTERVALS[interval], "startTime": start_ms, "endTime": end_ms,
                "limit": consts.BARS_PER_PAGE,
            }  # fmt: skip
            return await self._ask(
                self.root + path, lambda body: usdm.parse_bars(body, listing, kind), weight=consts.BARS_WEIGHT,
                quota="weight", params=params,
            )  # fmt: skip

        return by_window(
            ask, start_ns, end_ns, step_ns=INTERVALS_NS[interval], page_rows=consts.BARS_PER_PAGE
        )

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        """Return pages; open-interest history names a contract type, not a date, so only the perpetual has one."""
        if dataset == "open_interest" and listing.instrument.expiry_ns is not None:
            return None
        return super()._pages(dataset, listing, start_ns, end_ns, interval)

    async def _sample_pages(
        self, dataset: str, symbol: str, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        """Yield open-interest samples of the perpetual, or ratios of the pair; the finest period is 5 minutes."""
        period = interval if interval in PERIODS else "5m"
        listing = await self.listing(symbol)
        kinds = ["open_interest"] if dataset == "open_interest" else list(_RATIO_PATHS)
        for kind in kinds:
            path = _RATIO_PATHS.get(kind, "/futures/data/openInterestHist")

            async def ask(start_ms: int, end_ms: int, kind: str = kind, path: str = path) -> RowBatch:
                def read(body: bytes) -> RowBatch:
                    if kind == "open_interest":
                        return parse_rest.parse_open_interest_history(body, listing)
                    return parse_rest.parse_long_short_ratio(body, symbol, kind)

                params: dict[str, str | int] = {
                    "pair": pair_of(symbol), "period": period, "startTime": start_ms, "endTime": end_ms,
                    "limit": SAMPLES_PER_PAGE,
                }  # fmt: skip
                if kind == "open_interest":
                    params["contractType"] = "PERPETUAL"
                return await self._ask(path, read, weight=1, quota="data", params=params)

            rows = SAMPLES_PER_PAGE - 1  # a window of n steps may hold n + 1 samples
            async for page in by_window(ask, start_ns, end_ns, step_ns=INTERVALS_NS[period], page_rows=rows):
                yield page

    async def _trades(self, listing: Listing, span: Mapping[str, int]) -> RowBatch:
        """Ask for one page of aggregate trades."""
        params: dict[str, str | int] = {"symbol": listing.instrument.symbol, "limit": TRADES_PER_PAGE, **span}
        return await self._ask(
            f"{self.root}/aggTrades", lambda body: usdm.parse_trades(body, listing), weight=TRADES_WEIGHT,
            quota="weight", params=params,
        )  # fmt: skip

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings)
