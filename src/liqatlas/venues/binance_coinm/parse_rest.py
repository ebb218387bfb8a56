"""Binance COIN-M REST answers as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/binance_coinm.md):
https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.instruments import Instrument
from liqatlas.venues.binance import parse_rest as usdm
from liqatlas.venues.binance.parse import Levels  # noqa: TC001 -- msgspec reads the type
from liqatlas.venues.binance_coinm.parse import VENUE, book_levels, native, trade_row
from liqatlas.venues.fields import moment, not_negative, zero_is_absent
from liqatlas.venues.frames import BookChange, Listing, Ticker
from liqatlas.venues.payload import coin_of, decode, listed
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Filter(msgspec.Struct):
    filterType: str  # noqa: N815 -- the venue's names in these structs
    tickSize: str = ""  # noqa: N815
    stepSize: str = ""  # noqa: N815


class _Symbol(msgspec.Struct):
    symbol: str
    contractStatus: str  # noqa: N815
    contractType: str  # noqa: N815
    contractSize: int  # noqa: N815
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    marginAsset: str  # noqa: N815
    filters: list[_Filter]
    deliveryDate: int = 0  # noqa: N815
    onboardDate: int = 0  # noqa: N815


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


_STATUS = {
    "TRADING": "trading", "PENDING_TRADING": "pre_launch", "PRE_DELIVERING": "settling", "DELIVERING": "settling",
    "DELIVERED": "delisted", "PRE_SETTLE": "settling", "SETTLING": "settling", "CLOSE": "delisted",
}  # fmt: skip
_INFO = msgspec.json.Decoder(_ExchangeInfo)


def parse_instruments(exchange_info: bytes) -> dict[str, Listing]:
    """Return all COIN-M contracts: inverse, ``contractSize`` USD each, margined in ``marginAsset``."""
    out = {}
    for symbol in decode(_INFO, exchange_info, f"{VENUE}:exchangeInfo").symbols:
        steps = {f.filterType: f for f in symbol.filters}
        if "PRICE_FILTER" not in steps or "LOT_SIZE" not in steps:
            continue
        perpetual = symbol.contractType.startswith("PERPETUAL")
        asset, multiplier = coin_of(symbol.baseAsset)
        value = Decimal(symbol.contractSize)
        instrument = Instrument(
            VENUE, symbol.symbol, asset, quote=symbol.quoteAsset, settle=symbol.marginAsset, kind="inverse",
            tick_size=Decimal(steps["PRICE_FILTER"].tickSize), lot_size=Decimal(steps["LOT_SIZE"].stepSize) * value,
            contract_value=value, price_multiplier=multiplier,
            expiry_ns=None if perpetual else symbol.deliveryDate * NS_PER_MS,
        )  # fmt: skip
        out[symbol.symbol] = Listing(
            instrument,
            _STATUS.get(symbol.contractStatus, "settling"),
            8.0 if perpetual else None,
            symbol.onboardDate * NS_PER_MS or None,
        )
    return out


def parse_bars(payload: bytes, listing: Listing, kind: str = "last") -> RowBatch:
    """Return klines; turnover and taker-buy turnover are contracts (column 5 and 9), coins stand in 7 and 10."""
    of, batch = listing.instrument, RowBatch()
    value = float(of.contract_value)
    for dataset, symbol, rows in usdm.parse_bars(payload, of.symbol, kind):
        for row in rows:
            volume, taken = (None if v is None else v * value for v in row[6:8])  # type: ignore[operator]
            batch.add(dataset, symbol, (*row[:6], volume, taken, row[8]))
    return batch


class _RestTrade(msgspec.Struct):
    a: int
    p: str
    q: str
    T: int
    m: bool


_TRADES = msgspec.json.Decoder(list[_RestTrade])


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return aggregate trades in ascending order of id."""
    batch, of = RowBatch(), listing.instrument
    found = decode(_TRADES, payload, f"{VENUE}:aggTrades")
    batch.extend("trades", of.symbol, [trade_row(t.T, t.p, t.q, t.m, t.a, of) for t in found])
    return batch


class _OpenInterest(msgspec.Struct):
    symbol: str
    openInterest: str  # noqa: N815
    time: int


class _OpenInterestSample(msgspec.Struct):
    sumOpenInterest: str  # noqa: N815
    timestamp: int


_OI = msgspec.json.Decoder(_OpenInterest)
_OI_HISTORY = msgspec.json.Decoder(list[_OpenInterestSample])


def parse_open_interest(payload: bytes, listings: Mapping[str, Listing]) -> RowBatch:
    """Return the present open interest: published in contracts, kept in USD, one side."""
    got, batch = decode(_OI, payload, f"{VENUE}:openInterest"), RowBatch()
    oi = native(got.openInterest, "openInterest", listed(listings, got.symbol, VENUE).instrument)
    batch.add("open_interest", got.symbol, (moment(got.time, "time"), oi, oi, oi))
    return batch


def parse_open_interest_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return samples of a pair's perpetual; ``sumOpenInterestValue`` is coins and is not needed: face value is USD."""
    batch, of = RowBatch(), listing.instrument
    for sample in decode(_OI_HISTORY, payload, f"{VENUE}:openInterestHist"):
        oi = native(sample.sumOpenInterest, "sumOpenInterest", of)
        batch.add("open_interest", of.symbol, (moment(sample.timestamp, "timestamp"), oi, oi, oi))
    return batch


class _Ratio(msgspec.Struct):
    timestamp: int
    longAccount: str | None = None  # noqa: N815
    longPosition: str | None = None  # noqa: N815


_RATIOS = msgspec.json.Decoder(list[_Ratio])


def parse_long_short_ratio(payload: bytes, symbol: str, ratio_of: str = "accounts") -> RowBatch:
    """Return net-long shares of a PAIR (all its contracts) under the symbol asked for; positions have a field of their own."""
    batch = RowBatch()
    for r in decode(_RATIOS, payload, f"{VENUE}:longShortRatio"):
        share = r.longPosition if ratio_of == "top_positions" else r.longAccount
        batch.add(
            "long_short_ratios",
            symbol,
            (moment(r.timestamp, "timestamp"), not_negative(share or "", "long share"), ratio_of),
        )
    return batch


class _Book(msgspec.Struct):
    lastUpdateId: int  # noqa: N815
    T: int
    bids: Levels
    asks: Levels


_BOOK = msgspec.json.Decoder(_Book)


def parse_book(payload: bytes, listing: Listing) -> BookChange:
    """Return a REST book snapshot; the stream joins it at the first event with ``U <= lastUpdateId <= u``."""
    got, of = decode(_BOOK, payload, f"{VENUE}:depth"), listing.instrument
    ids = got.lastUpdateId
    return BookChange(
        of.symbol,
        got.T * NS_PER_MS,
        True,
        ids,
        ids,
        None,
        book_levels(got.bids, of),
        book_levels(got.asks, of),
    )


class _DayTicker(msgspec.Struct):
    symbol: str
    lastPrice: str  # noqa: N815
    volume: str
    closeTime: int  # noqa: N815


_DAY = msgspec.json.Decoder(list[_DayTicker])


def parse_tickers(payload: bytes, listings: Mapping[str, Listing]) -> list[Ticker]:
    """Return 24-hour summaries; ``volume`` is contracts, turnover in the quote is the face value."""
    out = []
    for t in decode(_DAY, payload, f"{VENUE}:ticker/24hr"):
        if t.symbol not in listings:
            continue
        volume = native(t.volume, "volume", listings[t.symbol].instrument)
        last = zero_is_absent(t.lastPrice, "lastPrice")
        at = moment(t.closeTime, "closeTime")
        out.append(Ticker(t.symbol, at, last_price=last, volume_24h_native=volume, turnover_24h=volume))
    return out
