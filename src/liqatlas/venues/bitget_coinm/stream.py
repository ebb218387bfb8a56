"""Streams of Bitget's unified account: a topic per contract.

Books are polled whole: the topic of fifty levels ends to be a snapshot each time on 2026-12-01, the one of five is too shallow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.bitget.consts import CHANNELS_PER_CONNECTION
from liqatlas.venues.bitget_coinm import consts
from liqatlas.venues.subscriptions import Subscription, by_contract, streamable

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
    wanted = streamable(datasets, DATASETS, "Bitget COIN-M")
    return by_contract(
        base + consts.STREAM_PATH,
        _TOPICS,
        symbols,
        wanted,
        argument=_arg,
        per_connection=CHANNELS_PER_CONNECTION,
    )


def _arg(topic: str, symbol: str) -> dict[str, str]:
    """Return what names one topic of one contract."""
    return {"instType": consts.STREAM_TYPE, "topic": topic, "symbol": symbol}
