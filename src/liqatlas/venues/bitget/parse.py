"""Bitget stream messages as rows. Pure: bytes in, rows out. Sizes are base coins.

Sources (read 2026-11-22, field by field in docs/reference/venues/bitget.md): https://www.bitget.com/api-doc/contract/websocket/public
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.errors import FormatError
from liqatlas.venues.fields import moment, not_negative, number, optional, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Ticker
from liqatlas.venues.payload import decode, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing
    from liqatlas.venues.rows import Row

VENUE = "bitget"
Levels = list[tuple[str, str]]


class Arg(msgspec.Struct):
    """What was subscribed to."""

    channel: str = ""
    instId: str = ""  # noqa: N815 -- the venue's names in these structs


class Trade(msgspec.Struct):
    """A trade; ``side`` is the taker's, in lower case in streams and either case at REST."""

    ts: str
    price: str
    size: str
    side: str
    tradeId: str  # noqa: N815


class MarketTicker(msgspec.Struct):
    """The state of a contract; ``holdingAmount`` is open interest in base coins."""

    ts: str
    lastPr: str = ""  # noqa: N815
    bidPr: str | None = None  # noqa: N815
    askPr: str | None = None  # noqa: N815
    markPrice: str = ""  # noqa: N815
    indexPrice: str = ""  # noqa: N815
    fundingRate: str = ""  # noqa: N815
    holdingAmount: str = ""  # noqa: N815
    baseVolume: str = ""  # noqa: N815
    quoteVolume: str = ""  # noqa: N815
    symbol: str = ""


class Book(msgspec.Struct):
    """A whole book of fifteen levels a side."""

    bids: Levels
    asks: Levels
    ts: str
    seq: int = 0


class Message(msgspec.Struct):
    """A message of any kind; ``event`` marks answers, ``action`` data."""

    event: str = ""
    action: str = ""
    code: int | str = ""
    msg: str = ""
    arg: Arg = msgspec.field(default_factory=Arg)
    data: msgspec.Raw = msgspec.Raw(b"[]")


_MESSAGE = msgspec.json.Decoder(Message)
_TRADES = msgspec.json.Decoder(list[Trade])
_TICKERS = msgspec.json.Decoder(list[MarketTicker])
_BOOKS = msgspec.json.Decoder(list[Book])


def parse_frame(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says.

    Raises
    ------
    FormatError
        If the message is not of the documented form.
    UnknownSymbolError
        If its contract is not listed.
    """
    if payload == b"pong":
        return Frame(control=Control("pong"))
    got, frame = decode(_MESSAGE, payload, f"{VENUE}:stream"), Frame()
    if got.event:
        return Frame(control=Control("error" if got.event == "error" else "ack", got.msg, str(got.code)))
    data, symbol, where = bytes(got.data), got.arg.instId, f"{VENUE}:{got.arg.channel}"
    if got.arg.channel == "trade":
        of = listed(listings, symbol, VENUE).instrument
        frame.batch.extend("trades", symbol, [trade_row(t, of) for t in decode(_TRADES, data, where)])
    elif got.arg.channel == "ticker":
        for ticker in decode(_TICKERS, data, where):
            add_ticker(frame, ticker, symbol, listed(listings, symbol, VENUE))
    elif got.arg.channel.startswith("books"):
        for book in decode(_BOOKS, data, where):
            ids = (book.seq, book.seq, None)
            sides = book_levels(book.bids), book_levels(book.asks)
            frame.books.append(BookChange(symbol, moment(book.ts, "ts"), True, *ids, *sides))
    else:
        return Frame(control=Control("notice", got.arg.channel))
    return frame


def trade_row(trade: Trade, of: Instrument) -> Row:
    """Return a trades row."""
    taker_side = trade.side.lower()
    if taker_side not in {"buy", "sell"}:
        raise FormatError(f"{VENUE}:trade", f"side {trade.side!r} is neither buy nor sell")
    if not trade.tradeId.isdecimal():
        raise FormatError(f"{VENUE}:trade", f"id {trade.tradeId!r} is no number")
    ts, size = moment(trade.ts, "ts"), positive(trade.size, "size")
    return (ts, ticks(trade.price, of), size, taker_side == "buy", int(trade.tradeId))


def add_ticker(frame: Frame, ticker: MarketTicker, symbol: str, listing: Listing) -> None:
    """Add mark, index, open interest and the running funding rate."""
    ts = moment(ticker.ts, "ts")
    mark = zero_is_absent(ticker.markPrice, "markPrice")
    if mark is not None:
        frame.batch.add("marks", symbol, (ts, mark, zero_is_absent(ticker.indexPrice, "indexPrice")))
    if ticker.holdingAmount:
        oi = not_negative(ticker.holdingAmount, "holdingAmount")
        frame.batch.add("open_interest", symbol, (ts, oi, oi, None))
    if ticker.fundingRate:
        rate = number(ticker.fundingRate, "fundingRate")
        frame.batch.add("funding", symbol, (ts, rate, listing.funding_interval_h or 8.0, False))
    frame.tickers.append(
        Ticker(
            symbol, ts, last_price=zero_is_absent(ticker.lastPr, "lastPr"), bid=zero_is_absent(ticker.bidPr, "bidPr"),
            ask=zero_is_absent(ticker.askPr, "askPr"), volume_24h_native=optional(ticker.baseVolume, "baseVolume"),
            turnover_24h=optional(ticker.quoteVolume, "quoteVolume"),
        )
    )  # fmt: skip


def book_levels(levels: Levels) -> list[tuple[float, float]]:
    """Return book levels as numbers."""
    return [(positive(price, "price"), not_negative(size, "size")) for price, size in levels]
