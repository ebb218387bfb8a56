"""Bias, risk, key level, both plans, sizing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.report.words.numbers import count

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGNET = {
    "upward_magnet": "the nearest short cluster above is more than {f:g} times as heavy as the nearest long cluster below",
    "downward_magnet": "the nearest long cluster below is more than {f:g} times as heavy as the nearest short cluster above",
    "balanced": "neither of the two nearest clusters is more than {f:g} times as heavy as the other",
}


def plan_lines(part: Mapping[str, Any], factor: float) -> list[str]:
    """Return the Bias, Risk and Key-level lines."""
    bias, risk, key = part["bias"], part["risk"], part["key_level"]
    if bias["magnet"] is None:
        first = "Bias: none, a cluster on each side of the price is needed."
    else:
        name = {"upward_magnet": "upward", "downward_magnet": "downward", "balanced": "balanced"}[
            bias["magnet"]
        ]
        trust = (
            "measured better than its control"
            if bias["supported"]
            else "no measured edge: it describes levels, it forecasts nothing"
        )
        first = f"Bias: {name} ({MAGNET[bias['magnet']].format(f=factor)}; {trust})."
    if risk["clusters_inside"]:
        second = (
            f"Risk: {count(risk['clusters_inside'], 'cluster')} within {format_share(risk['caution_distance'])} of the "
            f"price, the nearest {format_share(risk['nearest'])} away: smaller positions."
        )
    else:
        second = f"Risk: no cluster within {format_share(risk['caution_distance'])} of the price."
    if key is None:
        third = "Key level: none."
    else:
        orders = "selling" if key["position"] == "long" else "buying"
        third = f"Key level: {format_price(key['price'])} ({format_change(key['distance'])}); beyond it forced {orders} of about {format_usd(key['usd'])} begins."
    return [first, second, third]


def side_plan(part: Mapping[str, Any], position: str) -> tuple[str, str, str, str]:
    """Return the cells of one plan: side, entry, levels ahead, invalidation."""
    targets = ", ".join(format_price(p) for p in part["targets"]) or "none"
    if part["entry"] is None:
        behind = "below" if position == "long" else "above"
        return position, f"none: no cluster {behind} the price", targets, "–"
    return position, format_price(part["entry"]), targets, format_price(part["invalidation"])


def sizing(part: Mapping[str, Any]) -> str:
    """Return where caution belongs and where there is room."""
    gaps = ", ".join(
        f"{format_price(g['price_low'])}–{format_price(g['price_high'])} ({format_share(g['width'])})"
        for g in part["clean_gaps"]
    )
    larger = (
        f"room for larger ones in the clean gaps {gaps}"
        if gaps
        else "no clean gap gives room for larger ones"
    )
    return f"Position size: caution within {format_share(part['smaller_inside'])} of a cluster; {larger}."
