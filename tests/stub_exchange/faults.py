"""The fault schedule: what goes wrong, when, and how often it did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

StreamFault = Literal[
    "drop", "duplicate", "reorder", "delay", "cut", "truncate", "gap", "clock_jump", "stall"
]
RestFault = Literal["429", "418", "403", "451", "500", "503", "soft", "cut_body", "hang"]


@dataclass(frozen=True)
class Planned:
    """A stream fault at an event.

    ``length`` is the number of events of a gap or an outage; ``seconds`` the length of a delay; ``jump_ms`` of a clock jump.
    """

    at: int
    kind: StreamFault
    length: int = 1
    seconds: float = 0.05
    jump_ms: int = 3_600_000


@dataclass
class Schedule:
    """Stream faults by event and REST faults by the count of requests; ``injected`` counts what truly happened."""

    stream: dict[int, Planned] = field(default_factory=dict)
    rest: dict[int, RestFault] = field(default_factory=dict)
    retry_after: str | None = "0"
    injected: Counter[str] = field(default_factory=Counter)
    #: Ids of trades that no connection was sent, by symbol.
    withheld: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, *planned: Planned, rest: dict[int, RestFault] | None = None, retry_after: str | None = "0"
    ) -> Schedule:
        """Return a schedule of these faults."""
        return cls({p.at: p for p in planned}, rest or {}, retry_after)
