"""Binance USD-M stream messages as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/binance.md):
https://developers.binance.com/docs/derivatives/usds-margined-futures
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.venues.fields import moment, not_negative, optional, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Listing, Ticker
from liqatlas.venues.payload import decode, listed, value_usd

if TYPE_CHECKING:
    from collections.abc import Mapping

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


_COMBINED = msgspec.json.Decoder(Combined)
_EVENT = msgspec.json.Decoder(Event | list[MarkPrice])
_REPLY = msgspec.json.Decoder(Reply)


def parse_frame(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says, combined (``{"stream": …}``) or raw.

    Raises
    ------
    FormatError
        If the message is not of the documented form.
    UnknownSymbolError
        If its symbol is not listed.
    """
    if b'"stream"' in payload[:80]:
        event = decode(_COMBINED, payload, f"{VENUE}:stream").data
    elif b'"e"' in payload[:120]:
        event = decode(_EVENT, payload, f"{VENUE}:stream")
    else:
        return Frame(control=_control(decode(_REPLY, payload, f"{VENUE}:reply")))
    frame = Frame()
    for one in event if isinstance(event, list) else (event,):
        _add_event(frame, one, listings)
    return frame


def _control(reply: Reply) -> Control:
    """Return an acknowledgement or an error."""
    if reply.error is not None:
        return Control("error", str(reply.error.get("msg", "")), str(reply.error.get("code", "")))
    if reply.code is not None:
        return Control("error", reply.msg, str(reply.code))
    return Control("ack", code=str(reply.id))


def _add_event(frame: Frame, event: Event, listings: Mapping[str, Listing]) -> None:
    """Add one event's rows."""
    if isinstance(event, AggTrade):
        instrument = listed(listings, event.s, VENUE).instrument
        frame.batch.add("trades", event.s, trade_row(event.T, event.p, event.q, event.m, event.a, instrument))
    elif isinstance(event, Depth):
        frame.books.append(
            BookChange(
                event.s,
                event.T * NS_PER_MS,
                False,
                event.U,
                event.u,
                event.pu,
                book_levels(event.b),
                book_levels(event.a),
            )
        )
    elif isinstance(event, MarkPrice):
        add_mark(frame, event, listed(listings, event.s, VENUE))
    elif isinstance(event, ForceOrder):
        _add_print(frame, event.o, listed(listings, event.o.s, VENUE).instrument)
    elif isinstance(event, Kline):
        if event.k.x:
            frame.batch.add("bars", event.s, _stream_bar(event.k))
    elif isinstance(event, Trade):
        instrument = listed(listings, event.s, VENUE).instrument
        if event.X != "MARKET":
            frame.skip(f"trade {event.X} is not on the book")
        else:
            row = trade_row(event.T, event.p, event.q, event.m, event.t, instrument)
            frame.batch.add("trades", event.s, row)
    elif isinstance(event, BookTicker):
        for side, price, quantity in (("bid", event.b, event.B), ("ask", event.a, event.A)):
            row = (
                moment(event.T, "T"),
                side,
                0,
                positive(price, "price"),
                not_negative(quantity, "quantity"),
            )
            frame.batch.add("book_levels", event.s, row)
    else:
        frame.tickers.append(
            Ticker(
                event.s,
                moment(event.E, "E"),
                last_price=positive(event.c, "c"),
                volume_24h_native=not_negative(event.v, "v"),
                turnover_24h=not_negative(event.q, "q"),
            )
        )


def trade_row(ts: int, price: str, quantity: str, buyer_is_maker: bool, trade_id: int, of: Instrument) -> Row:  # noqa: PLR0917
    """Return a trades row; the taker sold where the buyer was the maker."""
    return (ts * NS_PER_MS, ticks(price, of), positive(quantity, "q"), not buyer_is_maker, trade_id)


def book_levels(levels: Levels) -> list[tuple[float, float]]:
    """Return book levels as numbers."""
    return [(float(price), float(quantity)) for price, quantity in levels]


def add_mark(frame: Frame, event: MarkPrice, listing: Listing) -> None:
    """Add a mark sample, and the predicted funding where the contract pays any."""
    ts = moment(event.E, "E")
    frame.batch.add("marks", event.s, (ts, positive(event.p, "p"), zero_is_absent(event.i, "i")))
    rate = optional(event.r, "r")
    if rate is not None and event.T > 0:  # dated futures carry an empty rate or a next payment at 0
        frame.batch.add("funding", event.s, (ts, rate, listing.funding_interval_h or 8.0, False))


def _add_print(frame: Frame, order: ForcedOrder, instrument: Instrument) -> None:
    """Add a liquidation print; a SELL order closes a long. Size and price are what was executed."""
    quantity = not_negative(order.z, "z")
    if quantity == 0:
        frame.skip("liquidation order without a fill")
        return
    average = zero_is_absent(order.ap, "ap")
    price, kind = (average, "fill") if average else (positive(order.p, "p"), "order")
    usd = value_usd(instrument, quantity, price)
    if usd is None:
        frame.skip("liquidation in a quote without a dollar peg")
        return
    liquidated = "long" if order.S == "SELL" else "short"
    row = (moment(order.T, "T"), liquidated, price, kind, quantity, usd, None)
    frame.batch.add("liquidations", order.s, row)


def _stream_bar(bar: Bar) -> Row:
    """Return a closed kline as a bars row ``[t, T + 1 ms)``."""
    return (
        bar.t * NS_PER_MS, (bar.T + 1) * NS_PER_MS,
        positive(bar.o, "o"), positive(bar.h, "h"), positive(bar.l, "l"), positive(bar.c, "c"),
        not_negative(bar.v, "v"), not_negative(bar.V, "V"), "last",
    )  # fmt: skip
