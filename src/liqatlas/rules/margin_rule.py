"""A venue's margin rule at a date: which form of the one equation it uses, and how it then liquidates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import RuleError
from liqatlas.rules.prices import (
    Maintenance,
    MaintenanceBasis,
    bankruptcy_price,
    fee_reserved_at_bankruptcy,
    liquidation_price,
)
from liqatlas.rules.tier_search import self_consistent
from liqatlas.rules.tier_table import TierTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from liqatlas.base.instruments import ContractKind
    from liqatlas.rules.positions import Floats, Positions

#: Where the fee for closing enters maintenance: not at all, on the mark value, or as an amount fixed at the bankruptcy price.
FeeRule = Literal["none", "mark", "bankruptcy"]
#: What the first forced order asks to close.
FirstTarget = Literal["until margin is met", "down to the next lower tier", "share", "whole position"]


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of a rule.

    Attributes
    ----------
    name
        What distinguishes it, in words.
    in_force_from
        First date it holds; ``None`` for the oldest version that sources show, which is taken to hold before it was seen.
    from_is
        ``stated`` by the venue, or ``first seen`` in a page or payload of that date (it may be older).
    predecessor_last_seen
        Last date the version before it was seen, ``None`` where its source carries none. Dates between that and
        ``in_force_from`` are uncertain (all earlier dates, where it is ``None``) and the rule says so.
    source, read_on
        Where the rule is stated or shown, and when that was read.
    note
        What the source leaves open, or empty.
    """

    name: str
    in_force_from: date | None
    source: str
    read_on: date
    from_is: Literal["stated", "first seen"] = "first seen"
    predecessor_last_seen: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class LiquidationSteps:
    """How a venue closes a position once it is liquidated; ``None`` means that no source read says.

    Attributes
    ----------
    first_target
        What the first order closes.
    first_share
        Share of the position in the first order where ``first_target`` is ``share``; 1 for the whole position.
    partial_above_usd, partial_from_tier
        From which size (USD) or tier (1-based) the position is closed in steps; smaller ones are closed whole.
    cooldown_s
        Pause [s] after the first step.
    order
        Kind of order, or of auction, that reaches the book.
    backstop_below
        Equity as a share of maintenance below which the backstop takes the position over; 0 = only at zero equity.
    takeover
        Who takes over, and at which price.
    deleveraging
        When and at which price profitable positions are closed against it.
    sources, read_on
        Where that stands.
    """

    first_target: FirstTarget
    order: str
    takeover: str
    deleveraging: str
    sources: tuple[str, ...]
    read_on: date
    first_share: float | None = None
    partial_above_usd: float | None = None
    partial_from_tier: int | None = None
    cooldown_s: float | None = None
    backstop_below: float | None = None


@dataclass(frozen=True, slots=True)
class MarginRule:
    """One venue's rule for one contract kind in one version.

    Attributes
    ----------
    venue, kind
        Key of the venue; linear, inverse or quanto.
    version
        Which version, since when, from where.
    basis
        ``mark``: maintenance follows the mark value. ``entry``: it is a constant amount.
    fee
        How the closing fee enters maintenance.
    trigger
        The price that triggers: the venue's mark, or its oracle price.
    tick_rounding
        How the venue rounds the level it shows to its tick, as far as a published example tells.
    steps
        What happens after the trigger.
    warning
        Why the version may not hold at the date asked for, or empty.
    """

    venue: str
    kind: ContractKind
    version: RuleVersion
    basis: MaintenanceBasis
    fee: FeeRule
    trigger: Literal["mark", "oracle"]
    tick_rounding: Literal["nearest", "up", "unknown"]
    steps: LiquidationSteps
    warning: str = ""

    def liquidation_price(
        self, positions: Positions, schedule: TierTable | Maintenance, *, taker_fee: float | None = None
    ) -> Floats:
        """Return liquidation prices under this rule.

        Parameters
        ----------
        positions
            Of this rule's contract kind (quanto counts as linear).
        schedule
            A tier table, whose self-consistent tier is found, or a rate and deduction already known; basis and fee of the
            latter are replaced by this rule's.
        taker_fee
            Fraction; needed where the rule charges a closing fee, ignored where it does not.

        Returns
        -------
        float64 [quote]; unreachable levels as in ``prices``.

        Raises
        ------
        RuleError
            If the kind does not fit, or the rule needs a fee and none is given.
        """
        if positions.is_inverse != (self.kind == "inverse"):
            raise RuleError(
                f"{self.venue} {self.kind} rule asked about {positions.kind} positions: take that kind's rule"
            )
        if self.fee != "none" and taker_fee is None:
            raise RuleError(
                f"{self.venue} {self.kind} charges the closing fee in maintenance: give taker_fee as a fraction"
            )
        charged = float(taker_fee or 0.0) if self.fee == "mark" else 0.0
        held = positions
        if self.fee == "bankruptcy":
            reserved = fee_reserved_at_bankruptcy(positions, float(taker_fee or 0.0))
            held = positions.backed_by(positions.cross_remainder - reserved)
        if isinstance(schedule, TierTable):
            return liquidation_price(
                held, self_consistent(held, schedule, close_fee=charged, basis=self.basis)
            )
        return liquidation_price(
            held, Maintenance.of(schedule.rate, schedule.deduction, close_fee=charged, basis=self.basis)
        )

    def bankruptcy_price(self, positions: Positions, *, taker_fee: float | None = None) -> Floats:
        """Return bankruptcy prices: zero equity, or equity that just pays the closing fee where the rule reserves it there."""
        if self.fee == "bankruptcy":
            if taker_fee is None:
                raise RuleError(
                    f"{self.venue} {self.kind} keeps the closing fee back at bankruptcy: give taker_fee"
                )
            return bankruptcy_price(positions, close_fee=taker_fee)
        return bankruptcy_price(positions)


def rule_in_force(versions: Sequence[MarginRule], on: date) -> MarginRule:
    """Return the version in force at a date from versions sorted oldest first.

    Where the next version was only ``first seen`` at its date, days since the last sight of this one are uncertain: this one
    is returned with a warning.
    """
    current, later = versions[0], None
    for rule in versions[1:]:
        start = rule.version.in_force_from
        if start is None or on >= start:
            current = rule
        else:
            later = rule
            break
    if later is None or later.version.from_is == "stated":
        return current
    last_seen = later.version.predecessor_last_seen
    if last_seen is not None and on <= last_seen:
        return current
    sight = f"the last sight of it ({last_seen})" if last_seen else "the sources, which carry no date,"
    return replace(
        current,
        warning=f"{current.venue} {current.kind} on {on}: rule '{current.version.name}' is used, but between {sight} and "
        f"{later.version.in_force_from} it gave way to '{later.version.name}'",
    )
