"""What file and folder names say: dataset, symbol, venue, interval, market."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_S
from liqatlas.base.errors import UnknownSymbolError
from liqatlas.base.symbols import parse_symbol

if TYPE_CHECKING:
    from pathlib import Path

#: Words in names that mean a venue, as people and vendors write them.
VENUE_WORDS = {
    "binance": "binance",
    "bybit": "bybit",
    "okx": "okx",
    "okex": "okx",
    "bitget": "bitget",
    "bitfinex": "bitfinex",
    "dydx": "dydx",
    "hyperliquid": "hyperliquid",
    "gate": "gate",
    "gateio": "gate",
    "bitmex": "bitmex",
}
#: How many folders above a file may speak for it.
_FOLDERS = 3
_BINANCE_DATASETS = (
    "aggTrades", "trades", "metrics", "bookDepth", "bookTicker", "liquidationSnapshot", "fundingRate",
    "klines", "markPriceKlines", "indexPriceKlines", "premiumIndexKlines",
)  # fmt: skip
_INTERVAL = re.compile(r"(\d+)(s|m|h|d|w)", re.ASCII)
_INTERVAL_NS = {"s": NS_PER_S, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS, "w": 7 * DAY_NS}
_BINANCE_NAME = re.compile(
    rf"(?P<symbol>[A-Z0-9]{{2,20}}(?:_[A-Z0-9]+)?)-(?P<dataset>{'|'.join(_BINANCE_DATASETS)}|\d+(?:mo|[smhdw]))"
    r"(?:-(?P<date>\d{4}-\d{2}(?:-\d{2})?))?(?:[-._].*)?",
    re.ASCII,
)
_SYMBOL_WORD = re.compile(r"[A-Z0-9]{2,15}(?:USDT|USDC|USD|BUSD|FDUSD)(?:_PERP|_\d{6})?", re.ASCII)
_NOT_ASSETS = frozenset(
    [
        "oi",
        "open",
        "interest",
        "funding",
        "klines",
        "candles",
        "liquidations",
        "liquidation",
        "trades",
        "metrics",
        "vision",
        "data",
        "csv",
        "parquet",
        "usdt",
        "usd",
        "perp",
        "perps",
        "futures",
        "future",
        "spot",
        "daily",
        "monthly",
        "hourly",
        "um",
        "cm",
        "binance",
        "bybit",
        "okx",
        "folder",
        "test",
        "tape",
        "5m",
        "1m",
        "1h",
        "8h",
        "1d",
        "ohlc",
        "raw",
        "stream",
    ]
)


_KNOWN_COINS = frozenset(
    {"btc", "eth", "sol", "xrp", "bnb", "doge", "ada", "avax", "link", "ltc", "hype", "sui", "trx"}
)


@dataclass(frozen=True, slots=True)
class BinanceName:
    """The parts of a name as Binance's archive gives it: ``BTCUSDT-aggTrades-2024-06-01``."""

    symbol: str
    dataset: str
    interval_ns: int
    market: str

    @property
    def venue(self) -> str:
        """USD-M or COIN-M, by the symbol's form."""
        return binance_venue(self.symbol)


def binance_name(path: Path, name: str) -> BinanceName | None:
    """Return what a Binance archive name says, together with the folders of the archive's own layout."""
    match = _BINANCE_NAME.fullmatch(name.rsplit(".csv", 1)[0].rsplit(".zip", 1)[0])
    if not match:
        return None
    dataset, interval = match["dataset"], 0
    folder_words = set(path.parts[-7:-1]) | set(re.split(r"[^A-Za-z]+", path.name))
    if _INTERVAL.fullmatch(dataset):
        interval, dataset = interval_ns(dataset), "klines"
        for kind in ("markPriceKlines", "indexPriceKlines", "premiumIndexKlines", "markOrIndexPriceKlines"):
            if kind in folder_words:
                dataset = kind
    return BinanceName(match["symbol"], dataset, interval, "spot" if "spot" in folder_words else "")


def binance_venue(symbol: str) -> str:
    """Return ``binance_coinm`` for coin-margined names such as BTCUSD_PERP and BTCUSD_240628, else ``binance``."""
    return "binance_coinm" if re.fullmatch(r"[A-Z0-9]+USD_(PERP|\d{6})", symbol) else "binance"


def interval_ns(text: str) -> int:
    """Return the length of ``5m``, ``1h``, … [ns], 0 where the text is none."""
    match = _INTERVAL.fullmatch(text)
    return int(match[1]) * _INTERVAL_NS[match[2]] if match else 0


def words_of(path: Path) -> list[str]:
    """Return the lower-case words of a file's name and of the folders right above it, nearest first."""
    parts = [path.name, *reversed(path.parts[-1 - _FOLDERS : -1])]
    return [word for part in parts for word in re.split(r"[^a-z0-9]+", part.lower()) if word]


def venue_in(path: Path) -> str:
    """Return the venue that a file's name or its folders name, or an empty text."""
    return next((VENUE_WORDS[word] for word in words_of(path) if word in VENUE_WORDS), "")


def symbol_in(name: str) -> str:
    """Return the contract that a file name spells out (``ETHUSDT_3m_20251218.parquet``), or an empty text."""
    for word in re.split(r"[^A-Za-z0-9_]+", name):
        candidates: list[str] = [word, *word.split("_")]
        for candidate in candidates:
            if _SYMBOL_WORD.fullmatch(candidate):
                return candidate
    return ""


def asset_above(path: Path) -> str:
    """Return the coin that one of the two folders above a file names, or an empty text."""
    return next((asset for folder in path.parts[-2:-4:-1] if (asset := asset_in_folder(folder))), "")


def asset_in_folder(folder: str) -> str:
    """Return the coin in a folder's name such as ``binance_btc_5m_oi`` or ``eth_2025``, or an empty text.

    Behind a venue's name the coin is the first word that is neither an interval nor a word for a kind of data; without a
    venue only well-known coins count.
    """
    words = [word for word in re.split(r"[^a-z0-9]+", folder.lower()) if word]
    places = [i for i, word in enumerate(words) if word in VENUE_WORDS]
    if not places:
        return next((word.upper() for word in words if word in _KNOWN_COINS), "")
    for word in words[places[0] + 1 :]:
        if word in _NOT_ASSETS or _INTERVAL.fullmatch(word) or word.isdigit():
            continue
        try:
            return parse_symbol(word.upper()).asset
        except UnknownSymbolError:
            continue
    return ""


def usdt_symbol(asset: str) -> str:
    """Return the name of an asset's USDT perpetual, or the name itself where it already names a contract."""
    meaning = parse_symbol(asset)
    return f"{meaning.asset}USDT" if not meaning.quote else asset.upper()
