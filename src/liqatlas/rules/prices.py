"""Liquidation and bankruptcy price: the one equation behind every venue.

Linear and quanto (q coins, settle currency USD)::

    W + X + s q (P - E) = q P (m + f) - c        P = (W + X + c - s q E) / (q (m + f - s))

Inverse (Q USD face value, settle currency the coin)::

    W + X + s Q (1/E - 1/P) = (Q/P)(m + f) - c   P = Q (s + m + f) / (W + X + c + s Q/E)

A long is liquidated once the mark is AT OR BELOW its level, a short once it is AT OR ABOVE. So levels that no price reaches are

=======  ==========================  =========================
         never liquidated            liquidated at every price
=======  ==========================  =========================
long     ``0``                       ``inf``
short    ``inf``                     ``0``
=======  ==========================  =========================

A 1x inverse short holds coins worth its whole face value: its level is ``inf``. A 1x linear long's level is ``0`` when m = 0.
Levels more than a factor of 10^12 from the entry are rounding dust of such positions and count as never reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.errors import RuleError
from liqatlas.rules.positions import Floats, Positions, as_floats, require_positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from liqatlas.base.instruments import ContractKind

#: Smallest share of the entry value that still makes a level.
_DUST = 1e-12

#: Which value of the position the maintenance rate is applied to.
MaintenanceBasis = Literal["mark", "entry"]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What a venue wants left in the position: rate m, deduction c, close fee f.

    Attributes
    ----------
    rate
        float64 fraction of notional, >= 0.
    deduction
        float64 [settle], taken off the maintenance margin (Binance ``cum``, Bybit ``mmDeduction``).
    close_fee
        float64 fraction of the closing value that the venue adds to maintenance; 0 where it does not.
    basis
        ``mark``: rate x value at the mark, which moves with the price. ``entry``: rate x value at entry, a constant.

    Raises
    ------
    RuleError
        If rate + fee is not in [0, 1) or something is not finite: at 1 a position would have no solvent price.
    """

    rate: Floats
    deduction: Floats
    close_fee: Floats
    basis: MaintenanceBasis = "mark"

    def __post_init__(self) -> None:
        total = self.rate + self.close_fee
        if not (np.all(self.rate >= 0) and np.all(self.close_fee >= 0) and np.all(total < 1)):
            raise RuleError(
                "maintenance rate plus close fee must lie in [0, 1); give fractions (0.005), not percent (0.5)"
            )
        if not np.all(np.isfinite(self.deduction)):
            raise RuleError("the maintenance deduction must be finite")

    @classmethod
    def of(
        cls,
        rate: ArrayLike,
        deduction: ArrayLike = 0.0,
        *,
        close_fee: ArrayLike = 0.0,
        basis: MaintenanceBasis = "mark",
    ) -> Maintenance:
        """Return maintenance terms from numbers or arrays."""
        return cls(as_floats(rate), as_floats(deduction), as_floats(close_fee), basis)

    def amount_at(self, positions: Positions, price: ArrayLike) -> Floats:
        """Return the margin wanted [settle] at a price: notional x (m + f) - c, on the basis named."""
        value = positions.notional_at(price)
        based = value if self.basis == "mark" else positions.notional_at(positions.entry)
        return np.asarray(based * self.rate - self.deduction + value * self.close_fee)


def liquidation_price(positions: Positions, maintenance: Maintenance) -> Floats:
    """Return the price at which equity equals maintenance; see the head of this module for unreachable levels.

    Parameters
    ----------
    positions
        One or many positions of one contract kind.
    maintenance
        Rate, deduction and fee, each broadcast against the positions. With a tier table use ``tier_search``.

    Returns
    -------
    float64 [quote] of the broadcast shape (0-d for scalars); 0 and ``inf`` where no price answers.

    Examples
    --------
    >>> position = Positions.isolated(1, 1.0, entry=65_000.0, leverage=10.0)
    >>> round(liquidation_price(position, Maintenance.of(0.005)).item(), 2)
    58793.97
    """
    direction, fee = positions.direction, maintenance.close_fee
    backing = positions.margin + positions.cross_remainder + maintenance.deduction
    moving = maintenance.rate + fee
    if maintenance.basis == "entry":
        backing = backing - maintenance.rate * positions.notional_at(positions.entry)
        moving = fee
    if positions.is_inverse:
        return _inverse_price(direction, positions.quantity, positions.entry, backing, moving)
    level = (backing - direction * positions.quantity * positions.entry) / (
        positions.quantity * (moving - direction)
    )
    return np.asarray(np.where(level > _DUST * positions.entry, level, 0.0))


def _inverse_price(direction: Floats, face: Floats, entry: Floats, backing: Floats, moving: Floats) -> Floats:
    """Solve the inverse equation; where both sides never meet the level is ``inf``, for longs and shorts alike."""
    below = backing + direction * face / entry
    with np.errstate(divide="ignore", invalid="ignore"):
        level = face * (direction + moving) / below
    return np.asarray(np.where(direction * below > _DUST * (face / entry), level, np.inf))


def bankruptcy_price(positions: Positions, *, close_fee: ArrayLike = 0.0) -> Floats:
    """Return the price at which equity is zero: the liquidation price with m = c = 0.

    Parameters
    ----------
    positions
        With a cross account, ``cross_remainder`` must then hold the others' profit alone, without their maintenance.
    close_fee
        Fraction; where a venue's bankruptcy price keeps back the fee for closing (Bybit's legacy pages), else 0.

    Returns
    -------
    float64 [quote]; at or below the liquidation price of a long, at or above that of a short.
    """
    return liquidation_price(positions, Maintenance.of(0.0, close_fee=close_fee))


def level_from_bankruptcy(
    price: ArrayLike, maintenance_rate: ArrayLike, *, direction: ArrayLike, kind: ContractKind = "linear"
) -> Floats:
    """Return the liquidation price of an isolated position whose bankruptcy price is known.

    ``B / (1 - s m)`` for linear contracts, ``B (1 + s m)`` for inverse ones, without deduction and fee: where Bybit and BitMEX
    print a bankruptcy price, this is the level that was touched.

    Parameters
    ----------
    price
        Bankruptcy price B, float64 > 0 [quote].
    maintenance_rate
        float64 in [0, 1); the tier's own.
    direction
        +1 for a liquidated long, -1 for a short.

    Examples
    --------
    >>> round(level_from_bankruptcy(58_500.0, 0.005, direction=1).item(), 2)
    58793.97
    """
    bankrupt, rate, sign = as_floats(price), as_floats(maintenance_rate), as_floats(direction)
    require_positive("bankruptcy price", bankrupt)
    if not np.all((rate >= 0) & (rate < 1)) or not np.all(np.abs(sign) == 1):
        raise RuleError(
            "maintenance rate must lie in [0, 1) as a fraction, direction must be +1 (long) or -1 (short)"
        )
    if kind == "inverse":
        return np.asarray(bankrupt * (1.0 + sign * rate))
    return np.asarray(bankrupt / (1.0 - sign * rate))


def fee_reserved_at_bankruptcy(positions: Positions, close_fee: ArrayLike) -> Floats:
    """Return the fee [settle] for closing at the bankruptcy price, as Bybit's legacy inverse contracts reserved it."""
    bankrupt = bankruptcy_price(positions, close_fee=close_fee)
    return np.asarray(as_floats(close_fee) * positions.notional_at(bankrupt))
