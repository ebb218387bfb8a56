"""What the loaders share: where a payload comes from, reading numbers from it, building the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from liqatlas.base.errors import FormatError, RuleError
from liqatlas.rules.tier_table import FloorUnit, TierTable, continuous_deductions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

Payload = bytes | str | dict[str, Any] | list[Any]

#: Largest share by which a published deduction may differ from the continuous one: venues round theirs.
_DEDUCTION_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a payload comes from: a name for messages and tables, the day it shows, the day it was read."""

    source: str
    valid_from: date
    read_on: date


@dataclass(frozen=True, slots=True)
class Tier:
    """One row as a venue gives it; ``deduction`` is ``None`` where the field is absent or empty."""

    cap: float
    rate: float
    max_leverage: float
    deduction: float | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How a venue's sizes are counted; fields as in ``TierTable``."""

    floor_unit: FloorUnit
    whole_position: bool = False
    cap_inclusive: bool = True
    contract_value: float = np.nan
    warning: str = ""


def decoded(payload: Payload, origin: Origin) -> Any:
    """Return parsed JSON; bytes and text are parsed, everything else is taken as parsed.

    Raises
    ------
    FormatError
        If the text is not JSON.
    """
    if not isinstance(payload, bytes | str):
        return payload
    try:
        return msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        raise FormatError(origin.source, f"not JSON: {error}") from None


def rows_of(value: Any, origin: Origin, what: str) -> list[dict[str, Any]]:
    """Return a list of JSON objects, refused where it is anything else."""
    if not isinstance(value, list) or any(not isinstance(row, dict) for row in value):
        raise FormatError(
            origin.source, f"{what} is not a list of objects: is this the right endpoint's answer?"
        )
    return value


def number(row: dict[str, Any], field: str, origin: Origin) -> float:
    """Return a required number, given as a number or as text.

    Raises
    ------
    FormatError
        If the field is missing, empty or no finite number.
    """
    if field not in row:
        raise FormatError(origin.source, f"field {field!r} is missing in {row}")
    try:
        value = float(row[field])
    except (TypeError, ValueError):
        raise FormatError(origin.source, f"field {field!r} is {row[field]!r}: wanted a number") from None
    if not np.isfinite(value):
        raise FormatError(origin.source, f"field {field!r} is {row[field]!r}: wanted a finite number")
    return value


def optional_number(row: dict[str, Any], field: str, origin: Origin) -> float | None:
    """Return a number, or ``None`` where the field is missing, null or an empty text."""
    return None if row.get(field) in (None, "") else number(row, field, origin)


def build_table(venue: str, symbol: str, tiers: Sequence[Tier], origin: Origin, terms: Terms) -> TierTable:
    """Return the table of tiers given in any order; each starts where the one below it ends.

    Deductions are those that make maintenance continuous. Where the venue publishes its own they must agree.

    Raises
    ------
    FormatError
        If the rows make no schedule, or a published deduction is not the continuous one.
    """
    if not tiers:
        raise FormatError(origin.source, f"{symbol} on {venue} has no tiers: wanted at least one row")
    ordered = sorted(tiers, key=lambda tier: tier.cap)
    caps = np.array([tier.cap for tier in ordered])
    rates = np.array([tier.rate for tier in ordered])
    floors = np.concatenate(([0.0], caps[:-1]))
    deductions = np.zeros_like(floors) if terms.whole_position else continuous_deductions(floors, rates)
    try:
        table = TierTable(
            venue=venue,
            symbol=symbol,
            floors=floors,
            rates=rates,
            deductions=deductions,
            max_leverages=np.array([tier.max_leverage for tier in ordered]),
            floor_unit=terms.floor_unit,
            valid_from=origin.valid_from,
            source=origin.source,
            read_on=origin.read_on,
            size_limit=float(caps[-1]),
            whole_position=terms.whole_position,
            cap_inclusive=terms.cap_inclusive,
            contract_value=terms.contract_value,
            warning=terms.warning,
        )
    except RuleError as error:
        raise FormatError(origin.source, str(error)) from None
    _agree(ordered, deductions, rates * floors, f"{symbol} on {venue}", origin)
    return table


def _agree(
    tiers: Sequence[Tier], deductions: np.ndarray, scale: np.ndarray, where: str, origin: Origin
) -> None:
    """Refuse a payload whose own deductions are not the continuous ones."""
    for tier, wanted, size in zip(tiers, deductions, scale, strict=True):
        if tier.deduction is None:
            continue
        if abs(tier.deduction - wanted) > _DEDUCTION_TOLERANCE * max(abs(wanted), float(size), 1e-9):
            raise FormatError(
                origin.source,
                f"{where}: tier up to {tier.cap:g} publishes deduction {tier.deduction:g}, continuity wants {wanted:g}; "
                "are rates in percent, or is a tier missing?",
            )
