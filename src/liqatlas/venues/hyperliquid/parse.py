"""Hyperliquid stream messages as rows. Pure: bytes in, rows out.

Published open interest counts both sides (``base.instruments.VENUES``); rows carry the one-sided figure beside it.

Sources (read 2026-11-22, field by field in docs/reference/venues/hyperliquid.md):
https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.fields import moment, not_negative, number, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Ticker
from liqatlas.venues.hyperliquid.messages import (
    ActiveContext,
    AllContexts,
    Book,
    Candle,
    Context,
    Envelope,
    Mids,
    Trade,
)
from liqatlas.venues.hyperliquid_accounts.addresses import is_address
from liqatlas.venues.payload import decode, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing
    from liqatlas.venues.rows import Row, RowBatch

VENUE = "hyperliquid"
FUNDING_INTERVAL_H = 1.0
_SIDES = VENUES[VENUE].open_interest_sides
_ENVELOPE = msgspec.json.Decoder(Envelope)
_TRADES = msgspec.json.Decoder(list[Trade])
_BOOK = msgspec.json.Decoder(Book)
_ACTIVE = msgspec.json.Decoder(ActiveContext)
_ALL = msgspec.json.Decoder(AllContexts)
_MIDS = msgspec.json.Decoder(Mids)
_CANDLE = msgspec.json.Decoder(Candle)


def parse_frame(payload: bytes, listings: Mapping[str, Listing], recv_ns: int = 0) -> Frame:
    """Return what a stream message says; contexts carry no time of their own and take the moment of receipt.

    Raises
    ------
    FormatError
        If the message or its channel is not of the documented form.
    UnknownSymbolError
        If its coin is not listed.
    """
    envelope = decode(_ENVELOPE, payload, f"{VENUE}:stream")
    channel, data = envelope.channel, envelope.data
    if channel in _CONTROL:
        text = bytes(data).decode("utf-8", "replace") if channel == "error" else ""
        return Frame(control=_CONTROL[channel](text))
    frame = Frame()
    if channel == "trades":
        found = decode(_TRADES, data, f"{VENUE}:trades")
        for trade in found:
            frame.batch.add(
                "trades", trade.coin, trade_row(trade, listed(listings, trade.coin, VENUE).instrument)
            )
        add_accounts(frame.batch, found)
    elif channel == "l2Book":
        frame.books.append(book_change(decode(_BOOK, data, f"{VENUE}:l2Book")))
    elif channel == "activeAssetCtx":
        active = decode(_ACTIVE, data, f"{VENUE}:activeAssetCtx")
        listed(listings, active.coin, VENUE)
        add_context(frame, active.coin, active.ctx, recv_ns)
    elif channel == "candle":
        add_candle(frame, decode(_CANDLE, data, f"{VENUE}:candle"), recv_ns)
    elif channel == "allMids":
        for coin, mid in decode(_MIDS, data, f"{VENUE}:allMids").mids.items():
            if coin in listings:
                frame.tickers.append(Ticker(coin, recv_ns, last_price=positive(mid, "mid")))
    else:
        raise FormatError(f"{VENUE}:stream", f"channel {channel!r} is unknown")
    return frame


_CONTROL: dict[str, Callable[[str], Control]] = {
    "subscriptionResponse": lambda text: Control("ack", text),
    "pong": lambda text: Control("pong", text),
    "error": lambda text: Control("error", text),
}


def trade_row(trade: Trade, of: Instrument) -> Row:
    """Return a trades row; sizes are base coins."""
    return (
        moment(trade.time, "time"),
        ticks(trade.px, of),
        positive(trade.sz, "sz"),
        trade.side == "B",
        trade.tid,
    )


def add_accounts(batch: RowBatch, trades: Sequence[Trade]) -> None:
    """Add the accounts of both sides that trades name (``users`` is buyer and seller), one row each and coin.

    What is no address is left out: a trade without it is a trade all the same.
    """
    seen: dict[tuple[str, str], tuple[int, float]] = {}
    for trade in trades:
        usd = positive(trade.px, "px") * positive(trade.sz, "sz")
        for user in trade.users:
            if is_address(user):
                key = (trade.coin, user.lower())
                when, before = seen.get(key, (0, 0.0))
                seen[key] = (max(when, moment(trade.time, "time")), before + usd)
    for (coin, account), (when, usd) in seen.items():
        batch.add("account_trades", coin, (when, account, usd))


def book_change(book: Book) -> BookChange:
    """Return a whole book; its time stands in for the sequence the venue does not send."""
    bids, asks = ([(float(x.px), float(x.sz)) for x in side] for side in book.levels)
    return BookChange(book.coin, moment(book.time, "time"), True, book.time, book.time, None, bids, asks)


def add_context(frame: Frame, coin: str, ctx: Context, ts: int) -> None:
    """Add mark, open interest and running funding of one perpetual."""
    if ts <= 0:
        raise FormatError(
            f"{VENUE}:{coin}", "a context has no time of its own: the moment of receipt is wanted"
        )
    published = not_negative(ctx.openInterest, "openInterest")
    mark, oracle = positive(ctx.markPx, "markPx"), positive(ctx.oraclePx, "oraclePx")
    one_sided = published / _SIDES
    frame.batch.add("marks", coin, (ts, mark, oracle))
    frame.batch.add("open_interest", coin, (ts, one_sided, published, one_sided * mark))
    frame.batch.add("funding", coin, (ts, number(ctx.funding, "funding"), FUNDING_INTERVAL_H, False))


def add_candle(frame: Frame, candle: Candle, now_ns: int) -> None:
    """Add a candle once it is over; the venue does not mark closed ones."""
    end = (candle.T + 1) * NS_PER_MS
    if end > now_ns:
        return
    row = (
        candle.t * NS_PER_MS, end, positive(candle.o, "o"), positive(candle.h, "h"), positive(candle.l, "l"),
        positive(candle.c, "c"), not_negative(candle.v, "v"), None, "last",
    )  # fmt: skip
    frame.batch.add("bars", candle.s, row)


def parse_all_contexts(payload: bytes, universes: Mapping[str, Sequence[str]], ts: int) -> RowBatch:
    """Return contexts of all dexes from ``allDexsAssetCtxs``.

    Parameters
    ----------
    universes
        Names in the order of each dex's universe (``""`` is the main dex), from ``meta``: contexts carry no names.
    ts
        Moment of receipt [ns].

    Raises
    ------
    FormatError
        If a universe has another length than its contexts: names would slip.
    """
    frame = Frame()
    for dex, contexts in decode(
        _ALL, decode(_ENVELOPE, payload, VENUE).data, f"{VENUE}:allDexsAssetCtxs"
    ).ctxs:
        names = universes.get(dex)
        if names is None:
            continue
        if len(names) != len(contexts):
            raise FormatError(
                f"{VENUE}:allDexsAssetCtxs",
                f"dex {dex!r} sends {len(contexts)} contexts for {len(names)} names; read the universe again",
            )
        for name, context in zip(names, contexts, strict=True):
            if zero_is_absent(context.markPx, "markPx") is not None:
                add_context(frame, name, context, ts)
    return frame.batch
