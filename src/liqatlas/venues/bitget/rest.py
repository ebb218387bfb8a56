"""Bitget client: what to ask, how its history is cut; every question names the product type."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.errors import InputError
from liqatlas.venues.bitget import consts, parse, parse_rest, stream
from liqatlas.venues.bitget.stream import product_type
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.paging import backward, by_window, numbered
from liqatlas.venues.transport import Refusal, refusal_by_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_BAR_PATHS = {
    "bars": ("history-candles", "last"),
    "mark_bars": ("history-mark-candles", "mark"),
    "index_bars": ("history-index-candles", "index"),
}


class _Problem(msgspec.Struct):
    code: str = "00000"
    msg: str = ""


_PROBLEM = msgspec.json.Decoder(_Problem)
#: Such as BTCUSD and BTCUSDH26: quoted in USD, margined in the coin. Unified ones are a product of their own.
_COIN_FUTURE = re.compile(r"[A-Z0-9]{2,12}USD(_CM|[FGHJKMNQUVXZ]\d\d)?")


class BitgetClient(VenueClient):
    """Bitget USDT and USDC futures."""

    key = "bitget"
    name = "Bitget"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    clock = ("/api/v2/public/time", "requests")
    quotas = consts.QUOTAS
    root = consts.ROOT
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``{"code": "00000", …}``; any other code is a failure."""
        try:
            problem = _PROBLEM.decode(body)
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is cut short or no JSON")
        if problem.code == "00000":
            return None
        return refusal_by_code(
            problem.code, problem.msg, limit=consts.LIMIT_CODES, unknown=consts.UNKNOWN_SYMBOL_CODES, passing=consts.RETRY_CODES
        )  # fmt: skip

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for the contracts of each product type."""
        found = await asyncio.gather(
            *(self._get("contracts", parse_rest.parse_instruments, productType=p) for p in consts.PRODUCT_TYPES)
        )  # fmt: skip
        return {symbol: listing for part in found for symbol, listing in part.items()}

    async def listing(self, name: str) -> Listing:
        """Return the contract of a symbol or asset, as the base does.

        Raises
        ------
        InputError
            If it names a coin-margined future: those of this API are no more, those of the unified account a venue of their own.
        """
        if _COIN_FUTURE.fullmatch(name.upper()):
            raise InputError(
                f"{name} is coin-margined: Bitget ended those contracts here on {consts.COIN_FUTURES_ENDED}; ask venue bitget_coinm for the "
                "ones of its unified account, or choose the USDT or USDC future of the asset"
            )
        return await super().listing(name)

    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer."""
        return parse_rest.parse_server_time(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest and running rate of a contract (one answer)."""
        if dataset not in {"marks", "open_interest", "funding"}:
            raise InputError(f"Bitget gives no snapshot of {dataset}")
        listings = await self.listings()
        frame = await self._get(
            "ticker", lambda body: parse_rest.parse_tickers(body, listings), symbol=symbol, productType=product_type(symbol)
        )  # fmt: skip
        return frame.batch

    async def book(self, symbol: str, levels: int = 50) -> BookChange:
        """Return the book at its finest merging."""
        await self.listing(symbol)
        return await self._get(
            "merge-depth", lambda body: parse_rest.parse_book(body, symbol), symbol=symbol, productType=product_type(symbol),
            precision="scale0", limit="max" if levels > 50 else "50",
        )  # fmt: skip

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        listings = await self.listings()
        frames = await asyncio.gather(
            *(
                self._get("tickers", lambda body: parse_rest.parse_tickers(body, listings), productType=p)
                for p in consts.PRODUCT_TYPES
            )
        )
        return [ticker for frame in frames for ticker in frame.tickers]

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw position tiers, for ``rules.loaders.load_bitget_tiers``."""
        await self.listing(symbol)
        return [
            await self._get("query-position-lever", lambda body: body, symbol=symbol, productType=product_type(symbol))
        ]  # fmt: skip

    def reach_ns(self, dataset: str, interval: str = "1m") -> int | None:
        """Return 90 days for trades."""
        del interval
        return consts.TRADES_REACH_NS if dataset == "trades" else None

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        if dataset in _BAR_PATHS:
            return self._bar_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset == "funding":
            return self._funding_pages(listing, start_ns, end_ns)
        return self._trade_pages(listing, start_ns, end_ns) if dataset == "trades" else None

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        path, kind = _BAR_PATHS[dataset]
        symbol, step = listing.instrument.symbol, INTERVALS_NS[interval]

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(
                path, lambda body: parse_rest.parse_bars(body, symbol, step, kind), symbol=symbol,
                productType=product_type(symbol), granularity=consts.INTERVALS[interval], startTime=start_ms,
                endTime=end_ms + 1, limit=consts.BARS_PER_PAGE,
            )  # fmt: skip

        return by_window(ask, start_ns, end_ns, step_ns=step, page_rows=consts.BARS_PER_PAGE)

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        symbol = listing.instrument.symbol

        async def ask(number: int) -> RowBatch:
            return await self._get(
                "history-fund-rate", lambda body: parse_rest.parse_funding_history(body, listing), symbol=symbol,
                productType=product_type(symbol), pageSize=consts.PAYMENTS_PER_PAGE, pageNo=number,
            )  # fmt: skip

        return numbered(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    async def _trade_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        """Yield past trades by days, each newest first: longer spans are refused."""
        symbol = listing.instrument.symbol

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(
                "fills-history", lambda body: parse_rest.parse_trades(body, listing), symbol=symbol,
                productType=product_type(symbol), startTime=start_ms, endTime=end_ms, limit=consts.TRADES_PER_PAGE,
            )  # fmt: skip

        cursor = start_ns
        while cursor < end_ns:
            stop = min(cursor + consts.TRADES_WINDOW_NS, end_ns)
            async for page in backward(ask, cursor, stop, page_rows=consts.TRADES_PER_PAGE):
                yield page
            cursor = stop

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades; ids do not count one by one."""
        del first_id, last_id
        listing = await self.listing(symbol)
        return await self._get(
            "fills", lambda body: parse_rest.parse_trades(body, listing), symbol=symbol, productType=product_type(symbol),
            limit=consts.TRADES_PER_PAGE,
        )  # fmt: skip

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings)
