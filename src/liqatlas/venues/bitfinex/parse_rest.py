"""Bitfinex REST answers beyond those the stream shares: contracts, candles, books, the platform's state. Pure.

Sources (read 2026-11-22): https://docs.bitfinex.com/reference/rest-public-conf, …/rest-public-candles, …/rest-public-book,
…/rest-public-tickers, …/rest-public-platform-status
"""

from __future__ import annotations

import math
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.clock import NS_PER_MS, datetime_to_ns
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.base.symbols import parse_symbol
from liqatlas.venues.bitfinex.parse import VENUE
from liqatlas.venues.fields import not_negative, number, positive
from liqatlas.venues.frames import BookChange, Listing, Ticker
from liqatlas.venues.payload import coin_of, decode
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAIRS = msgspec.json.Decoder(list[list[tuple[str, list[Any]]]])
_ROWS = msgspec.json.Decoder(list[list[Any]])
_STATE = msgspec.json.Decoder(list[int])
#: Prices carry five significant digits, so no step is fixed: ours is a hundredth of today's fifth digit and outlives a fall to a hundredth.
_DIGITS = 6


def tick_of(price: float) -> Decimal:
    """Return a step of price that five significant digits stay multiples of while the price moves.

    Examples
    --------
    >>> tick_of(50_000.0), tick_of(0.25)
    (Decimal('0.01'), Decimal('1E-7'))
    """
    return Decimal(1).scaleb(math.floor(math.log10(price)) - _DIGITS)


def parse_instruments(payload: bytes, prices: Mapping[str, float]) -> dict[str, Listing]:
    """Return derivatives: linear, sizes in coins; one that has no price now has no step and is left out.

    Parameters
    ----------
    prices
        Last price by symbol, of the tickers.
    """
    out = {}
    for found in decode(_PAIRS, payload, f"{VENUE}:conf"):
        for name, info in found:
            symbol = f"t{name}"
            if symbol not in prices:
                continue
            meaning = parse_symbol(symbol)
            asset, multiplier = coin_of(meaning.asset)
            smallest = Decimal(str(positive(info[3], "MIN_ORDER_SIZE")))
            out[symbol] = Listing(
                Instrument(
                    VENUE, symbol, asset, quote=meaning.quote, settle=meaning.quote, tick_size=tick_of(prices[symbol]),
                    lot_size=smallest, price_multiplier=meaning.price_multiplier * multiplier,
                ),
                funding_interval_h=8.0,
            )  # fmt: skip
    return out


def parse_tickers(payload: bytes, now_ns: int) -> list[Ticker]:
    """Return summaries of derivatives; the answer carries no moment, so ours is taken."""
    out = []
    for row in decode(_ROWS, payload, f"{VENUE}:tickers"):
        if len(row) < 11 or not str(row[0]).partition(":")[0].endswith("F0"):
            continue
        last = number(row[7], "LAST_PRICE")
        if last > 0:
            ticker = Ticker(
                str(row[0]), now_ns, last, row[1], row[3], volume_24h_native=not_negative(row[8], "VOLUME")
            )
            out.append(ticker)
    return out


def parse_bars(payload: bytes, listing: Listing, step_ns: int) -> RowBatch:
    """Return candles: MTS, OPEN, CLOSE, HIGH, LOW, VOLUME in coins."""
    batch, of = RowBatch(), listing.instrument
    for row in decode(_ROWS, payload, f"{VENUE}:candles"):
        if len(row) < 6:
            raise FormatError(
                f"{VENUE}:candles",
                f"a row has {len(row)} places: wanted MTS, OPEN, CLOSE, HIGH, LOW, VOLUME",
            )
        start = int(row[0]) * NS_PER_MS
        o, c, h, low = (positive(x, "candle") for x in row[1:5])
        volume = not_negative(row[5], "VOLUME")
        batch.add("bars", of.symbol, (start, start + step_ns, o, h, low, c, volume, None, "last"))
    return batch


def parse_book(payload: bytes, listing: Listing, now_ns: int) -> BookChange:
    """Return a book: rows of PRICE, COUNT, AMOUNT, a positive amount bids; it carries no moment, so ours is taken."""
    bids: list[tuple[float, float]] = []
    asks: list[tuple[float, float]] = []
    for price, _, amount in decode(_ROWS, payload, f"{VENUE}:book"):
        size = number(amount, "AMOUNT")
        (bids if size > 0 else asks).append((positive(price, "PRICE"), abs(size)))
    return BookChange(listing.instrument.symbol, now_ns, True, 0, 0, None, sorted(bids)[::-1], sorted(asks))


def parse_platform(payload: bytes) -> bool:
    """Return whether the platform operates; ``[0]`` is maintenance."""
    state = decode(_STATE, payload, f"{VENUE}:platform status")
    if state not in ([0], [1]):
        raise FormatError(f"{VENUE}:platform status", f"{state!r}: wanted [0] or [1]")
    return state == [1]


def moment_of(date: str) -> int:
    """Return the moment of an HTTP ``Date`` header [ns], whole seconds: the venue gives no other clock.

    Raises
    ------
    FormatError
        If there is none.
    """
    try:
        return datetime_to_ns(parsedate_to_datetime(date))
    except (TypeError, ValueError):
        raise FormatError(f"{VENUE}:Date", f"{date!r} is no date of HTTP") from None
