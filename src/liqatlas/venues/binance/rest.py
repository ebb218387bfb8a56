"""Binance USD-M client: what to ask, what it weighs, how its history is cut."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, TypeVar

import msgspec

from liqatlas.base.clock import HOUR_NS, NS_PER_MS
from liqatlas.base.errors import InputError, TiersUnknownError
from liqatlas.venues.binance import consts, parse, parse_rest, stream
from liqatlas.venues.binance.archive import DailyFiles
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.paging import by_window, forward, within
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.transport import Answer, Question, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_RATIO_PATHS = {
    "accounts": "/futures/data/globalLongShortAccountRatio",
    "top_accounts": "/futures/data/topLongShortAccountRatio",
    "top_positions": "/futures/data/topLongShortPositionRatio",
}
_BAR_PATHS = {
    "bars": ("/klines", "last"),
    "mark_bars": ("/markPriceKlines", "mark"),
    "index_bars": ("/indexPriceKlines", "index"),
}


class _Problem(msgspec.Struct):
    code: int | None = None
    msg: str = ""


_PROBLEM = msgspec.json.Decoder(_Problem)


class BinanceClient(VenueClient):
    """Binance USD-M futures."""

    key = "binance"
    name = "Binance"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    quotas = consts.QUOTAS
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS
    polled = frozenset({"open_interest", "insurance_fund"})
    filed = frozenset({"open_interest"})
    counted_trade_ids = True
    book_snapshot_in_stream = False
    #: Where the paths of this market begin; COIN-M answers the same questions under another root.
    root: ClassVar[str] = "/fapi/v1"

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``{"code": …, "msg": …}``; anything else is data."""
        if not body.lstrip().startswith(b"{"):
            return None if body.strip() else Refusal("retry", "the body is empty")
        try:
            problem = _PROBLEM.decode(body)
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is cut short")
        if problem.code is None or problem.code in {0, 200}:
            return None
        text = f"code {problem.code}, {problem.msg!r}"
        if problem.code in consts.UNKNOWN_SYMBOL_CODES:
            return Refusal("symbol", text)
        if problem.code in consts.LIMIT_CODES:
            return Refusal("limit", text)
        return Refusal("retry" if problem.code in consts.RETRY_CODES else "final", text)

    def observe_headers(self, headers: Mapping[str, str]) -> None:
        """Take the venue's count of this minute's weight: others may spend behind our address."""
        used = headers.get("X-MBX-USED-WEIGHT-1M", "")
        if used.isdecimal():
            self.transport.budget.observe_used(float(used), "weight")

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all contracts and their funding intervals."""
        info, hours = await asyncio.gather(
            self._ask(f"{self.root}/exchangeInfo", parse_rest.parse_instruments, weight=1, quota="weight"),
            self._ask(
                f"{self.root}/fundingInfo", parse_rest.parse_funding_intervals, weight=1, quota="funding"
            ),
        )
        return parse_rest.with_intervals(info, hours)

    async def server_time_ns(self, question: Callable[[Answer], T]) -> T:
        """Ask for the clock."""
        return await self.transport.ask(Question(f"{self.root}/time", 1, "weight"), question)

    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer."""
        return parse_rest.parse_server_time(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return marks and running funding (one answer), open interest or insurance balances."""
        if dataset in {"marks", "funding"}:
            listings = await self.listings()
            return await self._ask(
                f"{self.root}/premiumIndex", lambda body: parse_rest.parse_premium_index(body, listings),
                weight=1, quota="weight", params={"symbol": symbol},
            )  # fmt: skip
        if dataset == "open_interest":
            return await self._ask(
                f"{self.root}/openInterest", parse_rest.parse_open_interest, weight=1, quota="weight",
                params={"symbol": symbol},
            )  # fmt: skip
        if dataset == "insurance_fund":
            path = f"{self.root}/insuranceBalance"
            return await self._ask(path, parse_rest.parse_insurance, weight=1, quota="weight")
        raise InputError(f"Binance gives no snapshot of {dataset}")

    async def book(self, symbol: str, levels: int = 1000) -> BookChange:
        """Return the book; the venue offers up to 1000 levels a side."""
        limit = next((n for n in (100, 500, 1000) if n >= levels), 1000)
        weight = {100: 5, 500: 10, 1000: 20}[limit]
        listing = await self.listing(symbol)
        return await self._ask(
            f"{self.root}/depth", lambda body: parse_rest.parse_book(body, listing), weight=weight, quota="weight",
            params={"symbol": symbol, "limit": limit},
        )  # fmt: skip

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        return await self._ask(
            f"{self.root}/ticker/24hr", parse_rest.parse_tickers, weight=40, quota="weight"
        )

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Refuse: leverageBracket needs a key."""
        raise TiersUnknownError(
            self.name, symbol, "GET /fapi/v1/leverageBracket needs an API key; load them from a file"
        )

    async def daily_file(self, dataset: str, symbol: str, day_ns: int) -> tuple[str, bytes]:
        """Return the ``metrics`` file of a day, its checksum compared."""
        if dataset not in self.filed:
            return await super().daily_file(dataset, symbol, day_ns)
        files = DailyFiles(
            self.hosts.files or self.hosts.rest, proxy=self.proxy, patience=self.transport.patience
        )
        try:
            return await files.metrics(symbol, day_ns)
        finally:
            await files.close()

    def reach_ns(self, dataset: str, interval: str = "1m") -> int | None:
        """Return 30 days for open interest and ratios."""
        del interval
        return consts.DATA_REACH_NS if dataset in {"open_interest", "long_short_ratios"} else None

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        symbol = listing.instrument.symbol
        if dataset in _BAR_PATHS:
            return self._bar_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset in {"open_interest", "long_short_ratios"}:
            return self._sample_pages(dataset, symbol, start_ns, end_ns, interval)
        if dataset == "funding":
            return self._funding_pages(listing, start_ns, end_ns)
        if dataset == "trades":
            return self._trade_pages(listing, start_ns, end_ns)
        return None

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        path, kind = _BAR_PATHS[dataset]
        symbol = listing.instrument.symbol
        name = "pair" if kind == "index" else "symbol"

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                name: symbol, "interval": consts.INTERVALS[interval], "startTime": start_ms, "endTime": end_ms,
                "limit": consts.BARS_PER_PAGE,
            }  # fmt: skip
            return await self._ask(
                self.root + path, lambda body: parse_rest.parse_bars(body, listing, kind), weight=consts.BARS_WEIGHT, quota="weight",
                params=params,
            )  # fmt: skip

        return by_window(
            ask, start_ns, end_ns, step_ns=INTERVALS_NS[interval], page_rows=consts.BARS_PER_PAGE
        )

    async def _sample_pages(
        self, dataset: str, symbol: str, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        """Yield open-interest or ratio samples; the finest period is 5 minutes."""
        period = interval if interval in consts.PERIODS else "5m"
        kinds = ["open_interest"] if dataset == "open_interest" else list(_RATIO_PATHS)
        for kind in kinds:
            path = "/futures/data/openInterestHist" if kind == "open_interest" else _RATIO_PATHS[kind]

            async def ask(start_ms: int, end_ms: int, kind: str = kind, path: str = path) -> RowBatch:
                def read(body: bytes) -> RowBatch:
                    if kind == "open_interest":
                        return parse_rest.parse_open_interest_history(body)
                    return parse_rest.parse_long_short_ratio(body, kind)

                params: dict[str, str | int] = {
                    "symbol": symbol, "period": period, "startTime": start_ms, "endTime": end_ms,
                    "limit": consts.SAMPLES_PER_PAGE,
                }  # fmt: skip
                return await self._ask(path, read, weight=1, quota="data", params=params)

            rows = consts.SAMPLES_PER_PAGE - 1  # a window of n steps may hold n + 1 samples
            async for page in by_window(ask, start_ns, end_ns, step_ns=INTERVALS_NS[period], page_rows=rows):
                yield page

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "symbol": listing.instrument.symbol, "startTime": start_ms, "endTime": end_ms,
                "limit": consts.PAYMENTS_PER_PAGE,
            }  # fmt: skip
            return await self._ask(
                f"{self.root}/fundingRate", lambda body: parse_rest.parse_funding_history(body, listing),
                weight=1, quota="funding", params=params,
            )  # fmt: skip

        return forward(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    async def _trade_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        """Yield aggregate trades: the first id by time (in steps of an hour), then by id, which misses and repeats nothing."""
        symbol, cursor = listing.instrument.symbol, start_ns
        first: int | None = None
        while first is None and cursor < end_ns:
            stop = min(cursor + HOUR_NS, end_ns)
            span = {"startTime": cursor // NS_PER_MS, "endTime": (stop - 1) // NS_PER_MS}
            found = within(await self._trades(listing, span), cursor, stop).of("trades", symbol)
            first = found[0][4] if found else None  # type: ignore[assignment]
            cursor = stop
        while first is not None:
            page = await self._trades(listing, {"fromId": first})
            rows = page.of("trades", symbol)
            kept = within(page, start_ns, end_ns)
            if len(kept):
                yield kept
            full = len(rows) == consts.TRADES_PER_PAGE
            done = not rows or rows[-1][0] >= end_ns  # type: ignore[operator]
            first = rows[-1][4] + 1 if full and not done else None  # type: ignore[operator]

    async def _trades(self, listing: Listing, span: Mapping[str, int]) -> RowBatch:
        """Ask for one page of aggregate trades."""
        params: dict[str, str | int] = {
            "symbol": listing.instrument.symbol,
            "limit": consts.TRADES_PER_PAGE,
            **span,
        }
        return await self._ask(
            f"{self.root}/aggTrades", lambda body: parse_rest.parse_trades(body, listing), weight=consts.TRADES_WEIGHT,
            quota="weight", params=params,
        )  # fmt: skip

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return aggregate trades by id, both ends included."""
        listing, out = await self.listing(symbol), RowBatch()
        if first_id is None or last_id is None:
            return await self._trades(listing, {})
        cursor = first_id
        while cursor <= last_id:
            rows = (await self._trades(listing, {"fromId": cursor})).of("trades", symbol)
            out.extend("trades", symbol, [row for row in rows if row[4] <= last_id])  # type: ignore[operator]
            if not rows:
                break
            cursor = rows[-1][4] + 1  # type: ignore[operator]
        return out

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings)
