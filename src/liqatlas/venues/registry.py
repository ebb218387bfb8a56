"""The venues with a live client, by key. A new venue is one folder and one line here.

A key ``ccxt:NAME`` is any exchange the optional library ccxt reads; it stands in no list.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.venues.through_ccxt.consts import PREFIX

if TYPE_CHECKING:
    from liqatlas.venues.capability import VenueCapabilities
    from liqatlas.venues.client import ClientOptions, VenueClient

#: What the key of an exchange behind ccxt begins with.
CCXT = PREFIX
#: ``key: module:class``, imported when first asked for.
_CLIENTS = {
    "binance": "liqatlas.venues.binance.rest:BinanceClient",
    "bybit": "liqatlas.venues.bybit.rest:BybitClient",
    "okx": "liqatlas.venues.okx.rest:OkxClient",
    "hyperliquid": "liqatlas.venues.hyperliquid.rest:HyperliquidClient",
    "binance_coinm": "liqatlas.venues.binance_coinm.rest:BinanceCoinMClient",
    "dydx": "liqatlas.venues.dydx.rest:DydxClient",
    "gate": "liqatlas.venues.gate.rest:GateClient",
    "bitfinex": "liqatlas.venues.bitfinex.rest:BitfinexClient",
    "bitget": "liqatlas.venues.bitget.rest:BitgetClient",
    "bitget_coinm": "liqatlas.venues.bitget_coinm.rest:BitgetCoinMClient",
}


#: Venues that are no more: their rules, parsers and importers stay.
_CLOSED = {"bitmex": "liqatlas.venues.bitmex.consts"}


def venue_keys() -> tuple[str, ...]:
    """Return the keys of venues with a live client."""
    return tuple(_CLIENTS)


def venue(key: str, options: ClientOptions | None = None) -> VenueClient:
    """Return a client of a venue.

    Raises
    ------
    InputError
        If no such venue has a live client.
    """
    if key.lower().startswith(CCXT):
        from liqatlas.venues.through_ccxt.rest import client_class

        return client_class(key.lower().removeprefix(CCXT))(options)
    target = _CLIENTS.get(key.lower())
    if target is None:
        raise InputError(
            f"venue {key!r} has no live client: wanted one of {', '.join(_CLIENTS)}, or ccxt:NAME"
        )
    module, _, name = target.partition(":")
    client: VenueClient = getattr(importlib.import_module(module), name)(options)
    return client


def capabilities() -> list[VenueCapabilities]:
    """Return what each venue gives, closed ones last, without asking any: for ``doctor`` and the documentation."""
    modules = [target.partition(":")[0].replace(".rest", ".consts") for target in _CLIENTS.values()]
    return [importlib.import_module(module).CAPABILITIES for module in [*modules, *_CLOSED.values()]]
