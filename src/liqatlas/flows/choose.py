"""Which of the recorded instruments a request means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.symbols import DOLLAR_QUOTES, near_names, parse_symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.flows.request import Request


def choose(recordings: Sequence[Recording], request: Request) -> list[Recording]:
    """Return the recordings of the asset or symbol asked for, after the request's filters.

    Raises
    ------
    UnknownSymbolError
        If no recording is of that asset; names those there are.
    InputError
        If the filters leave nothing; names what was there.
    NotEnoughDataError
        If there is no recording at all, or none of the asset holds a usable row; says why.
    """
    if not recordings:
        raise NotEnoughDataError("nothing was read")
    wanted = parse_symbol(request.asset)
    of_asset = [r for r in recordings if r.instrument.asset == wanted.asset and r.span_ns()]
    if not of_asset:
        empty = [r for r in recordings if r.instrument.asset == wanted.asset]
        if empty:
            why = "; ".join(dict.fromkeys(w for r in empty for w in r.warnings)) or "no usable row"
            raise NotEnoughDataError(f"nothing of {wanted.asset} in what was given can be used: {why}")
        known = sorted({r.instrument.asset for r in recordings})
        near = near_names(wanted.asset, known) or known[:5]
        raise UnknownSymbolError(request.asset, near, where=f"the {len(recordings)} instruments given")
    left = [r for r in of_asset if matches(r.instrument, request)]
    if not left:
        there = ", ".join(sorted(r.instrument.key for r in of_asset))
        raise InputError(f"the filters leave no instrument of {wanted.asset}; there are {there}")
    return left


def matches(instrument: Instrument, request: Request) -> bool:
    """Tell whether an instrument passes symbol, venue, quote, margin and delivery filters."""
    asked = parse_symbol(request.asset)
    if asked.quote and instrument.symbol.upper() != request.asset.upper():
        same_quote = instrument.quote == asked.quote or ({instrument.quote, asked.quote} <= DOLLAR_QUOTES and "USD" in {
            instrument.quote, asked.quote
        })  # fmt: skip
        if not same_quote:
            return False
    if request.venues and instrument.venue not in request.venues:
        return False
    if request.quote and instrument.quote.upper() != request.quote.upper():
        return False
    if request.margin and instrument.settle.upper() != request.margin.upper():
        return False
    return instrument.expiry_ns is None or request.dated or asked.expiry_ns == instrument.expiry_ns
