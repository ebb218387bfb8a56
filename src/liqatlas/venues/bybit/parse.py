"""Bybit v5 public stream messages (linear and inverse) as rows. Pure: bytes in, rows out.

``openInterest`` counts both sides (``base.instruments.VENUES``); rows carry the one-sided figure beside it.

Sources (read 2026-11-22, field by field in docs/reference/venues/bybit.md):
https://bybit-exchange.github.io/docs/v5/websocket/public/trade and the pages beside it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.fields import moment, not_negative, number, optional, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Listing, Ticker
from liqatlas.venues.payload import decode, listed, value_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.rows import Row

VENUE = "bybit"
Levels = list[tuple[str, str]]
Side = Literal["Buy", "Sell"]
_SIDES = VENUES[VENUE].open_interest_sides
_LOW_63_BITS = (1 << 63) - 1


class Envelope(msgspec.Struct):
    """Any message: data under a topic, or the answer to an operation."""

    topic: str = ""
    type: str = ""
    ts: int = 0
    data: msgspec.Raw = msgspec.Raw(b"null")
    success: bool | None = None
    op: str = ""
    ret_msg: str = ""
    req_id: str = ""


class Trade(msgspec.Struct):
    """A trade; ``S`` is the TAKER's side, ``BT`` a block trade agreed off the book."""

    T: int
    s: str
    S: Side
    v: str
    p: str
    i: str
    BT: bool = False


class Liquidation(msgspec.Struct):
    """A liquidation; ``S`` is the POSITION's side (Buy = a long was liquidated), ``p`` the bankruptcy price."""

    T: int
    s: str
    S: Side
    v: str
    p: str


class Book(msgspec.Struct):
    """Book levels; ``u`` counts updates one by one, 1 after a restart of the service."""

    s: str
    b: Levels
    a: Levels
    u: int
    seq: int = 0


class MarketTicker(msgspec.Struct):
    """A market summary; a delta leaves out what did not change."""

    symbol: str
    lastPrice: str | None = None  # noqa: N815 -- the venue's names
    markPrice: str | None = None  # noqa: N815
    indexPrice: str | None = None  # noqa: N815
    openInterest: str | None = None  # noqa: N815
    openInterestValue: str | None = None  # noqa: N815
    singleOpenInterest: str | None = None  # noqa: N815
    singleOpenInterestValue: str | None = None  # noqa: N815
    fundingRate: str | None = None  # noqa: N815
    fundingIntervalHour: str | None = None  # noqa: N815
    bid1Price: str | None = None  # noqa: N815
    ask1Price: str | None = None  # noqa: N815
    volume24h: str | None = None
    turnover24h: str | None = None


class Bar(msgspec.Struct):
    """A kline; ``end`` is its last millisecond, ``confirm`` whether it is closed."""

    start: int
    end: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    confirm: bool


class Pool(msgspec.Struct):
    """The balance of an insurance pool."""

    coin: str
    symbols: str
    balance: str
    updateTime: str  # noqa: N815


class AdlAlert(msgspec.Struct):
    """An insurance pool as auto-deleveraging sees it; ``mb`` its 8-hour peak, ``pr`` the drawdown ratio."""

    c: str
    s: str
    b: float | str
    mb: float | str
    i_pr: float | str
    pr: float | str
    adl_tt: float | str


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TRADES = msgspec.json.Decoder(list[Trade])
_LIQUIDATIONS = msgspec.json.Decoder(list[Liquidation])
_BOOK = msgspec.json.Decoder(Book)
_TICKER = msgspec.json.Decoder(MarketTicker)
_BARS = msgspec.json.Decoder(list[Bar])
_POOLS = msgspec.json.Decoder(list[Pool])
_ALERTS = msgspec.json.Decoder(list[AdlAlert])


def parse_frame(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says.

    Raises
    ------
    FormatError
        If the message or its topic is not of the documented form.
    UnknownSymbolError
        If its symbol is not listed.
    """
    envelope = decode(_ENVELOPE, payload, f"{VENUE}:stream")
    if not envelope.topic:
        return Frame(control=_control(envelope))
    channel = envelope.topic.partition(".")[0]
    reader = _READERS.get(channel)
    if reader is None:
        raise FormatError(f"{VENUE}:stream", f"topic {envelope.topic!r} is unknown")
    frame = Frame()
    reader(frame, envelope, listings)
    return frame


def _control(envelope: Envelope) -> Control:
    """Return a pong, an acknowledgement or an error."""
    if envelope.op in {"ping", "pong"} or envelope.ret_msg == "pong":
        return Control("pong")
    if envelope.success is False:
        return Control("error", envelope.ret_msg, envelope.req_id)
    return Control("ack", envelope.ret_msg, envelope.req_id)


def trade_number(trade_id: str) -> int:
    """Return a trade id as an integer: a number as it is, a UUID by its lowest 63 bits.

    Two different UUIDs share 63 bits once in 10¹⁸ pairs; beside the moment they serve to tell replays from trades.
    """
    if trade_id.isdecimal():
        return int(trade_id) & _LOW_63_BITS
    digits = trade_id.replace("-", "")
    try:
        if len(digits) == 32:
            return int(digits, 16) & _LOW_63_BITS
    except ValueError:
        pass  # said below, as for a wrong length
    raise FormatError(f"{VENUE}:trade id", f"{trade_id!r} is neither a number nor a UUID") from None


def trade_row(ts: str | int, price: str, size: str, side: Side, trade_id: str, of: Instrument) -> Row:  # noqa: PLR0917
    """Return a trades row; sizes are base coins (linear) or USD (inverse, one contract is one USD)."""
    return (
        moment(ts, "T"), ticks(price, of), positive(size, "v"), side == "Buy", trade_number(trade_id),
    )  # fmt: skip


def book_levels(levels: Levels) -> list[tuple[float, float]]:
    """Return book levels as numbers."""
    return [(float(price), float(quantity)) for price, quantity in levels]


def _add_trades(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for t in decode(_TRADES, envelope.data, f"{VENUE}:publicTrade"):
        of = listed(listings, t.s, VENUE).instrument
        if t.BT:
            frame.skip("block trade is not on the book")
        else:
            frame.batch.add("trades", t.s, trade_row(t.T, t.p, t.v, t.S, t.i, of))


def _add_liquidations(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for print_ in decode(_LIQUIDATIONS, envelope.data, f"{VENUE}:allLiquidation"):
        of = listed(listings, print_.s, VENUE).instrument
        quantity, price = positive(print_.v, "v"), positive(print_.p, "p")
        usd = value_usd(of, quantity, price)
        if usd is None:
            frame.skip("liquidation in a quote without a dollar peg")
            continue
        liquidated = "long" if print_.S == "Buy" else "short"
        row = (moment(print_.T, "T"), liquidated, price, "bankruptcy", quantity, usd, None)
        frame.batch.add("liquidations", print_.s, row)


def _add_book(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    del listings
    book = decode(_BOOK, envelope.data, f"{VENUE}:orderbook")
    snapshot = envelope.type == "snapshot" or book.u == 1
    previous = None if snapshot else book.u - 1
    frame.books.append(
        BookChange(
            book.s,
            envelope.ts * NS_PER_MS,
            snapshot,
            book.u,
            book.u,
            previous,
            book_levels(book.b),
            book_levels(book.a),
        )
    )


def _add_ticker(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    ticker = decode(_TICKER, envelope.data, f"{VENUE}:tickers")
    add_ticker(frame, ticker, moment(envelope.ts, "ts"), listed(listings, ticker.symbol, VENUE))


def one_side(single: str | None, both: float) -> float:
    """Return one side of what ``openInterest`` counts on both; the venue's own figure where it sends one (since June 2026)."""
    stated = optional(single, "singleOpenInterest")
    return both / _SIDES if stated is None else stated


def _one_side_usd(ticker: MarketTicker) -> float | None:
    both = optional(ticker.openInterestValue, "openInterestValue")
    return None if both is None else one_side(ticker.singleOpenInterestValue, both)


def add_ticker(frame: Frame, ticker: MarketTicker, ts: int, listing: Listing) -> None:
    """Add the mark, open-interest and funding rows that a summary holds; an absent field makes no row."""
    symbol, inverse = ticker.symbol, listing.instrument.is_inverse
    mark = zero_is_absent(ticker.markPrice, "markPrice")
    if mark is not None:
        frame.batch.add("marks", symbol, (ts, mark, zero_is_absent(ticker.indexPrice, "indexPrice")))
    published = optional(ticker.openInterest, "openInterest")
    if published is not None:
        oi = one_side(ticker.singleOpenInterest, published)
        usd = oi if inverse else _one_side_usd(ticker)
        frame.batch.add("open_interest", symbol, (ts, oi, published, usd))
    rate = optional(ticker.fundingRate, "fundingRate")
    if rate is not None and listing.instrument.expiry_ns is None:
        hours = (
            zero_is_absent(ticker.fundingIntervalHour, "fundingIntervalHour")
            or listing.funding_interval_h
            or 8.0
        )
        frame.batch.add("funding", symbol, (ts, rate, hours, False))
    frame.tickers.append(
        Ticker(
            symbol, ts,
            zero_is_absent(ticker.lastPrice, "lastPrice"), zero_is_absent(ticker.bid1Price, "bid1Price"),
            zero_is_absent(ticker.ask1Price, "ask1Price"), optional(ticker.volume24h, "volume24h"),
            optional(ticker.turnover24h, "turnover24h"),
        )
    )  # fmt: skip


def _add_bars(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    symbol = envelope.topic.rpartition(".")[2]
    listed(listings, symbol, VENUE)
    for bar in decode(_BARS, envelope.data, f"{VENUE}:kline"):
        if bar.confirm:
            row = (
                bar.start * NS_PER_MS, (bar.end + 1) * NS_PER_MS, positive(bar.open, "open"), positive(bar.high, "high"),
                positive(bar.low, "low"), positive(bar.close, "close"), not_negative(bar.volume, "volume"), None, "last",
            )  # fmt: skip
            frame.batch.add("bars", symbol, row)


def _add_pools(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    del listings
    for pool in decode(_POOLS, envelope.data, f"{VENUE}:insurance"):
        row = (moment(pool.updateTime, "updateTime"), pool.coin, number(pool.balance, "balance"), None, None)
        frame.batch.add("insurance_fund", pool.symbols, row)


def _add_alerts(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    del listings
    ts = moment(envelope.ts, "ts")
    for alert in decode(_ALERTS, envelope.data, f"{VENUE}:adlAlert"):
        balance = number(alert.b, "b")
        row = (ts, alert.c, balance, number(alert.mb, "mb"), adl_state(alert, balance))
        frame.batch.add("insurance_fund", alert.s, row)


def adl_state(alert: AdlAlert, balance: float) -> str:
    """Return ``adl`` where the venue's own two conditions hold: pool empty, or drawdown below its threshold.

    The second counts only while the pool is above ``adl_tt``.
    """
    drawn_down = balance > number(alert.adl_tt, "adl_tt") and number(alert.pr, "pr") < number(
        alert.i_pr, "i_pr"
    )
    return "adl" if balance <= 0 or drawn_down else "normal"


_READERS: dict[str, Callable[[Frame, Envelope, Mapping[str, Listing]], None]] = {
    "publicTrade": _add_trades,
    "trade": _add_trades,
    "allLiquidation": _add_liquidations,
    "orderbook": _add_book,
    "tickers": _add_ticker,
    "kline": _add_bars,
    "insurance": _add_pools,
    "adlAlert": _add_alerts,
}
