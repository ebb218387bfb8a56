"""Compiled readers of single fields: numbers, moments, flags, straight from bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

#: A tenth of the largest integer: below it one more digit fits.
_MANTISSA_LIMIT = (2**63 - 1) // 10
NEWLINE, RETURN, SPACE, QUOTE = 10, 13, 32, 34
ZERO, NINE, DOT, _MINUS, _PLUS, _SMALL_E = 48, 57, 46, 45, 43, 101

POW10 = np.array([10**k for k in range(19)], dtype=np.int64)


@kernel
def bounds(buf: Bytes, start: int, end: int) -> tuple[int, int]:
    """Return a field without blanks and quotes around it."""
    while start < end and (buf[start] == SPACE or buf[start] == QUOTE):
        start += 1
    while end > start and (buf[end - 1] == SPACE or buf[end - 1] == QUOTE or buf[end - 1] == RETURN):
        end -= 1
    return start, end


@kernel
def parse_decimal(buf: Bytes, start: int, end: int) -> tuple[int, int, bool]:
    """Return (mantissa, decimals, ok) of a decimal number in bytes; as many digits are kept as an integer holds."""
    pos = start
    negative = False
    if pos < end and (buf[pos] == _MINUS or buf[pos] == _PLUS):
        negative = buf[pos] == _MINUS
        pos += 1
    mantissa = 0
    decimals = 0
    digits = 0
    after_dot = False
    while pos < end:
        c = buf[pos]
        if ZERO <= c <= NINE:
            digits += 1
            if mantissa < _MANTISSA_LIMIT:
                mantissa = mantissa * 10 + (int(np.int64(c)) - ZERO)
                if after_dot:
                    decimals += 1
            elif not after_dot:
                return 0, 0, False
        elif c == DOT and not after_dot:
            after_dot = True
        elif c | 32 == _SMALL_E and digits > 0:
            sign = 1
            pos += 1
            if pos < end and (buf[pos] == _MINUS or buf[pos] == _PLUS):
                sign = -1 if buf[pos] == _MINUS else 1
                pos += 1
            if pos >= end or end - pos > 2:
                return 0, 0, False
            exponent = 0
            while pos < end:
                if not (ZERO <= buf[pos] <= NINE):
                    return 0, 0, False
                exponent = exponent * 10 + (int(np.int64(buf[pos])) - ZERO)
                pos += 1
            decimals -= sign * exponent
            break
        else:
            return 0, 0, False
        pos += 1
    if digits == 0:
        return 0, 0, False
    while decimals < 0:
        if mantissa >= _MANTISSA_LIMIT:
            return 0, 0, False
        mantissa *= 10
        decimals += 1
    while decimals > 18:
        mantissa //= 10
        decimals -= 1
    return -mantissa if negative else mantissa, decimals, True


@kernel
def strip(mantissa: int, decimals: int) -> tuple[int, int]:
    """Return a decimal number without zeros at its end."""
    while decimals > 0 and mantissa % 10 == 0:
        mantissa //= 10
        decimals -= 1
    return mantissa, decimals


@kernel
def flag(c: int) -> int:
    """Return 1 for true, buy, bid, 1; 0 for false, sell, ask, 0; -1 for anything else."""
    c |= 32
    if c == 116 or c == 98 or c == 49:  # noqa: PLR1714 (compiled: a set is slower)
        return 1
    if c == 102 or c == 115 or c == 97 or c == 48:  # noqa: PLR1714
        return 0
    return -1


@kernel
def moment(ts: int, decimals: int, factor: int, low: int, high: int) -> int:
    """Return a time in file units as ns, -1 where it is outside the years looked for."""
    scale = int(POW10[decimals])
    whole = ts // scale
    if not (low // factor <= whole <= high // factor):
        return -1
    if decimals == 0:
        return ts * factor
    return whole * factor + int(ts % scale * factor / scale + 0.5)
