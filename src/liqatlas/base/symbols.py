"""One registry of symbols: what any venue's name of a contract means.

``BTC``, ``BTCUSDT``, ``BTC-PERP``, ``BTC-USDT-SWAP``, ``BTCUSD_PERP``, ``XBTUSD`` and ``tBTCF0:USTF0`` are all perpetuals
of the asset BTC; ``kPEPE``, ``1000PEPEUSDT`` and ``PEPE`` are all the asset PEPE, the first two in units of 1000 coins.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from liqatlas.base.clock import HOUR_NS, datetime_to_ns
from liqatlas.base.errors import UnknownSymbolError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names that differ from the coin's common ticker.
ALIASES = {"XBT": "BTC", "UST": "USDT", "BCHABC": "BCH", "BCC": "BCH", "WSTETH": "WSTETH"}
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "USDE", "USD1", "USD", "EUR", "BTC", "ETH")
#: Quotes treated as one US dollar unless a peg price is given.
DOLLAR_QUOTES = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDE", "USD1", "USDX"})
_MULTIPLIER = re.compile(r"^(1000000|100000|10000|1000|1M|K)(?=[A-Z])")
_MULTIPLIER_VALUE = {"1M": 1_000_000, "K": 1000}
#: Coins that begin with a letter that would read as a multiplier.
_NOT_MULTIPLIED = frozenset(
    {"KAVA", "KSM", "KAS", "KNC", "KDA", "KAITO", "KMNO", "KERNEL", "KAIA", "KLAY", "KEY", "KEEP", "KIN"}
)


@dataclass(frozen=True, slots=True)
class SymbolMeaning:
    """What a contract name says: asset, quote, coins per unit, delivery and whether it is coin-margined.

    ``quote`` is empty for a bare asset; ``coin_margined`` is ``None`` where the name does not say.
    """

    asset: str
    quote: str = ""
    price_multiplier: int = 1
    expiry_ns: int | None = None
    coin_margined: bool | None = None


def parse_symbol(name: str) -> SymbolMeaning:
    """Return the meaning of any venue's name of a perpetual or dated future, or of a bare asset.

    Raises
    ------
    UnknownSymbolError
        If the text cannot be a symbol.

    Examples
    --------
    >>> parse_symbol("XBTUSD").asset, parse_symbol("kPEPE").price_multiplier, parse_symbol("BTC-USDT-SWAP").quote
    ('BTC', 1000, 'USDT')
    """
    text = name.strip()
    if not re.fullmatch(r"[A-Za-z0-9_\-:/.]{1,40}", text) or not re.search(r"[A-Za-z]", text):
        raise UnknownSymbolError(name)
    if text.startswith("t") and text[1:2].isupper():
        text = text[1:]
    lower_k = text[0] == "k" and text[1:2].isupper()
    text, expiry, coin_margined = _strip_suffixes(text.upper())
    base, quote = _split_quote(text)
    if re.search(r"[^A-Z0-9]", base) or not base:
        raise UnknownSymbolError(name)
    base, multiplier = _split_multiplier(base, lower_k=lower_k)
    base = ALIASES.get(base, base)
    if coin_margined is None and quote == "USD" and ("-" not in name or "SWAP" in name.upper()):
        coin_margined = True  # BTCUSD, XBTUSD, BTCUSD_PERP, BTC-USD-SWAP; a plain BTC-USD (dYdX) does not say
    return SymbolMeaning(base, quote, multiplier, expiry, coin_margined)


def _strip_suffixes(text: str) -> tuple[str, int | None, bool | None]:
    """Take off PERP, SWAP, delivery dates, Bitfinex's F0 and ccxt's ``:SETTLE``."""
    coin_margined: bool | None = None
    text = text.replace("F0:", ":").removesuffix("F0") if "F0" in text else text
    if "/" in text and ":" in text:  # ccxt: BTC/USDT:USDT-260327
        pair, _, settle = text.partition(":")
        coin, _, date = settle.partition("-")
        coin_margined = coin not in DOLLAR_QUOTES
        text = pair + (f"-{date}" if date else "")
    expiry = None
    dated = re.search(r"[-_](\d{6}|\d{8})$", text)
    if dated:
        expiry = _expiry(dated[1])
        text = text[: dated.start()]
    for suffix in (
        "-PERPETUAL",
        "_PERPETUAL",
        "-PERP",
        "_PERP",
        "PERP",
        "-SWAP",
        "_SWAP",
        "_UMCBL",
        "_DMCBL",
        "_CMCBL",
    ):
        if text.endswith(suffix) and len(text) > len(suffix):
            text = text.removesuffix(suffix)
            break
    return text, expiry, coin_margined


def _expiry(digits: str) -> int | None:
    """Return a delivery date's moment, 08:00 UTC as Binance, OKX and Bybit deliver."""
    try:
        day = datetime.strptime(digits[-6:], "%y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return datetime_to_ns(day) + 8 * HOUR_NS


def _split_quote(text: str) -> tuple[str, str]:
    """Split BASE and QUOTE at a separator, or at a known quote's name."""
    parts = [p for p in re.split(r"[-_/:]", text) if p]
    if len(parts) >= 2:
        return parts[0], ALIASES.get(parts[1], parts[1])
    single = parts[0] if parts else ""
    for quote in QUOTES:
        if single.endswith(quote) and len(single) > len(quote):
            return single.removesuffix(quote), quote
    return single, ""


def _split_multiplier(base: str, *, lower_k: bool) -> tuple[str, int]:
    """Split 1000PEPE, 1MBABYDOGE and kPEPE into coin and coins per unit."""
    match = _MULTIPLIER.match(base)
    if not match or (match[1] == "K" and (not lower_k or base in _NOT_MULTIPLIED)):
        return base, 1
    return base[match.end() :], _MULTIPLIER_VALUE.get(match[1]) or int(match[1])


def near_names(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return known names similar to a mistyped one, best first."""
    return difflib.get_close_matches(name.upper(), list(known), n=count, cutoff=0.5)
