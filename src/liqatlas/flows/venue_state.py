"""What a venue's recorder went through, and what of a contract changed, for whoever watches."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, fields

from liqatlas.base.instruments import Instrument

#: Sentences that wait for somebody to read them.
_NEWS = 100


@dataclass(slots=True)
class VenueState:
    """What a venue's recorder went through, for the status line and metrics."""

    venue: str
    symbols: tuple[str, ...] = ()
    connected: int = 0
    connections: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    frames: int = 0
    duplicates: int = 0
    dropped: int = 0
    held_back: int = 0
    writer_waits: int = 0
    gaps_filled: int = 0
    accounts_found: int = 0
    gaps_listed: int = 0
    restarts: int = 0
    last_frame: float = field(default_factory=time.monotonic)
    problem: str = ""
    news: deque[str] = field(default_factory=lambda: deque(maxlen=_NEWS))


def difference(old: Instrument, new: Instrument) -> str:
    """Say what of a contract changed."""
    changed = [
        f"{one.name} {getattr(old, one.name)} is now {getattr(new, one.name)}"
        for one in fields(Instrument)
        if getattr(old, one.name) != getattr(new, one.name)
    ]
    return f"{new.symbol} changed: {', '.join(changed)}; rows count by it from now on"
