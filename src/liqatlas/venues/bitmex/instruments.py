"""BitMEX contracts: what one contract is worth, from the venue's own instrument rows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.bitmex.parse import VENUE, instant
from liqatlas.venues.frames import Listing
from liqatlas.venues.payload import coin_of, decode

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind


class _Contract(msgspec.Struct):
    symbol: str
    state: str
    underlying: str
    quoteCurrency: str  # noqa: N815 -- the venue's names in these structs
    settlCurrency: str  # noqa: N815
    lotSize: int  # noqa: N815
    tickSize: float  # noqa: N815
    multiplier: int
    isQuanto: bool  # noqa: N815
    isInverse: bool  # noqa: N815
    listing: datetime | None = None
    fundingInterval: datetime | None = None  # noqa: N815
    underlyingToPositionMultiplier: int | None = None  # noqa: N815
    expiry: datetime | None = None


_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_STATUS = {
    "Open": "trading",
    "Unlisted": "delisted",
    "Settled": "delisted",
    "Closed": "settling",
    "Clearing": "settling",
}
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return contracts: inverse of one USD, quanto of ``multiplier`` satoshi a point, linear of a stated part of a coin.

    Raises
    ------
    FormatError
        If a linear contract does not say how many coins it is.
    """
    text = payload.strip()
    rows = decode(_CONTRACTS, text if text.startswith(b"[") else b"[" + text + b"]", f"{VENUE}:instrument")
    return {row.symbol: _listing(row) for row in rows}


def _listing(c: _Contract) -> Listing:
    """Return one contract."""
    kind: ContractKind = "inverse" if c.isInverse else "quanto" if c.isQuanto else "linear"
    asset, price_multiplier = coin_of(c.underlying)
    value = _value(c)
    settle = "BTC" if c.settlCurrency == "XBt" else c.settlCurrency.upper()
    instrument = Instrument(
        VENUE, c.symbol, asset, quote=c.quoteCurrency, settle=settle, kind=kind, tick_size=Decimal(str(c.tickSize)),
        lot_size=value * c.lotSize, contract_value=value, price_multiplier=price_multiplier,
        expiry_ns=None if c.expiry is None else instant(c.expiry),
    )  # fmt: skip
    hours = None
    if c.fundingInterval is not None:
        hours = (instant(c.fundingInterval) - instant(_ZERO)) / HOUR_NS
    listed_ns = None if c.listing is None else instant(c.listing)
    return Listing(instrument, _STATUS.get(c.state, "settling"), hours, listed_ns)


def _value(c: _Contract) -> Decimal:
    """Return the native quantity of one contract: USD, BTC a point (quanto), or coins (linear)."""
    if c.isInverse:
        return Decimal(1)
    if c.isQuanto:
        return Decimal(c.multiplier) / Decimal(10**8)
    if not c.underlyingToPositionMultiplier:
        raise FormatError(
            f"{VENUE}:{c.symbol}",
            "a linear contract without underlyingToPositionMultiplier has no known size",
        )
    return Decimal(1) / Decimal(c.underlyingToPositionMultiplier)
