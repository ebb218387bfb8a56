"""dYdX v4 stream messages as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/dydx.md):
https://docs.dydx.exchange/api_integration-indexer/indexer_websocket
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.venues.dydx.consts import FUNDING_INTERVAL_H
from liqatlas.venues.fields import not_negative, number, positive, ticks
from liqatlas.venues.frames import BookChange, Control, Frame
from liqatlas.venues.payload import decode, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing
    from liqatlas.venues.rows import Row

VENUE = "dydx"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
Side = Literal["BUY", "SELL"]


class Trade(msgspec.Struct):
    """A taker's fill; ``side`` is the TAKER's. ``type`` LIQUIDATED: the taker was liquidated; DELEVERAGED: closed off the book."""

    id: str
    side: Side
    size: str
    price: str
    createdAt: datetime  # noqa: N815 -- the venue's names in these structs
    type: str = "LIMIT"


class Level(msgspec.Struct):
    """A level of a whole book."""

    price: str
    size: str


class Market(msgspec.Struct):
    """What a market message may say of a market; updates carry only what changed."""

    oraclePrice: str | None = None  # noqa: N815
    nextFundingRate: str | None = None  # noqa: N815
    openInterest: str | None = None  # noqa: N815
    status: str | None = None


class Oracle(msgspec.Struct):
    """An oracle price and the moment of its block."""

    oraclePrice: str  # noqa: N815
    effectiveAt: datetime  # noqa: N815


class Candle(msgspec.Struct):
    """A candle; ``baseTokenVolume`` is coins, ``startingOpenInterest`` coins at its beginning."""

    startedAt: datetime  # noqa: N815
    ticker: str
    resolution: str
    low: str
    high: str
    open: str
    close: str
    baseTokenVolume: str  # noqa: N815
    startingOpenInterest: str | None = None  # noqa: N815


class Contents(msgspec.Struct):
    """The contents of any channel."""

    trades: list[Trade] = []
    markets: dict[str, Market] = {}
    trading: dict[str, Market] = {}
    oraclePrices: dict[str, Oracle] = {}  # noqa: N815
    bids: list[Level | tuple[str, str]] = []
    asks: list[Level | tuple[str, str]] = []


class Message(msgspec.Struct):
    """A message of any kind."""

    type: str
    channel: str = ""
    id: str = ""
    message: str = ""
    message_id: int = 0
    contents: msgspec.Raw = msgspec.Raw(b"{}")


_MESSAGE = msgspec.json.Decoder(Message)
_CONTENTS = msgspec.json.Decoder(Contents)
_DATA = frozenset({"subscribed", "channel_data"})


def parse_frame(payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
    """Return what a stream message says.

    ``recv_ns`` dates what carries no moment of its own: rates, open interest, the first state of the markets.

    Raises
    ------
    FormatError
        If the message is not of the documented form.
    UnknownSymbolError
        If a trade's market is not listed.
    """
    got = decode(_MESSAGE, payload, f"{VENUE}:stream")
    if got.type == "error":
        return Frame(control=Control("error", got.message))
    if got.type not in _DATA:
        return Frame(control=Control("ack" if got.type == "unsubscribed" else "notice", got.type))
    if got.channel == "v4_candles":  # not subscribed to: bars come from REST, whole
        return Frame(control=Control("notice", "candles are asked for at REST"))
    contents, frame = decode(_CONTENTS, bytes(got.contents), f"{VENUE}:{got.channel}"), Frame()
    if got.channel == "v4_trades":
        of = listed(listings, got.id, VENUE).instrument
        add_trades(frame, contents.trades, of, prints=got.type == "channel_data")
    elif got.channel == "v4_markets":
        _add_markets(frame, contents, recv_ns)
    elif got.channel == "v4_orderbook":
        whole = got.type == "subscribed"
        n = got.message_id
        sides = book_levels(contents.bids), book_levels(contents.asks)
        frame.books.append(BookChange(got.id, recv_ns, whole, n, n, None, *sides))
    return frame


def add_trades(frame: Frame, trades: Iterable[Trade], of: Instrument, *, prints: bool = True) -> None:
    """Add trades, and prints of those that closed a position by force.

    The first message after subscribing repeats old trades: trades are told from replays by id, prints are not, so it gives none.
    """
    for trade in trades:
        ts = instant(trade.createdAt)
        forced = trade.type in {"LIQUIDATED", "DELEVERAGED"}
        if trade.type == "DELEVERAGED":
            frame.skip("deleveraging is not on the book")
        else:
            frame.batch.add("trades", of.symbol, trade_row(trade, of, ts))
        if forced and prints:
            price, size = positive(trade.price, "price"), positive(trade.size, "size")
            kind = "fill" if trade.type == "LIQUIDATED" else "bankruptcy"
            liquidated = "long" if trade.side == "SELL" else "short"
            row = (ts, liquidated, price, kind, size, size * price, None)
            frame.batch.add("liquidations", of.symbol, row)


def trade_row(trade: Trade, of: Instrument, ts: int) -> Row:
    """Return a trades row; ``side`` is the taker's."""
    size = positive(trade.size, "size")
    return (ts, ticks(trade.price, of), size, trade.side == "BUY", trade_number(trade.id))


def trade_number(trade_id: str) -> int:
    """Return a trade id as an integer of 63 bits: ids are texts without an order we could rely on."""
    if not trade_id:
        raise FormatError(f"{VENUE}:trade id", "it is empty")
    return int.from_bytes(hashlib.blake2b(trade_id.encode(), digest_size=8).digest()) >> 1


def instant(moment: datetime) -> int:
    """Return a moment as ns; the indexer writes ms and the time zone."""
    if moment.tzinfo is None:
        raise FormatError(f"{VENUE}:moment", f"{moment} names no time zone")
    return (moment - _EPOCH) // _MS * NS_PER_MS


def book_levels(levels: Iterable[Level | tuple[str, str]]) -> list[tuple[float, float]]:
    """Return book levels as numbers; size 0 removes a level."""
    pairs = ((x.price, x.size) if isinstance(x, Level) else x for x in levels)
    return [(positive(price, "price"), not_negative(size, "size")) for price, size in pairs]


def add_market(frame: Frame, name: str, market: Market, at_ns: int) -> None:
    """Add what is known of a market: the oracle price is the price that triggers liquidation."""
    if market.oraclePrice:
        price = positive(market.oraclePrice, "oraclePrice")
        frame.batch.add("marks", name, (at_ns, price, price))
    if market.openInterest:
        oi = not_negative(market.openInterest, "openInterest")
        frame.batch.add("open_interest", name, (at_ns, oi, oi, None))
    if market.nextFundingRate:
        rate = number(market.nextFundingRate, "nextFundingRate")
        frame.batch.add("funding", name, (at_ns, rate, FUNDING_INTERVAL_H, False))


def _add_markets(frame: Frame, contents: Contents, recv_ns: int) -> None:
    """Add markets: the whole state once, then what changed and new oracle prices."""
    for markets in (contents.markets, contents.trading):
        for name, market in markets.items():
            add_market(frame, name, market, recv_ns)
    for name, oracle in contents.oraclePrices.items():
        price = positive(oracle.oraclePrice, "oraclePrice")
        frame.batch.add("marks", name, (instant(oracle.effectiveAt), price, price))
