"""Bybit v5 REST answers as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/bybit.md): https://bybit-exchange.github.io/docs/v5/market
"""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from liqatlas.base.clock import HOUR_NS, NS_PER_MS
from liqatlas.base.errors import SourceUnavailableError
from liqatlas.base.instruments import ContractKind, Instrument
from liqatlas.venues.bybit.parse import (
    VENUE,
    AdlAlert,
    Book,
    MarketTicker,
    Side,
    add_ticker,
    adl_state,
    book_levels,
    one_side,
    trade_row,
)
from liqatlas.venues.fields import moment, not_negative, number, positive, zero_is_absent
from liqatlas.venues.frames import BookChange, Frame, Listing
from liqatlas.venues.payload import coin_of, decode, usual_interval
from liqatlas.venues.rows import Row, RowBatch

T = TypeVar("T")


class Answer(msgspec.Struct):
    """The envelope of every answer; ``retCode`` 0 is success, HTTP says 200 either way."""

    retCode: int  # noqa: N815 -- the venue's names in these structs
    retMsg: str = ""  # noqa: N815
    result: msgspec.Raw = msgspec.Raw(b"null")
    time: int = 0


class Page(msgspec.Struct, Generic[T]):
    """The rows of an answer, with what stands beside them."""

    rows: list[T] = msgspec.field(name="list")
    symbol: str = ""
    updatedTime: str = ""  # noqa: N815


class _Cursor(msgspec.Struct):
    nextPageCursor: str | None = None  # noqa: N815


_ANSWER = msgspec.json.Decoder(Answer)
_CURSOR = msgspec.json.Decoder(_Cursor)


def answer(payload: bytes, where: str) -> Answer:
    """Return the envelope of a successful answer.

    Raises
    ------
    SourceUnavailableError
        If the venue refused the request, carrying its code and words.
    """
    got = decode(_ANSWER, payload, f"{VENUE}:{where}")
    if got.retCode != 0:
        raise SourceUnavailableError(f"Bybit refused {where}: code {got.retCode}, {got.retMsg!r}")
    return got


def _result(payload: bytes, decoder: msgspec.json.Decoder[T], where: str) -> T:
    return decode(decoder, answer(payload, where).result, f"{VENUE}:{where}")


def next_cursor(payload: bytes) -> str:
    """Return the cursor of the next page, empty on the last."""
    return _result(payload, _CURSOR, "page").nextPageCursor or ""


class _PriceFilter(msgspec.Struct):
    tickSize: str  # noqa: N815


class _LotFilter(msgspec.Struct):
    qtyStep: str  # noqa: N815


class _Contract(msgspec.Struct):
    symbol: str
    contractType: str  # noqa: N815
    status: str
    baseCoin: str  # noqa: N815
    quoteCoin: str  # noqa: N815
    settleCoin: str  # noqa: N815
    priceFilter: _PriceFilter  # noqa: N815
    lotSizeFilter: _LotFilter  # noqa: N815
    launchTime: str = "0"  # noqa: N815
    deliveryTime: str = "0"  # noqa: N815
    fundingInterval: int = 0  # noqa: N815


_CONTRACTS = msgspec.json.Decoder(Page[_Contract])
_STATUS = {"PreLaunch": "pre_launch", "Trading": "trading", "Delivering": "settling", "Closed": "delisted"}


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return contracts; linear sizes are base coins, inverse sizes USD; ``fundingInterval`` is in minutes."""
    out = {}
    for c in _result(payload, _CONTRACTS, "instruments-info").rows:
        kind: ContractKind = "inverse" if c.contractType.startswith("Inverse") else "linear"
        perpetual = c.contractType.endswith("Perpetual")
        asset, multiplier = coin_of(c.baseCoin)
        instrument = Instrument(
            VENUE, c.symbol, asset, quote=c.quoteCoin, settle=c.settleCoin, kind=kind,
            tick_size=Decimal(c.priceFilter.tickSize), lot_size=Decimal(c.lotSizeFilter.qtyStep),
            price_multiplier=multiplier, expiry_ns=None if perpetual else moment(c.deliveryTime, "deliveryTime"),
        )  # fmt: skip
        hours = c.fundingInterval / 60 if perpetual and c.fundingInterval >= 60 else None
        listed_ns = int(c.launchTime) * NS_PER_MS or None
        out[c.symbol] = Listing(instrument, _STATUS.get(c.status, "settling"), hours, listed_ns)
    return out


_BARS = msgspec.json.Decoder(Page[list[str]])


def parse_bars(payload: bytes, interval_ns: int, kind: str = "last") -> RowBatch:
    """Return klines, newest first as the venue sends them; mark and index klines have no turnover."""
    batch, got = RowBatch(), _result(payload, _BARS, "kline")
    for bar in got.rows:
        start = moment(bar[0], "startTime")
        o, h, low, c = (positive(x, "price") for x in bar[1:5])
        volume = not_negative(bar[5], "volume") if kind == "last" else None
        row = (start, start + interval_ns, o, h, low, c, volume, None, kind)
        batch.add("bars" if kind == "last" else f"{kind}_bars", got.symbol, row)
    return batch


class _Execution(msgspec.Struct):
    execId: str  # noqa: N815
    symbol: str
    price: str
    size: str
    side: Side
    time: str
    isBlockTrade: bool = False  # noqa: N815


_EXECUTIONS = msgspec.json.Decoder(Page[_Execution])


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return recent trades in ascending order (the venue sends the newest first), block trades left out."""
    rows: list[Row] = [
        trade_row(t.time, t.price, t.size, t.side, t.execId, listing.instrument)
        for t in reversed(_result(payload, _EXECUTIONS, "recent-trade").rows)
        if not t.isBlockTrade
    ]
    batch = RowBatch()
    batch.extend("trades", listing.instrument.symbol, rows)
    return batch


class _Sample(msgspec.Struct):
    openInterest: str  # noqa: N815
    timestamp: str
    singleOpenInterest: str | None = None  # noqa: N815


_SAMPLES = msgspec.json.Decoder(Page[_Sample])


def parse_open_interest(payload: bytes, listing: Listing) -> RowBatch:
    """Return open-interest samples, one-sided beside what is published (both sides); inverse ones are USD already."""
    batch, got = RowBatch(), _result(payload, _SAMPLES, "open-interest")
    for sample in got.rows:
        published = not_negative(sample.openInterest, "openInterest")
        oi = one_side(sample.singleOpenInterest, published)
        usd = oi if listing.instrument.is_inverse else None
        batch.add("open_interest", got.symbol, (moment(sample.timestamp, "timestamp"), oi, published, usd))
    return batch


class _Payment(msgspec.Struct):
    symbol: str
    fundingRate: str  # noqa: N815
    fundingRateTimestamp: str  # noqa: N815


_PAYMENTS = msgspec.json.Decoder(Page[_Payment])


def parse_funding_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return settled funding payments, ascending; each covers the hours since the one before."""
    batch, last = RowBatch(), 0
    found = _result(payload, _PAYMENTS, "funding/history").rows
    for payment in sorted(found, key=lambda p: int(p.fundingRateTimestamp)):
        ts = moment(payment.fundingRateTimestamp, "fundingRateTimestamp")
        hours = usual_interval((ts - last) / HOUR_NS, listing.funding_interval_h)
        batch.add("funding", payment.symbol, (ts, number(payment.fundingRate, "fundingRate"), hours, True))
        last = ts
    return batch


class _Ratio(msgspec.Struct):
    symbol: str
    buyRatio: str  # noqa: N815
    timestamp: str


_RATIOS = msgspec.json.Decoder(Page[_Ratio])


def parse_long_short_ratio(payload: bytes) -> RowBatch:
    """Return shares of holders that are net long (``buyRatio``), a count of accounts."""
    batch = RowBatch()
    for r in _result(payload, _RATIOS, "account-ratio").rows:
        share = not_negative(r.buyRatio, "buyRatio")
        batch.add("long_short_ratios", r.symbol, (moment(r.timestamp, "timestamp"), share, "accounts"))
    return batch


class _RestBook(Book):
    ts: int = 0


_BOOK = msgspec.json.Decoder(_RestBook)


def parse_book(payload: bytes) -> BookChange:
    """Return a REST book snapshot."""
    book = _result(payload, _BOOK, "orderbook")
    bids, asks = book_levels(book.b), book_levels(book.a)
    return BookChange(book.s, moment(book.ts, "ts"), True, book.u, book.u, None, bids, asks)


_TICKERS = msgspec.json.Decoder(Page[MarketTicker])


def parse_tickers(payload: bytes, listings: dict[str, Listing]) -> Frame:
    """Return marks, open interest, funding and summaries of all listed symbols, at the answer's time."""
    envelope, frame = answer(payload, "tickers"), Frame()
    for ticker in decode(_TICKERS, envelope.result, f"{VENUE}:tickers").rows:
        if ticker.symbol in listings:
            add_ticker(frame, ticker, moment(envelope.time, "time"), listings[ticker.symbol])
    return frame


class _Pool(msgspec.Struct):
    coin: str
    balance: str
    symbols: str = ""


_POOLS = msgspec.json.Decoder(Page[_Pool])


def parse_insurance(payload: bytes) -> RowBatch:
    """Return pool balances; ``symbols`` names the contracts that share a pool."""
    batch, got = RowBatch(), _result(payload, _POOLS, "insurance")
    ts = moment(got.updatedTime, "updatedTime")
    for pool in got.rows:
        row = (ts, pool.coin, number(pool.balance, "balance"), None, None)
        batch.add("insurance_fund", pool.symbols or pool.coin, row)
    return batch


class _RestAlert(msgspec.Struct):
    coin: str
    symbol: str
    balance: str
    maxBalance: str  # noqa: N815
    insurancePnlRatio: str  # noqa: N815
    pnlRatio: str  # noqa: N815
    adlTriggerThreshold: str  # noqa: N815


_ALERTS = msgspec.json.Decoder(Page[_RestAlert])


def parse_adl_alerts(payload: bytes) -> RowBatch:
    """Return each contract's pool with its 8-hour peak and whether auto-deleveraging is on."""
    batch, got = RowBatch(), _result(payload, _ALERTS, "adlAlert")
    ts = moment(got.updatedTime, "updatedTime")
    for a in got.rows:
        alert = AdlAlert(
            a.coin, a.symbol, a.balance, a.maxBalance, a.insurancePnlRatio, a.pnlRatio, a.adlTriggerThreshold
        )
        balance = number(a.balance, "balance")
        row = (ts, a.coin, balance, number(a.maxBalance, "maxBalance"), adl_state(alert, balance))
        batch.add("insurance_fund", a.symbol, row)
    return batch


class _Position(msgspec.Struct):
    symbol: str
    side: str
    size: str
    avgPrice: str  # noqa: N815
    markPrice: str  # noqa: N815
    leverage: str
    tradeMode: int  # noqa: N815
    positionBalance: str  # noqa: N815
    liqPrice: str  # noqa: N815
    unrealisedPnl: str  # noqa: N815
    updatedTime: str  # noqa: N815


_POSITIONS = msgspec.json.Decoder(Page[_Position])


def parse_positions(payload: bytes, account: str) -> RowBatch:
    """Return an account's own positions (a private endpoint's answer); an empty ``side`` is no position."""
    batch = RowBatch()
    for p in _result(payload, _POSITIONS, "position/list").rows:
        if p.side not in {"Buy", "Sell"}:
            continue
        row = (
            moment(p.updatedTime, "updatedTime"), account, "long" if p.side == "Buy" else "short",
            positive(p.size, "size"), positive(p.avgPrice, "avgPrice"), zero_is_absent(p.markPrice, "markPrice"),
            zero_is_absent(p.leverage, "leverage"), "isolated" if p.tradeMode == 1 else "cross",
            zero_is_absent(p.positionBalance, "positionBalance"), None, zero_is_absent(p.liqPrice, "liqPrice"), None,
            number(p.unrealisedPnl, "unrealisedPnl"),
        )  # fmt: skip
        batch.add("positions", p.symbol, row)
    return batch


class _Time(msgspec.Struct):
    timeNano: str  # noqa: N815


_TIME = msgspec.json.Decoder(_Time)


def parse_server_time(payload: bytes) -> int:
    """Return the venue's clock [ns]."""
    return int(positive(_result(payload, _TIME, "time").timeNano, "timeNano"))
