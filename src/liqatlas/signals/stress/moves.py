"""What a position is worth after a move: profit, margin left, liquidated or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.signals.stress.held import Held
    from liqatlas.signals.stress.levels import Level

#: Moves of the ladder.
MOVES = (-0.20, -0.15, -0.10, -0.05, -0.03, -0.02, -0.01, 0.01, 0.02, 0.03, 0.05, 0.10, 0.15, 0.20)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A position after a move of its own price, everything else standing still.

    Attributes
    ----------
    move, price
        Relative change of the mark; the price after it [quote].
    profit, profit_usd
        Unrealised profit against the entry [settle], [USD]; without fees and funding.
    margin_left
        Margin (isolated) or wallet balance plus profit [settle].
    maintenance
        Margin the venue wants there [settle].
    liquidated
        Whether the price has passed the level. Profit is then what the position would show, not what is left of it.
    """

    move: float
    price: float
    profit: float
    profit_usd: float
    margin_left: float
    maintenance: float
    liquidated: bool


def outcomes(one: Held, level: Level, moves: Sequence[float] = MOVES) -> tuple[Outcome, ...]:
    """Return a position's outcomes under moves of its own mark; empty where the mark is not known."""
    if one.mark is None:
        return ()
    return tuple(_outcome(one, level, move) for move in moves)


def _outcome(one: Held, level: Level, move: float) -> Outcome:
    assert one.mark is not None
    price = one.mark * (1.0 + move)
    profit = one.profit_at(price)
    at = level.liquidation_price
    if level.state in {"below maintenance", "bankrupt"}:
        passed = True
    elif at is None:
        passed = False
    else:
        passed = price <= at if at < one.mark else price >= at
    return Outcome(
        move, price, profit, one.to_usd(profit, price), one.margin + profit, one.maintenance_at(price), passed
    )  # fmt: skip
