"""Token buckets: how often a key or an address may ask."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

#: Askers remembered; the one not seen for the longest goes first.
MOST_ASKERS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a minute, and so many at once."""

    per_minute: float
    burst: float


class Buckets:
    """One bucket of tokens per asker, all of one rate; bounded in memory."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, asker: str, *, rate: Rate | None = None, now: float | None = None) -> float:
        """Take a token; return 0 where there was one, else the seconds until there is."""
        of = rate or self.rate
        moment = time.monotonic() if now is None else now
        left, seen = self._left.get(asker, (of.burst, moment))
        left = min(of.burst, left + max(moment - seen, 0.0) * of.per_minute / 60.0)
        wait = 0.0 if left >= 1 else (1 - left) * 60.0 / of.per_minute
        self._left[asker] = (left - 1 if not wait else left, moment)
        self._left.move_to_end(asker)
        while len(self._left) > MOST_ASKERS:
            self._left.popitem(last=False)
        return wait

    def used(self, asker: str, *, rate: Rate | None = None) -> int:
        """Return how many tokens of an asker's are spent."""
        of = rate or self.rate
        left, _ = self._left.get(asker, (of.burst, 0.0))
        return round(of.burst - left)

    def __len__(self) -> int:
        return len(self._left)
