"""Bitget REST answers as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/bitget.md): https://www.bitget.com/api-doc/contract/market
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from liqatlas.base.clock import HOUR_NS, NS_PER_MS
from liqatlas.base.instruments import Instrument
from liqatlas.venues.bitget.parse import VENUE, MarketTicker, Trade, add_ticker, book_levels, trade_row
from liqatlas.venues.fields import moment, not_negative, number, positive
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
    supportMarginCoins: list[str]  # noqa: N815
    pricePlace: str  # noqa: N815
    priceEndStep: str  # noqa: N815
    sizeMultiplier: str  # noqa: N815
    symbolType: str  # noqa: N815
    symbolStatus: str  # noqa: N815
    fundInterval: str = ""  # noqa: N815
    deliveryTime: str = ""  # noqa: N815


_STATUS = {
    "listed": "pre_launch", "normal": "trading", "maintain": "settling", "limit_open": "settling", "restrictedAPI": "settling",
    "off": "delisted",
}  # fmt: skip
_CONTRACTS = msgspec.json.Decoder(_Answer[list[_Contract]])


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return linear contracts; the tick is ``priceEndStep`` in the last of ``pricePlace`` decimals."""
    out = {}
    for c in decode(_CONTRACTS, payload, f"{VENUE}:contracts").data:
        asset, multiplier = coin_of(c.baseCoin)
        perpetual = c.symbolType == "perpetual"
        instrument = Instrument(
            VENUE, c.symbol, asset, quote=c.quoteCoin, settle=c.supportMarginCoins[0] if c.supportMarginCoins else c.quoteCoin,
            kind="linear", tick_size=Decimal(c.priceEndStep).scaleb(-int(c.pricePlace)), lot_size=Decimal(c.sizeMultiplier),
            price_multiplier=multiplier,
            expiry_ns=None if perpetual or not c.deliveryTime else moment(c.deliveryTime, "deliveryTime"),
        )  # fmt: skip
        hours = float(c.fundInterval) if perpetual and c.fundInterval else None
        out[c.symbol] = Listing(instrument, _STATUS.get(c.symbolStatus, "settling"), hours)
    return out


_BARS = msgspec.json.Decoder(_Answer[list[tuple[str, str, str, str, str, str, str]]])


def parse_bars(payload: bytes, symbol: str, step_ns: int, kind: str = "last") -> RowBatch:
    """Return candles, ascending; mark and index candles carry no turnover of their own."""
    batch = RowBatch()
    for t, o, h, low, c, base, _quote in decode(_BARS, payload, f"{VENUE}:candles").data:
        start = moment(t, "ts")
        volume = not_negative(base, "baseVolume") if kind == "last" else None
        row = (
            start, start + step_ns, positive(o, "open"), positive(h, "high"), positive(low, "low"), positive(c, "close"),
            volume, None, kind,
        )  # fmt: skip
        batch.add("bars" if kind == "last" else f"{kind}_bars", symbol, row)
    return batch


_TRADES = msgspec.json.Decoder(_Answer[list[Trade]])


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return trades, newest first as they come."""
    batch, of = RowBatch(), listing.instrument
    found = decode(_TRADES, payload, f"{VENUE}:fills").data
    batch.extend("trades", of.symbol, [trade_row(t, of) for t in found])
    return batch


class _Payment(msgspec.Struct):
    symbol: str
    fundingRate: str  # noqa: N815
    fundingTime: str  # noqa: N815


_PAYMENTS = msgspec.json.Decoder(_Answer[list[_Payment]])


def parse_funding_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return settled payments; each covers the hours since the one before."""
    batch, last = RowBatch(), 0
    found = decode(_PAYMENTS, payload, f"{VENUE}:history-fund-rate").data
    for payment in sorted(found, key=lambda p: int(p.fundingTime)):
        ts = moment(payment.fundingTime, "fundingTime")
        hours = usual_interval((ts - last) / HOUR_NS, listing.funding_interval_h)
        batch.add("funding", payment.symbol, (ts, number(payment.fundingRate, "fundingRate"), hours, True))
        last = ts
    return batch


_TICKERS = msgspec.json.Decoder(_Answer[list[MarketTicker]])


def parse_tickers(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return the state of contracts; unlisted ones are left out."""
    frame = Frame()
    for ticker in decode(_TICKERS, payload, f"{VENUE}:tickers").data:
        if ticker.symbol in listings:
            add_ticker(frame, ticker, ticker.symbol, listings[ticker.symbol])
    return frame


class _Depth(msgspec.Struct):
    asks: list[tuple[float, float]]
    bids: list[tuple[float, float]]
    ts: str


_DEPTH = msgspec.json.Decoder(_Answer[_Depth])


def parse_book(payload: bytes, symbol: str) -> BookChange:
    """Return a book at its finest merging."""
    got = decode(_DEPTH, payload, f"{VENUE}:merge-depth").data
    sides = [book_levels([(str(p), str(q)) for p, q in side]) for side in (got.bids, got.asks)]
    return BookChange(symbol, moment(got.ts, "ts"), True, 0, 0, None, *sides)


class _Time(msgspec.Struct):
    serverTime: str  # noqa: N815


_TIME = msgspec.json.Decoder(_Answer[_Time])


def parse_server_time(payload: bytes) -> int:
    """Return the venue's clock [ns]."""
    return int(decode(_TIME, payload, f"{VENUE}:time").data.serverTime) * NS_PER_MS
