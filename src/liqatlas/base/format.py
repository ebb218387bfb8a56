"""Numbers as people read them: ``1,640``, ``0.00001234``, ``$12.3M``, ``−3.2 %``; the same in every locale.

Pictures, terminal, reports and captions all write numbers through here, so that one amount never shows in two ways.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

#: What stands where a number is not known.
UNKNOWN = "unknown"
MINUS = "−"

_SUFFIXES = ("", "K", "M", "B", "T")


def format_price(price: float, *, digits: int = 5, step: float | None = None) -> str:
    """Return a price with thousands separators and never an exponent.

    Parameters
    ----------
    price
        A price [quote].
    digits
        Significant digits kept; whole numbers are never cut. Trailing zeros go.
    step
        Where given, the price is written to the decimals of this step instead, trailing zeros kept: prices on one axis
        then have one length.

    Examples
    --------
    >>> format_price(1640.0), format_price(63412.5), format_price(0.00001234)
    ('1,640', '63,412', '0.00001234')
    >>> format_price(1640.0, step=0.25), format_price(163412.5, digits=7)
    ('1,640.00', '163,412.5')
    """
    if not math.isfinite(price):
        return UNKNOWN
    if step is not None:
        return _signed(f"{abs(price):,.{step_decimals(step)}f}", price)
    if price == 0:
        return "0"
    decimals = max(0, digits - 1 - _exponent(price))
    text = f"{abs(price):,.{decimals}f}"
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text, price)


def step_decimals(step: float) -> int:
    """Return the decimals that a step of an axis needs, at most 18.

    Examples
    --------
    >>> step_decimals(10.0), step_decimals(2.5), step_decimals(0.25), step_decimals(2e-8)
    (0, 1, 2, 8)
    """
    exact = Decimal(repr(abs(step))).normalize()
    exponent = exact.as_tuple().exponent
    return min(18, max(0, -exponent)) if isinstance(exponent, int) else 0


def format_usd(usd: float) -> str:
    """Return an amount with three significant digits and K, M, B or T.

    Examples
    --------
    >>> format_usd(12_345_678), format_usd(950), format_usd(999_960), format_usd(0), format_usd(-2.5e9)
    ('$12.3M', '$950', '$1M', '$0', '−$2.5B')
    """
    if not math.isfinite(usd):
        return UNKNOWN
    return _signed("$" + _scaled(abs(usd)), usd)


def format_count(count: int, noun: str) -> str:
    """Return a number of things, the noun (whose plural ends in s) agreeing with it.

    Examples
    --------
    >>> format_count(1, "row"), format_count(0, "file"), format_count(1640, "row")
    ('1 row', '0 files', '1,640 rows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_share(share: float) -> str:
    """Return a share 0 to 1 as percent; one decimal below ten percent.

    Examples
    --------
    >>> format_share(0.853), format_share(0.0321), format_share(1.0)
    ('85 %', '3.2 %', '100 %')
    """
    if not math.isfinite(share):
        return UNKNOWN
    return _signed(_percent(share), share)


def format_change(change: float) -> str:
    """Return a relative change with its sign.

    Examples
    --------
    >>> format_change(0.0321), format_change(-0.1), format_change(0.0)
    ('+3.2 %', '−10 %', '0 %')
    """
    text = format_share(change)
    return f"+{text}" if change > 0 and math.isfinite(change) else text


def format_duration(length_ns: int) -> str:
    """Return a length of time in its largest fitting unit, rounded: ``12 s``, ``3 min``, ``5 h``, ``2 d``.

    Examples
    --------
    >>> format_duration(12_400_000_000), format_duration(200 * 10**9), format_duration(3 * 86_400 * 10**9)
    ('12 s', '3 min', '3 d')
    """
    seconds = abs(length_ns) / 1e9
    for size, name in ((172_800.0, "d"), (7_200.0, "h"), (120.0, "min")):
        if seconds >= size:
            unit = {"d": 86_400.0, "h": 3_600.0, "min": 60.0}[name]
            return _signed(f"{seconds / unit:.0f} {name}", length_ns)
    return _signed(f"{seconds:.0f} s", length_ns)


def _percent(share: float) -> str:
    size = abs(share) * 100
    text = f"{size:.0f}" if round(size, 1) >= 10 else f"{size:.1f}"
    return (text.removesuffix(".0")) + " %"


def _scaled(size: float) -> str:
    """Return a size >= 0 with three significant digits and its suffix; rounding may carry into the next suffix."""
    if size == 0:
        return "0"
    kept = float(f"{size:.3g}")
    if kept < 1:
        return f"{Decimal(repr(kept)).normalize():f}" if kept >= 0.001 else "<0.001"
    power = min(int(math.log10(kept) // 3), len(_SUFFIXES) - 1)
    if kept >= 1000 ** (power + 1) and power < len(_SUFFIXES) - 1:
        power += 1
    scaled = Decimal(repr(kept)) / 1000**power
    decimals = max(0, 2 - scaled.adjusted())
    text = f"{scaled.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN):,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + _SUFFIXES[power]


def _exponent(value: float) -> int:
    """Return the power of ten of the leading digit."""
    return int(f"{abs(value):e}".partition("e")[2])


def _signed(text: str, value: float) -> str:
    """Put a minus before a negative value that does not read as zero."""
    return MINUS + text if value < 0 and any(c in "123456789" for c in text) else text
