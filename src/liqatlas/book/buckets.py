"""Books known only as depth within whole percents of the price (Binance's ``bookDepth`` files) → :class:`Book`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.book.depth import Book, Depth, tail_exponent

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument

#: A side that changes by more than this factor against its median of the last day is called corrupt.
_COLLAPSE = 8.0


def book_from_buckets(buckets: pl.DataFrame, instrument: Instrument, as_of_ns: int) -> Book:
    """Return the newest sample not later than a moment, as linear pieces with a power law fitted to them beyond.

    Parameters
    ----------
    buckets
        ``ts_event_ns``; ``percent`` [signed: below 0 bids]; ``qty_native`` and ``notional_usd``, both cumulative from the price.

    Raises
    ------
    NotEnoughDataError
        If there is no sample at or before the moment, or one side of it is missing.
    InputError
        If cumulative depth falls with distance.
    """
    known = buckets.filter(pl.col("ts_event_ns") <= as_of_ns)
    if known.is_empty():
        raise NotEnoughDataError(f"{instrument.key}: no book at or before {isoformat(as_of_ns)}")
    moment = int(known["ts_event_ns"].max())  # type: ignore[arg-type]
    now = known.filter(pl.col("ts_event_ns") == moment).unique("percent", keep="last").sort("percent")
    sides = []
    warnings: list[str] = []
    for name, part in (
        ("bid", now.filter(pl.col("percent") < 0).reverse()),
        ("ask", now.filter(pl.col("percent") > 0)),
    ):
        if part.height < 2:
            raise NotEnoughDataError(f"{instrument.key} book of {isoformat(moment)} has no {name}s")
        share = part["percent"].to_numpy().astype(np.float64) / 100.0
        distance = np.abs(np.log1p(share))
        usd = part["notional_usd"].to_numpy().astype(np.float64)
        if (np.diff(usd) < 0).any():
            raise InputError(
                f"{instrument.key} book of {isoformat(moment)}: {name} depth falls with distance"
            )
        sides.append(Depth(distance, usd, tail_exponent(distance, usd)))
        warnings += _suspicion(known, name, usd[0], instrument)
    source = (
        f"depth within whole percents, sample of {isoformat(moment)}, linear between them, power law beyond"
    )
    return Book(
        instrument.venue,
        instrument.symbol,
        moment,
        float("nan"),
        sides[0],
        sides[1],
        source,
        warnings=tuple(warnings),
    )


def _suspicion(known: pl.DataFrame, name: str, nearest: float, instrument: Instrument) -> list[str]:
    """Return a warning where the nearest bucket is a small part of its own median so far."""
    wanted = pl.col("percent") == (-1 if name == "bid" else 1)
    usual = known.filter(wanted)["notional_usd"].median()
    if isinstance(usual, float) and nearest * _COLLAPSE < usual:
        share = f"{nearest / usual:.1%} of its median in this file"
        return [
            f"{instrument.venue}: {name} depth within 1 % is {share}; such a side can be stale or corrupt"
        ]
    return []
