"""What is missing and what came twice: ids in sequence, ids seen, gaps found.

Two kinds of venue. Where trade ids count one by one (Binance aggregates, OKX), a hole in the ids IS the gap and its size is
known. Where ids do not count (Bybit, Hyperliquid), replays are told by the id, losses by a break of the connection and by the
volume of finished minutes (:class:`MinuteAudit`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from liqatlas.base.clock import MINUTE_NS, isoformat

GapReason = Literal[
    "sequence", "disconnect", "stall", "dropped", "volume", "beginning", "unreadable", "poll", "end"
]
GapStatus = Literal["open", "filled", "listed"]
_KEPT_IDS = 50_000


@dataclass(slots=True)
class Gap:
    """A stretch ``[start, end)`` of a dataset that did not arrive as it should.

    ``filled`` says it was made good (from REST, or by late arrival); ``listed`` that it stays and everybody must know.
    ``missing`` counts lost rows where ids tell; ``first_id`` .. ``last_id`` are those ids.
    """

    venue: str
    dataset: str
    symbol: str
    start_ns: int
    end_ns: int
    reason: GapReason
    status: GapStatus = "open"
    missing: int | None = None
    filled_rows: int = 0
    first_id: int | None = None
    last_id: int | None = None

    def __str__(self) -> str:
        lost = "" if self.missing is None else f", {self.missing} rows"
        return (
            f"{self.venue}:{self.symbol} {self.dataset} {isoformat(self.start_ns)} to {isoformat(self.end_ns)}: "
            f"{self.reason}{lost}, {self.status}"
        )


class Sequence:
    """Ids that count one by one; ``missing`` holds the closed ranges that have not come."""

    __slots__ = ("last", "missing")

    def __init__(self) -> None:
        self.last: int | None = None
        self.missing: list[tuple[int, int]] = []

    def offer(self, first: int, last: int) -> bool:
        """Take ids ``first`` .. ``last``; return whether they are new (a late arrival in a hole is), not a repeat."""
        if self.last is None or first == self.last + 1:
            self.last = last
            return True
        if first > self.last + 1:
            self.missing.append((self.last + 1, first - 1))
            self.last = last
            return True
        for i, (low, high) in enumerate(self.missing):
            if low <= first and last <= high:
                left = [(low, first - 1)] if first > low else []
                right = [(last + 1, high)] if last < high else []
                self.missing[i : i + 1] = left + right
                return True
        return False

    def still_missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return the parts of ``first`` .. ``last`` that have not come."""
        return [(max(lo, first), min(hi, last)) for lo, hi in self.missing if lo <= last and hi >= first]

    def give_up(self, first: int, last: int) -> None:
        """Stop waiting for ids ``first`` .. ``last``; they stay lost."""
        kept: list[tuple[int, int]] = []
        for low, high in self.missing:
            kept += [(a, b) for a, b in ((low, min(high, first - 1)), (max(low, last + 1), high)) if a <= b]
        self.missing = kept


class SeenIds:
    """The last ids of a symbol, to tell a replay from a trade; older ones are forgotten, newest kept."""

    __slots__ = ("_kept", "_size")

    def __init__(self, size: int = _KEPT_IDS) -> None:
        self._kept: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._size = size

    def offer(self, ts_ns: int, trade_id: int) -> bool:
        """Take a trade; return whether it is new."""
        key = (ts_ns, trade_id)
        if key in self._kept:
            return False
        self._kept[key] = None
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return True

    def __contains__(self, key: tuple[int, int]) -> bool:
        return key in self._kept


class MinuteAudit:
    """Turnover of each minute as it was recorded, to compare with the venue's own bar once the minute is over."""

    __slots__ = ("_first", "_held", "_turnover")

    def __init__(self) -> None:
        self._turnover: dict[int, float] = {}
        self._held: set[int] = set()
        self._first: int | None = None

    def add(self, ts_ns: int, qty_native: float) -> None:
        """Add a trade to its minute."""
        minute = ts_ns // MINUTE_NS
        if self._first is None:
            self._first = minute + 1  # the minute in which recording began is never whole
        self._turnover[minute] = self._turnover.get(minute, 0.0) + qty_native

    def whole_minutes(self, before_ns: int) -> list[int]:
        """Return the starts [ns] of minutes that are over and were recorded from their beginning."""
        if self._first is None:
            return []
        return [m * MINUTE_NS for m in range(self._first, before_ns // MINUTE_NS)]

    def differs(self, minute_ns: int, volume_native: float, lot: float) -> float:
        """Return the turnover that is missing (negative: too much), 0 where it agrees to half a lot."""
        recorded = self._turnover.get(minute_ns // MINUTE_NS, 0.0)
        lost = volume_native - recorded
        return 0.0 if abs(lost) <= max(lot / 2, 1e-9 * abs(volume_native)) else lost

    def done(self, minute_ns: int) -> None:
        """Forget a minute that was compared, and all before it that are not held."""
        minute = minute_ns // MINUTE_NS
        self._first = minute + 1
        self._turnover = {m: v for m, v in self._turnover.items() if m > minute or m in self._held}

    def hold(self, minute_ns: int) -> None:
        """Keep a minute's turnover until :meth:`release`: it is being mended and compared once more."""
        self._held.add(minute_ns // MINUTE_NS)

    def release(self, minute_ns: int) -> None:
        """Forget a minute that was held."""
        minute = minute_ns // MINUTE_NS
        self._held.discard(minute)
        if self._first is not None and minute < self._first:
            self._turnover.pop(minute, None)
