"""An order book kept from a snapshot and its changes, each checked against the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from liqatlas.venues.frames import BookChange
    from liqatlas.venues.rows import Row

ApplyResult = Literal["applied", "stale", "waiting", "gap"]
#: Changes kept while a snapshot is on its way; a venue that sends more than this meanwhile is asked again.
_MAX_WAITING = 2_000


class Ladder:
    """Levels of one symbol.

    A change must follow the last one (``previous_id``), or the ladder is out of step and wants a snapshot. Where snapshots come
    from REST (Binance), changes wait for it and the first that counts is the one that spans it.
    """

    __slots__ = ("_joining", "_waiting", "asks", "bids", "in_step", "last_id", "ts_event_ns")

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.last_id = 0
        self.ts_event_ns = 0
        self.in_step = False
        self._waiting: list[BookChange] = []
        self._joining = False

    def apply(self, change: BookChange) -> ApplyResult:
        """Take a snapshot or a change; ``gap`` and ``waiting`` mean that a snapshot is wanted."""
        if change.snapshot:
            return self._restart(change)
        if not self.in_step:
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append(change)
            return "waiting"
        return self._follow(change)

    def _restart(self, snapshot: BookChange) -> ApplyResult:
        """Begin anew from a snapshot, then apply what had been waiting for it."""
        if self.in_step and snapshot.ts_event_ns < self.ts_event_ns:
            return "stale"
        self.bids, self.asks = dict(snapshot.bids), dict(snapshot.asks)
        self.last_id, self.ts_event_ns, self.in_step = snapshot.last_id, snapshot.ts_event_ns, True
        waiting, self._waiting = self._waiting, []
        self._joining = True
        for i, change in enumerate(waiting):
            if self._follow(change) == "gap":
                self._waiting = waiting[i:]
                return "gap"
        return "applied"

    def _follow(self, change: BookChange) -> ApplyResult:
        """Apply a change that continues the last one."""
        if change.last_id < self.last_id or (change.last_id == self.last_id and not self._joining):
            return (
                "stale"
                if change.previous_id is None or change.previous_id < self.last_id
                else self._reset(change)
            )
        spans = self._joining and change.first_id <= self.last_id + 1 <= change.last_id + 1
        if change.previous_id != self.last_id and not spans:
            self.in_step = False
            self._waiting = [change]
            return "gap"
        return self._write(change)

    def _reset(self, change: BookChange) -> ApplyResult:
        """Follow a sequence that starts again (OKX after maintenance): it names our last id as its previous one."""
        return self._write(change) if change.previous_id == self.last_id else "stale"

    def _write(self, change: BookChange) -> ApplyResult:
        for levels, changes in ((self.bids, change.bids), (self.asks, change.asks)):
            for price, quantity in changes:
                if quantity == 0:
                    levels.pop(price, None)
                else:
                    levels[price] = quantity
        self.last_id, self.ts_event_ns, self._joining = change.last_id, change.ts_event_ns, False
        return "applied"

    def rows(self, levels: int) -> list[Row]:
        """Return the best levels as book_levels rows."""
        out: list[Row] = []
        for side, book, best_first in (("bid", self.bids, True), ("ask", self.asks, False)):
            prices = sorted(book, reverse=best_first)[:levels]
            out += [(self.ts_event_ns, side, i, price, book[price]) for i, price in enumerate(prices)]
        return out

    @property
    def crossed(self) -> bool:
        """Whether the best bid reaches the best ask: a kept book that crosses has lost a change."""
        return bool(self.bids and self.asks) and max(self.bids) >= min(self.asks)
