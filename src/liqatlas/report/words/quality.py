"""Data quality and accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_duration, format_share, format_usd
from liqatlas.base.instruments import venue_name

if TYPE_CHECKING:
    from collections.abc import Mapping


def quality(part: Mapping[str, Any], tree: Mapping[str, Any]) -> list[str]:
    """Return the data-quality and accuracy box."""
    out = []
    coverage = part["coverage"]
    if coverage is None or coverage["share"] is None:
        out.append("Coverage of open interest: not known.")
    else:
        out.append(
            f"The map explains {format_share(coverage['share'])} of open interest ({format_usd(tree['open_interest_usd'] or float('nan'))}, one-sided)."
        )
    out += [
        f"{venue_name(venue['venue'])} {venue['symbol']}: newest row {format_duration(round(venue['age_s'] * 1e9))} before the moment of this report."
        for venue in part["venues"]
    ]
    out.append(f"Model {part['model']['name']} {part['model']['version']}: {part['model']['calibration']}.")
    rated, skilled = part["signals_with_hit_rate"], part["signals_with_skill"]
    if not rated:
        out.append("No signal has a measured hit rate.")
    else:
        good = ", ".join(skilled) if skilled else "none of them"
        out.append(
            f"Signals with a measured hit rate: {', '.join(rated)}; better than their control: {good}."
        )
    if part["lookahead"]:
        out.append(
            "Look-ahead: something younger than the moment of this report was used (calibration, tiers or data)."
        )
    texts = dict.fromkeys(w.rstrip(".") for w in part["warnings"])
    return out + [f"{w[:1].upper()}{w[1:]}." for w in texts]
