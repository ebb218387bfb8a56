"""Cascade: the grades, the engine's answer where a book is there, the scenarios' probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_duration, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.report.words.numbers import chance, count, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A book older than this is called old [s].
OLD_BOOK_S = 3600.0
#: Amounts shown, the largest ones; the tree holds all.
MOST_AMOUNTS = 9
SIDES = (("down", "Downside", "below", "fall", "sold"), ("up", "Upside", "above", "rise", "bought"))


def cascade(part: Mapping[str, Any]) -> list[str]:
    """Return grades and order of the clusters, then what the engine says or why it does not."""
    out = []
    for key, name, where, _, _ in SIDES:
        one = part[key]
        gap = (
            ""
            if one["smallest_gap"] is None
            else f", the two closest {format_share(one['smallest_gap'])} of the price apart"
        )
        out.append(
            f"{name} cascade-risk grade: {one['grade']} ({count(one['clusters'], 'cluster')} {where} the price{gap})."
        )
    for key, word in (("sequence_down", "fall"), ("sequence_up", "rise")):
        if len(part[key]) > 1:
            out.append(
                f"Order in which a {word} would meet the clusters: {' → '.join(format_price(p) for p in part[key])}."
            )
    engine = part["engine"]
    if engine is None:
        return [
            *out,
            f"The cascade was not computed: {part['engine_reason']}. No probability of one is given.",
        ]
    for key, _, _, word, act in SIDES:
        if engine[key]:
            out += [*_side(engine[key], word, act), _forecast(engine[key], word)]
    return [*out, *_books(engine), _worth(engine)]


def _side(side: Mapping[str, Any], word: str, act: str) -> list[str]:
    """Return one direction: how far a daily volatility runs, and where a move feeds itself."""
    reached, burnt = side["reached"], side["liquidated_usd"]
    begin = f"Should a {word} of {format_share(abs(side['move']))} (one daily volatility) begin for other reasons, "
    if burnt["p95"] <= 0:
        first = f"{begin}it meets no level: nothing is liquidated on the way."
    else:
        first = (
            f"{begin}liquidations carry it to {format_price(reached['p50'])} ({_span(format_price, reached)}), "
            f"{side['amplification']['p50']:.2f} times as far; {format_usd(burnt['p50'])} ({_span(format_usd, burnt)}) are {act} by force on the way."
        )
    zones = side["self_sustaining"]
    if zones:
        named = ", ".join(f"{format_price(z['from'])} to {format_price(z['to'])}" for z in zones[:3])
        second = f"On the way of a {word} forced orders exceed the book's depth, so that a move feeds itself, at {named}."
    else:
        second = (
            f"On the way of a {word} forced orders nowhere exceed the book's depth: no stretch feeds itself."
        )
    return [first, second]


def _forecast(side: Mapping[str, Any], word: str) -> str:
    """Return what may come by itself, as a probability only where it is calibrated."""
    told = side["forecast"]
    if told is None:
        return (
            f"How likely a {word} comes by itself is not forecast: {side['forecast_reason']}. The shares below are of runs that a {word} of one "
            "daily volatility starts, uncalibrated."
        )
    begin = f"A {word} as it may come by itself: {told['event']} "
    if told["calibrated"]:
        return f"{begin}with a probability of {chance(told['probability'])}, calibrated on {told['calibration']}."
    return f"{begin}in {odds(told)}: {'; '.join(told['uncalibrated_because'])}."


def odds(told: Mapping[str, Any]) -> str:
    """Return a probability or its bound where they are calibrated, else the band of runs and the word for it."""
    if told["probability"] is not None:
        return chance(told["probability"])
    if told.get("at_most") is not None:
        return f"at most {chance(told['at_most'])}"
    low, high = (chance(share) for share in told["band"])
    return f"{low if low == high else f'{low} to {high}'} of runs, uncalibrated"


def _span(form: Any, quantiles: Mapping[str, float]) -> str:
    return f"{form(quantiles['p05'])} to {form(quantiles['p95'])}"


def _books(engine: Mapping[str, Any]) -> list[str]:
    """Return where each book is from, how old it is where that matters, and what is suspicious about it."""
    out = []
    for book in engine["books"]:
        name = venue_name(book["venue"])
        if book["assumed"]:
            out.append(f"Book of {name}: {book['source']}.")
            continue
        old = book["age_s"] > OLD_BOOK_S
        age = f", {format_duration(round(book['age_s'] * 1e9))} before this report" if old else ""
        out.append(
            f"Book of {name}: of {moment(book['as_of'])}{age}, seen to {format_share(book['reach'])} from the price; beyond it a power law."
        )
        out += [f"{text[:1].upper()}{text[1:]}." for text in book["warnings"]]
    return out


def _worth(engine: Mapping[str, Any]) -> str:
    begin = f"In brackets 5 to 95 % of {engine['runs']:,} runs."
    if engine["calibrated"]:
        return f"{begin} Single percentages of what comes by itself are calibrated probabilities; shares of runs are not, and are called uncalibrated."
    return f"{begin} Shares of runs are not probabilities: nothing of the cascade is calibrated here."


def reach_cells(level: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the smallest order that reaches a cluster, the branching ratio there, how likely it is reached.

    By itself where that was drawn, else in the runs that a move of one daily volatility started.
    """
    needed = level["shock_needed_usd"]
    named = {"probability": None, "band": level["reached_band"]}
    return (
        "–" if needed is None else "nothing: it goes by itself" if needed <= 0 else format_usd(needed),
        "–" if level["branching_ratio"] is None else f"{level['branching_ratio']:.2f}",
        odds(level["by_itself"] or named),
    )


def exceeded_rows(engine: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return a row for each amount: how likely more of longs, and more of shorts, is liquidated by itself; empty without a forecast."""
    found: dict[float, dict[str, str]] = {}
    for key in ("down", "up"):
        told = engine[key]["forecast"] if engine[key] else None
        for one in told["exceeded"] if told else ():
            found.setdefault(one["usd"], {})[key] = odds(one)
    return tuple(
        (format_usd(usd), cells.get("down", "–"), cells.get("up", "–"))
        for usd, cells in sorted(found.items())[-MOST_AMOUNTS:]
    )


def forecast_horizon(engine: Mapping[str, Any]) -> str:
    """Return the horizon of what was drawn in words; empty where nothing was."""
    told = [engine[key]["forecast"] for key in ("down", "up") if engine[key] and engine[key]["forecast"]]
    return format_duration(round(told[0]["horizon_s"] * 1e9)) if told else ""


def scenario_cells(
    down: Mapping[str, Any] | None, up: Mapping[str, Any] | None
) -> tuple[str, str, str, str, str]:
    """Return one course: its name, where it begins and leads on a fall and on a rise, how often it was seen, what it would show by."""
    known = [one for one in (down, up) if one]
    names = dict.fromkeys(str(one["name"]) for one in known)
    rate = known[0]["measured"]
    seen = (
        "–" if rate is None else f"{chance(rate['share'])} ({chance(rate['low'])} to {chance(rate['high'])})"
    )
    return " or ".join(names), _course(down), _course(up), seen, "; ".join(known[0]["tells"])


def scenario_notes(part: Mapping[str, Any]) -> list[str]:
    """Return what the shares seen are of, and whether there are probabilities for these levels."""
    first = (part["down"] or part["up"])[0]["measured"]
    out = []
    if first:
        out.append(
            f"Seen: shares of {first['cases']} touches of the nearest cluster on {first['asset']}, {first['first_day']} to {first['last_day']}, within the "
            "24 h after each, with 95 % intervals; base rates of that market, no forecast for this level."
        )
    if part["probability_of"]:
        out.append(f"The probability of a cascade is one {part['probability_of']}.")
    if part["probability_reason"]:
        out.append(f"Probabilities for these levels: none, {part['probability_reason']}.")
    return out


def _course(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return "no cluster there"
    end = "" if one["held_by"] is None else f" → {format_price(one['held_by'])}"
    odds = "" if one["probability"] is None else f", {chance(one['probability'])}"
    return f"{format_price(one['starts_at'])} ({format_change(one['distance'])}){end}{odds}"
