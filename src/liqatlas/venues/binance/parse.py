"""Binance stream messages as rows, of USD-M and of COIN-M, which speak alike. Pure: bytes in, rows out.

Every size is multiplied by the contract's native quantity: 1 coin on USD-M, 100 or 10 USD on COIN-M.

Sources (read 2026-11-22, field by field in docs/reference/venues/binance.md):
https://developers.binance.com/docs/derivatives/usds-margined-futures
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.venues.fields import moment, not_negative, optional, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Listing, Ticker
from liqatlas.venues.payload import decode, listed, value_usd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.rows import Row

VENUE = "binance"
Levels = list[tuple[str, str]]


class AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade"):
    """Fills of one taker order at one price; ``m``: the buyer was the maker, so the taker sold."""

    a: int
    s: str
    p: str
    q: str
    T: int
    m: bool


class Trade(msgspec.Struct, tag_field="e", tag="trade"):
    """One fill (undocumented stream kept for recordings); ``X`` other than MARKET did not trade on the book."""

    t: int
    s: str
    p: str
    q: str
    T: int
    m: bool
    X: str = "MARKET"


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """Changed book levels; ``pu`` is the ``u`` of the event before."""

    s: str
    T: int
    U: int
    u: int
    pu: int
    b: Levels
    a: Levels


class BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker"):
    """Best bid and ask."""

    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    T: int


class Bar(msgspec.Struct):
    """A kline; ``T`` is its last millisecond, ``x`` whether it is closed, ``V`` the taker-buy volume."""

    t: int
    T: int
    o: str
    h: str
    l: str  # noqa: E741 -- the venue's name
    c: str
    v: str
    V: str
    x: bool


class Kline(msgspec.Struct, tag_field="e", tag="kline"):
    """A running or closed kline."""

    s: str
    k: Bar


class MarkPrice(msgspec.Struct, tag_field="e", tag="markPriceUpdate"):
    """Mark ``p``, index ``i``, predicted funding ``r`` of the payment at ``T`` (no transaction time)."""

    E: int
    s: str
    p: str
    i: str = ""
    r: str = ""
    T: int = 0


class ForcedOrder(msgspec.Struct):
    """A liquidation order; ``S`` is the ORDER's side, ``ap`` the average fill, ``z`` the filled quantity."""

    s: str
    S: Literal["BUY", "SELL"]
    q: str
    p: str
    ap: str
    X: str
    z: str
    T: int


class ForceOrder(msgspec.Struct, tag_field="e", tag="forceOrder"):
    """The latest liquidation order of a symbol within one second."""

    o: ForcedOrder


class DayTicker(msgspec.Struct, tag_field="e", tag="24hrTicker"):
    """Rolling 24 hours; ``v`` base volume, ``q`` quote turnover."""

    E: int
    s: str
    c: str
    v: str
    q: str


Event = AggTrade | Trade | Depth | BookTicker | Kline | MarkPrice | ForceOrder | DayTicker


class Combined(msgspec.Struct):
    """A combined-stream frame."""

    stream: str
    data: Event | list[MarkPrice]


class Reply(msgspec.Struct):
    """The answer to a SUBSCRIBE: ``{"result": null, "id": 1}`` or ``{"error": {...}}``."""

    id: int | str | None = None
    error: dict[str, int | str] | None = None
    code: int | None = None
    msg: str = ""


_REPLY = msgspec.json.Decoder(Reply)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of Binance's exchanges: its key, and the decoders of a combined frame and of a raw event it may send."""

    venue: str
    combined: msgspec.json.Decoder[Any]
    event: msgspec.json.Decoder[Any]


USDM = Dialect(VENUE, msgspec.json.Decoder(Combined), msgspec.json.Decoder(Event | list[MarkPrice]))


def parse_frame(payload: bytes, listings: Mapping[str, Listing], dialect: Dialect = USDM) -> Frame:
    """Return what a stream message says, combined (``{"stream": …}``) or raw.

    Raises
    ------
    FormatError
        If the message is not of the documented form.
    UnknownSymbolError
        If its symbol is not listed.
    """
    venue = dialect.venue
    if b'"stream"' in payload[:80]:
        event = decode(dialect.combined, payload, f"{venue}:stream").data
    elif b'"e"' in payload[:120]:
        event = decode(dialect.event, payload, f"{venue}:stream")
    else:
        return Frame(control=_control(decode(_REPLY, payload, f"{venue}:reply")))
    frame = Frame()
    for one in event if isinstance(event, list) else (event,):
        symbol = one.o.s if isinstance(one, ForceOrder) else one.s
        _add_event(frame, one, listed(listings, symbol, venue))
    return frame


def _control(reply: Reply) -> Control:
    """Return an acknowledgement or an error."""
    if reply.error is not None:
        return Control("error", str(reply.error.get("msg", "")), str(reply.error.get("code", "")))
    if reply.code is not None:
        return Control("error", reply.msg, str(reply.code))
    return Control("ack", code=str(reply.id))


def _add_event(frame: Frame, event: Event, listing: Listing) -> None:
    """Add one event's rows."""
    of = listing.instrument
    if isinstance(event, AggTrade):
        frame.batch.add("trades", event.s, trade_row(event.T, event.p, event.q, event.m, event.a, of))
    elif isinstance(event, Depth):
        sides = book_levels(event.b, of), book_levels(event.a, of)
        frame.books.append(
            BookChange(event.s, event.T * NS_PER_MS, False, event.U, event.u, event.pu, *sides)
        )
    elif isinstance(event, MarkPrice):
        add_mark(frame, event, listing)
    elif isinstance(event, ForceOrder):
        _add_print(frame, event.o, of)
    elif isinstance(event, Kline):
        if event.k.x:
            frame.batch.add("bars", event.s, _stream_bar(event.k, of))
    elif isinstance(event, Trade):
        if event.X != "MARKET":
            frame.skip(f"trade {event.X} is not on the book")
        else:
            row = trade_row(event.T, event.p, event.q, event.m, event.t, of)
            frame.batch.add("trades", event.s, row)
    elif isinstance(event, BookTicker):
        for side, price, quantity in (("bid", event.b, event.B), ("ask", event.a, event.A)):
            best = (moment(event.T, "T"), side, 0, positive(price, "price"), native(quantity, "quantity", of))
            frame.batch.add("book_levels", event.s, best)
    else:
        frame.tickers.append(
            Ticker(
                event.s,
                moment(event.E, "E"),
                last_price=positive(event.c, "c"),
                volume_24h_native=native(event.v, "v", of),
                turnover_24h=not_negative(event.q, "q"),
            )
        )


@lru_cache(maxsize=256)
def _units(contract_value: Decimal) -> float:
    """Return the native quantity of one contract as a number."""
    return float(contract_value)


def native(contracts: str, name: str, of: Instrument) -> float:
    """Return a size in native units: coins on USD-M, USD of face value on COIN-M."""
    return not_negative(contracts, name) * _units(of.contract_value)


def trade_row(ts: int, price: str, quantity: str, buyer_is_maker: bool, trade_id: int, of: Instrument) -> Row:  # noqa: PLR0917
    """Return a trades row; the taker sold where the buyer was the maker."""
    size = positive(quantity, "q") * _units(of.contract_value)
    return (ts * NS_PER_MS, ticks(price, of), size, not buyer_is_maker, trade_id)


def book_levels(levels: Levels, of: Instrument) -> list[tuple[float, float]]:
    """Return book levels as numbers, sizes native."""
    units = _units(of.contract_value)
    return [(float(price), float(quantity) * units) for price, quantity in levels]


def add_mark(frame: Frame, event: MarkPrice, listing: Listing) -> None:
    """Add a mark sample, and the predicted funding where the contract pays any."""
    ts = moment(event.E, "E")
    frame.batch.add("marks", event.s, (ts, positive(event.p, "p"), zero_is_absent(event.i, "i")))
    rate = optional(event.r, "r")
    if rate is not None and event.T > 0:  # dated futures carry an empty rate or a next payment at 0
        frame.batch.add("funding", event.s, (ts, rate, listing.funding_interval_h or 8.0, False))


def _add_print(frame: Frame, order: ForcedOrder, of: Instrument) -> None:
    """Add a liquidation print; a SELL order closes a long. Size and price are what was executed."""
    quantity = native(order.z, "z", of)
    if quantity == 0:
        frame.skip("liquidation order without a fill")
        return
    average = zero_is_absent(order.ap, "ap")
    price, kind = (average, "fill") if average else (positive(order.p, "p"), "order")
    usd = value_usd(of, quantity, price)
    if usd is None:
        frame.skip("liquidation in a quote without a dollar peg")
        return
    liquidated = "long" if order.S == "SELL" else "short"
    row = (moment(order.T, "T"), liquidated, price, kind, quantity, usd, None)
    frame.batch.add("liquidations", order.s, row)


def _stream_bar(bar: Bar, of: Instrument) -> Row:
    """Return a closed kline as a bars row ``[t, T + 1 ms)``."""
    return (
        bar.t * NS_PER_MS, (bar.T + 1) * NS_PER_MS,
        positive(bar.o, "o"), positive(bar.h, "h"), positive(bar.l, "l"), positive(bar.c, "c"),
        native(bar.v, "v", of), native(bar.V, "V", of), "last",
    )  # fmt: skip
