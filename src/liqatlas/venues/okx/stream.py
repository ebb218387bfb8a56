"""OKX streams: channels per contract, and venue-wide ones per kind of contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.venues.okx import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Argument = tuple[str, str]
_PUBLIC = {
    "trades": "trades",
    "marks": "mark-price",
    "open_interest": "open-interest",
    "funding": "funding-rate",
    "book_levels": "books",
}
_VENUE_WIDE = {"liquidations": "liquidation-orders", "insurance_fund": "adl-warning"}
_BUSINESS = {"bars": "candle1m", "mark_bars": "mark-price-candle1m"}
DATASETS = frozenset({*_PUBLIC, *_VENUE_WIDE, *_BUSINESS})


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these symbols and datasets.

    Raises
    ------
    InputError
        If a dataset has no stream.
    """
    names, wanted = list(symbols), streamable(datasets, DATASETS, "OKX")
    out = []
    for path, table in ((consts.PUBLIC_PATH, _PUBLIC), (consts.BUSINESS_PATH, _BUSINESS)):
        carried = {(table[d], s): (d, s) for d in sorted(wanted & table.keys()) for s in names}
        out += _connections(base + path, carried, "instId")
    wide = {(_VENUE_WIDE[d], k): (d, "*") for d in sorted(wanted & _VENUE_WIDE.keys()) for k in consts.KINDS}
    return out + _connections(base + consts.PUBLIC_PATH, wide, "instType")


def _connections(url: str, carried: dict[Argument, tuple[str, str]], key: str) -> list[Subscription]:
    """Return the connections that carry these channels."""
    return [
        _connection(url, part, carried, key)
        for part in chunks(list(carried), consts.ARGUMENTS_PER_CONNECTION)
    ]


def _connection(
    url: str, arguments: Sequence[Argument], carried: dict[Argument, tuple[str, str]], key: str
) -> Subscription:
    """Return one connection with its subscribe requests."""
    messages = tuple(
        json.dumps({"op": "subscribe", "args": [{"channel": channel, key: value} for channel, value in part]})
        for part in chunks(arguments, consts.ARGUMENTS_PER_MESSAGE)
    )
    rhythmic = key == "instId" and any(
        channel in {"mark-price", "books", "trades"} for channel, _ in arguments
    )
    return Subscription(
        url, messages, frozenset(carried[a] for a in arguments), silent_after_s=30.0 if rhythmic else None,
        pause_s=consts.MESSAGE_PAUSE_S,
    )  # fmt: skip
