"""Hyperliquid streams: one subscription a coin and type, whole books each time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.venues.hyperliquid import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable

#: One context carries marks, open interest and funding.
TYPES = {
    "trades": "trades",
    "marks": "activeAssetCtx",
    "open_interest": "activeAssetCtx",
    "funding": "activeAssetCtx",
    "book_levels": "l2Book",
    "bars": "candle",
}
DATASETS = frozenset(TYPES)


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these coins and datasets.

    Raises
    ------
    InputError
        If a dataset has no stream (liquidations are not public here).
    """
    wanted = streamable(datasets, DATASETS, "Hyperliquid")
    carried: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for symbol in symbols:
        for dataset in sorted(wanted):
            carried.setdefault((TYPES[dataset], symbol), set()).add((dataset, symbol))
    return [
        Subscription(
            base + consts.STREAM_PATH,
            tuple(
                json.dumps({"method": "subscribe", "subscription": _body(kind, coin)}) for kind, coin in part
            ),
            frozenset(pair for key in part for pair in carried[key]),
        )
        for part in chunks(list(carried), consts.SUBSCRIPTIONS_PER_CONNECTION)
    ]


def _body(kind: str, coin: str) -> dict[str, str]:
    """Return the subscription object."""
    body = {"type": kind, "coin": coin}
    return body | {"interval": "1m"} if kind == "candle" else body
