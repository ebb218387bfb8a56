"""dYdX v4 streams: one subscription a market for trades, one for all markets' oracle prices, rates and open interest.

The book channel is not used: its changes carry no ids of their own, so a lost one could not be told. Books are polled whole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.venues.dydx import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRADES = frozenset({"trades", "liquidations"})
_MARKETS = frozenset({"marks", "open_interest", "funding"})
DATASETS = _TRADES | _MARKETS


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return the connections for these markets and datasets.

    Raises
    ------
    InputError
        If a dataset has no stream (books and bars are asked for at REST).
    """
    names, wanted = list(symbols), streamable(datasets, DATASETS, "dYdX")
    url, out = base + consts.STREAM_PATH, []
    trades, markets = wanted & _TRADES, wanted & _MARKETS
    parts = chunks(names, consts.SUBSCRIPTIONS_PER_CONNECTION) if trades else [names]
    for i, part in enumerate(parts):
        messages = tuple(_message("v4_trades", name) for name in part) if trades else ()
        carries = {(d, s) for d in trades for s in part}
        if markets and i == 0:
            messages += (_message("v4_markets"),)
            carries |= {(d, s) for d in markets for s in names}
        # Oracle prices come with every block; trades alone may be silent.
        silent = 30.0 if markets and i == 0 else None
        out.append(Subscription(url, messages, frozenset(carries), silent_after_s=silent))
    return out


def _message(channel: str, market: str | None = None) -> str:
    """Return a subscribe message."""
    body: dict[str, object] = {"type": "subscribe", "channel": channel, "batched": False}
    return json.dumps(body if market is None else body | {"id": market})
