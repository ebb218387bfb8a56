"""Gate client: what to ask, how its history is cut; every path names the settlement currency."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.clock import NS_PER_S, now_ns
from liqatlas.base.errors import InputError
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.gate import consts, parse, parse_rest, stream
from liqatlas.venues.gate.stream import settle_of
from liqatlas.venues.paging import backward, by_window, within
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.transport import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
_BAR_KINDS = {"bars": ("", "last"), "mark_bars": ("mark_", "mark"), "index_bars": ("index_", "index")}
_UNKNOWN = frozenset({"CONTRACT_NOT_FOUND", "INVALID_CONTRACT"})
_PASSING = frozenset({"SERVER_ERROR", "TOO_BUSY", "INTERNAL"})


class _Problem(msgspec.Struct):
    label: str = ""
    message: str = ""


_PROBLEM = msgspec.json.Decoder(_Problem)


class GateClient(VenueClient):
    """Gate perpetuals settled in USDT and in BTC."""

    key = "gate"
    name = "Gate"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    clock = ("/api/v4/spot/time", "requests")
    quotas = consts.QUOTAS
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS
    book_snapshot_in_stream = False

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``{"label": …, "message": …}``; anything else is data."""
        if not body.lstrip().startswith(b"{"):
            return None if body.strip() else Refusal("retry", "the body is empty")
        try:
            problem = _PROBLEM.decode(body)
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is cut short")
        if not problem.label:
            return None
        text = f"{problem.label}, {problem.message!r}"
        if problem.label in _UNKNOWN:
            return Refusal("symbol", text)
        if problem.label == "TOO_MANY_REQUESTS":
            return Refusal("limit", text)
        return Refusal("retry" if problem.label in _PASSING else "final", text)

    def _path(self, symbol: str, name: str) -> str:
        return f"{consts.ROOT}/{settle_of(symbol)}/{name}"

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for the contracts of each settlement currency."""
        found = await asyncio.gather(
            *(self._get(f"{consts.ROOT}/{settle}/contracts", parse_rest.parse_instruments) for settle in consts.SETTLES)
        )  # fmt: skip
        return {symbol: listing for part in found for symbol, listing in part.items()}

    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer."""
        return parse_rest.parse_server_time(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest and running rate of a contract (one answer)."""
        if dataset not in {"marks", "open_interest", "funding"}:
            raise InputError(f"Gate gives no snapshot of {dataset}")
        listings = await self.listings()
        frame = await self._get(
            self._path(symbol, "tickers"), lambda body: parse_rest.parse_tickers(body, listings, now_ns()), contract=symbol
        )  # fmt: skip
        return frame.batch

    async def book(self, symbol: str, levels: int = consts.BOOK_LEVELS) -> BookChange:
        """Return the book with the id that changes join."""
        listing = await self.listing(symbol)
        return await self._get(
            self._path(symbol, "order_book"), lambda body: parse_rest.parse_book(body, listing), contract=symbol,
            limit=min(levels, consts.BOOK_LEVELS), with_id="true",
        )  # fmt: skip

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""
        listings = await self.listings()
        frames = [
            await self._get(
                f"{consts.ROOT}/{settle}/tickers", lambda body: parse_rest.parse_tickers(body, listings, now_ns())
            )
            for settle in consts.SETTLES
        ]  # fmt: skip
        return [ticker for frame in frames for ticker in frame.tickers]

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw risk-limit tiers, for ``rules.loaders.load_gate_tiers``."""
        await self.listing(symbol)

        def whole(body: bytes) -> bytes:
            parse_rest.rows_in(body)
            return body

        return [await self._get(self._path(symbol, "risk_limit_tiers"), whole, contract=symbol)]

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        if dataset in _BAR_KINDS:
            return self._bar_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset in {"open_interest", "long_short_ratios"}:
            return self._sample_pages(dataset, listing, start_ns, end_ns, interval)
        if dataset == "funding":
            return self._funding_pages(listing, start_ns, end_ns)
        if dataset == "trades":
            return self._trade_pages(listing, start_ns, end_ns)
        if dataset == "liquidations":
            return self._print_pages(listing, start_ns, end_ns)
        return None

    def _bar_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        if interval not in consts.INTERVALS:
            raise InputError(
                f"Gate has no candles of {interval}: wanted one of {', '.join(consts.INTERVALS)}"
            )
        prefix, kind = _BAR_KINDS[dataset]
        symbol, step = listing.instrument.symbol, INTERVALS_NS[interval]

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(
                self._path(symbol, "candlesticks"), lambda body: parse_rest.parse_bars(body, listing, step, kind),
                {"contract": prefix + symbol, "interval": consts.INTERVALS[interval], "from": start_ms // 1000, "to": end_ms // 1000},
            )  # fmt: skip

        return by_window(ask, start_ns, end_ns, step_ns=step, page_rows=consts.BARS_PER_PAGE)

    def _sample_pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        """Return open-interest or ratio samples; the finest period is 5 minutes."""
        period = interval if interval in consts.SAMPLE_INTERVALS else "5m"
        symbol = listing.instrument.symbol

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            del end_ms
            found = await self._get(
                self._path(symbol, "contract_stats"), lambda body: parse_rest.parse_stats(body, listing),
                {"contract": symbol, "interval": period, "from": start_ms // 1000, "limit": consts.SAMPLES_PER_PAGE},
            )  # fmt: skip
            out = RowBatch()
            out.extend(dataset, symbol, found.of(dataset, symbol))
            return out

        rows = consts.SAMPLES_PER_PAGE
        return by_window(ask, start_ns, end_ns, step_ns=INTERVALS_NS[period], page_rows=rows)

    def _funding_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        symbol = listing.instrument.symbol

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            return await self._get(
                self._path(symbol, "funding_rate"), lambda body: parse_rest.parse_funding_history(body, listing),
                {"contract": symbol, "from": -(-start_ms // 1000), "to": end_ms // 1000, "limit": consts.PAYMENTS_PER_PAGE},
            )  # fmt: skip

        return backward(ask, start_ns, end_ns, page_rows=consts.PAYMENTS_PER_PAGE)

    async def _trade_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        """Yield trades window by window; moments to ask with are whole seconds, so pages are cut by offset."""
        cursor, symbol = start_ns, listing.instrument.symbol
        while cursor < end_ns:
            stop, offset, batch = min(cursor + consts.TRADES_WINDOW_NS, end_ns), 0, RowBatch()
            span = {"from": cursor // NS_PER_S, "to": -(-stop // NS_PER_S), "limit": consts.TRADES_PER_PAGE}
            while offset % consts.TRADES_PER_PAGE == 0:
                page, count = await self._get(
                    self._path(symbol, "trades"),
                    lambda body: (parse_rest.parse_trades(body, listing), parse_rest.rows_in(body)),
                    {"contract": symbol, "offset": offset, **span},
                )  # fmt: skip
                batch.merge(page)
                offset += count or 1
            kept = within(batch, cursor, stop)
            if len(kept):
                yield kept
            cursor = stop

    async def _print_pages(self, listing: Listing, start_ns: int, end_ns: int) -> AsyncIterator[RowBatch]:
        """Yield liquidation prints, an hour at a time: the venue refuses longer spans."""
        cursor, listings = start_ns, await self.listings()
        symbol = listing.instrument.symbol
        while cursor < end_ns:
            stop = min(cursor + consts.PRINTS_WINDOW_NS, end_ns)
            frame = await self._get(
                self._path(symbol, "liq_orders"), lambda body: parse_rest.parse_liquidations(body, listings),
                {"contract": symbol, "from": cursor // NS_PER_S, "to": (stop - 1) // NS_PER_S, "limit": consts.TRADES_PER_PAGE},
            )  # fmt: skip
            kept = within(frame.batch, cursor, stop)
            if len(kept):
                yield kept
            cursor = stop

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades; that ids count one by one is not documented, so it is not relied on."""
        del first_id, last_id
        listing = await self.listing(symbol)
        return await self._get(
            self._path(symbol, "trades"), lambda body: parse_rest.parse_trades(body, listing), contract=symbol,
            limit=consts.TRADES_PER_PAGE,
        )  # fmt: skip

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open."""
        return stream.subscriptions(self.hosts.stream, symbols, datasets)

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""
        del recv_ns
        return parse.parse_frame(payload, listings)
