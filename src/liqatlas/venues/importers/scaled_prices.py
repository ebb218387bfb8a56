"""Float prices and sizes of trades → whole numbers of their smallest decimal step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.units import decimals_step
from liqatlas.venues.importers.scanned_trades import refuse_jump

if TYPE_CHECKING:
    from decimal import Decimal

_JUMP = 4.0
#: Sizes beyond this many digits are shown digits of a computation, not of a lot.
_MAX_LOT_DECIMALS = 8


def scaled_trades(label: str, price: pl.Series, qty: pl.Series) -> tuple[pl.DataFrame, int, int]:
    """Return ``price_scaled`` and ``qty_native``, the decimals of prices and those of sizes.

    Raises
    ------
    FormatError
        If the price changes fourfold from one trade to the next.
    """
    values = price.to_numpy()
    ratio = values[1:] / values[:-1]
    jumps = np.flatnonzero((ratio > _JUMP) | (ratio < 1 / _JUMP))
    if jumps.size:
        at = int(jumps[0])
        refuse_jump(label, at + 2, (float(values[at]), float(values[at + 1])))
    decimals = decimals_of(price)
    scaled = np.rint(values * 10.0**decimals).astype(np.int64)
    frame = pl.DataFrame({"price_scaled": scaled, "qty_native": qty.cast(pl.Float64)})
    return frame, decimals, decimals_of(qty, _MAX_LOT_DECIMALS)


def decimals_of(values: pl.Series, most: int = 10) -> int:
    """Return how many digits after the point the values need."""
    return places(decimals_step(values.drop_nulls().unique().to_numpy(), most))


def places(step: Decimal) -> int:
    """Return the digits after the point of a power of ten."""
    return -int(step.as_tuple().exponent)
