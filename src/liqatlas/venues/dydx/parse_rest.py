"""dYdX v4 indexer answers as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/dydx.md):
https://docs.dydx.exchange/api_integration-indexer/indexer_api
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 -- msgspec reads the type
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.dydx.consts import FUNDING_INTERVAL_H
from liqatlas.venues.dydx.parse import (
    VENUE,
    Candle,
    Level,
    Market,
    Trade,
    add_market,
    add_trades,
    book_levels,
    instant,
)
from liqatlas.venues.fields import not_negative, number, positive
from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
from liqatlas.venues.payload import coin_of, decode, listed
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = {
    "ACTIVE": "trading", "PAUSED": "settling", "CANCEL_ONLY": "settling", "POST_ONLY": "settling", "INITIALIZING": "pre_launch",
    "FINAL_SETTLEMENT": "delisted",
}  # fmt: skip
_RESOLUTION_NS = {
    "1MIN": MINUTE_NS, "5MINS": 5 * MINUTE_NS, "15MINS": 15 * MINUTE_NS, "30MINS": 30 * MINUTE_NS, "1HOUR": HOUR_NS,
    "4HOURS": 4 * HOUR_NS, "1DAY": DAY_NS,
}  # fmt: skip


class _Listed(Market):
    ticker: str = ""
    tickSize: str = ""  # noqa: N815 -- the venue's names in these structs
    stepSize: str = ""  # noqa: N815
    volume24H: str | None = None  # noqa: N815


class _Markets(msgspec.Struct):
    markets: dict[str, _Listed]


_MARKETS = msgspec.json.Decoder(_Markets)


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return all markets: linear, quoted in USD, margined in USDC, oracle price as trigger."""
    out = {}
    for name, market in decode(_MARKETS, payload, f"{VENUE}:perpetualMarkets").markets.items():
        if not market.tickSize or not market.stepSize:
            raise FormatError(f"{VENUE}:{name}", "tickSize or stepSize is missing")
        asset, multiplier = coin_of(name.rpartition("-")[0].partition(",")[0])
        instrument = Instrument(
            VENUE, name, asset, quote="USD", settle="USDC", kind="linear", tick_size=Decimal(market.tickSize),
            lot_size=Decimal(market.stepSize), price_multiplier=multiplier,
        )  # fmt: skip
        status = _STATUS.get(market.status or "", "settling")
        out[name] = Listing(instrument, status, FUNDING_INTERVAL_H)
    return out


def parse_markets(payload: bytes, recv_ns: int) -> Frame:
    """Return oracle price, open interest, running rate and summary of all markets; the answer carries no moment."""
    frame = Frame()
    for name, market in decode(_MARKETS, payload, f"{VENUE}:perpetualMarkets").markets.items():
        add_market(frame, name, market, recv_ns)
        turnover = None if market.volume24H is None else not_negative(market.volume24H, "volume24H")
        frame.tickers.append(Ticker(name, recv_ns, turnover_24h=turnover))
    return frame


class _Trades(msgspec.Struct):
    trades: list[Trade]


_TRADES = msgspec.json.Decoder(_Trades)


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return trades, newest first as they come; forced ones are trades here and prints in the stream."""
    frame, found = Frame(), decode(_TRADES, payload, f"{VENUE}:trades").trades
    add_trades(frame, found, listing.instrument, prints=False)
    return frame.batch


class _Fill(Trade, kw_only=True):
    market: str
    liquidity: str


class _Fills(msgspec.Struct):
    fills: list[_Fill]


_FILLS = msgspec.json.Decoder(_Fills)


def parse_fills(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return the taker fills of one subaccount as trades and prints; its maker fills are others' trades."""
    frame = Frame()
    for fill in decode(_FILLS, payload, f"{VENUE}:fills").fills:
        if fill.liquidity == "TAKER":
            add_trades(frame, [fill], listed(listings, fill.market, VENUE).instrument)
        else:
            frame.skip("maker fill")
    return frame


class _Candles(msgspec.Struct):
    candles: list[Candle]


_CANDLES = msgspec.json.Decoder(_Candles)


def parse_candles(payload: bytes) -> RowBatch:
    """Return candles as bars and their opening open interest as samples; minutes without a trade may be absent."""
    batch = RowBatch()
    for candle in decode(_CANDLES, payload, f"{VENUE}:candles").candles:
        length = _RESOLUTION_NS.get(candle.resolution)
        if length is None:
            raise FormatError(f"{VENUE}:candles", f"resolution {candle.resolution!r} is unknown")
        start = instant(candle.startedAt)
        row = (
            start, start + length, positive(candle.open, "open"), positive(candle.high, "high"), positive(candle.low, "low"),
            positive(candle.close, "close"), not_negative(candle.baseTokenVolume, "baseTokenVolume"), None, "last",
        )  # fmt: skip
        batch.add("bars", candle.ticker, row)
        if candle.startingOpenInterest is not None:
            oi = not_negative(candle.startingOpenInterest, "startingOpenInterest")
            batch.add("open_interest", candle.ticker, (start, oi, oi, None))
    return batch


class _Payment(msgspec.Struct):
    ticker: str
    rate: str
    effectiveAt: datetime  # noqa: N815


class _Payments(msgspec.Struct):
    historicalFunding: list[_Payment]  # noqa: N815


_PAYMENTS = msgspec.json.Decoder(_Payments)


def parse_funding_history(payload: bytes) -> RowBatch:
    """Return hourly payments; ``rate`` is of one hour (recorded rates are whole millionths divided by 8)."""
    batch = RowBatch()
    for payment in decode(_PAYMENTS, payload, f"{VENUE}:historicalFunding").historicalFunding:
        row = (instant(payment.effectiveAt), number(payment.rate, "rate"), FUNDING_INTERVAL_H, True)
        batch.add("funding", payment.ticker, row)
    return batch


class _Book(msgspec.Struct):
    bids: list[Level]
    asks: list[Level]


_BOOK = msgspec.json.Decoder(_Book)


def parse_book(payload: bytes, symbol: str, recv_ns: int) -> BookChange:
    """Return a whole book; it carries neither moment nor id."""
    got = decode(_BOOK, payload, f"{VENUE}:orderbook")
    return BookChange(symbol, recv_ns, True, 0, 0, None, book_levels(got.bids), book_levels(got.asks))


class _Time(msgspec.Struct):
    iso: datetime


_TIME = msgspec.json.Decoder(_Time)


def parse_server_time(payload: bytes) -> int:
    """Return the indexer's clock [ns]."""
    return instant(decode(_TIME, payload, f"{VENUE}:time").iso)
