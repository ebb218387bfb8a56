"""Exact liquidation and bankruptcy prices of isolated positions and of cross accounts over several coins.

A cross position is backed by the wallet and by what the account's OTHER positions are worth at their present marks:
``X = Σ (unrealised profit - maintenance)``. Its level holds while the other coins stand still. Several positions of one
symbol in one account move together: their common level is solved for, not added up.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.errors import InputError, LiqAtlasError, RuleError
from liqatlas.rules.prices import Maintenance, bankruptcy_price, liquidation_price
from liqatlas.rules.tier_search import self_consistent
from liqatlas.rules.tier_table import TierTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from liqatlas.signals.stress.held import Held

State = Literal["open", "below maintenance", "bankrupt", "never liquidated", "unknown"]


@dataclass(frozen=True, slots=True)
class Level:
    """Where one position is liquidated.

    Attributes
    ----------
    liquidation_price, bankruptcy_price
        Unrounded [quote]; None where no price answers.
    tier, maintenance_rate, deduction
        Of the tier its own liquidation price lies in; tier None where no table is known.
    distance
        Relative change of the mark to the level; None without a mark.
    state
        ``below maintenance``: the mark is past the level, the venue liquidates now. ``bankrupt``: past zero equity too.
    notes
        What holds only under a condition, in sentences.
    """

    liquidation_price: float | None
    bankruptcy_price: float | None
    tier: int | None
    maintenance_rate: float
    deduction: float
    distance: float | None
    state: State
    notes: tuple[str, ...] = ()


def account_levels(held: Sequence[Held]) -> dict[str, Level | LiqAtlasError]:
    """Return the level of each position by its key; an error stands where one cannot be computed.

    Isolated positions stand alone; cross positions of one venue, account and settle currency back each other. All of a purse
    must state the same wallet balance.
    """
    out: dict[str, Level | LiqAtlasError] = {}
    purses: dict[tuple[str, str, str], list[Held]] = defaultdict(list)
    for one in held:
        if one.mode == "cross":
            purses[one.purse].append(one)
    for one in held:
        try:
            out[one.key] = (
                _cross(one, purses[one.purse]) if one.mode == "cross" else _single(one, (0.0, 0.0), ())
            )
        except (InputError, RuleError) as error:
            out[one.key] = error
    return out


def _cross(one: Held, members: Sequence[Held]) -> Level:
    """Return the level of one member of a cross account."""
    if any(m.margin != one.margin for m in members):
        stated = ", ".join(sorted({f"{m.margin:g}" for m in members}))
        raise InputError(
            f"cross positions of account {one.account or 'default'!r} on {one.venue} name different wallet balances ({stated}): "
            "give one balance for all, or tell the accounts apart in the column account"
        )
    others = [m for m in members if m.symbol != one.symbol]
    blind = sorted({m.symbol for m in others if m.mark is None})
    if blind:
        raise InputError(
            f"its cross account also holds {', '.join(blind)}, whose price is not known: give --price "
            f"{blind[0]}=VALUE, a column mark_price, or data with --from"
        )
    profit = sum(m.profit_at(m.mark) for m in others if m.mark is not None)
    owed = sum(m.maintenance_at(m.mark) for m in others if m.mark is not None)
    notes = ("holds while the account's other coins stand still",) if others else ()
    same = [m for m in members if m.symbol == one.symbol]
    if len(same) > 1:
        return _together(one, same, profit, owed, notes)
    return _single(one, (profit, owed), notes)


def _single(one: Held, others: tuple[float, float], notes: tuple[str, ...]) -> Level:
    """Return the level by the closed form; ``others`` are profit and maintenance of the rest of the account [settle]."""
    terms, rule = one.terms, one.terms.rule
    position = one.array(others[0] - others[1])
    if rule is None:
        schedule = terms.schedule
        maintenance = self_consistent(position, schedule) if isinstance(schedule, TierTable) else schedule
        level = liquidation_price(position, maintenance).item()
        bankrupt = bankruptcy_price(one.array(others[0])).item()
    else:
        level = rule.liquidation_price(position, terms.schedule, taker_fee=terms.taker_fee).item()
        bankrupt = rule.bankruptcy_price(one.array(others[0]), taker_fee=terms.taker_fee).item()
    return _level(one, level, bankrupt, notes)


def _level(one: Held, level: float, bankrupt: float, notes: tuple[str, ...]) -> Level:
    """Return a level with its tier, distance and state."""
    reachable = 0 < level < math.inf
    at = level if reachable else (one.mark or one.entry)
    tier = one.tier_at(at)
    schedule = one.terms.schedule
    if isinstance(schedule, Maintenance):
        rate, deduction = float(schedule.rate), float(schedule.deduction)
    else:
        row = (tier or 1) - 1
        rate, deduction = float(schedule.rates[row]), float(schedule.deductions[row])
    return Level(
        liquidation_price=level if reachable else None,
        bankruptcy_price=bankrupt if 0 < bankrupt < math.inf else None,
        tier=tier,
        maintenance_rate=rate,
        deduction=deduction,
        distance=level / one.mark - 1.0 if reachable and one.mark else None,
        state=_state(one, level, bankrupt),
        notes=notes,
    )


def _state(one: Held, level: float, bankrupt: float) -> State:
    """Tell where the mark stands against the level and the bankruptcy price."""
    long = one.position == "long"
    if level == (0.0 if long else math.inf):
        return "never liquidated"
    if one.mark is None:
        return "unknown"
    if (one.mark <= bankrupt) if long else (one.mark >= bankrupt):
        return "bankrupt"
    return "below maintenance" if ((one.mark <= level) if long else (one.mark >= level)) else "open"


def _together(one: Held, same: Sequence[Held], profit: float, owed: float, notes: tuple[str, ...]) -> Level:
    """Return the common level of several positions of one symbol in one account: the nearest price that liquidates it."""
    if one.mark is None:
        raise InputError(
            f"its account holds {len(same)} positions of {one.symbol}: give --price {one.symbol}=VALUE, since their common level "
            "is searched outward from the price"
        )

    def spare(price: float, *, maintenance: bool) -> float:
        own = sum(m.profit_at(price) - (m.maintenance_at(price) if maintenance else 0.0) for m in same)
        return one.margin + profit - (owed if maintenance else 0.0) + own

    level = _nearest_root(lambda p: spare(p, maintenance=True), one.mark)
    bankrupt = _nearest_root(lambda p: spare(p, maintenance=False), one.mark)
    found = _level(one, level or (0.0 if one.position == "long" else math.inf), bankrupt or 0.0, notes)
    state: State = (
        "bankrupt" if spare(one.mark, maintenance=False) <= 0
        else "below maintenance" if spare(one.mark, maintenance=True) <= 0
        else "never liquidated" if level is None
        else "open"
    )  # fmt: skip
    text = f"common level of the account's {len(same)} positions of {one.symbol}"
    return Level(
        level, bankrupt, found.tier, found.maintenance_rate, found.deduction,
        level / one.mark - 1.0 if level else None, state, (text, *notes),
    )  # fmt: skip


def _nearest_root(function: Callable[[float], float], start: float) -> float | None:
    """Return the root nearest to a start in log price within a factor of 100, or None."""
    from scipy.optimize import brentq

    steps = np.arange(1, 2400) * 0.002
    positive = function(start) > 0
    before = {-1: start, 1: start}
    for step in steps:
        for way in (-1, 1):
            price = start * math.exp(way * float(step))
            if (function(price) > 0) != positive:
                low, high = min(before[way], price), max(before[way], price)
                return float(brentq(function, low, high, xtol=1e-12 * start, rtol=1e-15))
            before[way] = price
    return None


def joint_move(members: Sequence[Held], *, way: Literal[-1, 1], most: float = 0.95) -> float | None:
    """Return the smallest common relative move of all coins that liquidates a cross account, or None up to ``most``.

    Every coin of the account moves by the same percentage: harsher for one-sided books, milder for hedged ones.

    Raises
    ------
    InputError
        If a price is missing.
    """
    if any(m.mark is None for m in members):
        missing = ", ".join(sorted({m.symbol for m in members if m.mark is None}))
        raise InputError(f"no price for {missing}: the account's common move needs them all")

    def spare(move: float) -> float:
        at = [(m, float(m.mark or 0.0) * (1.0 + way * move)) for m in members]
        return members[0].margin + sum(m.profit_at(p) - m.maintenance_at(p) for m, p in at)

    if spare(0.0) <= 0:
        return 0.0
    from scipy.optimize import brentq

    last = 0.0
    for move in np.arange(0.0025, most, 0.0025):
        if spare(float(move)) <= 0:
            return way * float(brentq(spare, last, float(move), xtol=1e-12))
        last = float(move)
    return None
