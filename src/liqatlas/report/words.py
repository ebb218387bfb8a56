"""Sentences of a report: templates over its tree that say only what the numbers there support.

Each function takes sections of the tree and returns sentences; a number that is None becomes a sentence about what is missing,
never a guess. A liquidated long sells, a liquidated short buys; a level is where orders would be forced, not a promise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import format_moment, parse_time
from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = "Mapping[str, Any]"
FORCED = {"long": "longs, which sell when liquidated", "short": "shorts, which buy when liquidated"}
MAGNET = {
    "upward_magnet": "the nearest short cluster above is more than {f:g} times as heavy as the nearest long cluster below",
    "downward_magnet": "the nearest long cluster below is more than {f:g} times as heavy as the nearest short cluster above",
    "balanced": "neither of the two nearest clusters is more than {f:g} times as heavy as the other",
}


def moment(text: str) -> str:
    """Return an ISO moment for people."""
    return format_moment(parse_time(text))


def small_change(value: float) -> str:
    """Return a rate with its sign and four decimals of a percent, as funding needs."""
    return f"{value * 100:+.4f} %".replace("-", "−")


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


def signal(one: Mapping[str, Any]) -> str:
    """Return a signal's value with its hit rate beside it."""
    value = (
        str(one["value"]).replace("_", " ") if one["value"] is not None else f"not known ({one['missing']})"
    )
    return f"{one['title']}: {value}. {hit_rate(one)}"


def hit_rate(one: Mapping[str, Any]) -> str:
    """Return how often a signal was right, or that nobody knows."""
    rate = one["hit_rate"]
    if rate is None:
        return f"Hit rate: none, {one['hit_rate_reason']}."
    verdict = (
        "better than its control" if rate["low"] > 0
        else "worse than its control" if rate["high"] < 0
        else "no different from its control"
    )  # fmt: skip
    return (
        f"Hit rate {format_share(rate['rate'])} against {format_share(rate['control'])} ({rate['event']}; difference {_points(rate['difference'])} points, "
        f"95 % interval {_points(rate['low'])} to {_points(rate['high'])}; {rate['cases']} cases, {rate['asset']} {rate['first_day']} to "
        f"{rate['last_day']}): {verdict}."
    )


def _points(value: float) -> str:
    return f"{value * 100:+.1f}".replace("-", "−")


def cascade(part: Mapping[str, Any]) -> list[str]:
    """Return the cascade section."""
    out = []
    for key, name, verb in (("down", "Downside", "below"), ("up", "Upside", "above")):
        one = part[key]
        gap = (
            ""
            if one["smallest_gap"] is None
            else f", the two closest {format_share(one['smallest_gap'])} of the price apart"
        )
        count = f"{one['clusters']} cluster{'' if one['clusters'] == 1 else 's'}"
        out.append(f"{name} cascade-risk grade: {one['grade']} ({count} {verb} the price{gap}).")
    for key, word in (("sequence_down", "fall"), ("sequence_up", "rise")):
        if len(part[key]) > 1:
            out.append(
                f"Order in which a {word} would meet the clusters: {' → '.join(format_price(p) for p in part[key])}."
            )
    engine = part["engine"]
    if engine is None:
        out.append(f"No probability of a cascade is given: {part['engine_reason']}.")
    elif not engine.get("calibration") or engine.get("probability") is None:
        out.append(
            "No probability of a cascade is given: the cascade was computed, but its probability is not calibrated."
        )
    else:
        out.append(
            f"Probability of a cascade ({engine['event']}): {chance(engine['probability'])}; calibrated on {engine['calibration']}."
        )
    return out


def scenarios(part: Mapping[str, Any]) -> list[str]:
    """Return the scenarios of both sides."""
    out = []
    for side, way in (("down", "falls"), ("up", "rises")):
        for one in part[side]:
            end = f"; its mark is {format_price(one['held_by'])}" if one["held_by"] else ""
            out.append(
                f"If the price {way} to {format_price(one['starts_at'])}, {one['name']}{end}. It would show by: {', '.join(one['tells'])}."
            )
    if out:
        out.append(f"Probabilities: none, {part['probability_reason']}.")
    return out or ["No cluster on either side: no scenario starts at a level."]


def plan(part: Mapping[str, Any], factor: float) -> list[str]:
    """Return bias, risk, key level, both plans and sizing."""
    return [
        *_lines(part, factor),
        _side("Long", part["long"], "below"),
        _side("Short", part["short"], "above"),
        _sizing(part["sizing"]),
    ]


def _lines(part: Mapping[str, Any], factor: float) -> list[str]:
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
            f"Risk: {risk['clusters_inside']} cluster{'' if risk['clusters_inside'] == 1 else 's'} within {format_share(risk['caution_distance'])} of the "
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


def _side(name: str, part: Mapping[str, Any], where: str) -> str:
    targets = ", ".join(format_price(p) for p in part["targets"]) or "none"
    if part["entry"] is None:
        return f"{name} plan: no cluster {where} the price gives an entry; levels ahead: {targets}."
    return (
        f"{name} plan: entry level {format_price(part['entry'])}, after the nearest cluster {where} the price is done; levels ahead {targets}; "
        f"invalid past {format_price(part['invalidation'])}."
    )


def _sizing(part: Mapping[str, Any]) -> str:
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


def changes(part: Mapping[str, Any], asset: str) -> list[str]:
    """Return what changed since the report before; the first sentence names a fall or rise."""
    if part["since"] is None:
        return [f"Nothing to compare: {part['reason']}."]
    out = [_move(part, asset)]
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
        before, now = (
            str(v).replace("_", " ") if v is not None else "not known" for v in (one["before"], one["now"])
        )
        out.append(f"{one['title']}: {before} before, {now} now.")
    return out + _said(part["said"])


def _move(part: Mapping[str, Any], asset: str) -> str:
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
    first, last = moment(price["started_at"])[:10], extreme_at[:10]
    days = first if first == last else f"{first} to {last}"
    return (
        f"The {price['name']} of {days}: {asset} {verb} {format_share(abs(price['extreme_change']))} from {format_price(price['before'])} ({since}) to "
        f"{format_price(price[key])} in the hour of {extreme_at}, {price['extreme_vols']:.1f} times its usual range, and stands at "
        f"{format_price(price['now'])}{rank}."
    )


def _said(said: list[Mapping[str, Any]]) -> list[str]:
    known = [s for s in said if s["touched"] is not None]
    if not known:
        return []
    touched, passed = [s for s in known if s["touched"]], [s for s in known if s["passed"]]
    out = [
        f"What we said, what happened: of {len(known)} clusters named then, {len(touched)} {'was' if len(touched) == 1 else 'were'} touched and {len(passed)} passed to the far edge."
    ]
    for one in touched:
        end = "passed" if one["passed"] else "touched, not passed"
        out.append(
            f"{one['position'].capitalize()} cluster {format_price(one['price_low'])}–{format_price(one['price_high'])} ({format_usd(one['usd'])}): {end}; "
            f"the walk gave its peak {chance(one['touch_probability'])} for a day."
        )
    return out


def chance(probability: float) -> str:
    """Return a probability as percent; what rounds to nothing is shown as small, not as none."""
    if 0 < probability < 0.001:
        return "<0.1 %"
    return ">99.9 %" if 0.999 < probability < 1 else format_share(probability)


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
        f"{venue_name(venue['venue'])} {venue['symbol']}: newest row {venue['age_s']:.0f} s before the moment of this report."
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
    return out + [f"Note: {w}." for w in dict.fromkeys(w.rstrip(".") for w in part["warnings"])]
