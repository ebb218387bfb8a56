"""Which margin rule holds for a venue, a contract kind and a date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from liqatlas.base.errors import RuleError
from liqatlas.rules.by_venue import (
    binance_coinm,
    binance_usdm,
    bitfinex,
    bitget,
    bitmex,
    bybit_inverse,
    bybit_linear,
    dydx,
    gate,
    hyperliquid,
    okx,
)
from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, rule_in_force

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind

#: Versions of every rule known, oldest first, by venue key and contract kind.
RULES: dict[tuple[str, str], tuple[MarginRule, ...]] = {
    ("binance", "linear"): binance_usdm.VERSIONS,
    ("binance_coinm", "inverse"): binance_coinm.VERSIONS,
    ("bybit", "linear"): bybit_linear.VERSIONS,
    ("bybit", "inverse"): bybit_inverse.VERSIONS,
    ("okx", "linear"): okx.VERSIONS,
    ("okx", "inverse"): okx.INVERSE_VERSIONS,
    ("hyperliquid", "linear"): hyperliquid.VERSIONS,
    ("dydx", "linear"): dydx.VERSIONS,
    ("gate", "linear"): gate.VERSIONS,
    ("gate", "inverse"): gate.INVERSE_VERSIONS,
    ("bitget", "linear"): bitget.VERSIONS,
    ("bitget_coinm", "inverse"): bitget.INVERSE_VERSIONS,
    ("bitmex", "inverse"): bitmex.INVERSE_VERSIONS,
    ("bitmex", "linear"): bitmex.LINEAR_VERSIONS,
    ("bitmex", "quanto"): bitmex.QUANTO_VERSIONS,
}

#: Steps of venues whose maintenance no source read states.
STEPS_ALONE: dict[tuple[str, str], LiquidationSteps] = {("bitfinex", "linear"): bitfinex.STEPS}


def liquidation_steps(venue: str, kind: ContractKind, on: date | datetime) -> LiquidationSteps:
    """Return how a venue closes a position, also where its margin rule is unknown.

    Raises
    ------
    RuleError
        If no steps of that venue and kind are known.
    """
    alone = STEPS_ALONE.get((venue, kind))
    return alone if alone is not None else margin_rule(venue, kind, on).steps


def margin_rule(venue: str, kind: ContractKind, on: date | datetime) -> MarginRule:
    """Return the margin rule in force.

    Parameters
    ----------
    venue
        Key of ``base.instruments.VENUES``.
    kind
        linear or inverse.
    on
        The day (UTC); an aware moment is taken at its UTC day, a naive one is UTC.

    Returns
    -------
    MarginRule
        With ``warning`` where the sources leave the date uncertain.

    Raises
    ------
    RuleError
        If no rule of that venue and kind is known; the generic equation in ``prices`` takes any rate, deduction and fee.

    Examples
    --------
    >>> margin_rule("hyperliquid", "linear", date(2023, 3, 27)).version.name
    'constant maintenance'
    >>> margin_rule("bybit", "inverse", date(2026, 6, 1)).basis
    'mark'
    """
    versions = RULES.get((venue, kind))
    if versions is None:
        known = ", ".join(f"{v} {k}" for v, k in RULES)
        raise RuleError(
            f"no margin rule for {kind} contracts on {venue!r}: known are {known}; "
            "otherwise use rules.prices with the venue's own rate, deduction and fee"
        )
    return rule_in_force(versions, day_of(on))


def day_of(on: date | datetime) -> date:
    """Return the UTC day of a date or moment."""
    if isinstance(on, datetime):
        return (on.astimezone(UTC) if on.tzinfo else on).date()
    return on
