"""Binance USD-M streams: which names to ask for, on which route."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.venues.binance import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Streams by dataset; markPriceUpdate carries marks and funding alike.
_MARKET = {
    "trades": "{s}@aggTrade",
    "marks": "{s}@markPrice@1s",
    "funding": "{s}@markPrice@1s",
    "bars": "{s}@kline_1m",
}
_PUBLIC = {"book_levels": "{s}@depth@100ms"}
#: One stream for the whole venue: totals do not depend on which symbols are recorded.
_VENUE_WIDE = {"liquidations": "!forceOrder@arr"}
DATASETS = frozenset({*_MARKET, *_PUBLIC, *_VENUE_WIDE})


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these symbols and datasets: books on /public, the rest on /market.

    Raises
    ------
    InputError
        If a dataset has no stream (open interest is polled).
    """
    names, wanted = list(symbols), streamable(datasets, DATASETS, "Binance")
    out = []
    for path, table in ((consts.MARKET_PATH, _MARKET | _VENUE_WIDE), (consts.PUBLIC_PATH, _PUBLIC)):
        carried = [
            (d, s) for d in sorted(wanted & table.keys()) for s in (["*"] if d in _VENUE_WIDE else names)
        ]
        streams = list(dict.fromkeys(table[d].format(s=s.lower()) for d, s in carried))
        out += [
            _connection(base + path, part, carried) for part in chunks(streams, consts.STREAMS_PER_CONNECTION)
        ]
    return out


def _connection(url: str, streams: Sequence[str], carried: Sequence[tuple[str, str]]) -> Subscription:
    """Return one connection with its SUBSCRIBE messages."""
    present = set(streams)
    tables = _MARKET | _PUBLIC | _VENUE_WIDE
    messages = tuple(
        json.dumps({"method": "SUBSCRIBE", "params": list(part), "id": i + 1})
        for i, part in enumerate(chunks(streams, consts.STREAMS_PER_MESSAGE))
    )
    rhythmic = any("@markPrice" in s or "@depth" in s or "@aggTrade" in s for s in streams)
    return Subscription(
        url, messages,
        frozenset((d, s) for d, s in carried if tables[d].format(s=s.lower()) in present),
        silent_after_s=30.0 if rhythmic else None, pause_s=consts.MESSAGE_PAUSE_S,
    )  # fmt: skip
