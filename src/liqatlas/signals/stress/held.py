"""A position somebody holds, and the margin terms it is held under."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import RuleError
from liqatlas.rules.positions import LONG, SHORT, Positions
from liqatlas.rules.prices import Maintenance

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind
    from liqatlas.rules.margin_rule import MarginRule
    from liqatlas.rules.tier_table import TierTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a venue wants of a position.

    Attributes
    ----------
    rule
        The venue's rule, or None where only the caller's own rate is known: then maintenance follows the mark value.
    schedule
        Tier table, or rate and deduction.
    taker_fee
        Fraction; None where the rule charges none.
    source
        Where rule and schedule are from.
    warnings
        What may not fit, in sentences.
    """

    rule: MarginRule | None
    schedule: TierTable | Maintenance
    taker_fee: float | None = None
    source: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One position.

    Attributes
    ----------
    key
        Name that tells it from the others, such as its line.
    venue, symbol, asset, kind, settle
        As in ``base.instruments.Instrument``.
    position
        long or short.
    quantity
        > 0 [native]: coins, or USD face value of inverse contracts.
    entry
        Average entry [quote].
    mode
        isolated or cross.
    margin
        Isolated margin, or the wallet balance of the cross account [settle].
    account
        Cross positions of one venue, account and settle currency back each other.
    mark
        Present mark price [quote], None where unknown.
    terms
        Margin terms.
    """

    key: str
    venue: str
    symbol: str
    asset: str
    kind: ContractKind
    settle: str
    position: Literal["long", "short"]
    quantity: float
    entry: float
    mode: Literal["isolated", "cross"]
    margin: float
    terms: Terms
    account: str = ""
    mark: float | None = None

    @property
    def direction(self) -> float:
        """+1 long, -1 short."""
        return LONG if self.position == "long" else SHORT

    @property
    def purse(self) -> tuple[str, str, str]:
        """What backs it when cross: venue, account, settle currency."""
        return self.venue, self.account, self.settle

    def array(self, cross_remainder: float = 0.0) -> Positions:
        """Return it as the margin equations read it."""
        return Positions.of(
            self.direction, self.quantity, entry=self.entry, margin=self.margin, cross_remainder=cross_remainder, kind=self.kind
        )  # fmt: skip

    def profit_at(self, price: float) -> float:
        """Return the unrealised profit at a price [settle]."""
        return float(self.array().profit_at(price))

    def notional_at(self, price: float) -> float:
        """Return the value at a price [settle]."""
        return float(self.array().notional_at(price))

    def notional_usd(self, price: float) -> float:
        """Return the value at a price [USD]."""
        return self.quantity if self.kind == "inverse" else self.quantity * price

    def to_usd(self, amount: float, price: float) -> float:
        """Return an amount of the settle currency in USD at a price; dollar quotes count as one USD."""
        return amount * price if self.kind == "inverse" else amount

    def maintenance_at(self, price: float) -> float:
        """Return the maintenance margin wanted at a price [settle], the closing fee included where the rule charges it."""
        schedule, rule = self.terms.schedule, self.terms.rule
        basis = rule.basis if rule else "mark"
        fee = float(self.terms.taker_fee or 0.0) if rule and rule.fee == "mark" else 0.0
        at = self.entry if basis == "entry" else price
        notional = self.notional_at(at)
        if isinstance(schedule, Maintenance):
            wanted = notional * float(schedule.rate) - float(schedule.deduction)
        else:
            wanted = float(schedule.maintenance_amount(notional, size=self._tier_size(schedule, at)))
        return wanted + fee * self.notional_at(price)

    def _tier_size(self, table: TierTable, price: float) -> float:
        """Return the size in the table's unit."""
        if table.floor_unit == "contracts":
            if not table.contract_value > 0:
                raise RuleError(
                    f"{self.symbol} on {self.venue} counts tiers in contracts and the contract's value is unknown: "
                    "give maintenance_rate for the position instead"
                )
            return self.quantity / table.contract_value
        return (
            self.quantity if table.floor_unit == "usd" and self.kind == "inverse" else self.notional_at(price)
        )

    def leverage_cap(self, table: TierTable) -> float:
        """Return the highest leverage a table lets a position of its size at entry choose, the table's where sizes do not compare."""
        if table.floor_unit == "contracts" and not table.contract_value > 0:
            return table.leverage_cap
        return float(table.max_leverage_at(self._tier_size(table, self.entry)))

    def tier_at(self, price: float) -> int | None:
        """Return the 1-based tier at a price, or None where no table is known."""
        schedule = self.terms.schedule
        if isinstance(schedule, Maintenance):
            return None
        basis = self.terms.rule.basis if self.terms.rule else "mark"
        size = self._tier_size(schedule, self.entry if basis == "entry" else price)
        return int(schedule.tier_index(size)) + 1

    def backed_by(self, margin: float) -> Held:
        """Return the same position with another margin or wallet balance [settle]."""
        return replace(self, margin=margin)
