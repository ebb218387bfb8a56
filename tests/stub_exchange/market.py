"""A small market whose whole truth is known: trades, marks, prints, books, bars, samples, all from one seed.

Everything outside the played session (old bars, open interest, funding, ratios) is a plain function of time, so that any page of
history has one right answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Contract:
    """A contract as a venue names it; ``lot`` is native quantity, ``value`` native quantity of one contract."""

    symbol: str
    coin: str
    tick: Decimal
    lot: Decimal
    value: Decimal = Decimal(1)
    start_ticks: int = 500_000
    inverse: bool = False


@dataclass(frozen=True)
class Trade:
    """``ids`` fills of one taker order at one price; their ids end at ``last_id``."""

    symbol: str
    ts_ms: int
    ticks: int
    lots: int
    taker_buy: bool
    last_id: int
    ids: int = 1


@dataclass(frozen=True)
class Mark:
    """A mark price with index, running funding and open interest."""

    symbol: str
    ts_ms: int
    mark: Decimal
    index: Decimal
    oi_lots: int


@dataclass(frozen=True)
class Print:
    """A liquidation."""

    symbol: str
    ts_ms: int
    ticks: int
    lots: int
    liquidated: Literal["long", "short"]


@dataclass(frozen=True)
class BookUpdate:
    """Changed levels: ``(ticks, lots)``, 0 lots removes."""

    symbol: str
    ts_ms: int
    first_id: int
    last_id: int
    previous_id: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


Event = Trade | Mark | Print | BookUpdate


@dataclass
class Book:
    """The true book up to now."""

    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    last_id: int = 1_000
    ts_ms: int = 0

    def apply(self, update: BookUpdate) -> None:
        for levels, changes in ((self.bids, update.bids), (self.asks, update.asks)):
            for ticks, lots in changes:
                if lots:
                    levels[ticks] = lots
                else:
                    levels.pop(ticks, None)
        self.last_id, self.ts_ms = update.last_id, update.ts_ms


class Market:
    """The truth.

    Parameters
    ----------
    contracts
        What trades.
    events
        Length of the session.
    start_ms, step_ms
        Moment of the first event and the time between two.
    aggregate
        Whether a trade may stand for several ids.
    """

    def __init__(
        self,
        contracts: list[Contract],
        *,
        events: int = 1_000,
        start_ms: int = 1_790_000_040_000,
        step_ms: int = 100,
        aggregate: bool = False,
        seed: int = 7,
    ) -> None:
        self.contracts = {c.symbol: c for c in contracts}
        self.start_ms, self.step_ms = start_ms, step_ms
        self.books = {c.symbol: self._first_book(c) for c in contracts}
        self._rng = random.Random(seed)
        self._aggregate = aggregate
        self._ticks = {c.symbol: c.start_ticks for c in contracts}
        self._ids = {c.symbol: 10_000 for c in contracts}
        self._book_ids = {c.symbol: 1_000 for c in contracts}
        names = list(self.contracts)
        self.events = [self._event(names[i % len(names)], i) for i in range(events)]
        #: How many events have happened; REST knows nothing of later ones.
        self.cursor = 0

    @staticmethod
    def _first_book(contract: Contract) -> Book:
        p = contract.start_ticks
        return Book({p - 10 - i: 100 + i for i in range(20)}, {p + 10 + i: 100 + i for i in range(20)})

    def _event(self, symbol: str, i: int) -> Event:
        rng, ts = self._rng, self.start_ms + i * self.step_ms
        kind = rng.random()
        if kind < 0.6:
            self._ticks[symbol] += rng.choice((-1, 0, 1))
            ids = rng.choice((1, 1, 2, 3)) if self._aggregate else 1
            self._ids[symbol] += ids
            lots = rng.randint(ids, 50)
            return Trade(symbol, ts, self._ticks[symbol], lots, rng.random() < 0.5, self._ids[symbol], ids)
        if kind < 0.75:
            mark = self._ticks[symbol] * self.contracts[symbol].tick
            return Mark(symbol, ts, mark, mark + 1, 1_000_000 + i)
        if kind < 0.8:
            side: Literal["long", "short"] = "long" if rng.random() < 0.5 else "short"
            return Print(symbol, ts, self._ticks[symbol] + rng.randint(-5, 5), rng.randint(1, 500), side)
        return self._book_update(symbol, ts)

    def _book_update(self, symbol: str, ts: int) -> BookUpdate:
        rng, centre = self._rng, self.contracts[symbol].start_ticks
        previous = self._book_ids[symbol]
        first = previous + 1
        self._book_ids[symbol] = last = first + rng.randint(0, 3)
        bids = tuple(
            (centre - 10 - rng.randint(0, 25), rng.choice((0, rng.randint(1, 300)))) for _ in range(2)
        )
        asks = tuple(
            (centre + 10 + rng.randint(0, 25), rng.choice((0, rng.randint(1, 300)))) for _ in range(2)
        )
        return BookUpdate(symbol, ts, first, last, previous, bids, asks)

    def advance(self) -> Event | None:
        """Let the next event happen and return it."""
        if self.cursor >= len(self.events):
            return None
        event = self.events[self.cursor]
        self.cursor += 1
        if isinstance(event, BookUpdate):
            self.books[event.symbol].apply(event)
        return event

    def trades(self, symbol: str, *, so_far: bool = True) -> list[Trade]:
        """Return a symbol's trades, ascending."""
        events = self.events[: self.cursor] if so_far else self.events
        return [e for e in events if isinstance(e, Trade) and e.symbol == symbol]

    def now_ms(self) -> int:
        """Return the market's own clock."""
        return self.start_ms + self.cursor * self.step_ms

    # --- functions of time --------------------------------------------------------------------------------------

    def bar(self, symbol: str, start_ms: int) -> tuple[int, int, int, int, int]:
        """Return a minute's open, high, low, close [ticks] and turnover [lots]; traded minutes from the trades."""
        trades = [t for t in self.trades(symbol) if start_ms <= t.ts_ms < start_ms + MINUTE_MS]
        if trades:
            prices = [t.ticks for t in trades]
            return prices[0], max(prices), min(prices), prices[-1], sum(t.lots for t in trades)
        if self.start_ms <= start_ms + MINUTE_MS and start_ms <= self.now_ms():
            p = self.contracts[symbol].start_ticks
            return p, p, p, p, 0
        base = self.contracts[symbol].start_ticks + (start_ms // MINUTE_MS) % 50
        return base, base + 3, base - 2, base + 1, (start_ms // MINUTE_MS) % 7 + 1

    def oi_lots(self, ts_ms: int) -> int:
        """Return open interest at a 5-minute mark."""
        return 1_000_000 + (ts_ms // (5 * MINUTE_MS)) % 997

    def funding_rate(self, ts_ms: int) -> str:
        """Return the payment at an hour."""
        return f"{((ts_ms // HOUR_MS) % 21 - 10) / 100_000:.6f}"

    def long_share(self, ts_ms: int) -> str:
        """Return the long share at a 5-minute mark."""
        return f"{0.4 + ((ts_ms // (5 * MINUTE_MS)) % 200) / 1000:.4f}"
