"""ccxt's market structures as contracts of ours. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.instruments import Instrument
from liqatlas.venues.frames import Listing
from liqatlas.venues.payload import coin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: ccxt's ways of writing a precision (``ccxt.base.decimal_to_precision``): decimals, or the step itself.
DECIMAL_PLACES, TICK_SIZE = 2, 4


def step_of(precision: float | None, mode: int) -> Decimal | None:
    """Return the smallest step, ``None`` where ccxt does not know it or counts significant digits.

    Examples
    --------
    >>> step_of(0.1, TICK_SIZE), step_of(2, DECIMAL_PLACES), step_of(5, 3)
    (Decimal('0.1'), Decimal('0.01'), None)
    """
    if precision is None:
        return None
    if mode == TICK_SIZE:
        return Decimal(str(precision)) or None
    return Decimal(1).scaleb(-int(precision)) if mode == DECIMAL_PLACES else None


def listings_of(
    key: str, markets: Mapping[str, Mapping[str, Any]], mode: int
) -> tuple[dict[str, Listing], dict[str, str], dict[str, str]]:
    """Return contracts by the exchange's own name, ccxt's name of each, and why others were left out.

    Options and spot markets are no contracts of ours and are not counted; a contract whose size, price step or kind ccxt does not
    know is left out with the reason, never guessed.
    """
    out: dict[str, Listing] = {}
    unified: dict[str, str] = {}
    left: dict[str, str] = {}
    for name, market in markets.items():
        if not (market.get("swap") or market.get("future")):
            continue
        made = _listing(key, market, mode)
        if isinstance(made, str):
            left[str(market["id"])] = made
        else:
            out[made.instrument.symbol], unified[made.instrument.symbol] = made, name
    return out, unified, left


def _listing(key: str, market: Mapping[str, Any], mode: int) -> Listing | str:
    """Return one contract, or why it cannot be one."""
    precision = market.get("precision") or {}
    tick, step = step_of(precision.get("price"), mode), step_of(precision.get("amount"), mode)
    size = market.get("contractSize")
    if tick is None:
        return "ccxt does not know its price step"
    if not size:
        return "ccxt does not know the size of one contract"
    if bool(market.get("linear")) == bool(market.get("inverse")):
        return "ccxt does not say whether it is linear or inverse"
    value = Decimal(str(size))
    asset, multiplier = coin_of(str(market["base"]))
    instrument = Instrument(
        key, str(market["id"]), asset, quote=str(market["quote"]), settle=str(market["settle"]),
        kind="inverse" if market.get("inverse") else "linear", tick_size=tick, lot_size=value * (step or Decimal(1)),
        contract_value=value, price_multiplier=multiplier,
        expiry_ns=int(market["expiry"]) * NS_PER_MS if market.get("expiry") else None,
    )  # fmt: skip
    listed_ns = int(market["created"]) * NS_PER_MS if market.get("created") else None
    return Listing(instrument, "delisted" if market.get("active") is False else "trading", None, listed_ns)
