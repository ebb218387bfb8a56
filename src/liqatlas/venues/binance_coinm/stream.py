"""Binance COIN-M streams: the names of USD-M, all on one path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.venues.binance.consts import MESSAGE_PAUSE_S, STREAMS_PER_CONNECTION, STREAMS_PER_MESSAGE
from liqatlas.venues.binance_coinm import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STREAMS = {
    "trades": "{s}@aggTrade",
    "marks": "{s}@markPrice@1s",
    "funding": "{s}@markPrice@1s",
    "bars": "{s}@kline_1m",
    "book_levels": "{s}@depth@100ms",
    "liquidations": "!forceOrder@arr",
}
DATASETS = frozenset(_STREAMS)


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these symbols and datasets; liquidations are asked for venue-wide.

    Raises
    ------
    InputError
        If a dataset has no stream (open interest is polled).
    """
    names, wanted = list(symbols), streamable(datasets, DATASETS, "Binance COIN-M")
    carried = [(d, s) for d in sorted(wanted) for s in (["*"] if d == "liquidations" else names)]
    streams = list(dict.fromkeys(_STREAMS[d].format(s=s.lower()) for d, s in carried))
    url = base + consts.STREAM_PATH
    return [_connection(url, part, carried) for part in chunks(streams, STREAMS_PER_CONNECTION)]


def _connection(url: str, streams: Sequence[str], carried: Sequence[tuple[str, str]]) -> Subscription:
    """Return one connection with its SUBSCRIBE messages."""
    present = set(streams)
    messages = tuple(
        json.dumps({"method": "SUBSCRIBE", "params": list(part), "id": i + 1})
        for i, part in enumerate(chunks(streams, STREAMS_PER_MESSAGE))
    )
    rhythmic = any("@markPrice" in s or "@depth" in s for s in streams)
    return Subscription(
        url, messages, frozenset((d, s) for d, s in carried if _STREAMS[d].format(s=s.lower()) in present),
        silent_after_s=30.0 if rhythmic else None, pause_s=MESSAGE_PAUSE_S,
    )  # fmt: skip
