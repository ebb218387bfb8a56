"""Single facts of a map in words and as JSON-ready data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.base.instruments import venue_name

if TYPE_CHECKING:
    from liqatlas.maps.liquidation_map import LiquidationMap

_VERB = {
    "outstanding": "would be liquidated",
    "expected": "are expected to be liquidated",
    "liquidated": "were liquidated",
}


def _amounts(result: LiquidationMap, price: float) -> tuple[str, dict[str, float]]:
    """Return the side met on the way to a price, and its amounts for ``all`` and each venue [USD]."""
    if not price > 0:
        raise InputError(f"price {price:g} cannot be reached; wanted a positive number")
    position = "long" if price < result.head.price else "short"
    return position, {venue: both[position == "short"] for venue, both in result.to(price).items()}


def describe_level(result: LiquidationMap, price: float) -> str:
    """Return a sentence on what is liquidated on the way to a price, per venue.

    Raises
    ------
    InputError
        If the price is not positive.
    """
    position, amounts = _amounts(result, price)
    total = amounts.pop("all")
    parts = ", ".join(
        f"{venue_name(v)} {format_usd(usd)}" for v, usd in sorted(amounts.items(), key=lambda a: -a[1])
    )
    change = format_change(price / result.head.price - 1)
    verb = _VERB[result.head.quantity]
    moves = "falls" if position == "long" else "rises"
    return f"if {result.head.asset} {moves} to {format_price(price)} ({change}), {format_usd(total)} of {position}s {verb} on the way: {parts}"


def level_tree(result: LiquidationMap, price: float) -> dict[str, Any]:
    """Return the same as JSON-ready data under ``at``."""
    position, amounts = _amounts(result, price)
    total = amounts.pop("all")
    return {"at": {"price": price, "position": position, "usd": total, "by_venue": amounts}}
