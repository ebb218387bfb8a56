"""Positions as arrays: what the margin equations read.

One object describes one position or a million. Sizes are native quantities (see ``base.instruments``): coins for linear and
quanto contracts (contracts x multiplier), USD face value for inverse ones. Money is the settle currency: USD for linear,
the coin for inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from liqatlas.base.errors import RuleError

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind

Floats = NDArray[np.float64]
Position = Literal["long", "short"]

LONG, SHORT = 1.0, -1.0


def as_floats(values: ArrayLike) -> Floats:
    """Return anything array-like as float64; a scalar becomes a 0-d array."""
    return np.asarray(values, dtype=np.float64)


def direction_of(position: Position | NDArray[np.bool_]) -> Floats:
    """Return +1 for a long and -1 for a short, from the word or from a boolean array that is true for longs.

    Raises
    ------
    RuleError
        If the word is neither ``long`` nor ``short``.
    """
    if isinstance(position, str):
        if position not in {"long", "short"}:
            raise RuleError(f"position is {position!r}: wanted 'long' or 'short'")
        return as_floats(LONG if position == "long" else SHORT)
    return np.where(position, LONG, SHORT)


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions of one contract kind; all arrays broadcast against each other.

    Attributes
    ----------
    direction
        float64, +1 long, -1 short.
    quantity
        float64 > 0 [native]: coins (linear, quanto: contracts x multiplier) or USD face value (inverse).
    entry
        float64 > 0 [quote], average entry price.
    margin
        float64 [settle]: isolated margin W, or the wallet balance when margined cross. May be negative.
    cross_remainder
        float64 [settle]: X = unrealised profit of the account's other positions - their maintenance margin; 0 when isolated.
    kind
        linear, inverse or quanto.

    Raises
    ------
    RuleError
        If a value is not finite, a quantity or entry is not positive, or a direction is not +1 or -1. A NaN is refused, never
        carried along.
    """

    direction: Floats
    quantity: Floats
    entry: Floats
    margin: Floats
    cross_remainder: Floats
    kind: ContractKind = "linear"

    def __post_init__(self) -> None:
        require_positive("quantity", self.quantity)
        require_positive("entry", self.entry)
        for name in ("margin", "cross_remainder"):
            if not np.all(np.isfinite(getattr(self, name))):
                raise RuleError(
                    f"{name} holds values that are not finite: wanted numbers; drop or repair those positions"
                )
        if not np.all(np.abs(self.direction) == 1):
            raise RuleError("direction holds values other than +1 (long) and -1 (short)")
        if self.kind not in {"linear", "inverse", "quanto"}:
            raise RuleError(f"contract kind {self.kind!r} is unknown: wanted linear, inverse or quanto")

    @classmethod
    def of(
        cls,
        direction: ArrayLike,
        quantity: ArrayLike,
        *,
        entry: ArrayLike,
        margin: ArrayLike,
        cross_remainder: ArrayLike = 0.0,
        kind: ContractKind = "linear",
    ) -> Positions:
        """Return positions from numbers or arrays; see the class for units.

        Examples
        --------
        >>> Positions.of(1, 2.0, entry=100.0, margin=20.0).notional_at(110.0).item()
        220.0
        """
        return cls(
            as_floats(direction), as_floats(quantity), as_floats(entry), as_floats(margin), as_floats(cross_remainder), kind
        )  # fmt: skip

    @classmethod
    def isolated(
        cls,
        direction: ArrayLike,
        quantity: ArrayLike,
        *,
        entry: ArrayLike,
        leverage: ArrayLike,
        kind: ContractKind = "linear",
    ) -> Positions:
        """Return positions that hold exactly their initial margin: W = notional at entry / leverage, no other position.

        Raises
        ------
        RuleError
            If a leverage is not positive.
        """
        size, price, lever = as_floats(quantity), as_floats(entry), as_floats(leverage)
        require_positive("leverage", lever)
        require_positive("entry", price)
        value = size / price if kind == "inverse" else size * price
        return cls.of(direction, size, entry=price, margin=value / lever, kind=kind)

    @property
    def is_inverse(self) -> bool:
        """Whether sizes are USD face value and money is the coin."""
        return self.kind == "inverse"

    def backed_by(self, cross_remainder: ArrayLike) -> Positions:
        """Return the same positions with another cross remainder [settle]."""
        return replace(self, cross_remainder=as_floats(cross_remainder))

    def notional_at(self, price: ArrayLike) -> Floats:
        """Return the positions' value [settle] at a price: q * P, or Q / P when inverse."""
        at = as_floats(price)
        return np.asarray(self.quantity / at if self.is_inverse else self.quantity * at)

    def profit_at(self, price: ArrayLike) -> Floats:
        """Return the unrealised profit [settle] at a price: s * q * (P - E), or s * Q * (1/E - 1/P) when inverse."""
        at = as_floats(price)
        if self.is_inverse:
            return np.asarray(self.direction * self.quantity * (1.0 / self.entry - 1.0 / at))
        return np.asarray(self.direction * self.quantity * (at - self.entry))

    def equity_at(self, price: ArrayLike) -> Floats:
        """Return what backs the positions [settle] at a price: W + X + unrealised profit."""
        return np.asarray(self.margin + self.cross_remainder + self.profit_at(price))


def cross_remainders(profit: ArrayLike, maintenance: ArrayLike) -> Floats:
    """Return each position's X = sum over the account's OTHER positions of (unrealised profit - maintenance margin).

    Parameters
    ----------
    profit, maintenance
        float64, last axis = positions of one account [settle], both at the present mark prices. A profit carries its sign
        (a short that is under water is negative), whatever the direction.

    Examples
    --------
    >>> cross_remainders([10.0, -4.0, 1.0], [2.0, 1.0, 0.5])
    array([-4.5,  8.5,  3. ])
    """
    free = as_floats(profit) - as_floats(maintenance)
    return np.asarray(free.sum(axis=-1, keepdims=True) - free)


def require_positive(name: str, values: Floats) -> None:
    """Refuse values that are not finite and positive.

    Raises
    ------
    RuleError
        Naming the quantity.
    """
    if not np.all(np.isfinite(values) & (values > 0)):
        raise RuleError(
            f"{name} holds values that are not finite and positive: wanted > 0; drop or repair those positions"
        )
