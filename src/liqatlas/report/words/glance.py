"""The report in a few sentences, for somebody who reads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.report.words.changes import move_short
from liqatlas.report.words.numbers import FORCED, chance
from liqatlas.report.words.plan import plan_lines

if TYPE_CHECKING:
    from collections.abc import Mapping


def glance(tree: Mapping[str, Any]) -> list[str]:
    """Return the day, a named fall or rise, the nearest zone of each side, and the bias, risk and key-level lines."""
    out = [_day(tree)]
    changed = tree["changes"]
    if changed["since"] and changed["price"]["name"]:
        out.append(move_short(changed))
    for key, way in (("above", "above"), ("below", "below")):
        side = tree["key_levels"][key]
        out.append(_nearest(side[0], way) if side else f"No cluster stands out {way} the price.")
    magnet = next(s for s in tree["signals"]["signals"] if s["name"] == "magnet")
    return out + plan_lines(tree["plan"], magnet["parameters"]["factor"])


def _day(tree: Mapping[str, Any]) -> str:
    part = tree["overview"]
    change = part["price_change_24h"]
    price = f"{tree['asset']} at {format_price(tree['price'])}"
    price += "" if change is None else f", {format_change(change)} in 24 h"
    if part["total_usd"] is None:
        return f"{price}; how much was liquidated is not known."
    state = f" (market state {part['state']})" if part["state"] else ""
    if part["total_usd"] <= 0:
        return f"{price}; nothing was liquidated{state}."
    longs = part["long_usd"] / part["total_usd"]
    return f"{price}; {format_usd(part['total_usd'])} liquidated, {format_share(longs)} of it longs{state}."


def _nearest(level: Mapping[str, Any], way: str) -> str:
    grades = [
        text
        for text in (
            level["intensity"] and f"{level['intensity']} intensity",
            level["risk"] and f"{level['risk']} risk",
        )
        if text
    ]
    graded = f", {', '.join(grades)}" if grades else ""
    return (
        f"Nearest zone {way}: {format_price(level['price_low'])}–{format_price(level['price_high'])}, its peak {format_change(level['distance'])} away, "
        f"{format_usd(level['usd'])} of {FORCED[level['position']]}{graded}; {chance(level['touch_probability'])} to be touched within a day."
    )
