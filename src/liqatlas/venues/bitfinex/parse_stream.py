"""Bitfinex stream messages as rows. Pure, with a memory handed in: channels are numbers told at subscription.

Sources (read 2026-11-22): https://docs.bitfinex.com/docs/ws-general, …/reference/ws-public-trades, …/reference/ws-public-status
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.errors import FormatError
from liqatlas.venues.bitfinex.parse import VENUE, add_liquidations, add_status, add_trade
from liqatlas.venues.frames import Control, Frame
from liqatlas.venues.payload import decode, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.venues.frames import Listing


class Event(msgspec.Struct):
    """A message that is an object: greeting, acknowledgement, error."""

    event: str
    chanId: int | None = None  # noqa: N815 -- the venue's names
    channel: str = ""
    symbol: str = ""
    key: str = ""
    msg: str = ""
    code: int | None = None


#: Channel numbers of one connection: what was subscribed under each, such as ``("trades", "tBTCF0:USTF0")``.
Channels = dict[int, tuple[str, str]]
_EVENT = msgspec.json.Decoder(Event)
_LIST = msgspec.json.Decoder(list[Any])


def parse_frame(payload: bytes, channels: Channels, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says; acknowledgements are noted in ``channels``.

    Raises
    ------
    FormatError
        If the message is not of the documented form, or its channel was never acknowledged.
    UnknownSymbolError
        If its contract is not listed.
    """
    if payload.startswith(b"{"):
        return Frame(control=_told(decode(_EVENT, payload, f"{VENUE}:stream"), channels))
    got = decode(_LIST, payload, f"{VENUE}:stream")
    if len(got) < 2:
        raise FormatError(f"{VENUE}:stream", f"a message is {got!r}: wanted [CHANNEL_ID, …]")
    if got[1] == "hb":
        return Frame(control=Control("pong"))
    known = channels.get(got[0])
    if known is None:
        raise FormatError(f"{VENUE}:stream", f"channel {got[0]!r} was never acknowledged")
    return _data(*known, got, listings)


def _told(event: Event, channels: Channels) -> Control:
    """Return what an event means; a greeting begins a connection, so its channels are forgotten."""
    if event.event == "info":
        channels.clear()
        return Control("notice", event.msg, "" if event.code is None else str(event.code))
    if event.event == "subscribed" and event.chanId is not None:
        channels[event.chanId] = (event.channel, event.symbol or event.key)
        return Control("ack", f"{event.channel} {event.symbol or event.key}")
    if event.event == "error":
        return Control("error", event.msg, str(event.code))
    return Control("notice", event.event)


def _data(channel: str, key: str, got: list[Any], listings: Mapping[str, Listing]) -> Frame:
    """Return the rows of a channel's message."""
    frame = Frame()
    if channel == "trades":
        # every trade comes as executed (te) and once more as updated (tu): the first is kept
        rows = [got[2]] if got[1] == "te" else got[1] if isinstance(got[1], list) else []
        listing = listed(listings, key, VENUE)
        for row in rows:
            add_trade(frame.batch, row, listing.instrument)
    elif key == "liq:global":
        add_liquidations(frame, got[1] if got[1] and isinstance(got[1][0], list) else [got[1]], listings)
    elif key.startswith("deriv:"):
        symbol = key.removeprefix("deriv:")
        listed(listings, symbol, VENUE)
        add_status(frame.batch, [symbol, *got[1]])
    else:
        return Frame(control=Control("notice", channel))
    return frame
