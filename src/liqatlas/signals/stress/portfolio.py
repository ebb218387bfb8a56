"""All positions together: one move of every coin, isolated losses ended by the margin, cross accounts as wholes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.signals.stress.levels import Level, joint_move
from liqatlas.signals.stress.moves import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from liqatlas.signals.stress.held import Held


@dataclass(frozen=True, slots=True)
class Together:
    """All positions whose price is known after one move.

    Attributes
    ----------
    name
        The move, for people.
    profit_usd
        Unrealised profit of what is open, and what was lost where liquidated: the isolated margin, or the wallet [USD];
        None where nothing is counted.
    liquidated
        Keys of the positions that are gone.
    left_out
        Keys of the positions that are not counted: their own price, or that of another coin of their account, is not known.
    """

    name: str
    profit_usd: float | None
    liquidated: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A cross account and the common move of all its coins that liquidates it.

    Attributes
    ----------
    common_fall, common_rise
        Relative moves, None where none up to 95 % does; both None with a ``reason`` where a price is missing.
    """

    venue: str
    account: str
    settle: str
    wallet_balance: float
    keys: tuple[str, ...]
    common_fall: float | None
    common_rise: float | None
    reason: str = ""


def together(
    held: Sequence[Held], levels: Mapping[str, Level], name: str, move_of: Callable[[Held], float]
) -> Together:
    """Return the outcome of one move per position; positions without a price are left out.

    A cross account is liquidated where its equity no longer covers the maintenance of all its positions after the moves, which
    are taken to happen together.
    """
    total, gone = 0.0, []
    unknown = [one.key for one in held if one.mode == "isolated" and one.mark is None]
    for one in held:
        if one.mode != "isolated" or one.mark is None:
            continue
        (after,) = outcomes(one, levels[one.key], (move_of(one),))
        lost = min(one.to_usd(-one.margin, after.price), 0.0)
        total += lost if after.liquidated else after.profit_usd
        gone += [one.key] if after.liquidated else []
    for members in purses(held).values():
        priced = [(m, m.mark * (1.0 + move_of(m))) for m in members if m.mark is not None]
        if len(priced) < len(members):
            unknown += [m.key for m in members]
            continue
        profit = sum(m.profit_at(p) for m, p in priced)
        spare = members[0].margin + profit - sum(m.maintenance_at(p) for m, p in priced)
        price = priced[0][1]
        total += members[0].to_usd(min(-members[0].margin, 0.0) if spare <= 0 else profit, price)
        gone += [m.key for m in members] if spare <= 0 else []
    return Together(name, total if len(unknown) < len(held) else None, tuple(gone), tuple(unknown))


def purses(held: Sequence[Held]) -> dict[tuple[str, str, str], list[Held]]:
    """Return the cross positions by what backs them."""
    out: dict[tuple[str, str, str], list[Held]] = defaultdict(list)
    for one in held:
        if one.mode == "cross":
            out[one.purse].append(one)
    return out


def accounts(held: Sequence[Held]) -> tuple[Account, ...]:
    """Return every cross account with its common moves."""
    out = []
    for (venue, account, settle), members in purses(held).items():
        keys = tuple(m.key for m in members)
        try:
            fall, rise, reason = joint_move(members, way=-1), joint_move(members, way=1), ""
        except InputError as error:
            fall, rise, reason = None, None, str(error)
        out.append(Account(venue, account, settle, members[0].margin, keys, fall, rise, reason))
    return tuple(out)
