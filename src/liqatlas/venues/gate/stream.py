"""Gate streams: channels by settlement currency, each with its own address; liquidations of all contracts at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.base.clock import NS_PER_S, now_ns
from liqatlas.venues.gate import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHANNELS = {
    "trades": "futures.trades",
    "marks": "futures.tickers",
    "open_interest": "futures.tickers",
    "funding": "futures.tickers",
    "book_levels": "futures.order_book_update",
    "liquidations": "futures.public_liquidates",
}
DATASETS = frozenset(_CHANNELS)


def settle_of(symbol: str) -> str:
    """Return the settlement currency of a contract: ``BTC_USD`` is margined in BTC, the others in USDT."""
    return "btc" if symbol.endswith("_USD") else "usdt"


def subscriptions(base: str, symbols: Iterable[str], datasets: Iterable[str]) -> list[Subscription]:
    """Return one connection per settlement currency.

    Raises
    ------
    InputError
        If a dataset has no stream (bars are asked for at REST).
    """
    wanted = streamable(datasets, DATASETS, "Gate")
    by_settle: dict[str, list[str]] = {}
    for symbol in symbols:
        by_settle.setdefault(settle_of(symbol), []).append(symbol)
    return [_connection(base, settle, names, wanted) for settle, names in by_settle.items()]


def _connection(base: str, settle: str, names: list[str], wanted: set[str]) -> Subscription:
    """Return the connection of one settlement currency."""
    messages: list[str] = []
    for channel in sorted({_CHANNELS[d] for d in wanted}):
        if channel == "futures.public_liquidates":
            messages.append(_message(channel, ["!all"]))
        elif channel == "futures.order_book_update":
            messages += [_message(channel, [name, "100ms", str(consts.BOOK_LEVELS)]) for name in names]
        else:
            messages += [
                _message(channel, list(part)) for part in chunks(names, consts.CONTRACTS_PER_MESSAGE)
            ]
    carries = frozenset((d, s) for d in wanted for s in (["*"] if d == "liquidations" else names))
    rhythmic = bool(wanted & {"marks", "open_interest", "funding", "book_levels"})
    url = base + consts.STREAM_PATHS[settle]
    return Subscription(
        url, tuple(messages), carries, silent_after_s=30.0 if rhythmic else None, pause_s=0.01
    )


def _message(channel: str, payload: list[str]) -> str:
    """Return a subscribe message."""
    body = {"time": now_ns() // NS_PER_S, "channel": channel, "event": "subscribe", "payload": payload}
    return json.dumps(body)
