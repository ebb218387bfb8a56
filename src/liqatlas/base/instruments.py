"""Venues and instruments: what is traded where, in which contract, with which steps.

Native quantity, the unit of every stored size and of the level state:

* **linear** and **quanto**: base coins (contracts × contract value);
* **inverse**: USD face value (contracts × contract value), margined and settled in the base coin.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

ContractKind = Literal["linear", "inverse", "quanto"]


@dataclass(frozen=True, slots=True)
class Venue:
    """One exchange as this system knows it.

    ``open_interest_sides`` is 2 where the published open interest counts longs and shorts together, else 1.
    """

    key: str
    name: str
    open_interest_sides: int = 1
    open_interest_source: str = ""
    closed_on: str = ""


#: Known venues by key. Colours belong to ``plot``, margin rules to ``rules``, endpoints to ``venues``.
VENUES: dict[str, Venue] = {
    v.key: v
    for v in (
        Venue("binance", "Binance"),
        Venue("binance_coinm", "Binance COIN-M"),
        Venue(
            "bybit",
            "Bybit",
            open_interest_sides=2,
            open_interest_source="https://bybit-exchange.github.io/docs/v5/market/open-interest (read 2026-11-22): the value is "
            "the sum of both sides; singleOpenInterest, published since 2026-06-11, is one",
        ),
        Venue("okx", "OKX"),
        Venue("bitget", "Bitget"),
        Venue("bitget_coinm", "Bitget COIN-M"),
        Venue("bitfinex", "Bitfinex"),
        Venue("dydx", "dYdX"),
        Venue(
            "hyperliquid",
            "Hyperliquid",
            open_interest_sides=2,
            open_interest_source="https://docs.hydromancer.xyz (read 2026-11-22): two-sided; and recorded minutes of June 2026: "
            "|ΔOI| <= V fails in 24 %, |ΔOI| <= 2V holds in 99.5 % with a hard edge",
        ),
        Venue("gate", "Gate"),
        Venue("bitmex", "BitMEX", closed_on="2026-09-23"),
        Venue("simulated", "SIMULATED"),
    )
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """One perpetual or dated future.

    Attributes
    ----------
    venue
        Key of :data:`VENUES`, or any lower-case name for files of another venue.
    symbol
        The venue's own name of it, such as ``BTCUSDT`` or ``XBTUSD``.
    asset
        The registry's name of the underlying coin, such as ``BTC``.
    quote, settle
        Currency prices are quoted in; currency margin and profit are paid in.
    kind
        linear, inverse or quanto.
    tick_size, lot_size
        Smallest step of price [quote]; smallest step of native quantity.
    contract_value
        Native quantity of one contract (1 where the venue trades in coins).
    price_multiplier
        Coins in one quoted unit: 1000 for kPEPE and 1000PEPE, else 1. A price of 1000PEPE is the
        price of 1000 PEPE.
    expiry_ns
        Delivery moment of a dated future; ``None`` for a perpetual.
    """

    venue: str
    symbol: str
    asset: str
    quote: str = "USDT"
    settle: str = "USDT"
    kind: ContractKind = "linear"
    tick_size: Decimal = Decimal("0.01")
    lot_size: Decimal = Decimal("0.001")
    contract_value: Decimal = Decimal(1)
    price_multiplier: int = 1
    expiry_ns: int | None = None

    @property
    def is_inverse(self) -> bool:
        """Whether sizes are USD face value and margin is the coin."""
        return self.kind == "inverse"

    @property
    def key(self) -> str:
        """``venue:symbol``, unique across venues."""
        return f"{self.venue}:{self.symbol}"

    def notional_usd(self, qty_native: float, price: float) -> float:
        """Return the USD value of a native quantity at a price; an inverse contract's face is its USD value."""
        return qty_native if self.is_inverse else qty_native * price


#: Layers that are no exchange.
_OTHER_NAMES = {"defi_lending": "DeFi loans (spot collateral)"}


def venue_name(key: str) -> str:
    """Return a venue's name for people; an unlisted key is shown as it is."""
    venue = VENUES.get(key)
    return venue.name if venue else _OTHER_NAMES.get(key, key)
