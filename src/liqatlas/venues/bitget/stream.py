"""Bitget streams: a channel per contract; books come whole, fifteen levels a side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.bitget import consts
from liqatlas.venues.subscriptions import Subscription, by_contract, streamable

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
    wanted = streamable(datasets, DATASETS, "Bitget")
    return by_contract(
        base + consts.STREAM_PATH,
        _CHANNELS,
        symbols,
        wanted,
        argument=_arg,
        per_connection=consts.CHANNELS_PER_CONNECTION,
    )


def _arg(channel: str, symbol: str) -> dict[str, str]:
    """Return what names one channel of one contract."""
    return {"instType": product_type(symbol), "channel": channel, "instId": symbol}
