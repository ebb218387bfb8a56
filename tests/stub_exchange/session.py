"""A client against the stub, from the first subscription to the last row, with the truth beside it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from liqatlas.venues.budget import RateBudget
from liqatlas.venues.client import ClientOptions, VenueClient
from liqatlas.venues.connection import Persistence
from liqatlas.venues.feed import Feed, FeedOptions
from liqatlas.venues.registry import venue
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.subscriptions import Hosts
from liqatlas.venues.transport import Patience
from tests.stub_exchange import (
    wire_binance,
    wire_binance_coinm,
    wire_bitfinex,
    wire_bitget,
    wire_bitget_coinm,
    wire_bybit,
    wire_dydx,
    wire_gate,
    wire_hyperliquid,
    wire_okx,
)
from tests.stub_exchange.market import Market
from tests.stub_exchange.server import StubExchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from liqatlas.venues.continuity import Gap
    from tests.stub_exchange.faults import Schedule
    from tests.stub_exchange.server import Wire

VENUES = (
    "binance", "bybit", "okx", "hyperliquid", "binance_coinm", "dydx", "gate", "bitget", "bitfinex", "bitget_coinm",
)  # fmt: skip
#: Exchanges read by ccxt, against the wires of our own clients; none where ccxt is not installed (it has a lock of its own).
CCXT = ("ccxt:bybit", "ccxt:gate") if importlib.util.find_spec("ccxt") else ()
CONTRACTS = {
    "binance": wire_binance.CONTRACTS, "bybit": wire_bybit.CONTRACTS, "okx": wire_okx.CONTRACTS,
    "hyperliquid": wire_hyperliquid.CONTRACTS, "binance_coinm": wire_binance_coinm.CONTRACTS,
    "dydx": wire_dydx.CONTRACTS, "gate": wire_gate.CONTRACTS, "bitget": wire_bitget.CONTRACTS,
    "bitfinex": wire_bitfinex.CONTRACTS, "bitget_coinm": wire_bitget_coinm.CONTRACTS,
}  # fmt: skip
#: What each stub streams; connections that a client opens for it.
DATASETS = {
    "binance": ["trades", "marks", "liquidations", "book_levels"],
    "bybit": ["trades", "marks", "open_interest", "liquidations", "book_levels"],
    "okx": ["trades", "marks", "liquidations", "book_levels"],
    "hyperliquid": ["trades", "marks", "open_interest", "book_levels"],
    "binance_coinm": ["trades", "marks", "liquidations", "book_levels"],
    "dydx": ["trades", "marks", "open_interest", "liquidations"],
    "gate": ["trades", "marks", "open_interest", "liquidations", "book_levels"],
    "bitfinex": ["trades", "marks", "open_interest", "liquidations"],
    "bitget": ["trades", "marks", "open_interest", "book_levels"],
    "bitget_coinm": ["trades", "marks", "open_interest"],
}
#: Venues whose books are kept from a stream; the others' are polled whole.
BOOKS = tuple(key for key in VENUES if "book_levels" in DATASETS[key])
#: Venues that stream whole books, and how many levels a side: a lost one leaves no trace.
WHOLE_BOOKS = {"hyperliquid": 20, "bitget": 15}
CONNECTIONS = {
    "binance": 2,
    "bybit": 2,
    "okx": 2,
    "hyperliquid": 1,
    "binance_coinm": 1,
    "dydx": 1,
    "gate": 2,
    "bitget": 1,
    "bitget_coinm": 1,
    "bitfinex": 1,
}
for _key in ("ccxt:bybit", "ccxt:gate"):
    CONTRACTS[_key] = CONTRACTS[_key.removeprefix("ccxt:")]
    DATASETS[_key], CONNECTIONS[_key] = ["trades"], 2

QUICK = Patience(
    attempts=4,
    timeout_s=5,
    first_wait_s=0.01,
    longest_wait_s=0.05,
    max_wait_s=5,
    limit_wait_s={429: 0.05, 418: 0.05, 403: 0.05},
)
PERSISTENT = Persistence(first_pause_s=0.02, longest_pause_s=0.1, connect_timeout_s=5, limited_pause_s=0.05)
OPTIONS = FeedOptions(grace_s=0.05, book_every_s=0.2, audit_s=0.0, persistence=PERSISTENT)


def wire_of(key: str, *, recent_trades: int = 1_000) -> Wire:
    """Return a venue's wire; short REST memories (Hyperliquid, Bitget COIN-M) are widened unless a test wants the real one."""
    wires: dict[str, Wire] = {
        "binance": wire_binance.BinanceWire(), "bybit": wire_bybit.BybitWire(), "okx": wire_okx.OkxWire(),
        "hyperliquid": wire_hyperliquid.HyperliquidWire(recent_trades), "binance_coinm": wire_binance_coinm.BinanceCoinMWire(),
        "dydx": wire_dydx.DydxWire(), "gate": wire_gate.GateWire(), "bitget": wire_bitget.BitgetWire(),
        "bitfinex": wire_bitfinex.BitfinexWire(), "bitget_coinm": wire_bitget_coinm.BitgetCoinMWire(recent_trades),
    }  # fmt: skip
    return wires[key.removeprefix("ccxt:")]


def market_of(key: str, **given: Any) -> Market:
    """Return a market of a venue's contracts."""
    return Market(CONTRACTS[key], aggregate=key == "okx", **given)


def client_of(key: str, exchange: StubExchange, patience: Patience = QUICK) -> VenueClient:
    """Return a client that asks the stub, with a budget wide enough to be no part of the test."""
    plain = venue(key)
    budget = RateBudget([replace(q, weight=q.weight * 1_000) for q in plain.quotas])
    return venue(
        key,
        ClientOptions(
            hosts=Hosts(exchange.rest_url, exchange.stream_url, exchange.rest_url),
            budget=budget,
            patience=patience,
        ),
    )


@dataclass
class Recorded:
    """What a feed handed on, and what it says of itself."""

    market: Market
    schedule: Schedule
    feed: Feed
    rows: RowBatch = field(default_factory=RowBatch)
    gaps: list[Gap] = field(default_factory=list)
    batches: int = 0

    def trade_ids(self, symbol: str) -> Counter[int]:
        """Return how often each trade id was handed on."""
        return Counter(row[4] for row in self.rows.of("trades", symbol))  # type: ignore[misc]

    def gaps_of(self, dataset: str, status: str | None = None) -> list[Gap]:
        """Return the gaps of a dataset."""
        return [g for g in self.gaps if g.dataset == dataset and status in (None, g.status)]


async def record(
    key: str,
    schedule: Schedule,
    *,
    market: Market | None = None,
    wire: Wire | None = None,
    datasets: Iterable[str] | None = None,
    options: FeedOptions = OPTIONS,
    pace_s: float = 0.002,
    quiet: int = 3,
    stop_after: int = 10_000,
    limit_s: float = 60.0,
    settle_s: float = 0.0,
    until: Callable[[Recorded], bool] = lambda _: True,
    ack_after_s: float = 0.0,
) -> Recorded:
    """Play a session and return everything that came of it.

    It ends when the market is over, no gap is being mended, nothing more comes for ``quiet`` looks and ``until`` is content, or after
    ``stop_after`` more batches; ``limit_s`` bounds it.
    """
    market = market or market_of(key)
    wanted = list(datasets or DATASETS[key])
    if key in CCXT:  # it streams trades alone
        wanted = ["trades"]
    async with (
        asyncio.timeout(limit_s),
        StubExchange(
            wire or wire_of(key),
            market,
            schedule,
            pace_s=pace_s,
            wait_for=_sockets(key, wanted),
            wait_messages=_messages(key, wanted, market),
            ack_after_s=ack_after_s,
        ) as exchange,
        client_of(key, exchange) as client,
        Feed(client, market.contracts, wanted, options) as feed,
    ):
        out = Recorded(market, schedule, feed)
        silent = after = 0
        while (silent < quiet or not until(out)) and after < stop_after:
            batch = await feed.next(0.1)
            out.rows.merge(batch.rows)
            out.gaps += batch.gaps
            out.batches += bool(batch)
            over = exchange.done.is_set() and not batch and not feed.mender.mending
            silent = silent + 1 if over else 0
            after += exchange.done.is_set()
        await asyncio.sleep(settle_s)
        out.gaps += feed.finish()
        return out


def _messages(key: str, datasets: list[str], market: Market) -> int:
    """Return how many subscribe messages a client of a venue that takes one a channel will send."""
    if key not in {"bitfinex", "gate"}:
        return 0
    return sum(len(s.messages) for s in venue(key).subscriptions(market.contracts, datasets))


def _sockets(key: str, datasets: list[str]) -> int:
    """Return how many sockets the client will open."""
    if key == "binance":
        return int(any(d != "book_levels" for d in datasets)) + int("book_levels" in datasets)
    if key == "okx":
        return int(any(d != "liquidations" for d in datasets)) + int("liquidations" in datasets)
    return CONNECTIONS[key]


@contextlib.asynccontextmanager
async def asking(
    key: str, schedule: Schedule, *, market: Market | None = None
) -> AsyncIterator[tuple[VenueClient, StubExchange]]:
    """Give a client and a stub for REST alone."""
    async with (
        asyncio.timeout(60),
        StubExchange(wire_of(key), market or market_of(key), schedule) as exchange,
        client_of(key, exchange) as client,
    ):
        yield client, exchange
