"""dYdX v4 indexer client: what to ask, how its history is cut."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.clock import now_ns
from liqatlas.base.errors import InputError, UnknownSymbolError
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.dydx import consts, parse, parse_rest, stream
from liqatlas.venues.frames import book_rows
from liqatlas.venues.paging import backward, by_window
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.transport import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.subscriptions import Subscription

T = TypeVar("T")
#: Levels a side written when a book is polled.
_POLLED_LEVELS = 50


class _Problem(msgspec.Struct):
    msg: str = ""


class _Problems(msgspec.Struct):
    errors: list[_Problem] | None = None


_PROBLEMS = msgspec.json.Decoder(_Problems)


def iso(milliseconds: int) -> str:
    """Return a moment as the indexer wants it."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


class DydxClient(VenueClient):
    """dYdX v4 perpetuals."""

    key = "dydx"
    name = "dYdX"
    hosts_default = consts.HOSTS
    offers = consts.CAPABILITIES
    clock = ("/v4/time", "requests")
    quotas = consts.QUOTAS
    heartbeat = consts.HEARTBEAT
    streamed = stream.DATASETS
    polled = frozenset({"book_levels"})

    def check_answer(self, body: bytes) -> Refusal | None:
        """Read ``{"errors": [{"msg": …}]}``; anything else is data."""
        try:
            problems = _PROBLEMS.decode(body).errors
        except msgspec.MsgspecError:
            return Refusal("retry", "the body is cut short or no JSON")
        if problems is None:
            return None
        text = "; ".join(p.msg for p in problems)
        if "ticker" in text or "not found in" in text:
            return Refusal("symbol", text)
        return Refusal("retry" if "nternal" in text else "final", text)

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all markets."""
        return await self._get("/v4/perpetualMarkets", parse_rest.parse_instruments)

    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer."""
        return parse_rest.parse_server_time(body)

    async def markets(self) -> Frame:
        """Return oracle prices, open interest, rates and summaries of all markets in one answer."""
        return await self._get("/v4/perpetualMarkets", lambda body: parse_rest.parse_markets(body, now_ns()))

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest and rate of a market, or its best book levels."""
        if dataset == "book_levels":
            return book_rows(await self.book(symbol), _POLLED_LEVELS)
        if dataset not in {"marks", "open_interest", "funding"}:
            raise InputError(f"dYdX gives no snapshot of {dataset}")
        batch = _only((await self.markets()).batch, {symbol})
        if not batch.rows:
            raise UnknownSymbolError(symbol, where=self.name)
        return batch

    async def book(self, symbol: str, levels: int = 400) -> BookChange:
        """Return the whole book; it carries no moment, so ours is taken."""
        del levels
        await self.listing(symbol)
        path = f"/v4/orderbooks/perpetualMarket/{symbol}"
        return await self._get(path, lambda body: parse_rest.parse_book(body, symbol, now_ns()))

    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all markets."""
        return (await self.markets()).tickers

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the raw markets payload, which holds every market's margin fractions."""
        await self.listing(symbol)

        def whole(body: bytes) -> bytes:
            parse_rest.parse_instruments(body)
            return body

        return [await self._get("/v4/perpetualMarkets", whole)]

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        symbol = listing.instrument.symbol
        if dataset in {"bars", "open_interest"}:
            return self._candle_pages(dataset, symbol, start_ns, end_ns, interval)
        rows = consts.ROWS_PER_PAGE
        if dataset == "trades":

            async def ask_trades(_start_ms: int, end_ms: int) -> RowBatch:
                return await self._trades(listing, {"createdBeforeOrAt": iso(end_ms)})

            return backward(ask_trades, start_ns, end_ns, page_rows=rows)
        if dataset == "funding":

            async def ask_funding(_start_ms: int, end_ms: int) -> RowBatch:
                params: dict[str, str | int] = {"effectiveBeforeOrAt": iso(end_ms), "limit": rows}
                path = f"/v4/historicalFunding/{symbol}"
                return await self._get(path, parse_rest.parse_funding_history, params)

            return backward(ask_funding, start_ns, end_ns, page_rows=rows)
        return None

    def _candle_pages(
        self, dataset: str, symbol: str, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch]:
        """Return candles as bars, or the open interest at each candle's beginning."""
        if interval not in consts.RESOLUTIONS:
            raise InputError(
                f"dYdX has no candles of {interval}: wanted one of {', '.join(consts.RESOLUTIONS)}"
            )

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params: dict[str, str | int] = {
                "resolution": consts.RESOLUTIONS[interval], "fromISO": iso(start_ms), "toISO": iso(end_ms + 1),
                "limit": consts.ROWS_PER_PAGE,
            }  # fmt: skip
            path = f"/v4/candles/perpetualMarkets/{symbol}"
            found, out = await self._get(path, parse_rest.parse_candles, params), RowBatch()
            out.extend(dataset, symbol, found.of(dataset, symbol))
            return out

        return by_window(
            ask, start_ns, end_ns, step_ns=INTERVALS_NS[interval], page_rows=consts.ROWS_PER_PAGE
        )

    async def _trades(self, listing: Listing, span: Mapping[str, str]) -> RowBatch:
        """Ask for one page of trades, newest first."""
        path = f"/v4/trades/perpetualMarket/{listing.instrument.symbol}"
        params: dict[str, str | int] = {"limit": consts.ROWS_PER_PAGE, **span}
        return await self._get(path, lambda body: parse_rest.parse_trades(body, listing), params)

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades; ids do not count here."""
        del first_id, last_id
        return await self._trades(await self.listing(symbol), {})

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open; the channel of all markets is then read for these alone."""
        self._wanted = set(symbols)
        return stream.subscriptions(self.hosts.stream, sorted(self._wanted), datasets)

    _wanted: set[str] | None = None

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says of the markets that were asked for."""
        frame = parse.parse_frame(payload, listings, recv_ns)
        if self._wanted is not None:
            frame.batch = _only(frame.batch, self._wanted)
        return frame


def _only(batch: RowBatch, symbols: set[str]) -> RowBatch:
    """Return the rows of some symbols."""
    out = RowBatch()
    for dataset, symbol, rows in batch:
        if symbol in symbols:
            out.extend(dataset, symbol, rows)
    return out
