"""OKX client: what to ask and how its history is cut. Times page backwards: ``after`` asks for older, ``before`` for newer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.errors import InputError
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.okx import consts, parse, parse_rest, stream
from liqatlas.venues.paging import backward, by_window
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.transport import Refusal, refusal_by_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_ANSWER = msgspec.json.Decoder(parse_rest.Answer)
_BAR_PATHS = {
    "bars": ("/api/v5/market/history-candles", "last"),
    "mark_bars": ("/api/v5/market/history-mark-price-candles", "mark"),
}


def family_of(listing: Listing) -> str:
    """Return the instrument family, such as ``BTC-USDT`` of ``BTC-USDT-SWAP``."""
    return "-".join(listing.instrument.symbol.split("-")[:2])


class OkxClient(VenueClient):
    """OKX perpetual swaps and futures."""

    key = "okx"
    name = "OKX"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    clock = ("/api/v5/public/time", "public")
    quotas = consts.QUOTAS
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS
    counted_trade_ids = True

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``code``: HTTP may say 200 either way."""
        try:
            answer = _ANSWER.decode(body)
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is no answer of OKX, or cut short")
        if answer.code == "0":
            return None
        return refusal_by_code(
            answer.code, answer.msg, limit=consts.LIMIT_CODES, unknown=consts.UNKNOWN_SYMBOL_CODES, passing=consts.RETRY_CODES
        )  # fmt: skip

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all swaps and futures."""
        out: dict[str, Listing] = {}
        for kind in consts.KINDS:
            out |= await self._public(
                "/api/v5/public/instruments", parse_rest.parse_instruments, {"instType": kind}
            )
        return out

    async def _public(self, path: str, read: Callable[[bytes], T], params: Mapping[str, str | int]) -> T:
        return await self._ask(path, read, weight=1, quota="public", params=params)

    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer."""
        return parse_rest.parse_server_time(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest, running funding or the insurance fund of a contract."""
        listing = await self.listing(symbol)
        known = {symbol: listing}
        of: dict[str, str | int] = {"instType": _kind(listing), "instId": symbol}
        if dataset == "marks":
            return await self._public(
                "/api/v5/public/mark-price", lambda b: parse_rest.parse_marks(b, known), of
            )
        if dataset == "open_interest":
            path = "/api/v5/public/open-interest"
            return await self._public(path, lambda b: parse_rest.parse_open_interest(b, known), of)
        if dataset == "funding":
            path = "/api/v5/public/funding-rate"
            return await self._public(
                path, lambda b: parse_rest.parse_funding(b, listing), {"instId": symbol}
            )
        if dataset == "insurance_fund":
            family = family_of(listing)
            return await self._public(
                "/api/v5/public/insurance-fund", lambda b: parse_rest.parse_insurance(b, family),
                {"instType": _kind(listing), "instFamily": family},
            )  # fmt: skip
        raise InputError(f"OKX gives no snapshot of {dataset}")

    async def index_price(self, symbol: str) -> tuple[int, float]:
        """Return the index of a contract: moment [ns] and price."""
        family = family_of(await self.listing(symbol))
        params = {"instId": family}
        return (await self._public("/api/v5/market/index-tickers", parse_rest.parse_index_prices, params))[
            family
        ]

    async def book(self, symbol: str, levels: int = 400) -> BookChange:
        """Return the book; up to 400 levels a side."""
        listing = await self.listing(symbol)
        params: dict[str, str | int] = {"instId": symbol, "sz": min(levels, 400)}
        return await self._public("/api/v5/market/books", lambda b: parse_rest.parse_book(b, listing), params)

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        listings, out = await self.listings(), []
        for kind in consts.KINDS:
            out += await self._public(
                "/api/v5/market/tickers", lambda b: parse_rest.parse_tickers(b, listings), {"instType": kind}
            )
        return out

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw tier payloads of a contract, cross and isolated; the endpoint is public."""
        listing = await self.listing(symbol)
        out = []
        for mode in ("cross", "isolated"):
            params = {"instType": _kind(listing), "tdMode": mode, "instFamily": family_of(listing)}
            out.append(
                await self._ask(
                    "/api/v5/public/position-tiers", bytes, weight=1, quota="history", params=params
                )
            )
        return out

    def reach_ns(self, dataset: str, interval: str = "1m") -> int | None:
        """Return how far back history reaches: 1,440 samples of a period, three months of payments."""
        if dataset in {"open_interest", "long_short_ratios"}:
            return consts.SAMPLES_REACH * INTERVALS_NS[interval if interval in consts.PERIODS else "5m"]
        return consts.FUNDING_REACH_NS if dataset == "funding" else None

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        if dataset in _BAR_PATHS:
            return self._bar_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset in {"open_interest", "long_short_ratios"}:
            return self._sample_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset == "funding":
            return self._funding_pages(listing, start_ns, end_ns)
        return self._trade_pages(listing, start_ns, end_ns) if dataset == "trades" else None

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        path, kind = _BAR_PATHS[dataset]
        step = INTERVALS_NS[interval]

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "instId": listing.instrument.symbol, "bar": consts.INTERVALS[interval], "before": start_ms - 1,
                "after": end_ms + 1, "limit": consts.BARS_PER_PAGE,
            }  # fmt: skip
            return await self._ask(
                path,
                lambda b: parse_rest.parse_bars(b, listing, step, kind),
                weight=1,
                quota="history",
                params=params,
            )

        return by_window(ask, start_ns, end_ns, step_ns=step, page_rows=consts.BARS_PER_PAGE)

    def _sample_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        period = interval if interval in consts.PERIODS else "5m"
        symbol, interest = listing.instrument.symbol, dataset == "open_interest"
        path = "open-interest-history" if interest else "long-short-account-ratio-contract"

        def read(body: bytes) -> RowBatch:
            if interest:
                return parse_rest.parse_open_interest_history(body, listing)
            return parse_rest.parse_long_short_ratio(body, symbol)

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "instId": symbol, "period": consts.PERIODS[period], "begin": start_ms - 1, "end": end_ms + 1,
                "limit": consts.SAMPLES_PER_PAGE,
            }  # fmt: skip
            return await self._ask(
                f"/api/v5/rubik/stat/contracts/{path}", read, weight=1, quota="statistics", params=params
            )

        rows = consts.SAMPLES_PER_PAGE - 1
        return by_window(ask, start_ns, end_ns, step_ns=INTERVALS_NS[period], page_rows=rows)

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "instId": listing.instrument.symbol, "before": start_ms - 1, "after": end_ms + 1,
                "limit": consts.PAYMENTS_PER_PAGE,
            }  # fmt: skip
            path = "/api/v5/public/funding-rate-history"
            return await self._ask(
                path,
                lambda b: parse_rest.parse_funding_history(b, listing),
                weight=1,
                quota="history",
                params=params,
            )

        return backward(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    def _trade_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            del start_ms  # this endpoint pages by its end alone
            return await self._trades(listing, {"type": "2", "after": end_ms + 1})

        return backward(ask, start_ns, end_ns, page_rows=consts.TRADES_PER_PAGE)

    async def _trades(self, listing: Listing, span: Mapping[str, str | int]) -> RowBatch:
        """Ask for one page of single fills, newest first."""
        params = {"instId": listing.instrument.symbol, "limit": consts.TRADES_PER_PAGE, **span}
        return await self._ask(
            "/api/v5/market/history-trades", lambda b: parse_rest.parse_trades(b, listing), weight=1, quota="history",
            params=params,
        )  # fmt: skip

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return single fills by id, both ends included; the stream's aggregates stand for the same ids."""
        listing, out = await self.listing(symbol), RowBatch()
        if first_id is None or last_id is None:
            return await self._trades(listing, {})
        cursor = last_id + 1
        while cursor > first_id:
            rows = (await self._trades(listing, {"type": "1", "after": cursor})).of("trades", symbol)
            out.extend("trades", symbol, [row for row in rows if first_id <= row[4] < cursor])  # type: ignore[operator]
            if not rows:
                break
            cursor = rows[0][4]  # type: ignore[assignment]
        return out

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings)


def _kind(listing: Listing) -> str:
    """Return the kind of contract as requests name it."""
    return "SWAP" if listing.instrument.expiry_ns is None else "FUTURES"
