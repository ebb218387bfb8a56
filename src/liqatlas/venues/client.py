"""The one protocol every venue speaks, and what is the same for all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeVar

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, isoformat, now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.symbols import near_names, parse_symbol
from liqatlas.venues.budget import RateBudget
from liqatlas.venues.connection import Connection
from liqatlas.venues.transport import Answer, Patience, Question, Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    import aiohttp

    from liqatlas.venues.budget import Quota
    from liqatlas.venues.capability import VenueCapabilities
    from liqatlas.venues.connection import Persistence, Stream
    from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
    from liqatlas.venues.inbox import Inbox, RawFrame
    from liqatlas.venues.rows import RowBatch
    from liqatlas.venues.subscriptions import Heartbeat, Hosts, Subscription
    from liqatlas.venues.transport import Refusal

T = TypeVar("T")
#: Bar sizes in our words; each venue maps those it has.
INTERVALS_NS = {
    "1m": MINUTE_NS, "3m": 3 * MINUTE_NS, "5m": 5 * MINUTE_NS, "15m": 15 * MINUTE_NS, "30m": 30 * MINUTE_NS,
    "1h": HOUR_NS, "2h": 2 * HOUR_NS, "4h": 4 * HOUR_NS, "1d": DAY_NS,
}  # fmt: skip
#: Quotes in the order in which an asset's main contract is sought.
_QUOTE_ORDER = ("USDT", "USDC", "USD")


@dataclass(slots=True)
class ClientOptions:
    """How to reach a venue; everything has a default.

    Attributes
    ----------
    hosts
        By default the venue's own.
    proxy
        For REST and streams of this venue alone.
    budget
        One for all who ask this venue; by default a new one.
    patience
        Attempts and pauses.
    """

    hosts: Hosts | None = None
    proxy: str | None = None
    budget: RateBudget | None = None
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """How far the venue's clock is ahead of ours [ns], known to half of ``round_trip_ns``."""

    skew_ns: int
    round_trip_ns: int


class VenueClient(ABC):
    """A venue's public data: listings, snapshots, history, streams.

    Every method that asks the venue raises ``SourceUnavailableError`` when it cannot be had, ``UnknownSymbolError`` (with
    near names) for a symbol it does not list, ``InputError`` for a dataset it does not give.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    hosts_default: ClassVar[Hosts]
    offers: ClassVar[VenueCapabilities]
    #: Where the venue tells its time, and under which quota.
    clock: ClassVar[tuple[str, str]]
    quotas: ClassVar[Sequence[Quota]]
    heartbeat: ClassVar[Heartbeat]
    #: What the path of every question begins with.
    root: ClassVar[str] = ""
    #: Datasets with a stream; of the others, those that :meth:`snapshot` gives can be polled.
    streamed: ClassVar[frozenset[str]]
    polled: ClassVar[frozenset[str]] = frozenset()
    #: Datasets of which the venue publishes a file a day, for what REST no longer gives; see :meth:`daily_file`.
    filed: ClassVar[frozenset[str]] = frozenset()
    #: Whether trade ids count one by one, so that a hole in them is a gap.
    counted_trade_ids: ClassVar[bool] = False
    #: Whether public trades name the accounts on both sides (dataset ``account_trades``).
    names_accounts: ClassVar[bool] = False
    #: Whether a book stream begins with a snapshot of its own.
    book_snapshot_in_stream: ClassVar[bool] = True

    def __init__(self, options: ClientOptions | None = None) -> None:
        options = options or ClientOptions()
        self.hosts = options.hosts or self.hosts_default
        self.proxy = options.proxy
        self.transport = Transport(
            self.name, self.hosts.rest, options.budget or RateBudget(self.quotas), check=self.check_answer, observe=self.observe_headers,
            proxy=options.proxy, patience=options.patience,
        )  # fmt: skip
        self._listings: dict[str, Listing] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections."""
        await self.transport.close()

    # --- what each venue brings ---------------------------------------------------------------------------------

    @abstractmethod
    def check_answer(self, body: bytes) -> Refusal | None:
        """Return why a body is a failure although it arrived, or ``None``."""

    def observe_headers(self, headers: Mapping[str, str]) -> None:
        """See the headers of an answer; venues that count our weight there override this."""
        del headers

    @abstractmethod
    async def load_listings(self) -> dict[str, Listing]:
        """Ask for all contracts."""

    @abstractmethod
    def parse_time(self, body: bytes) -> int:
        """Return the clock in an answer [ns]."""

    @abstractmethod
    async def snapshot(self, dataset: str, symbol: str) -> RowBatch:
        """Return the present rows of ``marks``, ``open_interest``, ``funding`` or ``insurance_fund``."""

    @abstractmethod
    async def book(self, symbol: str, levels: int = 400) -> BookChange:
        """Return the order book."""

    @abstractmethod
    async def tickers(self) -> list[Ticker]:
        """Return 24-hour summaries of all contracts."""

    @abstractmethod
    async def margin_tiers(self, symbol: str) -> list[bytes]:
        """Return the venue's own tier payloads for a symbol, for the loaders of ``rules``.

        Raises
        ------
        TiersUnknownError
            If the venue gives none without a key.
        """

    @abstractmethod
    def _pages(
        self, dataset: str, listing: Listing, start_ns: int, end_ns: int, interval: str
    ) -> AsyncIterator[RowBatch] | None:
        """Return the pages of a dataset, or ``None`` where the venue gives no history of it."""

    @abstractmethod
    async def missing_trades(self, symbol: str, first_id: int | None, last_id: int | None) -> RowBatch:
        """Return trades ``first_id`` .. ``last_id`` where ids count, else the most recent trades."""

    @abstractmethod
    def subscriptions(self, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
        """Return the connections to open for these symbols and datasets."""

    @abstractmethod
    def parse_frame(self, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
        """Return what a stream message says."""

    # --- the same for all, unless a venue has its own way ----------------------------------------------------------

    def capabilities(self) -> VenueCapabilities:
        """Return what the venue gives and how its prints are thinned."""
        return self.offers

    async def server_time_ns(self, question: Callable[[Answer], T]) -> T:
        """Ask for the venue's clock and hand the answer on."""
        path, quota = self.clock
        return await self.transport.ask(Question(path, 1, quota), question)

    async def listings(self, *, refresh: bool = False) -> dict[str, Listing]:
        """Return all contracts by symbol, asked for once."""
        if refresh or not self._listings:
            self._listings = await self.load_listings()
        return self._listings

    async def listing(self, name: str) -> Listing:
        """Return the contract of a symbol, or an asset's main perpetual (USDT before USDC before USD).

        Raises
        ------
        UnknownSymbolError
            If there is none, or none that trades; near names are offered.
        """
        listings = await self.listings()
        exact = listings.get(name) or listings.get(name.upper())
        if exact is None:
            exact = _main_perpetual(name, listings.values())
        if exact is None:
            names = {*listings, *(entry.instrument.asset for entry in listings.values())}
            raise UnknownSymbolError(name, near_names(name, sorted(names)), where=self.name)
        if exact.status == "delisted":
            raise UnknownSymbolError(f"{exact.instrument.symbol} (delisted)", where=self.name)
        return exact

    async def history(
        self, dataset: str, symbol: str, start_ns: int, end_ns: int, *, interval: str = "1m"
    ) -> AsyncIterator[RowBatch]:
        """Yield pages of rows of ``[start, end)``, to the end, each row once.

        Raises
        ------
        InputError
            If the venue gives no history of the dataset, or the interval is unknown.
        NotEnoughDataError
            If the history does not reach back to the start.
        """
        if interval not in INTERVALS_NS:
            raise InputError(f"interval {interval!r} is unknown: wanted one of {', '.join(INTERVALS_NS)}")
        reach = self.reach_ns(dataset, interval)
        if reach is not None and start_ns < now_ns() - reach:
            raise NotEnoughDataError(
                f"{self.name} gives {dataset} of {interval} back to {isoformat(now_ns() - reach)} only; asked for "
                f"{isoformat(start_ns)}: start later, or ingest the venue's daily files"
            )
        listing = await self.listing(symbol)
        pages = self._pages(dataset, listing, start_ns, end_ns, interval)
        if pages is None:
            raise InputError(f"{self.name} gives no history of {dataset}")
        async for page in pages:
            yield page

    def reach_ns(self, dataset: str, interval: str = "1m") -> int | None:
        """Return how far back a dataset's history reaches [ns], ``None`` where to the listing."""
        del dataset, interval
        return None

    def connection(
        self,
        subscription: Subscription,
        inbox: Inbox,
        *,
        session: aiohttp.ClientSession,
        persistence: Persistence,
    ) -> Stream:
        """Return what keeps a subscription alive: a socket, unless a venue has its own way."""
        return Connection(
            subscription, inbox, self.heartbeat, session=session, proxy=self.proxy, persistence=persistence
        )

    def read(self, raw: RawFrame, listings: Mapping[str, Listing]) -> Frame:
        """Return what a frame says; a venue whose channels are numbers told at subscription must know the connection."""
        return self.parse_frame(raw.payload, listings, raw.recv_ns)

    async def daily_file(self, dataset: str, symbol: str, day_ns: int) -> tuple[str, bytes]:
        """Return name and bytes of the file the venue publishes of a day, compared with its checksum; for the importers.

        Raises
        ------
        InputError
            If the venue publishes none of the dataset.
        NotEnoughDataError
            If there is none of that day.
        """
        del symbol, day_ns
        raise InputError(f"{self.name} publishes no daily files of {dataset}")

    async def clock_skew(self) -> ClockSkew:
        """Compare the clocks: the venue's at half of the round trip."""

        def measure(answer: Answer) -> ClockSkew:
            middle = (answer.sent_ns + answer.recv_ns) // 2
            return ClockSkew(self.parse_time(answer.body) - middle, answer.recv_ns - answer.sent_ns)

        return await self.server_time_ns(measure)

    async def _get(
        self,
        path: str,
        parse: Callable[[bytes], T],
        params: Mapping[str, str | int] | None = None,
        *,
        quota: str = "requests",
        **named: str | int,
    ) -> T:
        """Ask a question of weight one below the root, and parse; ``params`` holds those whose names are words of the language."""
        return await self._ask(
            self.root + path, parse, weight=1, quota=quota, params={**(params or {}), **named}
        )

    async def _ask(
        self,
        path: str,
        parse: Callable[[bytes], T],
        *,
        weight: float,
        quota: str,
        params: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
    ) -> T:
        """Ask and parse; an answer that cannot be parsed is asked for again."""
        question = Question(path, weight, quota, params or {}, body)
        return await self.transport.ask(question, lambda answer: parse(answer.body))


def _main_perpetual(name: str, listings: Iterable[Listing]) -> Listing | None:
    """Return the perpetual an asset's name means: same coin, trading, linear first, quotes in their order."""
    try:
        asset = parse_symbol(name).asset
    except UnknownSymbolError:
        return None
    found = [
        entry
        for entry in listings
        if entry.instrument.asset == asset
        and entry.instrument.expiry_ns is None
        and entry.status == "trading"
    ]

    def rank(entry: Listing) -> tuple[bool, int, str]:
        quote = entry.instrument.quote
        place = _QUOTE_ORDER.index(quote) if quote in _QUOTE_ORDER else len(_QUOTE_ORDER)
        return (entry.instrument.is_inverse, place, entry.instrument.symbol)

    return min(found, key=rank, default=None)
