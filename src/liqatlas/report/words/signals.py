"""What each signal says, and how often it was right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_share
from liqatlas.report.words.numbers import points

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = {
    "upward_magnet": "upward",
    "downward_magnet": "downward",
    "yes": "washed out",
    "deep": "washed out, deeply",
    "no": "not washed out",
}


def in_words(value: str | None) -> str:
    """Return a signal's value in words."""
    return "not known" if value is None else WORDS.get(value, value)


def says(one: Mapping[str, Any]) -> str:
    """Return what a signal says, or why it says nothing."""
    return f"not known: {one['missing']}" if one["value"] is None else in_words(one["value"])


def verdict(rate: Mapping[str, Any]) -> str:
    """Return what the interval of the difference allows to say."""
    if rate["low"] > 0:
        return "better than its control"
    return "worse than its control" if rate["high"] < 0 else "no different from its control"


def hit_rate_cells(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return hit rate, control, difference with its interval, and the verdict with its cases, or why there is none."""
    rate = one["hit_rate"]
    if rate is None:
        return "–", "–", "–", f"none: {one['hit_rate_reason']}"
    placebo = (
        f"; placebo {format_share(rate['placebo'])} of {rate['placebo_cases']}"
        if rate.get("placebo") is not None
        else ""
    )
    return (
        format_share(rate["rate"]),
        format_share(rate["control"]),
        f"{points(rate['difference'])} ({points(rate['low'])} to {points(rate['high'])})",
        f"{verdict(rate)}; {rate['cases']} cases{placebo}",
    )
