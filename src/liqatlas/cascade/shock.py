"""What starts a cascade: a move of the price, a market order, or the wish to reach a level."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_change, format_price, format_usd

if TYPE_CHECKING:
    from liqatlas.book.depth import Direction

ShockKind = Literal["move", "order", "level", "drawn"]
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
WANTED = (
    "wanted a move such as -5%, a net market order in USD such as -200M (sold) or 50M (bought), level:60000, "
    "or market:down, market:up for what may come by itself"
)


@dataclass(frozen=True, slots=True)
class Shock:
    """One exogenous push.

    Attributes
    ----------
    kind
        ``move``: the price moves by ``amount`` for reasons outside these books. ``order``: ``amount`` USD are sold (below
        zero) or bought at market, split over the books so that all move alike. ``level``: the smallest such order that makes
        the price reach ``amount`` with the liquidations on the way. ``drawn``: each run draws how far the mark goes from what
        past hours came to, at the volatility of now.
    amount
        A fraction, USD, a price [quote], or -1 (down) and +1 (up).
    """

    kind: ShockKind
    amount: float

    def direction(self, price: float) -> Direction:
        """Return where the price goes."""
        down = self.amount < price if self.kind == "level" else self.amount < 0
        return "down" if down else "up"

    def describe(self, price: float) -> str:
        """Return the shock in words."""
        if self.kind == "move":
            return f"a move of {format_change(self.amount)}"
        if self.kind == "drawn":
            return f"a {'fall' if self.amount < 0 else 'rise'} as it may come by itself"
        if self.kind == "order":
            return f"{format_usd(abs(self.amount))} {'sold' if self.amount < 0 else 'bought'} at market"
        return f"the smallest order that reaches {format_price(self.amount)} ({format_change(self.amount / price - 1)})"


def parse_shock(text: str) -> Shock:
    """Return a shock from ``-5%``, ``-200M``, ``level:60000`` or ``market:down``.

    Raises
    ------
    InputError
        If the text is none of these, or is zero, or falls by everything.

    Examples
    --------
    >>> parse_shock("-2%"), parse_shock("-200M").amount, parse_shock("level:60,000").amount
    (Shock(kind='move', amount=-0.02), -200000000.0, 60000.0)
    """
    plain = text.strip().lower().replace(",", "").replace("_", "").replace("−", "-").replace("$", "")
    if plain in {"market:down", "market:up"}:
        return Shock("drawn", -1.0 if plain.endswith("down") else 1.0)
    level = re.fullmatch(r"level:(\d+(?:\.\d+)?)", plain)
    if level and float(level[1]) > 0:
        return Shock("level", float(level[1]))
    move = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s*%", plain)
    if move and float(move[1]) != 0:
        share = float(move[1]) / 100.0
        if not -0.95 <= share <= 10.0:
            raise InputError(f"shock {text!r} is outside -95% to +1000%")
        return Shock("move", share)
    order = re.fullmatch(r"([+-]?\d+(?:\.\d+)?(?:e\d+)?)([kmb]?)", plain)
    if order and 0 < abs(float(order[1])) * _UNITS[order[2]] < 1e15:
        return Shock("order", float(order[1]) * _UNITS[order[2]])
    raise InputError(f"shock {text!r} cannot be read: {WANTED}")


def parse_order(text: str) -> Shock:
    """Return a large execution from ``buy:20M`` or ``sell:5M``.

    Raises
    ------
    InputError
        If the text is neither.

    Examples
    --------
    >>> parse_order("sell:5M")
    Shock(kind='order', amount=-5000000.0)
    """
    plain = text.strip().lower().replace("$", "")
    act, colon, amount = plain.partition(":")
    if not colon or act not in {"buy", "sell"} or not amount[:1].isdigit() or "%" in amount or ":" in amount:
        raise InputError(f"order {text!r} cannot be read: wanted an amount in USD, buy:20M or sell:5M")
    try:
        found = parse_shock(amount)
    except InputError:
        raise InputError(
            f"order {text!r} cannot be read: wanted more than nothing and less than 1e15 USD, such as buy:20M"
        ) from None
    return Shock("order", found.amount if act == "buy" else -found.amount)
