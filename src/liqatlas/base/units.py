"""Ticks and lots: decimal quantities at rest are integers, converted here and nowhere else."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rounding = Literal["nearest", "down", "up"]
_MODE = {"nearest": ROUND_HALF_EVEN, "down": ROUND_FLOOR, "up": ROUND_CEILING}


def to_decimal(value: str | float | Decimal) -> Decimal:
    """Return a number as the decimal a person would write; floats go through their shortest text.

    Raises
    ------
    InputError
        If the value is not a finite number.
    """
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise InputError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise InputError(f"{value!r} is not a finite number")
    return number


def ticks_from_price(price: str | float | Decimal, tick_size: Decimal, rounding: Rounding = "nearest") -> int:
    """Return a price as a whole number of ticks.

    Examples
    --------
    >>> ticks_from_price("33599.4186", Decimal("0.1"), "down")
    335994
    """
    return int((to_decimal(price) / tick_size).to_integral_value(_MODE[rounding]))


def price_from_ticks(ticks: int, tick_size: Decimal) -> Decimal:
    """Return the exact decimal price of a number of ticks."""
    return ticks * tick_size


def ticks_from_prices(prices: NDArray[np.float64], tick_size: Decimal) -> NDArray[np.int64]:
    """Return float prices as nearest whole ticks.

    Parameters
    ----------
    prices
        float64, shape ``(n,)``, [quote currency]; must be finite.
    tick_size
        Smallest price step [quote currency], > 0.
    """
    return np.rint(prices / float(tick_size)).astype(np.int64)


def prices_from_ticks(ticks: NDArray[np.int64], tick_size: Decimal) -> NDArray[np.float64]:
    """Return ticks as float prices, each the float nearest to the exact decimal where the tick is a power of ten."""
    inverse = 1 / tick_size
    if inverse == inverse.to_integral_value():
        return (ticks / float(inverse)).astype(np.float64, copy=False)
    return (ticks * float(tick_size)).astype(np.float64, copy=False)


def decimals_step(values: NDArray[np.float64], max_decimals: int = 10) -> Decimal:
    """Return the coarsest power-of-ten step on which all values lie; the tick or lot of a file that names none.

    Examples
    --------
    >>> decimals_step(np.array([1671.7, 1671.85]))
    Decimal('0.01')
    """
    for digits in range(max_decimals + 1):
        scaled = values * 10.0**digits
        # the noise of a parsed decimal, times a power of ten; a looser bound would call large numbers whole
        noise = 8 * np.finfo(np.float64).eps * np.abs(scaled)
        if np.all(np.abs(scaled - np.rint(scaled)) <= noise):
            return Decimal(1).scaleb(-digits)
    return Decimal(1).scaleb(-max_decimals)
