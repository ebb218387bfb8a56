"""Where trade ids do not count: what proves that a gap is closed. Pure.

The venue gives its latest trades, however many it remembers. Laid over what came, an answer closes a gap if it joins on at both ends: it
begins at or before the last trade known, and it reaches what the stream gave once it flowed again. The second end matters as much as
the first: a connection is alive before its last channel is, and a REST answer may lag behind the stream. What was traded between such
an answer and the first trade of the channel is in neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.venues.continuity import Gap, SeenIds

Verdict = Literal["again", "filled", "listed"]
#: Pauses before the first question and those after it, in units of the feed's grace: at 0.5 s the last is asked 10 s after the break.
PAUSES = (1, 4, 15)


@dataclass(slots=True, eq=False)
class Seam:
    """A gap being mended, what was asked for it, and how far the answers join on.

    Attributes
    ----------
    heard_ns
        Moment of a trade that came by the stream after the gap, ``None`` until there is one.
    lot
        What turnovers are compared by, where a minute's bar is what showed the gap.
    bar_lost
        Turnover [native] that this bar still has beyond ours; negative: less.
    """

    gap: Gap
    heard_ns: int | None = None
    lot: float = 0.0
    bar_lost: float | None = None
    asked: int = 0
    _joined_ns: int = field(init=False)
    _reached_ns: int | None = field(init=False, default=None)
    _torn: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._joined_ns = self.gap.start_ns

    def lay(self, keys: Sequence[tuple[int, int]], seen: SeenIds) -> None:
        """Take the moments and ids of an answer; ``seen`` does not hold them yet unless they came before."""
        self.asked += 1
        if not any(key in seen and key[0] <= self._joined_ns for key in keys):
            self._torn = True
        newest = max((moment for moment, _ in keys), default=None)
        if newest is not None:
            self._joined_ns = max(self._joined_ns, newest)
            self._reached_ns = max(self._reached_ns or newest, newest)

    @property
    def verdict(self) -> Verdict:
        """What is known after the last answer.

        A contract that nobody trades after a break is settled by the last question: by then its channel is open.
        """
        last = self.asked >= len(PAUSES)
        if self.gap.reason == "volume":
            if self.bar_lost == 0.0:
                return "filled"
            if not last:
                return "again"
            return "filled" if self.bar_lost is not None and self.bar_lost < 0 else "listed"
        covered = (
            last
            if self.heard_ns is None
            else self._reached_ns is not None and self._reached_ns >= self.heard_ns
        )
        if not covered and not last:
            return "again"
        return "filled" if covered and not self._torn else "listed"
