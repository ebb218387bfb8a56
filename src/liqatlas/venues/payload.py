"""From bytes to typed messages, and from a venue's contract to the instrument of ``base``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.errors import FormatError, UnknownSymbolError
from liqatlas.base.symbols import DOLLAR_QUOTES, near_names, parse_symbol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing

T = TypeVar("T")


def decode(decoder: msgspec.json.Decoder[T], payload: bytes, where: str) -> T:
    """Return a payload as its message type.

    Raises
    ------
    FormatError
        If it is not JSON, is cut short, or lacks a field the message must have.
    """
    try:
        return decoder.decode(payload)
    except msgspec.MsgspecError as error:
        start = payload[:80].decode("utf-8", "replace")
        raise FormatError(where, f"message cannot be read: {error}; it begins {start!r}") from None


def listed(listings: Mapping[str, Listing], symbol: str, venue: str) -> Listing:
    """Return a symbol's listing.

    Raises
    ------
    UnknownSymbolError
        With similar names of that venue.
    """
    listing = listings.get(symbol)
    if listing is None:
        raise UnknownSymbolError(symbol, near_names(symbol, listings), where=venue)
    return listing


def coin_of(base: str) -> tuple[str, int]:
    """Return the coin and the coins per quoted unit of a base asset such as ``1000PEPE`` or ``kPEPE``.

    A name the registry cannot read (some are not Latin, some are digits) is its own coin.
    """
    try:
        meaning = parse_symbol(f"{base}-USDT")  # with a quote, so that WBETH is not read as WB quoted in ETH
    except UnknownSymbolError:
        return base, 1
    return meaning.asset, meaning.price_multiplier


def value_usd(instrument: Instrument, qty_native: float, price: float) -> float | None:
    """Return a print's USD value, or ``None`` where the quote is no dollar and no peg is known here."""
    if instrument.is_inverse:
        return qty_native
    return qty_native * price if instrument.quote in DOLLAR_QUOTES else None


def usual_interval(
    spacing_h: float, listed_h: float | None, usual: frozenset[int] = frozenset({1, 2, 4, 8})
) -> float:
    """Return the hours a funding payment covers: the spacing to its neighbour where that is a usual one.

    Venues change a contract's interval; the payment's own spacing is the truth of its day, today's listing is not. A
    missing payment stretches the spacing, so anything but a usual one falls back to the listing.
    """
    hours = round(spacing_h)
    return float(hours) if hours in usual and abs(spacing_h - hours) < 0.1 else (listed_h or 8.0)
