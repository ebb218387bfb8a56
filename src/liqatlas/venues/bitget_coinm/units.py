"""What one unit of an amount is, told by the venue's own figures: a contract is one USD, and no other amount may pass for it.

Trades, orders and books count the quote coin, in whole contracts (``quantityMultiplier``). Candles and summaries give two amounts,
which must lie a price apart; of open interest no page says the unit, and its own form tells it:

* every amount a whole number of contracts: USD face value;
* any amount that is none: coins, the only other unit the venue counts in.

Sources: docs/reference/venues/bitget_coinm.md. Pure.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import FormatError
from liqatlas.venues.fields import not_negative

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liqatlas.base.instruments import Instrument

OpenInterestUnit = Literal["usd", "coin"]


def is_whole(amount: str | float, of: Instrument) -> bool:
    """Tell whether an amount is a whole number of the smallest step of sizes."""
    try:
        return Decimal(str(amount)) % of.lot_size == 0
    except InvalidOperation:
        return False


def face_value(size: str | float, of: Instrument, where: str) -> float:
    """Return a size in USD.

    Raises
    ------
    FormatError
        If it is no number of whole contracts: it is not in USD, or the contract has changed.
    """
    value = not_negative(size, where)
    if not is_whole(size, of):
        raise FormatError(
            where,
            f"size {size} of {of.symbol} is no whole number of contracts of {of.lot_size} USD: the venue counts in another unit than its "
            "page says, or the list of contracts is out of date; nothing is taken from it",
        )
    return value


def turnover_usd(volume: str, turnover: str, low: float, high: float, where: str) -> float:
    """Return which of a bar's two amounts is USD: the one that is the other times a price between low and high.

    Parameters
    ----------
    volume, turnover
        As sent; the last digit may be rounded or cut off. Where both would do (prices near one), the documented order holds.
    low, high
        Lowest and highest price of the bar [USD].
    where
        For the message.

    Raises
    ------
    FormatError
        If neither is: one of the two has a unit that is not known.
    """
    first, second = not_negative(volume, where), not_negative(turnover, where)
    if first == 0 and second == 0:
        return 0.0
    for coins, usd, text in ((first, second, volume), (second, first, turnover)):
        last = _last_digit(text)
        if low * (coins - last / 2) <= usd * (1 + 1e-9) and usd * (1 - 1e-9) <= high * (coins + last):
            return usd
    raise FormatError(
        where,
        f"amounts {volume} and {turnover} are not a price of {low:g} to {high:g} apart: which is USD cannot be told; nothing is taken from it",
    )


def open_interest_unit(amounts: Iterable[tuple[str, Instrument]]) -> OpenInterestUnit | None:
    """Return what open interest counts, from all contracts of the venue at once; ``None`` where nothing is open."""
    held = [(amount, of) for amount, of in amounts if amount and float(amount) != 0]
    if not held:
        return None
    return "usd" if all(is_whole(amount, of) for amount, of in held) else "coin"


def open_interest_usd(
    amount: str, of: Instrument, unit: OpenInterestUnit, mark: float | None
) -> float | None:
    """Return open interest as USD face value; coins are valued at the mark, ``None`` without one.

    Raises
    ------
    FormatError
        If the amount contradicts the unit the venue showed when its contracts were read.
    """
    if unit == "usd":
        return face_value(amount, of, f"{of.venue}:openInterest")
    held = not_negative(amount, f"{of.venue}:openInterest")
    return None if mark is None else held * mark


def _last_digit(text: str) -> float:
    """Return the value of one in the last place written."""
    exponent = Decimal(text).as_tuple().exponent
    return float(Decimal(1).scaleb(int(exponent))) if isinstance(exponent, int) else 0.0
