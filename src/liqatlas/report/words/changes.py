"""What changed since the report before, and what became of what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.report.words.numbers import chance, count, moment, was
from liqatlas.report.words.signals import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping


def changes(part: Mapping[str, Any], asset: str) -> list[str]:
    """Return what changed since the report before; the first sentence names a fall or rise."""
    if part["since"] is None:
        return [f"Nothing to compare: {part['reason']}."]
    out = [move(part, asset)]
    burnt = part["liquidated"]
    if burnt:
        out.append(
            f"Liquidated since: {format_usd(burnt['long_usd'])} of longs, {format_usd(burnt['short_usd'])} of shorts; the worst hour began "
            f"{moment(burnt['worst_hour'])} with {format_usd(burnt['worst_hour_usd'])}."
        )
    interest = part["open_interest"]
    if interest["change"] is not None:
        out.append(
            f"Open interest {format_change(interest['change'])} in USD, {format_usd(interest['before'])} to {format_usd(interest['now'])}."
        )
    if part["state"]["before"] != part["state"]["now"]:
        out.append(
            f"Market state {part['state']['before'] or 'not known'} before, {part['state']['now'] or 'not known'} now."
        )
    for one in part["signals"]:
        before, now = (in_words(one[when]) for when in ("before", "now"))
        out.append(f"{one['title']}: {before} before, {now} now.")
    return [*out, *_said(part["said"]), *_record(part["record"])]


def move(part: Mapping[str, Any], asset: str) -> str:
    """Return the move of the price; a fall or rise is named with its days, size and rank."""
    price = part["price"]
    since = moment(part["since"])
    if price["name"] is None:
        return f"{asset} moved {format_change(price['change'])} since {since}, {format_price(price['before'])} to {format_price(price['now'])}."
    key = "low" if price["name"] == "fall" else "high"
    verb = "fell" if price["name"] == "fall" else "rose"
    rank = ""
    if price["stretches_compared"] and price["larger_before"] == 0:
        rank = f"; no {price['name']} as large in the {price['stretches_compared']} stretches of this length before it in the data"
    extreme_at = moment(price[key + "_at"])
    return (
        f"The {price['name']} of {_days(price, key)}: {asset} {verb} {format_share(abs(price['extreme_change']))} from {format_price(price['before'])} ({since}) to "
        f"{format_price(price[key])} in the hour of {extreme_at}, {price['extreme_vols']:.1f} times its usual range, and stands at "
        f"{format_price(price['now'])}{rank}."
    )


def move_short(part: Mapping[str, Any]) -> str:
    """Return a named fall or rise in one short sentence."""
    price = part["price"]
    extreme = "low" if price["name"] == "fall" else "high"
    days = _days(price, extreme)
    return f"The {price['name']} of {days}: {format_change(price['extreme_change'])} to {format_price(price[extreme])}, now {format_price(price['now'])}."


def _days(price: Mapping[str, Any], extreme: str) -> str:
    """Return the day or days of a named move."""
    first, last = moment(price["started_at"])[:10], moment(price[extreme + "_at"])[:10]
    return first if first == last else f"{first} to {last}"


def _said(said: list[Mapping[str, Any]]) -> list[str]:
    known = [s for s in said if s["touched"] is not None]
    if not known:
        return []
    touched, passed = [s for s in known if s["touched"]], [s for s in known if s["passed"]]
    out = [
        f"What we said, what happened: of {len(known)} clusters named then, {len(touched)} {was(len(touched))} touched and {len(passed)} passed to the far edge."
    ]
    for one in touched:
        end = "passed" if one["passed"] else "touched, not passed"
        out.append(
            f"{one['position'].capitalize()} cluster {format_price(one['price_low'])}–{format_price(one['price_high'])} ({format_usd(one['usd'])}): {end}; "
            f"{chance(one['touch_probability'])} to be touched within a day, it said."
        )
    return out


def _record(record: Mapping[str, Any] | None) -> list[str]:
    """Return how the stated probabilities of all earlier reports held."""
    if record is None:
        return []
    classes = "; ".join(
        f"stated {chance(c['stated_from'])} to {chance(c['stated_to'])}: {c['touched']} of {c['levels']}, {c['expected']:.1f} expected"
        for c in record["classes"]
    )
    text = (
        f"Record of {count(record['reports'], 'earlier report')} ({moment(record['first'])} to {moment(record['last'])}): of "
        f"{count(record['levels'], 'level')} {record['touched']} {was(record['touched'])} touched within a day, {record['expected']:.1f} by the "
        f"stated probabilities ({classes})."
    )
    return [text]
