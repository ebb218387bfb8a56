"""What a stream connection is: an address, the messages that open it, what arrives on it, how it stays alive."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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


def streamable(datasets: Iterable[str], offered: frozenset[str], name: str) -> set[str]:
    """Return the datasets asked for, all of which a venue streams.

    Raises
    ------
    InputError
        If one has no stream that is read; those that have are named.
    """
    wanted = set(datasets)
    if missing := wanted - offered:
        raise InputError(
            f"{name} streams no {', '.join(sorted(missing))}; it streams {', '.join(sorted(offered))}"
        )
    return wanted


def by_contract(
    url: str,
    channels: Mapping[str, str],
    symbols: Iterable[str],
    wanted: Iterable[str],
    *,
    argument: Callable[[str, str], Mapping[str, str]],
    per_connection: int,
) -> list[Subscription]:
    """Return the connections where every contract has channels of its own, each subscribed to by one argument of one message.

    Parameters
    ----------
    url
        Where to connect.
    channels
        The channel of each dataset; several datasets may share one.
    symbols, wanted
        Contracts and datasets.
    argument
        What names a channel of a contract, from both.
    per_connection
        The most channels a connection takes.
    """
    carried: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for symbol in symbols:
        for dataset in sorted(wanted):
            carried.setdefault((channels[dataset], symbol), set()).add((dataset, symbol))
    return [
        Subscription(
            url,
            (json.dumps({"op": "subscribe", "args": [argument(*key) for key in part]}),),
            frozenset(pair for key in part for pair in carried[key]),
        )
        for part in chunks(list(carried), per_connection)
    ]
