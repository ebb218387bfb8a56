"""Hyperliquid answers as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/hyperliquid.md):
https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.fields import moment, number, zero_is_absent
from liqatlas.venues.frames import Frame, Listing, Ticker
from liqatlas.venues.hyperliquid.messages import USDC_TOKEN, Asset, Book, Candle, Context, Meta, Trade
from liqatlas.venues.hyperliquid.parse import (
    FUNDING_INTERVAL_H,
    VENUE,
    add_accounts,
    add_candle,
    add_context,
    book_change,
    trade_row,
)
from liqatlas.venues.payload import coin_of, decode, usual_interval
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from liqatlas.venues.frames import BookChange

#: Hourly now, eight-hourly in the recordings of 2023; two hours are a missed payment.
_USUAL_INTERVALS = frozenset({1, 8})
MAX_PRICE_DECIMALS = 6
_TRADES = msgspec.json.Decoder(list[Trade])
_BOOK = msgspec.json.Decoder(Book)
_CANDLES = msgspec.json.Decoder(list[Candle])
_META = msgspec.json.Decoder(Meta)
_METAS = msgspec.json.Decoder(list[Meta])
_META_CONTEXTS = msgspec.json.Decoder(tuple[Meta, list[Context]])


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
    return book_change(decode(_BOOK, payload, f"{VENUE}:l2Book"))
