"""Numbers and moments in payloads: missing, zero, and "zero means absent" are three parsers, never one.

Sizes that no contract has and prices that no market pays are refused here, so that a garbled frame cannot become a row.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError

if TYPE_CHECKING:
    from decimal import Decimal

    from liqatlas.base.instruments import Instrument


def number(value: str | float, name: str) -> float:
    """Return a finite number that must be there.

    Raises
    ------
    FormatError
        If it is empty, not a number or not finite.
    """
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        raise FormatError(name, f"{value!r} is not a number, and one is wanted") from None
    if not math.isfinite(parsed):
        raise FormatError(name, f"{value!r} is not a finite number")
    return parsed


def positive(value: str | float, name: str) -> float:
    """Return a number that must be there and above zero, such as a price or a size."""
    parsed = number(value, name)
    if parsed <= 0:
        raise FormatError(name, f"{value!r} is not above zero")
    return parsed


def not_negative(value: str | float, name: str) -> float:
    """Return a number that must be there and may be zero, such as a turnover."""
    parsed = number(value, name)
    if parsed < 0:
        raise FormatError(name, f"{value!r} is below zero")
    return parsed


def optional(value: str | float | None, name: str) -> float | None:
    """Return a number, or ``None`` where the venue left it out or sent an empty text; zero stays zero."""
    return None if value is None or value == "" else number(value, name)


def zero_is_absent(value: str | float | None, name: str) -> float | None:
    """Return a number, or ``None`` where it is missing, empty or zero: fields in which venues write 0 for "none"."""
    return optional(value, name) or None


def moment(milliseconds: str | int, name: str) -> int:
    """Return a venue's epoch milliseconds as ns.

    Raises
    ------
    FormatError
        If it is not a whole number, or not positive.
    """
    try:
        value = int(milliseconds)
    except (TypeError, ValueError):
        raise FormatError(name, f"{milliseconds!r} is not a moment in milliseconds") from None
    if value <= 0:
        raise FormatError(name, f"{milliseconds!r} is not a moment: milliseconds since 1970 are wanted")
    return value * NS_PER_MS


@lru_cache(maxsize=4096)
def _steps_per_unit(step: Decimal) -> float:
    """Return 1/step, exact for the decimal steps venues use."""
    return float(1 / step)


def ticks(price: str, instrument: Instrument) -> int:
    """Return a trade price as whole ticks.

    Raises
    ------
    FormatError
        If the price lies between two ticks: the instrument's tick size is out of date.
    """
    value = positive(price, f"{instrument.venue}:price")
    scaled = value * _steps_per_unit(instrument.tick_size)
    nearest = round(scaled)
    if abs(scaled - nearest) > 1e-6 * max(1.0, scaled * 1e-6):
        raise FormatError(
            f"{instrument.key}",
            f"price {price} is not a multiple of the tick {instrument.tick_size}; the instrument list is out of date",
        )
    return nearest
