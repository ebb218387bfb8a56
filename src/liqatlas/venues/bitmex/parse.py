"""BitMEX rows of recorded messages and answers as rows of ours. Pure: bytes in, rows out. Sizes are contracts.

Every table of the stream (``{"table": …, "data": [row, …]}``) and every REST answer holds the same rows; a recording may hold one
row alone. Sources, read 2026-11-22, field by field in docs/reference/venues/bitmex.md: https://www.bitmex.com/app/wsAPI
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from liqatlas.base.clock import MINUTE_NS, NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.venues.fields import not_negative, number, positive, ticks
from liqatlas.venues.frames import BookChange, Control, Frame, Ticker
from liqatlas.venues.payload import decode, listed, value_usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing

VENUE = "bitmex"
T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
#: Intervals are written as a moment after 2000-01-01.
_INTERVAL_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
Side = Literal["Buy", "Sell"]


class Trade(msgspec.Struct):
    """A trade; ``side`` is the taker's; only ``Regular`` ones are on the book."""

    timestamp: datetime
    symbol: str
    side: Side
    size: int
    price: float
    trdMatchID: str  # noqa: N815 -- the venue's names in these structs
    trdType: str = "Regular"  # noqa: N815


class Bin(msgspec.Struct):
    """A bar; ``timestamp`` is its END; a bar without a trade has no prices."""

    timestamp: datetime
    symbol: str
    volume: int
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None


class Liquidation(msgspec.Struct):
    """A liquidation order that rests: ``side`` is the ORDER's, the price the bankruptcy price; it carries no moment."""

    orderID: str  # noqa: N815
    symbol: str
    side: Side | None = None
    price: float | None = None
    leavesQty: int | None = None  # noqa: N815


class Quote(msgspec.Struct):
    """Best bid and ask."""

    timestamp: datetime
    symbol: str
    bidPrice: float | None = None  # noqa: N815
    bidSize: int | None = None  # noqa: N815
    askPrice: float | None = None  # noqa: N815
    askSize: int | None = None  # noqa: N815


class Funding(msgspec.Struct):
    """A payment that happened."""

    timestamp: datetime
    symbol: str
    fundingInterval: datetime  # noqa: N815
    fundingRate: float  # noqa: N815


class State(msgspec.Struct):
    """The state of a contract; updates carry only what changed."""

    symbol: str
    timestamp: datetime
    markPrice: float | None = None  # noqa: N815
    indicativeSettlePrice: float | None = None  # noqa: N815
    openInterest: int | None = None  # noqa: N815
    lastPrice: float | None = None  # noqa: N815


class Book10(msgspec.Struct):
    """Ten levels a side, whole."""

    symbol: str
    bids: list[tuple[float, int]]
    asks: list[tuple[float, int]]
    timestamp: datetime


class BookLevel(msgspec.Struct):
    """One resting level; ``size`` is absent where it is deleted."""

    symbol: str
    id: int
    side: Side
    timestamp: datetime
    price: float | None = None
    size: int = 0


class Position(msgspec.Struct):
    """An account's own position; ``currentQty`` is signed contracts."""

    account: int
    symbol: str
    currentQty: int  # noqa: N815
    timestamp: datetime
    avgEntryPrice: float | None = None  # noqa: N815
    markPrice: float | None = None  # noqa: N815
    leverage: float | None = None
    crossMargin: bool | None = None  # noqa: N815
    liquidationPrice: float | None = None  # noqa: N815


class Problem(msgspec.Struct):
    """What an error answer says."""

    message: str
    name: str = ""


class Failure(msgspec.Struct):
    """An error answer."""

    error: Problem


_ROWS: dict[str, msgspec.json.Decoder[object]] = {
    "trade": msgspec.json.Decoder(list[Trade]), "tradeBin1m": msgspec.json.Decoder(list[Bin]),
    "liquidation": msgspec.json.Decoder(list[Liquidation]), "quote": msgspec.json.Decoder(list[Quote]),
    "funding": msgspec.json.Decoder(list[Funding]), "instrument": msgspec.json.Decoder(list[State]),
    "orderBook10": msgspec.json.Decoder(list[Book10]), "orderBookL2": msgspec.json.Decoder(list[BookLevel]),
    "position": msgspec.json.Decoder(list[Position]),
}  # fmt: skip
_FAILURE = msgspec.json.Decoder(Failure)


def parse_rows(table: str, payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
    """Return what rows of a table say: one row, or a list of them.

    Parameters
    ----------
    table
        ``trade``, ``tradeBin1m``, ``liquidation``, ``quote``, ``funding``, ``instrument``, ``orderBook10``, ``orderBookL2``,
        ``position``.
    recv_ns
        Moment of receipt, for liquidations, which carry none.

    Raises
    ------
    FormatError
        If the table is unknown or a row is not of its form.
    UnknownSymbolError
        If a symbol is not listed.
    """
    decoder = _ROWS.get(table)
    if decoder is None:
        raise FormatError(f"{VENUE}:{table}", f"this table is not read: wanted one of {', '.join(_ROWS)}")
    text = payload.strip()
    rows = decode(decoder, text if text.startswith(b"[") else b"[" + text + b"]", f"{VENUE}:{table}")
    frame = Frame()
    for row in rows:  # type: ignore[attr-defined]
        of = listed(listings, row.symbol, VENUE).instrument
        _add_row(frame, row, of, recv_ns)
    return frame


def parse_failure(payload: bytes) -> Frame:
    """Return an error answer."""
    problem = decode(_FAILURE, payload, f"{VENUE}:error").error
    return Frame(control=Control("error", problem.message, problem.name))


def _add_row(frame: Frame, row: object, of: Instrument, recv_ns: int) -> None:
    """Add one row of any table."""
    if isinstance(row, Trade):
        _add_trade(frame, row, of)
    elif isinstance(row, Bin):
        _add_bin(frame, row, of)
    elif isinstance(row, Liquidation):
        _add_print(frame, row, of, recv_ns)
    elif isinstance(row, Quote):
        ts = instant(row.timestamp)
        for side, price, size in (("bid", row.bidPrice, row.bidSize), ("ask", row.askPrice, row.askSize)):
            if price is not None and size is not None:
                frame.batch.add(
                    "book_levels", row.symbol, (ts, side, 0, positive(price, "price"), native(size, of))
                )
    elif isinstance(row, Funding):
        hours = (row.fundingInterval - _INTERVAL_ZERO) / timedelta(hours=1)
        rate = number(row.fundingRate, "fundingRate")
        frame.batch.add("funding", row.symbol, (instant(row.timestamp), rate, hours, True))
    elif isinstance(row, State):
        _add_state(frame, row, of)
    elif isinstance(row, Position):
        _add_position(frame, row, of)
    elif isinstance(row, Book10):
        sides = [[(positive(p, "price"), native(q, of)) for p, q in side] for side in (row.bids, row.asks)]
        frame.books.append(BookChange(row.symbol, instant(row.timestamp), True, 0, 0, None, *sides))
    elif isinstance(row, BookLevel):
        level = [] if row.price is None else [(positive(row.price, "price"), native(row.size, of))]
        bids, asks = (level, []) if row.side == "Buy" else ([], level)
        frame.books.append(
            BookChange(row.symbol, instant(row.timestamp), False, row.id, row.id, None, bids, asks)
        )


def native(contracts: int, of: Instrument) -> float:
    """Return contracts in native units: USD of an inverse contract, coins of a linear or quanto one."""
    return not_negative(contracts, "size") * float(of.contract_value)


def instant(moment: datetime) -> int:
    """Return a moment as ns."""
    if moment.tzinfo is None:
        raise FormatError(f"{VENUE}:timestamp", f"{moment} names no time zone")
    return (moment - _EPOCH) // _MS * NS_PER_MS


def trade_number(match_id: str) -> int:
    """Return a trade id as an integer of 63 bits."""
    return int.from_bytes(hashlib.blake2b(match_id.encode(), digest_size=8).digest()) >> 1


def _add_trade(frame: Frame, row: Trade, of: Instrument) -> None:
    """Add a trade of the book."""
    if row.trdType != "Regular":
        frame.skip(f"trade {row.trdType} is not on the book")
        return
    price = ticks(str(row.price), of)
    found = (
        instant(row.timestamp),
        price,
        native(row.size, of),
        row.side == "Buy",
        trade_number(row.trdMatchID),
    )
    frame.batch.add("trades", row.symbol, found)


def _add_bin(frame: Frame, row: Bin, of: Instrument) -> None:
    """Add a one-minute bar, which ends at its timestamp; a minute without a price is left out and counted."""
    if row.open is None or row.high is None or row.low is None or row.close is None:
        frame.skip("bar without a trade")
        return
    end = instant(row.timestamp)
    bar = (
        end - MINUTE_NS, end, positive(row.open, "open"), positive(row.high, "high"), positive(row.low, "low"),
        positive(row.close, "close"), native(row.volume, of), None, "last",
    )  # fmt: skip
    frame.batch.add("bars", row.symbol, bar)


def _add_print(frame: Frame, row: Liquidation, of: Instrument, recv_ns: int) -> None:
    """Add a liquidation order as it was inserted; its updates and its deletion repeat it and are left out."""
    if row.side is None or row.price is None or row.leavesQty is None:
        frame.skip("update of a liquidation order")
        return
    price, size = positive(row.price, "price"), native(row.leavesQty, of)
    usd = value_usd(of, size, price)
    if usd is None:
        frame.skip("liquidation in a quote without a dollar peg")
        return
    liquidated = "short" if row.side == "Buy" else "long"
    frame.batch.add("liquidations", row.symbol, (recv_ns, liquidated, price, "bankruptcy", size, usd, None))


def _add_state(frame: Frame, row: State, of: Instrument) -> None:
    """Add mark with index, and open interest; an update that carries neither gives a summary alone."""
    ts = instant(row.timestamp)
    if row.markPrice is not None:
        mark = positive(row.markPrice, "markPrice")
        frame.batch.add("marks", row.symbol, (ts, mark, row.indicativeSettlePrice))
    if row.openInterest is not None:
        oi = native(row.openInterest, of)
        frame.batch.add("open_interest", row.symbol, (ts, oi, oi, oi if of.is_inverse else None))
    frame.tickers.append(Ticker(row.symbol, ts, last_price=row.lastPrice))


def _add_position(frame: Frame, row: Position, of: Instrument) -> None:
    """Add an account's own position."""
    if row.currentQty == 0 or row.avgEntryPrice is None:
        frame.skip("closed position")
        return
    mode = None if row.crossMargin is None else "cross" if row.crossMargin else "isolated"
    found = (
        instant(row.timestamp), str(row.account), "long" if row.currentQty > 0 else "short", native(abs(row.currentQty), of),
        positive(row.avgEntryPrice, "avgEntryPrice"), row.markPrice, row.leverage, mode, None, None, row.liquidationPrice, None,
        None,
    )  # fmt: skip
    frame.batch.add("positions", row.symbol, found)
