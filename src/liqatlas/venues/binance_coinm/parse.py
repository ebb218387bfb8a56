"""Binance COIN-M stream messages as rows: the messages of USD-M, with sizes in CONTRACTS. Pure: bytes in, rows out.

Every size is multiplied by the contract's USD value (100 for BTC, 10 for the others). Sources, read 2026-11-22, field by field in
docs/reference/venues/binance_coinm.md: https://developers.binance.com/docs/derivatives/coin-margined-futures
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.venues.binance.parse import (
    AggTrade,
    Bar,
    Depth,
    ForcedOrder,
    ForceOrder,
    Kline,
    Levels,
    MarkPrice,
    Reply,
    add_mark,
)
from liqatlas.venues.fields import moment, not_negative, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame
from liqatlas.venues.payload import decode, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing
    from liqatlas.venues.rows import Row

VENUE = "binance_coinm"
Event = AggTrade | Depth | MarkPrice | ForceOrder | Kline


class Combined(msgspec.Struct):
    """A combined-stream frame."""

    stream: str
    data: Event | list[MarkPrice]


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
    if isinstance(event, ForceOrder):
        _add_print(frame, event.o, listed(listings, event.o.s, VENUE).instrument)
        return
    listing = listed(listings, event.s, VENUE)
    of = listing.instrument
    if isinstance(event, AggTrade):
        frame.batch.add("trades", event.s, trade_row(event.T, event.p, event.q, event.m, event.a, of))
    elif isinstance(event, Depth):
        frame.books.append(
            BookChange(
                event.s,
                event.T * NS_PER_MS,
                False,
                event.U,
                event.u,
                event.pu,
                book_levels(event.b, of),
                book_levels(event.a, of),
            )
        )
    elif isinstance(event, MarkPrice):
        add_mark(frame, event, listing)
    elif event.k.x:
        frame.batch.add("bars", event.s, _stream_bar(event.k, of))


def native(contracts: str, name: str, of: Instrument) -> float:
    """Return a number of contracts as USD face value."""
    return not_negative(contracts, name) * float(of.contract_value)


def trade_row(ts: int, price: str, contracts: str, buyer_is_maker: bool, trade_id: int, of: Instrument) -> Row:  # noqa: PLR0917  # fmt: skip
    """Return a trades row; the taker sold where the buyer was the maker."""
    size = positive(contracts, "q") * float(of.contract_value)
    return (ts * NS_PER_MS, ticks(price, of), size, not buyer_is_maker, trade_id)


def book_levels(levels: Levels, of: Instrument) -> list[tuple[float, float]]:
    """Return book levels as numbers, sizes in USD."""
    value = float(of.contract_value)
    return [(float(price), float(contracts) * value) for price, contracts in levels]


def _add_print(frame: Frame, order: ForcedOrder, of: Instrument) -> None:
    """Add a liquidation print; a SELL order closes a long; face value is USD value, whatever the price."""
    size = native(order.z, "z", of)
    if size == 0:
        frame.skip("liquidation order without a fill")
        return
    average = zero_is_absent(order.ap, "ap")
    price, kind = (average, "fill") if average else (positive(order.p, "p"), "order")
    liquidated = "long" if order.S == "SELL" else "short"
    frame.batch.add(
        "liquidations", order.s, (moment(order.T, "T"), liquidated, price, kind, size, size, None)
    )


def _stream_bar(bar: Bar, of: Instrument) -> Row:
    """Return a closed kline as a bars row ``[t, T + 1 ms)``; ``v`` and ``V`` are contracts, ``q`` and ``Q`` coins."""
    return (
        bar.t * NS_PER_MS, (bar.T + 1) * NS_PER_MS,
        positive(bar.o, "o"), positive(bar.h, "h"), positive(bar.l, "l"), positive(bar.c, "c"),
        native(bar.v, "v", of), native(bar.V, "V", of), "last",
    )  # fmt: skip
