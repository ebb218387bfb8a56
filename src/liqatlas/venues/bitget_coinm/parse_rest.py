"""REST answers of Bitget's unified account as rows, for coin-margined futures. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/bitget_coinm.md): https://www.bitget.com/api-doc/uta/public
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.instruments import Instrument
from liqatlas.venues.bitget_coinm.parse import VENUE, MarketTicker, add_ticker, book_levels, trade_row
from liqatlas.venues.bitget_coinm.units import OpenInterestUnit, open_interest_unit, turnover_usd
from liqatlas.venues.fields import moment, number, positive
from liqatlas.venues.frames import BookChange, Frame, Listing
from liqatlas.venues.payload import coin_of, decode, usual_interval
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


class _Answer(msgspec.Struct, Generic[T]):
    data: T


class _Contract(msgspec.Struct):
    symbol: str
    baseCoin: str  # noqa: N815 -- the venue's names in these structs
    quoteCoin: str  # noqa: N815
    pricePrecision: str  # noqa: N815
    quantityPrecision: str  # noqa: N815
    type: str
    status: str
    priceMultiplier: str = ""  # noqa: N815
    quantityMultiplier: str = ""  # noqa: N815
    fundInterval: str = ""  # noqa: N815
    deliveryTime: str = ""  # noqa: N815


_STATUS = {
    "listed": "pre_launch", "online": "trading", "limit_open": "settling", "limit_close": "settling", "restrictedAPI": "settling",
    "offline": "delisted",
}  # fmt: skip
_CONTRACTS = msgspec.json.Decoder(_Answer[list[_Contract]])


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return inverse contracts; a size is a whole number of ``quantityMultiplier`` USD."""
    out = {}
    for c in decode(_CONTRACTS, payload, f"{VENUE}:instruments").data:
        asset, multiplier = coin_of(c.baseCoin)
        dated = c.type != "perpetual" and c.deliveryTime
        instrument = Instrument(
            VENUE, c.symbol, asset, quote=c.quoteCoin, settle=c.baseCoin, kind="inverse", price_multiplier=multiplier,
            tick_size=_step(c.priceMultiplier, c.pricePrecision), lot_size=_step(c.quantityMultiplier, c.quantityPrecision),
            expiry_ns=moment(c.deliveryTime, "deliveryTime") if dated else None,
        )  # fmt: skip
        hours = float(c.fundInterval) if c.type == "perpetual" and c.fundInterval else None
        out[c.symbol] = Listing(instrument, _STATUS.get(c.status, "settling"), hours)
    return out


def _step(multiplier: str, places: str) -> Decimal:
    """Return the step of prices or sizes: the multiplier, or one in the last place where none is given."""
    return Decimal(multiplier) if multiplier else Decimal(1).scaleb(-int(places))


_TICKERS = msgspec.json.Decoder(_Answer[list[MarketTicker]])


def parse_open_interest_unit(payload: bytes, listings: Mapping[str, Listing]) -> OpenInterestUnit | None:
    """Return what open interest counts, from the summaries of all listed contracts."""
    found = decode(_TICKERS, payload, f"{VENUE}:tickers").data
    return open_interest_unit(
        (t.openInterest, listings[t.symbol].instrument) for t in found if t.symbol in listings
    )


def parse_tickers(payload: bytes, listings: Mapping[str, Listing], unit: OpenInterestUnit | None) -> Frame:
    """Return the state of contracts; unlisted ones are left out."""
    frame = Frame()
    for ticker in decode(_TICKERS, payload, f"{VENUE}:tickers").data:
        if ticker.symbol in listings:
            add_ticker(frame, ticker, moment(ticker.ts, "ts"), listings[ticker.symbol], unit)
    return frame


_BARS = msgspec.json.Decoder(_Answer[list[tuple[str, str, str, str, str, str, str]]])


def parse_bars(payload: bytes, symbol: str, step_ns: int, kind: str = "last") -> RowBatch:
    """Return candles; turnover is the amount that the two prove to be USD. Mark and index candles have none of their own.

    Raises
    ------
    FormatError
        If the two amounts of a candle contradict its prices.
    """
    batch = RowBatch()
    for t, o, h, low, c, volume, turnover in decode(_BARS, payload, f"{VENUE}:candles").data:
        start, lowest, highest = moment(t, "ts"), positive(low, "low"), positive(h, "high")
        usd = turnover_usd(volume, turnover, lowest, highest, f"{VENUE}:candles") if kind == "last" else None
        row = (
            start,
            start + step_ns,
            positive(o, "open"),
            highest,
            lowest,
            positive(c, "close"),
            usd,
            None,
            kind,
        )
        batch.add("bars" if kind == "last" else f"{kind}_bars", symbol, row)
    return batch


class _Fill(msgspec.Struct):
    execId: str  # noqa: N815
    price: str
    size: str
    side: str
    ts: str


_FILLS = msgspec.json.Decoder(_Answer[list[_Fill]])


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return recent trades, newest first as they come."""
    batch, of = RowBatch(), listing.instrument
    found = decode(_FILLS, payload, f"{VENUE}:fills").data
    batch.extend(
        "trades", of.symbol, [trade_row(t.ts, t.price, t.size, t.side, t.execId, of=of) for t in found]
    )
    return batch


class _Payment(msgspec.Struct):
    symbol: str
    fundingRate: str  # noqa: N815
    fundingRateTimestamp: str  # noqa: N815


class _Payments(msgspec.Struct):
    resultList: list[_Payment]  # noqa: N815


_PAYMENTS = msgspec.json.Decoder(_Answer[_Payments])


def parse_funding_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return settled payments; each covers the hours since the one before."""
    batch, last = RowBatch(), 0
    found = decode(_PAYMENTS, payload, f"{VENUE}:history-fund-rate").data.resultList
    for payment in sorted(found, key=lambda p: int(p.fundingRateTimestamp)):
        ts = moment(payment.fundingRateTimestamp, "fundingRateTimestamp")
        hours = usual_interval((ts - last) / HOUR_NS, listing.funding_interval_h)
        batch.add("funding", payment.symbol, (ts, number(payment.fundingRate, "fundingRate"), hours, True))
        last = ts
    return batch


class _Depth(msgspec.Struct):
    a: list[tuple[float, float]]
    b: list[tuple[float, float]]
    ts: str


_DEPTH = msgspec.json.Decoder(_Answer[_Depth])


def parse_book(payload: bytes, listing: Listing) -> BookChange:
    """Return a book; sizes are USD."""
    got, of = decode(_DEPTH, payload, f"{VENUE}:orderbook").data, listing.instrument
    sides = [book_levels([(str(p), str(q)) for p, q in side], of) for side in (got.b, got.a)]
    return BookChange(of.symbol, moment(got.ts, "ts"), True, 0, 0, None, *sides)
