"""Binance USD-M REST answers as rows, and those of COIN-M that have the same form. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/binance.md):
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import HOUR_NS, NS_PER_MS
from liqatlas.base.instruments import Instrument
from liqatlas.venues.binance.parse import VENUE, Levels, MarkPrice, add_mark, book_levels, native, trade_row
from liqatlas.venues.fields import moment, not_negative, number, positive, zero_is_absent
from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
from liqatlas.venues.payload import coin_of, decode, usual_interval
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping


class Filter(msgspec.Struct):
    """A rule of a contract's prices or sizes."""

    filterType: str  # noqa: N815 -- the venue's names in these structs
    tickSize: str = ""  # noqa: N815
    stepSize: str = ""  # noqa: N815


class _Symbol(msgspec.Struct):
    symbol: str
    status: str
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    marginAsset: str  # noqa: N815
    contractType: str  # noqa: N815
    filters: list[Filter]
    deliveryDate: int = 0  # noqa: N815
    onboardDate: int = 0  # noqa: N815


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


class _FundingInfo(msgspec.Struct):
    symbol: str
    fundingIntervalHours: int  # noqa: N815


STATUS = {
    "TRADING": "trading", "PENDING_TRADING": "pre_launch", "PRE_DELIVERING": "settling", "DELIVERING": "settling",
    "DELIVERED": "delisted", "PRE_SETTLE": "settling", "SETTLING": "settling", "CLOSE": "delisted",
}  # fmt: skip
_INFO = msgspec.json.Decoder(_ExchangeInfo)
_INTERVALS = msgspec.json.Decoder(list[_FundingInfo])


def parse_funding_intervals(payload: bytes) -> dict[str, float]:
    """Return the hours between payments of the contracts whose interval was ever adjusted."""
    found = decode(_INTERVALS, payload, f"{VENUE}:fundingInfo")
    return {f.symbol: float(f.fundingIntervalHours) for f in found}


def with_intervals(listings: Mapping[str, Listing], hours: Mapping[str, float]) -> dict[str, Listing]:
    """Return listings with adjusted funding intervals; the others keep the standard 8 h."""
    return {
        symbol: replace(listing, funding_interval_h=hours[symbol]) if symbol in hours else listing
        for symbol, listing in listings.items()
    }


def parse_instruments(exchange_info: bytes) -> dict[str, Listing]:
    """Return all USD-M contracts, perpetuals with the standard interval of 8 h."""
    out = {}
    for symbol in decode(_INFO, exchange_info, f"{VENUE}:exchangeInfo").symbols:
        steps = {f.filterType: f for f in symbol.filters}
        if "PRICE_FILTER" not in steps or "LOT_SIZE" not in steps:
            continue
        perpetual = "PERPETUAL" in symbol.contractType
        asset, multiplier = coin_of(symbol.baseAsset)
        instrument = Instrument(
            VENUE, symbol.symbol, asset, quote=symbol.quoteAsset, settle=symbol.marginAsset, kind="linear",
            tick_size=Decimal(steps["PRICE_FILTER"].tickSize), lot_size=Decimal(steps["LOT_SIZE"].stepSize),
            price_multiplier=multiplier, expiry_ns=None if perpetual else symbol.deliveryDate * NS_PER_MS,
        )  # fmt: skip
        out[symbol.symbol] = Listing(
            instrument,
            STATUS.get(symbol.status, "settling"),
            8.0 if perpetual else None,
            symbol.onboardDate * NS_PER_MS or None,
        )
    return out


_BARS = msgspec.json.Decoder(list[tuple[int, str, str, str, str, str, int, str, int, str, str, str]])


def parse_bars(payload: bytes, listing: Listing, kind: str = "last") -> RowBatch:
    """Return klines; mark and index klines carry no turnover (their volume fields are 0 by design)."""
    batch, of, traded = RowBatch(), listing.instrument, kind == "last"
    for t, o, h, low, c, v, t_end, _q, _n, taker, _tq, _ in decode(_BARS, payload, f"{of.venue}:klines"):
        volume = native(v, "volume", of) if traded else None
        taken = native(taker, "takerBuy", of) if traded else None
        row = (
            t * NS_PER_MS, (t_end + 1) * NS_PER_MS, positive(o, "open"), positive(h, "high"), positive(low, "low"),
            positive(c, "close"), volume, taken, kind,
        )  # fmt: skip
        batch.add("bars" if traded else f"{kind}_bars", of.symbol, row)
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
    rows = [trade_row(t.T, t.p, t.q, t.m, t.a, of) for t in decode(_TRADES, payload, f"{of.venue}:aggTrades")]
    batch.extend("trades", of.symbol, rows)
    return batch


class _OpenInterest(msgspec.Struct):
    symbol: str
    openInterest: str  # noqa: N815
    time: int


class _OpenInterestSample(msgspec.Struct):
    symbol: str
    sumOpenInterest: str  # noqa: N815
    sumOpenInterestValue: str  # noqa: N815
    timestamp: int


OI = msgspec.json.Decoder(_OpenInterest)
_OI_HISTORY = msgspec.json.Decoder(list[_OpenInterestSample])


def parse_open_interest(payload: bytes) -> RowBatch:
    """Return the present open interest [base coins, one side]."""
    got, batch = decode(OI, payload, f"{VENUE}:openInterest"), RowBatch()
    oi = not_negative(got.openInterest, "openInterest")
    batch.add("open_interest", got.symbol, (moment(got.time, "time"), oi, oi, None))
    return batch


def parse_open_interest_history(payload: bytes) -> RowBatch:
    """Return open-interest samples; ``sumOpenInterestValue`` is their value in USD at the sample."""
    batch = RowBatch()
    for s in decode(_OI_HISTORY, payload, f"{VENUE}:openInterestHist"):
        oi = not_negative(s.sumOpenInterest, "sumOpenInterest")
        usd = not_negative(s.sumOpenInterestValue, "sumOpenInterestValue")
        batch.add("open_interest", s.symbol, (moment(s.timestamp, "timestamp"), oi, oi, usd))
    return batch


class _Payment(msgspec.Struct):
    symbol: str
    fundingRate: str  # noqa: N815
    fundingTime: int  # noqa: N815


_PAYMENTS = msgspec.json.Decoder(list[_Payment])


def parse_funding_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return settled funding payments, ascending; each covers the hours since the one before."""
    batch, last = RowBatch(), 0
    found = decode(_PAYMENTS, payload, f"{VENUE}:fundingRate")
    for payment in sorted(found, key=lambda p: p.fundingTime):
        ts = moment(payment.fundingTime, "fundingTime")
        hours = usual_interval((ts - last) / HOUR_NS, listing.funding_interval_h)
        batch.add("funding", payment.symbol, (ts, number(payment.fundingRate, "fundingRate"), hours, True))
        last = ts
    return batch


class _Ratio(msgspec.Struct):
    symbol: str
    longAccount: str  # noqa: N815
    timestamp: int


_RATIOS = msgspec.json.Decoder(list[_Ratio])


def parse_long_short_ratio(payload: bytes, ratio_of: str = "accounts") -> RowBatch:
    """Return shares of accounts (or top traders' positions) that are net long; ``longAccount`` is a fraction."""
    batch = RowBatch()
    for r in decode(_RATIOS, payload, f"{VENUE}:longShortRatio"):
        share = not_negative(r.longAccount, "longAccount")
        batch.add("long_short_ratios", r.symbol, (moment(r.timestamp, "timestamp"), share, ratio_of))
    return batch


class _Premium(msgspec.Struct):
    symbol: str
    markPrice: str  # noqa: N815
    indexPrice: str  # noqa: N815
    lastFundingRate: str  # noqa: N815
    nextFundingTime: int  # noqa: N815
    time: int


_PREMIUM = msgspec.json.Decoder(_Premium | list[_Premium])


def parse_premium_index(payload: bytes, listings: Mapping[str, Listing]) -> RowBatch:
    """Return mark, index and the running funding rate of one or all symbols; unlisted symbols are left out."""
    got, frame = decode(_PREMIUM, payload, f"{VENUE}:premiumIndex"), Frame()
    for p in got if isinstance(got, list) else [got]:
        if p.symbol in listings:
            event = MarkPrice(
                p.time, p.symbol, p.markPrice, p.indexPrice, p.lastFundingRate, p.nextFundingTime
            )
            add_mark(frame, event, listings[p.symbol])
    return frame.batch


class _Book(msgspec.Struct):
    lastUpdateId: int  # noqa: N815
    T: int
    bids: Levels
    asks: Levels


_BOOK = msgspec.json.Decoder(_Book)


def parse_book(payload: bytes, listing: Listing) -> BookChange:
    """Return a REST book snapshot; the stream joins it at the first event with ``U <= lastUpdateId <= u``."""
    of = listing.instrument
    got = decode(_BOOK, payload, f"{of.venue}:depth")
    sides, ids = (book_levels(got.bids, of), book_levels(got.asks, of)), got.lastUpdateId
    return BookChange(of.symbol, got.T * NS_PER_MS, True, ids, ids, None, *sides)


class _Time(msgspec.Struct):
    serverTime: int  # noqa: N815


_TIME = msgspec.json.Decoder(_Time)


def parse_server_time(payload: bytes) -> int:
    """Return the venue's clock [ns]."""
    return moment(decode(_TIME, payload, f"{VENUE}:time").serverTime, "serverTime")


class _DayTicker(msgspec.Struct):
    symbol: str
    lastPrice: str  # noqa: N815
    volume: str
    quoteVolume: str  # noqa: N815
    closeTime: int  # noqa: N815


_DAY = msgspec.json.Decoder(_DayTicker | list[_DayTicker])


def parse_tickers(payload: bytes) -> list[Ticker]:
    """Return 24-hour summaries of one or all symbols; a contract that never traded has no last price."""
    got = decode(_DAY, payload, f"{VENUE}:ticker/24hr")
    return [
        Ticker(
            t.symbol,
            moment(t.closeTime, "closeTime"),
            last_price=zero_is_absent(t.lastPrice, "lastPrice"),
            volume_24h_native=not_negative(t.volume, "volume"),
            turnover_24h=not_negative(t.quoteVolume, "quoteVolume"),
        )
        for t in (got if isinstance(got, list) else [got])
    ]


class _Asset(msgspec.Struct):
    asset: str
    marginBalance: str  # noqa: N815
    updateTime: int  # noqa: N815


class _Fund(msgspec.Struct):
    symbols: list[str]
    assets: list[_Asset]


_FUNDS = msgspec.json.Decoder(_Fund | list[_Fund])


def parse_insurance(payload: bytes) -> RowBatch:
    """Return insurance-fund balances; a fund serves the symbols it names, its first one stands for all."""
    got, batch = decode(_FUNDS, payload, f"{VENUE}:insuranceBalance"), RowBatch()
    for fund in got if isinstance(got, list) else [got]:
        for a in fund.assets:
            row = (
                moment(a.updateTime, "updateTime"),
                a.asset,
                number(a.marginBalance, "marginBalance"),
                None,
                None,
            )
            batch.add("insurance_fund", fund.symbols[0] if fund.symbols else a.asset, row)
    return batch
