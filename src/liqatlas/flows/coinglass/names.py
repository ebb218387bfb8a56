"""What that interface calls exchanges, pairs, intervals and ranges.

Source: docs.coinglass.com and its published sample payloads, read 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS
from liqatlas.base.errors import InputError, UnknownSymbolError
from liqatlas.base.instruments import venue_name
from liqatlas.base.symbols import near_names, parse_symbol

if TYPE_CHECKING:
    from liqatlas.flows.serving import Market, Source

#: The interface's name of each venue of ours; one name can mean several.
EXCHANGES = {
    "binance": "Binance", "binance_coinm": "Binance", "bybit": "Bybit", "okx": "OKX", "bitget": "Bitget",
    "bitget_coinm": "Bitget",
    "bitfinex": "Bitfinex", "dydx": "dYdX", "hyperliquid": "Hyperliquid", "gate": "Gate", "bitmex": "Bitmex",
    "kraken": "Kraken", "lighter": "Lighter",
}  # fmt: skip
#: Other spellings that clients send, by how they read without dots, spaces and capitals.
_ALIASES = {"gateio": "gate", "okex": "okx", "huobi": "htx"}

INTERVALS = {
    "1m": MINUTE_NS, "3m": 3 * MINUTE_NS, "5m": 5 * MINUTE_NS, "15m": 15 * MINUTE_NS, "30m": 30 * MINUTE_NS,
    "1h": HOUR_NS, "4h": 4 * HOUR_NS, "6h": 6 * HOUR_NS, "8h": 8 * HOUR_NS, "12h": 12 * HOUR_NS,
    "1d": DAY_NS, "1w": 7 * DAY_NS,
}  # fmt: skip
TOTAL_RANGES = {"1h": HOUR_NS, "4h": 4 * HOUR_NS, "12h": 12 * HOUR_NS, "24h": DAY_NS}
MAP_RANGES = {"1d": DAY_NS, "7d": 7 * DAY_NS, "30d": 30 * DAY_NS}
HEATMAP_RANGES = {
    "12h": 12 * HOUR_NS, "24h": DAY_NS, "3d": 3 * DAY_NS, "7d": 7 * DAY_NS, "30d": 30 * DAY_NS, "90d": 90 * DAY_NS,
    "180d": 180 * DAY_NS, "1y": 365 * DAY_NS,
}  # fmt: skip
PAIN_RANGES = {
    "12h": 12 * HOUR_NS, "24h": DAY_NS, "48h": 2 * DAY_NS, "3d": 3 * DAY_NS, "7d": 7 * DAY_NS, "14d": 14 * DAY_NS,
    "30d": 30 * DAY_NS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """One instrument an exchange and a pair name mean."""

    exchange: str
    market: Market


def exchange_of(venue: str) -> str:
    """Return the interface's name of a venue."""
    return EXCHANGES.get(venue) or venue_name(venue)


def _plain(name: str) -> str:
    text = "".join(c for c in name.lower() if c.isalnum())
    return _ALIASES.get(text, text)


def served_exchanges(source: Source) -> tuple[str, ...]:
    """Return the exchanges served, in order of name."""
    return tuple(sorted({exchange_of(one.venue) for one in source.markets()}))


def exchange_named(source: Source, name: str) -> str:
    """Return an exchange as the interface spells it.

    Raises
    ------
    UnknownSymbolError
        If it is not served; names those that are.
    """
    known = {_plain(exchange): exchange for exchange in served_exchanges(source)}
    found = known.get(_plain(name))
    if found is None:
        raise UnknownSymbolError(name[:40], tuple(known.values()), where="the exchanges served here")
    return found


def exchanges_listed(source: Source, text: str) -> tuple[str, ...]:
    """Return the served exchanges of a comma list; unknown ones are passed over; an empty list means all."""
    if not text.strip():
        return served_exchanges(source)
    known = {_plain(exchange): exchange for exchange in served_exchanges(source)}
    wanted = [known[plain] for name in text.split(",") if (plain := _plain(name)) in known]
    return tuple(dict.fromkeys(wanted))


def markets_of(source: Source, *, exchange: str = "", coin: str = "") -> tuple[Market, ...]:
    """Return the instruments of an exchange and a coin, either left open by an empty name."""
    return tuple(
        one
        for one in source.markets()
        if (not exchange or exchange_of(one.venue) == exchange) and (not coin or one.asset == coin)
    )


def coin_named(source: Source, name: str) -> str:
    """Return the coin a symbol means; raises UnknownSymbolError where it is not served."""
    return source.asset(name)


def pair_named(source: Source, exchange: str, symbol: str) -> Pair:
    """Return the instrument a pair means: the venue's own symbol, or one that says the same (BTCUSDT for BTC-USDT-SWAP).

    Raises
    ------
    UnknownSymbolError
        If there is none; names near ones.
    """
    name = exchange_named(source, exchange)
    held = markets_of(source, exchange=name)
    exact = [one for one in held if one.symbol.upper() == symbol.upper()]
    if not exact:
        wanted = parse_symbol(symbol)
        exact = [one for one in held if _same(one.symbol, wanted.asset, wanted.quote)]
    if not exact:
        near = near_names(symbol, [one.symbol for one in held]) or [one.symbol for one in held[:5]]
        raise UnknownSymbolError(symbol[:40], near, where=f"the pairs of {name} served here")
    return Pair(name, exact[0])


def _same(symbol: str, asset: str, quote: str) -> bool:
    try:
        held = parse_symbol(symbol)
    except InputError:
        return False
    return held.asset == asset and (not quote or held.quote in {quote, ""})
