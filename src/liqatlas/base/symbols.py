"""One registry of symbols: what any venue's name of a contract means.

``BTC``, ``BTCUSDT``, ``BTC-PERP``, ``BTC-USDT-SWAP``, ``BTCUSD_PERP``, ``XBTUSD`` and ``tBTCF0:USTF0`` are all perpetuals
of the asset BTC; ``kPEPE``, ``1000PEPEUSDT`` and ``PEPE`` are all the asset PEPE, the first two in units of 1000 coins.
"""

from __future__ import annotations

import calendar
import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from liqatlas.base.clock import datetime_to_ns
from liqatlas.base.errors import UnknownSymbolError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Names that differ from the coin's common ticker.
ALIASES = {"XBT": "BTC", "UST": "USDT", "BCHABC": "BCH", "BCC": "BCH"}
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "USDE", "USD1", "USD", "EUR", "BTC", "ETH")
#: Quotes treated as one US dollar unless a peg price is given.
DOLLAR_QUOTES = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDE", "USD1", "USDX"})
_QUOTE = re.compile(r"[A-Z]{1,5}|USD1")
#: Coins whose name ends in that of a quote.
_WHOLE = frozenset({
    "WBTC", "TBTC", "CBBTC", "LBTC", "FBTC", "SOLVBTC", "WETH", "STETH", "WSTETH", "WEETH", "CBETH", "RETH", "METH", "EZETH",
    "RSETH", "WBETH", "FRXETH", "SFRXETH", "FDUSD", "TUSD", "BUSD", "PYUSD", "GUSD", "SUSD", "CUSD", "RLUSD",
})  # fmt: skip
#: Coins that end in B, so that BNBUSD is BNB in USD while BTCBUSD is BTC in BUSD.
_ENDING_IN_B = frozenset({"BNB", "ARB", "SHIB", "1000SHIB", "TRB", "CKB"})
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
    if not re.fullmatch(r"[\w\-:/.]{1,40}", text) or not re.search(r"[^\W\d_]", text):
        raise UnknownSymbolError(name)
    if re.fullmatch(
        r"[a-z0-9]{2,8}:[A-Z][A-Za-z0-9]*", text
    ):  # a market of a builder on Hyperliquid, xyz:TSLA
        text = text.partition(":")[2]
    if text.startswith("t") and text[1:2].isupper():
        text = text[1:]
    lower_k = text[0] == "k" and text[1:2].isupper()
    try:
        text, expiry, coin_margined = _strip_suffixes(text.upper())
    except ValueError:  # a delivery date that no calendar holds
        raise UnknownSymbolError(name) from None
    base, quote = _split_quote(text)
    if not base.isalnum() or not (not quote or _QUOTE.fullmatch(quote)):
        raise UnknownSymbolError(name)
    base, multiplier = _split_multiplier(base, lower_k=lower_k)
    base = ALIASES.get(base, base)
    if (
        coin_margined is None
        and quote == "USD"
        and ("-" not in name or "SWAP" in name.upper() or expiry is not None)
    ):
        # BTCUSD, XBTUSD, BTCUSD_PERP, BTC-USD-SWAP, BTC-USD-260327; a plain BTC-USD (dYdX) does not say
        coin_margined = True
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
    text = re.sub(r"(?<=[A-Z0-9]{2})CM(?=[HMUZ]\d\d$)", "USD", text)  # Bitget's unified account: BTCCMZ26
    expiry = None
    for pattern, read in _DATES:
        if dated := pattern.search(text):
            expiry = read(dated[1])
            text = text[: dated.start(1)].rstrip("-_")
            break
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
        "_CM",
    ):
        if text.endswith(suffix) and len(text) > len(suffix):
            text = text.removesuffix(suffix)
            break
    return text, expiry, coin_margined


def _delivery(year: int, month: int, day: int) -> int:
    """Return a delivery date's moment, 08:00 UTC as Binance, OKX, Bybit and Deribit deliver."""
    return datetime_to_ns(datetime(year, month, day, 8, tzinfo=UTC))


def _from_digits(text: str) -> int:
    """Read 260327 or 20260327."""
    return _delivery(2000 + int(text[-6:-4]), int(text[-4:-2]), int(text[-2:]))


def _from_words(text: str) -> int:
    """Read 27MAR26 (Bybit, Deribit)."""
    return _delivery(2000 + int(text[-2:]), _MONTHS.index(text[-5:-2]) + 1, int(text[:-5]))


def _from_code(text: str) -> int:
    """Read H26 (Bybit's inverse quarterly futures): the last Friday of March, June, September or December."""
    year, month = 2000 + int(text[1:]), 3 * "HMUZ".index(text[0]) + 3
    last = calendar.monthrange(year, month)[1]
    return _delivery(year, month, last - (calendar.weekday(year, month, last) - calendar.FRIDAY) % 7)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATES = (
    (re.compile(r"[-_](\d{6}|\d{8})$", re.ASCII), _from_digits),
    (re.compile(rf"[-_](\d{{1,2}}(?:{'|'.join(_MONTHS)})\d\d)$", re.ASCII), _from_words),
    (re.compile(r"USDT?([HMUZ]\d\d)$", re.ASCII), _from_code),
)


def _split_quote(text: str) -> tuple[str, str]:
    """Split BASE and QUOTE at a separator, or at a known quote's name."""
    parts = [p for p in re.split(r"[-_/:]", text) if p]
    if len(parts) == 2:
        return parts[0], ALIASES.get(parts[1], parts[1])
    single = parts[0] if len(parts) == 1 else ""
    if single in _WHOLE:
        return single, ""
    if single.endswith(("USDTM", "USDCM", "USDM")):  # KuCoin
        single = single[:-1]
    if single.endswith("BUSD") and single.removesuffix("USD") in _ENDING_IN_B:
        return single.removesuffix("USD"), "USD"
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
