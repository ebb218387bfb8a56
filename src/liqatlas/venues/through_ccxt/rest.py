"""The client of any exchange ccxt reads: its unified methods asked for, its structures handed to ``parse``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import orjson

from liqatlas.base.clock import HOUR_NS, MINUTE_NS, NS_PER_MS, now_ns
from liqatlas.base.errors import (
    FormatError,
    InputError,
    LiqAtlasError,
    NotEnoughDataError,
    SourceUnavailableError,
    TiersUnknownError,
    UnknownSymbolError,
)
from liqatlas.venues.budget import Quota
from liqatlas.venues.client import INTERVALS_NS, VenueClient
from liqatlas.venues.paging import by_window, forward, within
from liqatlas.venues.subscriptions import Hosts, Subscription
from liqatlas.venues.through_ccxt import consts, markets, parse
from liqatlas.venues.through_ccxt.exchange import ask_through, ccxt_class, make_exchange, measure, refusal_of
from liqatlas.venues.through_ccxt.stream import WatchConnection
from liqatlas.venues.transport import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    import aiohttp

    from liqatlas.venues.capability import VenueCapabilities
    from liqatlas.venues.client import ClientOptions
    from liqatlas.venues.connection import Persistence
    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.inbox import Inbox
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.transport import Refusal

T = TypeVar("T")
#: Snapshots and the unified methods that give them, best first.
_SNAPSHOTS = {
    "marks": ("fetchMarkPrice", "fetchFundingRate"),
    "open_interest": ("fetchOpenInterest",),
    "funding": ("fetchFundingRate",),
}


class CcxtClient(VenueClient):
    """One exchange behind ccxt; made by :func:`client_class`."""

    exchange_id: ClassVar[str]
    has: ClassVar[dict[str, object]]
    heartbeat = consts.HEARTBEAT
    hosts_default = Hosts("", "")
    book_snapshot_in_stream = False

    def __init__(self, options: ClientOptions | None = None) -> None:
        super().__init__(options)
        led = None if self.hosts is self.hosts_default else self.hosts
        self.transport.base_url = ""  # ccxt asks by whole addresses
        self.exchange = make_exchange(self.exchange_id, led, self.proxy)
        ask_through(self.exchange, self.transport)
        self.meter = measure(self.exchange)
        #: Contracts ccxt lists and we cannot use, with the reason.
        self.left_out: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._units: dict[str, float] = {}

    async def close(self) -> None:
        """Close ccxt's sockets and ours."""
        await self.exchange.close()
        await super().close()

    def capabilities(self) -> VenueCapabilities:
        """Return what ccxt says this exchange gives."""
        return consts.capabilities_of(self.key, self.has)

    def check_answer(self, body: bytes) -> Refusal | None:
        """Let ccxt's table of the exchange's codes decide."""
        return refusal_of(self.exchange, body)

    async def _call(self, method: str, *args: Any, **params: Any) -> Any:
        """Call a unified method and make its errors ours.

        Raises
        ------
        InputError
            If ccxt does not offer it for this exchange.
        UnknownSymbolError
            If ccxt knows no such market.
        SourceUnavailableError
            If the exchange fails in ccxt's view.
        """
        import ccxt

        if self.has.get(_camel(method)) is not True:
            raise InputError(f"ccxt gives no {_camel(method)} of {self.exchange_id}")
        try:
            return await getattr(self.exchange, method)(*args, **params)
        except LiqAtlasError:
            raise
        except ccxt.BadSymbol as error:
            raise UnknownSymbolError(str(error), where=self.name) from None
        except ccxt.NotSupported as error:
            raise InputError(f"{self.name}: {error}") from None
        except ccxt.BaseError as error:
            raise SourceUnavailableError(f"{self.name}: {type(error).__name__}: {error}") from None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise FormatError(f"{self.key}:{method}", f"ccxt cannot read the answer: {error!r}") from None

    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all contracts."""
        self.exchange.markets = None
        found = await self._call("load_markets", reload=True)
        mode = int(self.exchange.precisionMode)
        out, self._names, self.left_out = markets.listings_of(self.key, found, mode)
        return out

    async def _name(self, symbol: str) -> str:
        """Return ccxt's own name of a contract."""
        await self.listing(symbol)
        return self._names[symbol]

    async def server_time_ns(self, question: Callable[[Answer], T]) -> T:
        """Ask for the clock; an exchange without one is asked for its contracts, and its clock reads as ours."""
        sent = now_ns()
        if self.has.get("fetchTime") is True:
            moment = int(await self._call("fetch_time")) * NS_PER_MS
        else:
            await self.listings(refresh=True)
            moment = (sent + now_ns()) // 2
        return question(Answer(str(moment).encode(), sent, now_ns(), {}))

    def parse_time(self, body: bytes) -> int:
        """Return the clock."""
        return int(body)

    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return mark, open interest or running rate."""
        methods = [m for m in _SNAPSHOTS.get(dataset, ()) if self.has.get(m) is True]
        if not methods:
            raise InputError(f"ccxt gives no {dataset} of {self.exchange_id}")
        listing, name = await self.listing(symbol), await self._name(symbol)
        found = await self._call(_snake(methods[0]), name)
        if dataset == "open_interest":
            mark = await self._mark(symbol) if listing.instrument.contract_value != 1 else None
            return parse.interest_of([found], listing.instrument, mark, now_ns())
        return parse.state_of(found, listing.instrument, now_ns(), dataset)

    async def _mark(self, symbol: str) -> float:
        batch = await self.snapshot("marks", symbol)
        return float(batch.of("marks", symbol)[0][1])  # type: ignore[arg-type]

    async def book(self, symbol: str, levels: int = 400) -> BookChange:
        """Return the book; ccxt hands depths on that exchanges allow, so none is asked for."""
        del levels
        listing = await self.listing(symbol)
        return parse.book_of(
            await self._call("fetch_order_book", await self._name(symbol)), listing.instrument, now_ns()
        )

    async def tickers(self) -> list[Ticker]:
        """Refuse: units of ccxt's 24-hour volumes differ from exchange to exchange and are not told."""
        raise InputError(f"{self.name}: the units of its 24-hour volumes are not known")

    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return ccxt's unified tiers as JSON, for ``rules.loaders.ccxt``."""
        name = await self._name(symbol)
        if self.has.get("fetchMarketLeverageTiers") is True:
            found = await self._call("fetch_market_leverage_tiers", name)
        elif self.has.get("fetchLeverageTiers") is True:
            found = (await self._call("fetch_leverage_tiers", [name])).get(name, [])
        else:
            raise TiersUnknownError(self.key, symbol, "ccxt gives none for this exchange")
        return [orjson.dumps(found)]

    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        offers = {
            "bars": ("fetchOHLCV", self._bar_pages), "mark_bars": ("fetchMarkOHLCV", self._bar_pages),
            "open_interest": ("fetchOpenInterestHistory", self._interest_pages),
            "funding": ("fetchFundingRateHistory", self._funding_pages),
        }  # fmt: skip
        method, pages = offers.get(dataset, ("", None))
        if pages is None or self.has.get(method) is not True:
            return None
        return pages(dataset, listing, (start_ns, end_ns), interval)

    async def _bar_pages(
        self, dataset: str, listing: Listing, span: tuple[int, int], interval: str
    ) -> AsyncIterator[RowBatch]:
        of, kind = listing.instrument, "last" if dataset == "bars" else "mark"
        if interval not in (self.exchange.timeframes or {}):
            raise InputError(f"{self.name} has no candles of {interval}")
        method = "fetch_ohlcv" if kind == "last" else "fetch_mark_ohlcv"
        unit = await self._bar_unit(listing) if kind == "last" else None
        step, name = INTERVALS_NS[interval], await self._name(of.symbol)

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            limit = consts.BARS_PER_PAGE
            found = await self._call(method, name, interval, since=start_ms, limit=limit)
            if len(found) >= limit and found[0][0] * NS_PER_MS > start_ms * NS_PER_MS + 2 * step:
                raise SourceUnavailableError(
                    f"{self.name} answers the newest {limit} candles, not those from a start: its history cannot be paged"
                )
            return parse.bars_of([bar for bar in found if bar[0] <= end_ms], of, step, unit, kind)

        async for page in forward(ask, *span, page_rows=consts.BARS_PER_PAGE):
            yield page

    async def _bar_unit(self, listing: Listing) -> float:
        """Return the native quantity of one unit of a candle's volume: contracts or not, measured against trades where it matters.

        Raises
        ------
        NotEnoughDataError
            If the latest trades hold no whole minute to compare.
        """
        of = listing.instrument
        contract = float(of.contract_value)
        if contract == 1 and not of.is_inverse:
            return 1.0  # coins and contracts are the same; of inverse contracts ccxt may count coins of value instead
        if of.symbol not in self._units:
            name = await self._name(of.symbol)
            trades = await self._call("fetch_trades", name, limit=consts.TRADES_PER_PAGE)
            by_minute: dict[int, float] = {}
            for ts, _, size, *_ in parse.trades_of(trades, of).of("trades"):
                minute = ts // MINUTE_NS  # type: ignore[operator]
                by_minute[minute] = by_minute.get(minute, 0.0) + size  # type: ignore[operator]
            whole = sorted(by_minute)[1:-1]
            bars = (
                await self._call("fetch_ohlcv", name, "1m", since=whole[0] * 60_000, limit=len(whole) + 2)
                if whole
                else []
            )
            units = {
                by_minute[bar[0] // 60_000] / bar[5] for bar in bars if bar[0] // 60_000 in whole and bar[5]
            }
            fitting = [
                u for u in (contract, 1.0) if units and all(abs(found / u - 1) < 0.05 for found in units)
            ]
            if not fitting:
                raise NotEnoughDataError(
                    f"{of.key}: whether a candle counts contracts of {contract:g} or native units cannot be told "
                    f"from its latest {len(trades)} trades: it counts something else, or too little traded"
                )
            self._units[of.symbol] = fitting[0]
        return self._units[of.symbol]

    async def _interest_pages(
        self, dataset: str, listing: Listing, span: tuple[int, int], interval: str
    ) -> AsyncIterator[RowBatch]:
        del dataset
        of, name = listing.instrument, await self._name(listing.instrument.symbol)
        mark = await self._mark(of.symbol) if of.contract_value != 1 else None

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            params = {"until": end_ms}
            found = await self._call(
                "fetch_open_interest_history", name, interval, since=start_ms, limit=consts.SAMPLES_PER_PAGE, params=params
            )  # fmt: skip
            return parse.interest_of(found, of, mark, now_ns())

        step = INTERVALS_NS[interval]
        async for page in by_window(ask, *span, step_ns=step, page_rows=consts.SAMPLES_PER_PAGE):
            yield page

    async def _funding_pages(
        self, dataset: str, listing: Listing, span: tuple[int, int], interval: str
    ) -> AsyncIterator[RowBatch]:
        del dataset, interval
        of, name = listing.instrument, await self._name(listing.instrument.symbol)

        async def ask(start_ms: int, end_ms: int) -> RowBatch:
            # a day more, so that even a lone payment has a neighbour that tells its hours
            found = await self._call(
                "fetch_funding_rate_history", name, since=start_ms - consts.PAYMENTS_LEAD_MS, limit=consts.SAMPLES_PER_PAGE,
                params={"until": end_ms},
            )  # fmt: skip
            return within(parse.funding_of(found, of), start_ms * NS_PER_MS, end_ms * NS_PER_MS + NS_PER_MS)

        async for page in by_window(ask, *span, step_ns=HOUR_NS, page_rows=consts.PAYMENTS_PER_PAGE):
            yield page

    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return the most recent trades."""
        del first_id, last_id
        listing = await self.listing(symbol)
        found = await self._call("fetch_trades", await self._name(symbol), limit=consts.TRADES_PER_PAGE)
        return parse.trades_of(found, listing.instrument)

    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return one subscription per contract: ccxt shares sockets by itself.

        Raises
        ------
        InputError
            If anything but trades is wanted as a stream.
        """
        if unknown := set(datasets) - self.streamed:
            raise InputError(f"{self.name} streams no {', '.join(sorted(unknown))} through ccxt")
        return [
            Subscription(f"{self.key}/{symbol}", (), frozenset({("trades", symbol)}), consts.SILENT_AFTER_S)
            for symbol in symbols
        ]

    def connection(
        self,
        subscription: Subscription,
        inbox: Inbox,
        *,
        session: aiohttp.ClientSession,
        persistence: Persistence,
    ) -> WatchConnection:
        """Return ccxt's stream of one contract in place of a socket of ours."""
        del session
        ((_, symbol),) = subscription.carries
        name = self._names.get(symbol, symbol)
        return WatchConnection(
            self.exchange, name, subscription, inbox, meter=self.meter, persistence=persistence
        )

    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what the stream handed on."""
        del recv_ns
        return parse.parse_frame(payload, listings, self.key)


def _camel(method: str) -> str:
    """Return ccxt's name of a method in its table of offers."""
    first, *rest = method.split("_")
    name = first + "".join({"ohlcv": "OHLCV"}.get(word, word.capitalize()) for word in rest)
    return "fetchMarkets" if name == "loadMarkets" else name


def _snake(method: str) -> str:
    """Return the Python name of a method of the table of offers."""
    return "".join("_" + c.lower() if c.isupper() else c for c in method.replace("OHLCV", "Ohlcv"))


@cache
def client_class(exchange_id: str) -> type[CcxtClient]:
    """Return the client class of an exchange, with what ccxt says of it.

    Raises
    ------
    InputError
        If ccxt is not installed or knows no such exchange.
    """
    probe = ccxt_class(exchange_id)()
    has = dict(probe.has)
    polled = {dataset for dataset, methods in _SNAPSHOTS.items() if any(has.get(m) is True for m in methods)}
    return type(
        f"Ccxt{exchange_id.capitalize()}Client",
        (CcxtClient,),
        {
            "key": consts.PREFIX + exchange_id,
            "name": f"{probe.name} through ccxt",
            "exchange_id": exchange_id,
            "has": has,
            "quotas": (Quota("requests", 60_000 / float(probe.rateLimit), 60.0),),
            "streamed": frozenset({"trades"} if has.get("watchTrades") is True else ()),
            "polled": frozenset(polled),
            "__doc__": f"{probe.name}, read by ccxt.",
        },
    )
