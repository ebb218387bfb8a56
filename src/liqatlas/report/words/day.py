"""The last 24 hours, and the phase of a cascade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.report.words.numbers import small_change

if TYPE_CHECKING:
    from collections.abc import Mapping


def overview(part: Mapping[str, Any]) -> list[str]:
    """Return the lines of the 24-hour overview."""
    out = []
    missing = part["missing"]
    if part["total_usd"] is None:
        out.append(f"Liquidated in 24 h: not known ({missing.get('total_usd', 'not given')}).")
    else:
        out.append(f"Liquidated in 24 h: {format_usd(part['total_usd'])}.")
        if part["total_usd"] > 0:
            share = part["long_usd"] / part["total_usd"]
            out.append(
                f"Longs {format_usd(part['long_usd'])} ({format_share(share)}, forced selling), shorts {format_usd(part['short_usd'])} "
                f"({format_share(1 - share)}, forced buying): {part['ratio_word']}."
            )
    if part["largest_usd"] is None:
        out.append(f"Largest single liquidation: not known ({missing.get('largest_usd', 'not given')}).")
    else:
        whale = ", a whale print" if part["whale"] else ""
        out.append(
            f"Largest single liquidation: {format_usd(part['largest_usd'])} of a {part['largest_position']} on {venue_name(part['largest_venue'])}{whale}."
        )
    if part["state"]:
        out.append(
            f"Market state: {part['state']} (thresholds of the whole market times {part['state_scale']:.3g}, by {part['state_scale_source']})."
        )
    else:
        out.append(
            f"Market state: not known ({missing.get('state') or missing.get('total_usd', 'not given')})."
        )
    if part["price_change_24h"] is not None:
        out.append(
            f"Price over 24 h: {format_change(part['price_change_24h'])}; daily volatility {format_share(part['daily_volatility'])}."
        )
    if part["oi_change"] is not None:
        word = "fell" if part["oi_change"] < 0 else "rose"
        out.append(
            f"Open interest {word} {format_share(abs(part['oi_change']))} in contracts since the day's heaviest hour of liquidations."
        )
    if part["funding_8h"] is None:
        out.append(f"Funding: not known ({missing.get('funding_8h', 'not given')}).")
    else:
        payer = (
            "longs pay shorts"
            if part["funding_8h"] > 0
            else "shorts pay longs"
            if part["funding_8h"] < 0
            else "nobody pays"
        )
        spike = "; extreme against its own past" if part["funding_spike"] else ""
        out.append(f"Funding {small_change(part['funding_8h'])} per 8 h, {payer}{spike}.")
    if part["spread"] is None:
        out.append(f"Spread and depth: not known ({missing.get('spread', 'not given')}).")
    else:
        out.append(f"Spread {part['spread'] * 1e4:.2f} basis points. {_depth(part['depth_usd'])}")
    return out


def _depth(depth: Mapping[str, Any]) -> str:
    parts = [
        f"±{float(d) * 100:g} % {format_usd(bid)} bids, {format_usd(ask)} asks"
        for d, (bid, ask) in depth.items()
        if bid is not None and ask is not None
    ]
    return f"Depth: {'; '.join(parts)}." if parts else "The book seen is shorter than 0.1 %."


def phase(part: Mapping[str, Any]) -> str:
    """Return the cascade phase with its reason."""
    names = {
        "before": "Before: signs of pressure are there",
        "during": "During: forced orders are running",
        "after": "After: the forced orders of the day have slowed",
        "none": "No phase of a cascade",
        "unknown": "Phase not known",
    }
    return f"{names[part['phase']]} ({part['phase_reason']})."
