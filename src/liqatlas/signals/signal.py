"""What every signal carries: its value, its numbers, and how often it was right, or why that is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from liqatlas.base.errors import InternalError

HIT_RATE_FILE = "hit_rates_2026-11-22.json"
NOT_EVALUATED = "not evaluated yet"


class HitRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a signal was right where it was measured.

    Attributes
    ----------
    asset, venue, first_day, last_day
        Where and when.
    event
        What counts as right, in a sentence.
    rate, control
        Share of cases, and of the control at the same distance.
    difference, low, high
        Rate minus control with its block-bootstrap interval (95 %).
    cases, blocks
        Number of cases and of independent blocks (days).
    placebo, placebo_cases
        The same rate where the signal was absent but the place alike, and of how many cases; None where that has no meaning.
    """

    asset: str
    venue: str
    first_day: str
    last_day: str
    event: str
    rate: float
    control: float
    difference: float
    low: float
    high: float
    cases: int
    blocks: int
    placebo: float | None = None
    placebo_cases: int = 0

    @property
    def shows_skill(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0


class ScenarioRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a course followed a touch of the nearest cluster where it was measured; ``low`` and ``high`` as above."""

    asset: str
    first_day: str
    last_day: str
    share: float
    low: float
    high: float
    cases: int
    blocks: int


class HitRateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Measured hit rates by signal, with the script, data and date that made them."""

    made_on: str
    made_by: str
    data: str
    settings: str
    hit_rates: dict[str, HitRate]
    reasons: dict[str, str] = {}
    scenarios: dict[str, ScenarioRate] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal at a moment.

    Attributes
    ----------
    name, title
        Key, and words for people.
    value
        What it says, or None with the reason in ``missing``.
    as_of_ns
        Moment of the newest number in it.
    unit
        Of the numbers in ``detail``.
    detail
        The numbers behind the value.
    parameters
        Thresholds used.
    hit_rate, hit_rate_reason
        Measured, or None and why.
    """

    name: str
    title: str
    value: str | None
    as_of_ns: int
    unit: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    hit_rate: HitRate | None = None
    hit_rate_reason: str = NOT_EVALUATED
    missing: str = ""


@cache
def hit_rates() -> HitRateFile | None:
    """Return the measured hit rates that ship, or None where none do."""
    path = resources.files("liqatlas.signals") / "data" / HIT_RATE_FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=HitRateFile)
    except msgspec.DecodeError as error:
        raise InternalError(f"shipped file {HIT_RATE_FILE} cannot be read: {error}") from None


def measured(name: str) -> tuple[HitRate | None, str]:
    """Return a signal's hit rate, or None and why there is none."""
    file = hit_rates()
    found = file.hit_rates.get(name) if file else None
    if found:
        return found, ""
    return None, (file.reasons.get(name, NOT_EVALUATED) if file else NOT_EVALUATED)
