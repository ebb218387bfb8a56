"""Bybit client: what to ask and how its history is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.errors import InputError
from liqatlas.venues.bybit import consts, parse, parse_rest, stream
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.paging import backward, by_window
from liqatlas.venues.transport import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_ANSWER = msgspec.json.Decoder(parse_rest.Answer)
_QUOTA = "requests"
_BAR_PATHS = {
    "bars": ("/v5/market/kline", "last"),
    "mark_bars": ("/v5/market/mark-price-kline", "mark"),
    "index_bars": ("/v5/market/index-price-kline", "index"),
}


def category_of(listing: Listing) -> str:
    """Return the category a contract is asked under."""
    return "inverse" if listing.instrument.is_inverse else "linear"


class BybitClient(VenueClient):
    """Bybit linear and inverse contracts."""

    key = "bybit"
    name = "Bybit"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    clock = ("/v5/market/time", _QUOTA)
    quotas = consts.QUOTAS
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``retCode``: HTTP says 200 either way."""
        try:
            answer = _ANSWER.decode(body)
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is no answer of Bybit, or cut short")
        if answer.retCode == 0:
            return None
        text = f"code {answer.retCode}, {answer.retMsg!r}"
        if answer.retCode in consts.LIMIT_CODES:
            return Refusal("limit", text)
        if answer.retCode in consts.RETRY_CODES:
            return Refusal("retry", text)
        return Refusal("symbol" if "symbol" in answer.retMsg.lower() else "final", text)

    async def _market(
        self,
        path: str,
        read: Callable[[bytes], T],
        params: Mapping[str, str | int],
        listing: Listing | None = None,
    ) -> T:
        """Ask a market endpoint, for a contract or in general."""
        named: dict[str, str | int] = {}
        if listing is not None:
            named = {"category": category_of(listing), "symbol": listing.instrument.symbol}
        return await self._ask(path, read, weight=1, quota=_QUOTA, params={**named, **params})

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all contracts of both categories, page by page."""
        out: dict[str, Listing] = {}
        for category in consts.CATEGORIES:
            cursor = ""
            while True:
                params: dict[str, str | int] = {"category": category, "limit": consts.LISTINGS_PER_PAGE}
                found, cursor = await self._market(
                    "/v5/market/instruments-info",
                    lambda body: (parse_rest.parse_instruments(body), parse_rest.next_cursor(body)),
                    params | ({"cursor": cursor} if cursor else {}),
                )
                out |= found
                if not cursor or not found:
                    break
        return out

    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer."""
        return parse_rest.parse_server_time(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return marks, open interest and running funding (one answer), or the pools with their ADL state."""
        if dataset in {"marks", "open_interest", "funding"}:
            listing = await self.listing(symbol)
            known = {symbol: listing}
            return await self._market(
                "/v5/market/tickers", lambda body: parse_rest.parse_tickers(body, known).batch, {}, listing
            )
        if dataset == "insurance_fund":
            return await self._market("/v5/market/adlAlert", parse_rest.parse_adl_alerts, {})
        raise InputError(f"Bybit gives no snapshot of {dataset}")

    async def insurance_pools(self) -> RowBatch:
        """Return the balances of all pools, shared ones included; the venue updates them daily."""
        return await self._market("/v5/market/insurance", parse_rest.parse_insurance, {})

    async def book(self, symbol: str, levels: int = 400) -> BookChange:
        """Return the book; up to 500 levels a side."""
        listing = await self.listing(symbol)
        return await self._market(
            "/v5/market/orderbook", parse_rest.parse_book, {"limit": min(levels, 500)}, listing
        )

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        listings, out = await self.listings(), []
        for category in consts.CATEGORIES:
            frame = await self._market(
                "/v5/market/tickers",
                lambda body: parse_rest.parse_tickers(body, listings),
                {"category": category},
            )
            out += frame.tickers
        return out

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw risk-limit payload of a symbol; the endpoint is public."""
        listing = await self.listing(symbol)
        return [await self._market("/v5/market/risk-limit", bytes, {}, listing)]

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        if dataset in _BAR_PATHS:
            return self._bar_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset == "open_interest":
            return self._interest_pages(listing, start_ns, end_ns, interval)
        if dataset == "long_short_ratios":
            return self._ratio_pages(listing, start_ns, end_ns, interval)
        return self._funding_pages(listing, start_ns, end_ns) if dataset == "funding" else None

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        path, kind = _BAR_PATHS[dataset]
        step = INTERVALS_NS[interval]

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "interval": consts.INTERVALS[interval], "start": start_ms, "end": end_ms, "limit": consts.BARS_PER_PAGE,
            }  # fmt: skip
            return await self._market(
                path, lambda body: parse_rest.parse_bars(body, step, kind), params, listing
            )

        return by_window(ask, start_ns, end_ns, step_ns=step, page_rows=consts.BARS_PER_PAGE)

    def _interest_pages(
        self, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        period = interval if interval in consts.PERIODS else "5m"

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "intervalTime": consts.PERIODS[period], "startTime": start_ms, "endTime": end_ms,
                "limit": consts.SAMPLES_PER_PAGE,
            }  # fmt: skip
            return await self._market(
                "/v5/market/open-interest",
                lambda body: parse_rest.parse_open_interest(body, listing),
                params,
                listing,
            )

        rows = consts.SAMPLES_PER_PAGE - 1
        return by_window(ask, start_ns, end_ns, step_ns=INTERVALS_NS[period], page_rows=rows)

    def _ratio_pages(
        self, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        period = interval if interval in consts.PERIODS else "5m"

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "period": consts.PERIODS[period], "startTime": start_ms, "endTime": end_ms,
                "limit": consts.RATIOS_PER_PAGE,
            }  # fmt: skip
            return await self._market(
                "/v5/market/account-ratio", parse_rest.parse_long_short_ratio, params, listing
            )

        rows = consts.RATIOS_PER_PAGE - 1
        return by_window(ask, start_ns, end_ns, step_ns=INTERVALS_NS[period], page_rows=rows)

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "startTime": start_ms, "endTime": end_ms, "limit": consts.PAYMENTS_PER_PAGE,
            }  # fmt: skip
            return await self._market(
                "/v5/market/funding/history",
                lambda body: parse_rest.parse_funding_history(body, listing),
                params,
                listing,
            )

        return backward(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent 1000 trades; the venue cannot be asked for older ones."""
        del first_id, last_id
        listing = await self.listing(symbol)
        return await self._market(
            "/v5/market/recent-trade", lambda body: parse_rest.parse_trades(body, listing),
            {"limit": consts.TRADES_PER_PAGE}, listing,
        )  # fmt: skip

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open; liquidations of every contract that trades."""
        chosen: dict[str, list[str]] = {}
        for symbol in symbols:
            chosen.setdefault(category_of(self._listings[symbol]), []).append(symbol)
        everything: dict[str, list[str]] = {}
        for symbol, listing in self._listings.items():
            if listing.status == "trading":
                everything.setdefault(category_of(listing), []).append(symbol)
        return stream.subscriptions(self.hosts.stream, chosen, everything, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings)
