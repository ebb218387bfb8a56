"""Hyperliquid messages and answers as rows. Pure: bytes in, rows out.

Published open interest counts both sides (``base.instruments.VENUES``); rows carry the one-sided figure beside it.

Sources (read 2026-11-22, field by field in docs/reference/venues/hyperliquid.md):
https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import HOUR_NS, NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES, Instrument
from liqatlas.venues.fields import moment, not_negative, number, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Listing, Ticker
from liqatlas.venues.hyperliquid_accounts.addresses import is_address
from liqatlas.venues.payload import coin_of, decode, listed, usual_interval
from liqatlas.venues.rows import Row, RowBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VENUE = "hyperliquid"
FUNDING_INTERVAL_H = 1.0
#: Hourly now, eight-hourly in the recordings of 2023; two hours are a missed payment.
_USUAL_INTERVALS = frozenset({1, 8})
MAX_PRICE_DECIMALS = 6
USDC_TOKEN = 0
_SIDES = VENUES[VENUE].open_interest_sides


class Envelope(msgspec.Struct):
    """Any stream message."""

    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class Trade(msgspec.Struct):
    """A fill; ``side`` is the TAKER's (B bought, A sold), ``tid`` a hash unique with time and coin."""

    coin: str
    side: Literal["A", "B"]
    px: str
    sz: str
    time: int
    tid: int
    users: list[str] = []


class Level(msgspec.Struct):
    """One price level; ``n`` counts its orders."""

    px: str
    sz: str
    n: int = 0


class Book(msgspec.Struct):
    """A whole book of up to 20 levels a side: bids first, asks second."""

    coin: str
    levels: tuple[list[Level], list[Level]]
    time: int


class Context(msgspec.Struct):
    """The state of one perpetual; ``funding`` is the rate per HOUR, ``openInterest`` coins of both sides."""

    funding: str
    openInterest: str  # noqa: N815 -- the venue's names
    oraclePx: str  # noqa: N815
    markPx: str  # noqa: N815
    dayNtlVlm: str = ""  # noqa: N815
    dayBaseVlm: str = ""  # noqa: N815
    midPx: str | None = None  # noqa: N815


class ActiveContext(msgspec.Struct):
    """The ``activeAssetCtx`` message: a coin and its context."""

    coin: str
    ctx: Context


class AllContexts(msgspec.Struct):
    """The ``allDexsAssetCtxs`` message: contexts of every dex in the order of its universe."""

    ctxs: list[tuple[str, list[Context]]]


class Mids(msgspec.Struct):
    """Mid prices by coin; ``@…`` and ``A/B`` names are spot."""

    mids: dict[str, str]


class Candle(msgspec.Struct):
    """A candle; ``T`` is its last millisecond, ``v`` base coins, ``n`` the number of trades."""

    t: int
    T: int
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741
    v: str
    n: int


class FillLiquidation(msgspec.Struct):
    """Why a fill happened: whose liquidation, at which mark, to the market or the backstop."""

    liquidatedUser: str  # noqa: N815
    markPx: str  # noqa: N815
    method: Literal["market", "backstop"]


class Fill(msgspec.Struct):
    """A fill of one user; ``side`` is that USER's."""

    coin: str
    px: str
    sz: str
    side: Literal["A", "B"]
    time: int
    liquidation: FillLiquidation | None = None


class UserEvent(msgspec.Struct):
    """The ``user`` message; only its fills matter here."""

    fills: list[Fill] = []


class Asset(msgspec.Struct):
    """A perpetual of a universe."""

    name: str
    szDecimals: int  # noqa: N815
    maxLeverage: int = 0  # noqa: N815
    isDelisted: bool | None = None  # noqa: N815


class Meta(msgspec.Struct):
    """A dex's universe; ``collateralToken`` 0 is USDC."""

    universe: list[Asset]
    collateralToken: int = USDC_TOKEN  # noqa: N815


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TRADES = msgspec.json.Decoder(list[Trade])
_BOOK = msgspec.json.Decoder(Book)
_ACTIVE = msgspec.json.Decoder(ActiveContext)
_ALL = msgspec.json.Decoder(AllContexts)
_MIDS = msgspec.json.Decoder(Mids)
_CANDLE = msgspec.json.Decoder(Candle)
_CANDLES = msgspec.json.Decoder(list[Candle])
_USER = msgspec.json.Decoder(UserEvent)
_META = msgspec.json.Decoder(Meta)
_METAS = msgspec.json.Decoder(list[Meta])
_META_CONTEXTS = msgspec.json.Decoder(tuple[Meta, list[Context]])


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
        frame.books.append(_book_change(decode(_BOOK, data, f"{VENUE}:l2Book")))
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


def _book_change(book: Book) -> BookChange:
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


def listing_of(asset: Asset, collateral: int) -> Listing:
    """Return a perpetual: prices have at most 6 − szDecimals decimals, sizes szDecimals."""
    coin, multiplier = coin_of(asset.name.rpartition(":")[2])
    settle = "USDC" if collateral == USDC_TOKEN else f"token-{collateral}"
    instrument = Instrument(
        VENUE, asset.name, coin, quote="USD", settle=settle, kind="linear",
        tick_size=Decimal(1).scaleb(-max(MAX_PRICE_DECIMALS - asset.szDecimals, 0)),
        lot_size=Decimal(1).scaleb(-asset.szDecimals), price_multiplier=multiplier,
    )  # fmt: skip
    return Listing(instrument, "delisted" if asset.isDelisted else "trading", FUNDING_INTERVAL_H)


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return the perpetuals of ``meta``, ``metaAndAssetCtxs`` or ``allPerpMetas``, in the order of the universe."""
    start = payload.lstrip()[:2].replace(b" ", b"")
    if start.startswith(b"{"):
        metas = [decode(_META, payload, f"{VENUE}:meta")]
    elif b'"markPx"' in payload:
        metas = [decode(_META_CONTEXTS, payload, f"{VENUE}:metaAndAssetCtxs")[0]]
    else:
        metas = decode(_METAS, payload, f"{VENUE}:allPerpMetas")
    return {a.name: listing_of(a, meta.collateralToken) for meta in metas for a in meta.universe}


def parse_contexts(payload: bytes, ts: int) -> Frame:
    """Return marks, open interest, funding and summaries from ``metaAndAssetCtxs`` at the moment of receipt.

    Raises
    ------
    FormatError
        If names and contexts differ in number.
    """
    meta, contexts = decode(_META_CONTEXTS, payload, f"{VENUE}:metaAndAssetCtxs")
    if len(meta.universe) != len(contexts):
        raise FormatError(
            f"{VENUE}:metaAndAssetCtxs", f"{len(contexts)} contexts for {len(meta.universe)} names"
        )
    frame = Frame()
    for asset, context in zip(meta.universe, contexts, strict=True):
        if asset.isDelisted or zero_is_absent(context.markPx, "markPx") is None:
            continue
        add_context(frame, asset.name, context, ts)
        frame.tickers.append(
            Ticker(
                asset.name, ts, zero_is_absent(context.midPx, "midPx"), None, None,
                zero_is_absent(context.dayBaseVlm, "dayBaseVlm"), zero_is_absent(context.dayNtlVlm, "dayNtlVlm"),
            )
        )  # fmt: skip
    return frame


def parse_bars(payload: bytes, now_ns: int) -> RowBatch:
    """Return the closed candles of ``candleSnapshot``, ascending."""
    frame = Frame()
    for candle in decode(_CANDLES, payload, f"{VENUE}:candleSnapshot"):
        add_candle(frame, candle, now_ns)
    return frame.batch


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return ``recentTrades`` in ascending order of time (the venue sends the newest first)."""
    batch = RowBatch()
    found = decode(_TRADES, payload, f"{VENUE}:recentTrades")
    batch.extend(
        "trades", listing.instrument.symbol, [trade_row(t, listing.instrument) for t in reversed(found)]
    )
    add_accounts(batch, found)
    return batch


class _Payment(msgspec.Struct):
    coin: str
    fundingRate: str  # noqa: N815
    time: int


_PAYMENTS = msgspec.json.Decoder(list[_Payment])


def parse_funding_history(payload: bytes) -> RowBatch:
    """Return settled payments, ascending; hourly today, eight-hourly in 2023, as the spacing says."""
    batch, last = RowBatch(), 0
    found = decode(_PAYMENTS, payload, f"{VENUE}:fundingHistory")
    for p in sorted(found, key=lambda p: p.time):
        ts = moment(p.time, "time")
        hours = usual_interval((ts - last) / HOUR_NS, FUNDING_INTERVAL_H, _USUAL_INTERVALS)
        batch.add("funding", p.coin, (ts, number(p.fundingRate, "fundingRate"), hours, True))
        last = ts
    return batch


def parse_book(payload: bytes) -> BookChange:
    """Return the whole book of ``l2Book``."""
    return _book_change(decode(_BOOK, payload, f"{VENUE}:l2Book"))
