"""Numbers and moments as a report writes them."""

from __future__ import annotations

from liqatlas.base.clock import format_moment, parse_time
from liqatlas.base.format import format_share

FORCED = {"long": "longs, which sell when liquidated", "short": "shorts, which buy when liquidated"}


def moment(text: str) -> str:
    """Return an ISO moment for people."""
    return format_moment(parse_time(text))


def small_change(value: float) -> str:
    """Return a rate with its sign and four decimals of a percent, as funding needs."""
    return f"{value * 100:+.4f} %".replace("-", "−")


def points(value: float) -> str:
    """Return a difference of shares in percentage points, signed."""
    return f"{value * 100:+.1f}".replace("-", "−")


def chance(probability: float) -> str:
    """Return a probability as percent; what rounds to nothing is shown as small, not as none."""
    if 0 < probability < 0.001:
        return "<0.1 %"
    return ">99.9 %" if 0.999 < probability < 1 else format_share(probability)


def count(number: int, noun: str) -> str:
    """Return a number with its noun, with an s unless it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def was(number: int) -> str:
    """Return was or were."""
    return "was" if number == 1 else "were"
