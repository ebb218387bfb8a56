"""Bitfinex streams: a channel per contract and kind, liquidations of the whole venue in one; at most 25 channels a connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.venues.bitfinex import consts
from liqatlas.venues.subscriptions import Subscription, chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATUS = frozenset({"marks", "open_interest", "funding"})
DATASETS = _STATUS | {"trades", "liquidations"}


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these contracts and datasets.

    Raises
    ------
    InputError
        If a dataset has no stream that is read: book changes carry no ids, so a lost one could not be told.
    """
    wanted, names = set(datasets), list(symbols)
    if unknown := wanted - DATASETS:
        raise InputError(
            f"Bitfinex streams no {', '.join(sorted(unknown))}; it streams {', '.join(sorted(DATASETS))}"
        )
    asked: list[tuple[dict[str, str], frozenset[tuple[str, str]]]] = []
    if "liquidations" in wanted:
        liquidations = {"channel": "status", "key": "liq:global"}
        asked.append((liquidations, frozenset({("liquidations", "*")})))
    for name in names:
        if "trades" in wanted:
            asked.append(({"channel": "trades", "symbol": name}, frozenset({("trades", name)})))
        if carried := frozenset((dataset, name) for dataset in wanted & _STATUS):
            asked.append(({"channel": "status", "key": f"deriv:{name}"}, carried))
    return [
        Subscription(
            base + consts.STREAM_PATH,
            tuple(json.dumps({"event": "subscribe", **request}) for request, _ in part),
            frozenset(pair for _, carried in part for pair in carried),
            silent_after_s=30.0,
            pause_s=0.005,
        )
        for part in chunks(asked, consts.CHANNELS_PER_CONNECTION)
    ]
