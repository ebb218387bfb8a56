"""Recorded order-book snapshots → :class:`Book`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.book.depth import Book, Depth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

#: A snapshot that reaches less far than this is warned about: most of what a cascade meets lies beyond it [log price].
WIDE = 0.05


def book_at(recording: Recording, as_of_ns: int, *, tail_exponent: float) -> Book:
    """Return the newest snapshot not later than a moment.

    Parameters
    ----------
    tail_exponent
        Of the power law beyond the last level.

    Raises
    ------
    NotEnoughDataError
        If there is no snapshot at or before the moment, or a side of the newest one is empty.
    InputError
        If the book is crossed, or a level holds no positive price and size.
    """
    instrument = recording.instrument
    known = recording.book_levels.filter(pl.col("ts_event_ns") <= as_of_ns)
    if known.is_empty():
        raise NotEnoughDataError(f"{instrument.key}: no book at or before {isoformat(as_of_ns)}")
    moment = int(known["ts_event_ns"].max())  # type: ignore[arg-type]
    levels = known.filter(pl.col("ts_event_ns") == moment)
    bids, asks = (
        levels.filter(pl.col("book_side") == name)
        .sort("price", descending=name == "bid")
        .select("price", "qty_native")
        for name in ("bid", "ask")
    )
    what = f"{instrument.key} book of {isoformat(moment)}"
    for name, levels_of in (("bid", bids), ("ask", asks)):
        if levels_of.is_empty():
            raise NotEnoughDataError(
                f"{what} has no {name}s: give a book with both sides, or an assumed depth"
            )
    if not bool(levels.select(((pl.col("price") > 0) & (pl.col("qty_native") > 0)).all()).item()):
        raise InputError(f"{what} holds a level without positive price and size: get the file again")
    best_bid, best_ask = float(bids["price"][0]), float(asks["price"][0])
    if best_bid >= best_ask:
        raise InputError(f"{what} is crossed: best bid {best_bid:g} is not below best ask {best_ask:g}")
    middle = (best_bid + best_ask) / 2
    value = 1.0 if instrument.is_inverse else middle
    below, above = (
        _depth(rows["price"].to_numpy(), rows["qty_native"].to_numpy() * value, middle, tail_exponent)
        for rows in (bids, asks)
    )
    narrow = min(below.reach, above.reach)
    seen = f"{instrument.venue}: the book was seen up to {narrow:.2%} from the price; beyond it a power law is assumed"
    warnings = (f"{seen} (exponent {tail_exponent:g})",) if narrow < WIDE else ()
    source = f"recorded snapshot, {bids.height} bids and {asks.height} asks"
    return Book(instrument.venue, instrument.symbol, moment, middle, below, above, source, warnings=warnings)


def _depth(prices: NDArray[np.float64], usd: NDArray[np.float64], middle: float, exponent: float) -> Depth:
    """Return cumulative depth; levels that share a distance are one."""
    distance = np.abs(np.log(prices / middle))
    distinct, first = np.unique(distance, return_index=True)
    running = np.cumsum(usd)
    last = np.append(first[1:], len(distance)) - 1
    return Depth(distinct, running[last], exponent)
