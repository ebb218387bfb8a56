"""Stream messages of Bitget's unified account as rows, for coin-margined futures. Pure: bytes in, rows out. Sizes are USD.

Sources (read 2026-11-22, field by field in docs/reference/venues/bitget_coinm.md): https://www.bitget.com/api-doc/uta/websocket/public
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.errors import FormatError
from liqatlas.venues.bitget_coinm.units import OpenInterestUnit, face_value, open_interest_usd
from liqatlas.venues.fields import moment, number, optional, positive, ticks, zero_is_absent
from liqatlas.venues.frames import Control, Frame, Ticker
from liqatlas.venues.payload import decode, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing
    from liqatlas.venues.rows import Row

VENUE = "bitget_coinm"
Levels = list[tuple[str, str]]


class Arg(msgspec.Struct):
    """What was subscribed to."""

    topic: str = ""
    symbol: str = ""


class StreamTrade(msgspec.Struct):
    """A trade: price, size in the quote coin, side of the fill, moment, id."""

    p: str
    v: str
    S: str
    T: str
    i: str


class MarketTicker(msgspec.Struct):
    """The state of a contract; REST adds symbol and moment."""

    symbol: str = ""
    ts: str = ""
    lastPrice: str = ""  # noqa: N815 -- the venue's names in these structs
    bid1Price: str = ""  # noqa: N815
    ask1Price: str = ""  # noqa: N815
    markPrice: str = ""  # noqa: N815
    indexPrice: str = ""  # noqa: N815
    fundingRate: str = ""  # noqa: N815
    openInterest: str = ""  # noqa: N815
    volume24h: str = ""
    turnover24h: str = ""


class Message(msgspec.Struct):
    """A message of any kind; ``event`` marks answers, ``action`` data."""

    event: str = ""
    action: str = ""
    code: int | str = ""
    msg: str = ""
    ts: int | str = 0
    arg: Arg = msgspec.field(default_factory=Arg)
    data: msgspec.Raw = msgspec.Raw(b"[]")


_MESSAGE = msgspec.json.Decoder(Message)
_TRADES = msgspec.json.Decoder(list[StreamTrade])
_TICKERS = msgspec.json.Decoder(list[MarketTicker])


def parse_frame(payload: bytes, listings: Mapping[str, Listing], unit: OpenInterestUnit | None) -> Frame:
    """Return what a stream message says; ``unit`` is what open interest counts here.

    Raises
    ------
    FormatError
        If the message is not of the documented form, or a size is in no unit that is known.
    UnknownSymbolError
        If its contract is not listed.
    """
    if payload == b"pong":
        return Frame(control=Control("pong"))
    got, frame = decode(_MESSAGE, payload, f"{VENUE}:stream"), Frame()
    if got.event:
        return Frame(control=Control("error" if got.event == "error" else "ack", got.msg, str(got.code)))
    data, symbol, topic = bytes(got.data), got.arg.symbol, got.arg.topic
    if topic == "publicTrade":
        of = listed(listings, symbol, VENUE).instrument
        found = decode(_TRADES, data, f"{VENUE}:publicTrade")
        frame.batch.extend("trades", symbol, [trade_row(t.T, t.p, t.v, t.S, t.i, of=of) for t in found])
    elif topic == "ticker":
        for ticker in decode(_TICKERS, data, f"{VENUE}:ticker"):
            ts = moment(ticker.ts or got.ts, "ts")
            add_ticker(frame, ticker, ts, listed(listings, symbol, VENUE), unit)
    else:
        return Frame(control=Control("notice", topic))
    return frame


def trade_row(ts: str, price: str, size: str, side: str, number_of: str, *, of: Instrument) -> Row:
    """Return a trades row; ``side`` is the fill's, taken as the taker's."""
    taker_side = side.lower()
    if taker_side not in {"buy", "sell"}:
        raise FormatError(f"{VENUE}:trade", f"side {side!r} is neither buy nor sell")
    if not number_of.isdecimal():
        raise FormatError(f"{VENUE}:trade", f"id {number_of!r} is no number")
    positive(size, "size")
    usd = face_value(size, of, f"{VENUE}:trade")
    return (moment(ts, "ts"), ticks(price, of), usd, taker_side == "buy", int(number_of))


def add_ticker(
    frame: Frame, ticker: MarketTicker, ts: int, listing: Listing, unit: OpenInterestUnit | None
) -> None:
    """Add mark, index, open interest and the running funding rate; open interest of no known unit is left out and counted."""
    of = listing.instrument
    mark = zero_is_absent(ticker.markPrice, "markPrice")
    if mark is not None:
        frame.batch.add("marks", of.symbol, (ts, mark, zero_is_absent(ticker.indexPrice, "indexPrice")))
    if ticker.openInterest:
        usd = open_interest_usd(ticker.openInterest, of, unit, mark) if unit else None
        if usd is None:
            frame.skip("open interest whose unit cannot be told")
        else:
            published = number(ticker.openInterest, "openInterest")
            frame.batch.add("open_interest", of.symbol, (ts, usd, published, usd))
    if ticker.fundingRate and of.expiry_ns is None:
        rate = number(ticker.fundingRate, "fundingRate")
        frame.batch.add("funding", of.symbol, (ts, rate, listing.funding_interval_h or 8.0, False))
    frame.tickers.append(
        Ticker(
            of.symbol, ts, last_price=zero_is_absent(ticker.lastPrice, "lastPrice"), bid=zero_is_absent(ticker.bid1Price, "bid1Price"),
            ask=zero_is_absent(ticker.ask1Price, "ask1Price"), turnover_24h=optional(ticker.turnover24h, "turnover24h"),
        )
    )  # fmt: skip


def book_levels(levels: Levels, of: Instrument) -> list[tuple[float, float]]:
    """Return book levels as numbers, sizes in USD."""
    return [(positive(price, "price"), face_value(size, of, f"{VENUE}:book")) for price, size in levels]
