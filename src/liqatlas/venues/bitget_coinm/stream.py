"""Streams of Bitget's unified account: a topic per contract.

Books are polled whole: the topic of fifty levels ends to be a snapshot each time on 2026-12-01, the one of five is too shallow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.venues.bitget.consts import CHANNELS_PER_CONNECTION
from liqatlas.venues.bitget_coinm import consts
from liqatlas.venues.subscriptions import Subscription, chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOPICS = {
    "trades": "publicTrade",
    "marks": "ticker",
    "open_interest": "ticker",
    "funding": "ticker",
}
DATASETS = frozenset(_TOPICS)


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these contracts and datasets.

    Raises
    ------
    InputError
        If a dataset has no stream that is read (liquidations, bars).
    """
    wanted = set(datasets)
    if unknown := wanted - DATASETS:
        raise InputError(
            f"Bitget COIN-M streams no {', '.join(sorted(unknown))}; it streams {', '.join(sorted(DATASETS))}"
        )
    carried: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for symbol in symbols:
        for dataset in sorted(wanted):
            carried.setdefault((_TOPICS[dataset], symbol), set()).add((dataset, symbol))
    return [
        Subscription(
            base + consts.STREAM_PATH,
            (json.dumps({"op": "subscribe", "args": [_arg(*key) for key in part]}),),
            frozenset(pair for key in part for pair in carried[key]),
        )
        for part in chunks(list(carried), CHANNELS_PER_CONNECTION)
    ]


def _arg(topic: str, symbol: str) -> dict[str, str]:
    """Return what names one topic of one contract."""
    return {"instType": consts.STREAM_TYPE, "topic": topic, "symbol": symbol}
