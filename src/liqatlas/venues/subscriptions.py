"""What a stream connection is: an address, the messages that open it, what arrives on it, how it stays alive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a venue answers, and where its daily files lie; a stub, a mirror or a regional domain may stand in."""

    rest: str
    stream: str
    files: str = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a venue wants to be kept awake.

    ``text`` is sent every ``every_s`` seconds (``None``: the venue pings, the protocol answers). A connection without any frame,
    pong included, for ``dead_after_s`` is dead.
    """

    text: str | None
    every_s: float
    dead_after_s: float


@dataclass(frozen=True, slots=True)
class Subscription:
    """One connection.

    Attributes
    ----------
    url
        Where to connect.
    messages
        Sent one after another once connected.
    carries
        ``(dataset, symbol)`` pairs that break when this connection breaks; symbol ``*`` is the whole venue.
    silent_after_s
        Seconds without DATA after which the connection counts as stalled although it may still answer pings; ``None`` where
        silence is normal (liquidations alone).
    pause_s
        Between two messages, where the venue limits them.
    """

    url: str
    messages: tuple[str, ...]
    carries: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    silent_after_s: float | None = 30.0
    pause_s: float = 0.0


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut into pieces of at most ``size``."""
    return [items[i : i + size] for i in range(0, len(items), size)]
