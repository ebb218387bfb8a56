"""The one tier that is self-consistent with a position's own liquidation price.

Write the price through the notional N at liquidation (N = qP, or Q/P when inverse). With s = +1 for a linear long or an
inverse short, where the losing move SHRINKS the notional, and s = -1 where it GROWS it, equity = maintenance reads

    shrinking:  N (1 - f) - M(N) = B      B = loss that the backing does not cover:  qE - W - X   or  Q/E - W - X
    growing:    N (1 + f) + M(N) = A      A = value that the backing carries:        qE + W + X   or  Q/E + W + X

Both left sides rise strictly in N where M is continuous and its slope below 1 - f, so exactly one tier answers, and a binary
search over the left side's values at the floors finds it: no iteration, no tier-by-tier trial. Where the rate applies to the
whole position, M jumps and the price asked for is the FIRST one met on the way out from the entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import RuleError
from liqatlas.rules.positions import Floats, Positions, as_floats
from liqatlas.rules.prices import Maintenance, MaintenanceBasis, liquidation_price

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable

#: Largest jump of maintenance, as a share of it, still taken for a venue's rounding of its deductions.
_CONTINUITY = 1e-6


def tiered_liquidation_price(
    positions: Positions, table: TierTable, *, close_fee: float = 0.0, basis: MaintenanceBasis = "mark"
) -> Floats:
    """Return liquidation prices under a tier table.

    Parameters
    ----------
    positions
        n positions.
    table
        The schedule. Tiers counted in contracts, and USD tiers of inverse contracts, do not move with the price: their rate
        is looked up once. The same holds for ``basis="entry"``.
    close_fee
        Fraction added to maintenance; one number, as venues state it.

    Returns
    -------
    float64 (n,) [quote]; unreachable levels as in ``prices``.

    Raises
    ------
    RuleError
        If floors are in coins for linear contracts, or in contracts of unknown value.

    Notes
    -----
    O(n log tiers); about 60 ns a position.
    """
    return liquidation_price(positions, self_consistent(positions, table, close_fee=close_fee, basis=basis))


def self_consistent(
    positions: Positions, table: TierTable, *, close_fee: float = 0.0, basis: MaintenanceBasis = "mark"
) -> Maintenance:
    """Return each position's rate and deduction in the tier its own liquidation price lies in.

    For a whole-position table whose floors move with the price the answer may lie ON a floor, where maintenance jumps past
    equity; it is then expressed as that tier's rate with the deduction that puts the price there.
    """
    if basis == "entry" or not _floors_move(positions, table):
        tier = table.tier_index(_fixed_size(positions, table))
        return Maintenance.of(table.rates[tier], table.deductions[tier], close_fee=close_fee, basis=basis)
    if table.whole_position and len(table) > 1:
        return _whole_position(positions, table, close_fee)
    _require_one_answer(table, close_fee)
    bound, growing = _bound(positions)
    tier = np.where(
        growing,
        _last_at_or_below(_left_side(table, close_fee, growing=True), bound),
        _last_at_or_below(_left_side(table, close_fee, growing=False), bound),
    )
    return Maintenance.of(table.rates[tier], table.deductions[tier], close_fee=close_fee)


def _require_one_answer(table: TierTable, fee: float) -> None:
    """Refuse schedules on which the search could find no tier or several."""
    if not table.is_continuous(_CONTINUITY):
        raise RuleError(
            f"{table.symbol} on {table.venue}: maintenance jumps by {table.continuity_gap():.2%} at a floor although a "
            "deduction is given; check the payload, or load it as a whole-position table"
        )
    if table.rates[-1] + fee >= 1:
        raise RuleError(f"{table.symbol} on {table.venue}: the last rate plus the close fee reaches 1")


def _floors_move(positions: Positions, table: TierTable) -> bool:
    """Whether a position's size in the table's unit changes with the price."""
    if table.floor_unit == "coin" and not positions.is_inverse:
        raise RuleError(
            f"{table.symbol} on {table.venue}: floors in coins of notional fit inverse contracts only"
        )
    return table.floor_unit == ("coin" if positions.is_inverse else "usd")


def _fixed_size(positions: Positions, table: TierTable) -> Floats:
    """Return sizes in the table's unit: contracts, USD face, or the notional at entry."""
    if table.floor_unit == "contracts":
        if not table.contract_value > 0:
            raise RuleError(
                f"{table.symbol} on {table.venue} counts tiers in contracts and the contract's value is unknown: "
                "give contract_value when loading the table"
            )
        return np.asarray(positions.quantity / table.contract_value)
    if table.floor_unit == "usd" and positions.is_inverse:
        return positions.quantity
    return positions.notional_at(positions.entry)


def _bound(positions: Positions) -> tuple[Floats, Floats]:
    """Return the right side (A or B) and whether the notional grows on the way to liquidation."""
    growing = positions.direction > 0 if positions.is_inverse else positions.direction < 0
    value = positions.notional_at(positions.entry)
    backing = positions.margin + positions.cross_remainder
    return np.asarray(np.where(growing, value + backing, value - backing)), np.asarray(growing)


def _left_side(table: TierTable, fee: float, *, growing: bool) -> Floats:
    """Return N (1 + f) + M(N), or N (1 - f) - M(N), at each floor, with the rate of the tier above it."""
    owed = table.floors * table.rates - table.deductions
    return table.floors * (1 + fee) + owed if growing else table.floors * (1 - fee) - owed


def _last_at_or_below(values: Floats, bound: Floats) -> Floats:
    """Return the last index whose value is at or below the bound; 0 where none is (an unreachable level)."""
    return np.asarray(np.maximum(np.searchsorted(values, bound, side="right") - 1, 0))


def _whole_position(positions: Positions, table: TierTable, fee: float) -> Maintenance:
    """Return the terms met first on the way out from the entry under a schedule that jumps."""
    bound, growing = np.broadcast_arrays(*_bound(positions))
    start = np.broadcast_to(positions.notional_at(positions.entry), bound.shape)
    # growing: the search over right limits finds the tier; its root, or the jump at its cap if that comes first; the entry
    # itself where equity falls short already there
    tier = _last_at_or_below(_left_side(table, fee, growing=True), bound)
    caps = np.append(table.floors[1:], np.inf)
    met = np.maximum(np.minimum(bound / (1 + fee + table.rates[tier]), caps[tier]), start)
    met = np.where(growing, met, -start)  # a negative notional is a level that no price reaches
    # shrinking: the largest notional at or below the entry's that a tier's root, or its cap, admits
    for i, (floor, cap, rate) in enumerate(zip(table.floors, caps, table.rates, strict=True)):
        reach = np.minimum(np.minimum(bound / (1 - fee - rate), cap), start)
        better = ~growing & (reach >= floor) & (start >= floor)
        tier, met = np.where(better, i, tier), np.where(better, reach, met)
    rate = table.rates[tier]
    owed = np.where(growing, bound - met * (1 + fee), met * (1 - fee) - bound)
    return Maintenance.of(rate, as_floats(met * rate - owed), close_fee=fee)
