"""Price ranges and bins for reading: which part of a map to show, and in how many bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.liquidation_map import LiquidationMap

MAX_BINS = 20_000
#: Part of the identified mass that the default range holds, and the least it spans on each side of the price.
DEFAULT_SHARE = 0.95
DEFAULT_SPAN = 0.10


def full_range(result: LiquidationMap) -> tuple[float, float]:
    """Return the lowest and highest edge, widened to hold the price."""
    edges, price = result.price_edges, result.head.price
    return min(float(edges[0]), price * 0.999), max(float(edges[-1]), price * 1.001)


def default_range(result: LiquidationMap) -> tuple[float, float]:
    """Return the range that holds 95 % of each side's identified mass, at least ±10 % around the price."""
    price, middle = result.head.price, result.price_mid
    identified = result.head.identified_distance
    near = np.abs(middle / price - 1) <= identified if identified > 0 else np.ones(len(middle), dtype=bool)
    low, high = price * (1 - DEFAULT_SPAN), price * (1 + DEFAULT_SPAN)
    longs, shorts = result.long_usd * near, result.short_usd * near
    if longs.sum() > 0:
        from_price = np.cumsum(longs[::-1])[::-1] / longs.sum()
        low = min(low, float(result.price_edges[np.flatnonzero(from_price >= DEFAULT_SHARE).max(initial=0)]))
    if shorts.sum() > 0:
        from_price = np.cumsum(shorts) / shorts.sum()
        high = max(high, float(result.price_edges[int(np.argmax(from_price >= DEFAULT_SHARE)) + 1]))
    return low, high


def edges_by_count(price: float, low: float, high: float, bins: int) -> NDArray[np.float64]:
    """Return about ``bins`` log-equal bins over a range, one edge exactly at the price where it lies inside.

    Raises
    ------
    InputError
        If the number or the range cannot be used.
    """
    if not 1 <= bins <= MAX_BINS:
        raise InputError(f"{bins} bins were asked for; wanted 1 to {MAX_BINS:,}")
    if not 0 < low < high:
        raise InputError(f"price range {low:g} to {high:g} is empty; wanted 0 < low < high")
    if not low < price < high or bins == 1:
        return np.geomspace(low, high, bins + 1)
    below = min(max(round(bins * np.log(price / low) / np.log(high / low)), 1), bins - 1)
    return np.concatenate(
        (np.geomspace(low, price, below + 1)[:-1], np.geomspace(price, high, bins - below + 1))
    )


def edges_by_step(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Return edges at whole multiples of a price step, covering a range.

    Raises
    ------
    InputError
        If the step is not positive or makes more than :data:`MAX_BINS` bins.
    """
    if not (step > 0 and np.isfinite(step)):
        raise InputError(f"price step {step} cannot be used; wanted a positive number")
    first, last = np.floor(low / step), np.ceil(high / step)
    if last - first > MAX_BINS:
        raise InputError(f"a step of {step:g} makes {last - first:,.0f} bins; wanted at most {MAX_BINS:,}")
    edges = np.arange(first, last + 1) * step
    return edges[edges > 0]
