"""Zones, both sides near the price, and the cumulative curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.report.words.numbers import FORCED

if TYPE_CHECKING:
    from collections.abc import Mapping


def level_line(level: Mapping[str, Any]) -> str:
    """Return one cluster as a sentence."""
    return (
        f"{format_price(level['price_low'])}–{format_price(level['price_high'])} ({format_change(level['distance'])}, {level['distance_vols']:.1f} "
        f"daily volatilities): about {format_usd(level['usd'])} of {FORCED[level['position']]}"
    )


def summary(part: Mapping[str, Any]) -> list[str]:
    """Return magnets, asymmetry and curves."""
    out = []
    for name, key in (("up", "upside"), ("down", "downside")):
        found = part[key]
        out.append(
            f"Strongest zone {name}: {level_line(found)}."
            if found
            else f"Strongest zone {name}: none stands out."
        )
    shares = []
    for one in part["asymmetry"]:
        total = one["long_usd"] + one["short_usd"]
        text = (
            "no levels"
            if total <= 0
            else f"{format_usd(one['long_usd'])} long, {format_usd(one['short_usd'])} short"
        )
        shares.append(f"±{one['range'] * 100:g} %: {text}")
    out.append(
        f"Both sides near the price: {'; '.join(shares)}. Over the whole range the two sides say nothing: long and short open interest are equal."
    )
    out += [curve(part["long_curve"], "falls"), curve(part["short_curve"], "rises")]
    return out


def curve(part: Mapping[str, Any], way: str) -> str:
    """Return how one cumulative curve rises."""
    name = part["position"]
    steps = part["usd_by_distance"]
    if not steps["0.2"]:
        return f"No {name} levels within 20 %."
    text = {
        "front-loaded": "more than half of what lies within 20 % comes in the first 5 %",
        "even": "what lies within 20 % is spread over the way",
        "back-loaded": "less than an eighth of what lies within 20 % comes in the first 5 %",
    }[part["shape"]]
    peak = f"; densest at {format_price(part['peak_price'])}" if part["peak_price"] else ""
    return (
        f"{name.capitalize()} curve: if the price {way} 5 %, {format_usd(steps['0.05'])} is met, at 20 % {format_usd(steps['0.2'])}; {text} ({part['shape']}), "
        f"{format_usd(part['usd_per_percent_within_5_percent'])} per percent near the price{peak}."
    )


def level_notes(part: Mapping[str, Any]) -> list[str]:
    """Return what has to be said under the tables of key levels: missing sides and grades, what the probabilities are."""
    out = [n[0].upper() + n[1:] + "." for n in part["notes"]]
    levels = [*part["above"], *part["below"]]
    for key in ("intensity", "risk"):
        whys = list(
            dict.fromkeys(
                level["missing"][key] for level in levels if level[key] is None and key in level["missing"]
            )
        )
        out += [f"No {key} grade: {why}." for why in whys]
    bases = {level["risk_basis"] for level in levels if level["risk"]} - {"seen"}
    if bases:
        kind = "extrapolated beyond the last order seen" if bases == {"extrapolated"} else "assumed, not seen"
        out.append(f"Risk with ~: the depth on the way is {kind}.")
    if levels:
        word = "calibrated" if part["probabilities_calibrated"] else "NOT calibrated"
        out.append(
            f"P(24 h), the probability that the peak is touched within a day, is {word}: {part['probabilities']}."
        )
    return out
