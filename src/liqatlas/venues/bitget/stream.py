"""Bitget streams: a channel per contract; books come whole, fifteen levels a side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.venues.bitget import consts
from liqatlas.venues.subscriptions import Subscription, chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHANNELS = {
    "trades": "trade",
    "marks": "ticker",
    "open_interest": "ticker",
    "funding": "ticker",
    "book_levels": "books15",
}
DATASETS = frozenset(_CHANNELS)


def product_type(symbol: str) -> str:
    """Return the product a contract belongs to: USDC futures end in PERP, USDT futures in USDT."""
    return "USDT-FUTURES" if symbol.partition("_")[0].endswith("USDT") else "USDC-FUTURES"


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
            f"Bitget streams no {', '.join(sorted(unknown))}; it streams {', '.join(sorted(DATASETS))}"
        )
    carried: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for symbol in symbols:
        for dataset in sorted(wanted):
            carried.setdefault((_CHANNELS[dataset], symbol), set()).add((dataset, symbol))
    return [
        Subscription(
            base + consts.STREAM_PATH,
            (json.dumps({"op": "subscribe", "args": [_arg(*key) for key in part]}),),
            frozenset(pair for key in part for pair in carried[key]),
        )
        for part in chunks(list(carried), consts.CHANNELS_PER_CONNECTION)
    ]


def _arg(channel: str, symbol: str) -> dict[str, str]:
    """Return what names one channel of one contract."""
    return {"instType": product_type(symbol), "channel": channel, "instId": symbol}
