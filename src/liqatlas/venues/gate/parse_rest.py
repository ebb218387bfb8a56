"""Gate REST answers as rows. Pure: bytes in, rows out. Moments are SECONDS here.

Sources (read 2026-11-22, field by field in docs/reference/venues/gate.md): https://www.gate.com/docs/developers/apiv4/en/#futures
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import HOUR_NS, NS_PER_MS, NS_PER_S
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.fields import moment, not_negative, number, positive
from liqatlas.venues.frames import BookChange, Frame, Listing
from liqatlas.venues.gate.parse import (
    VENUE,
    Level,
    MarketTicker,
    Number,
    add_print,
    add_ticker,
    book_levels,
    trade_row,
)
from liqatlas.venues.payload import coin_of, decode, listed, usual_interval
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Contract(msgspec.Struct):
    name: str
    type: str
    quanto_multiplier: str
    order_price_round: str
    funding_interval: int = 0
    in_delisting: bool = False
    create_time: float = 0
    order_size_min: Number = 1


_CONTRACTS = msgspec.json.Decoder(list[_Contract])


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return contracts: ``direct`` of ``quanto_multiplier`` coins each, ``inverse`` (multiplier 0) of one USD each."""
    out = {}
    for c in decode(_CONTRACTS, payload, f"{VENUE}:contracts"):
        base, _, quote = c.name.partition("_")
        asset, multiplier = coin_of(base)
        inverse = c.type == "inverse"
        value = Decimal(1) if inverse else Decimal(c.quanto_multiplier)
        if value <= 0:
            raise FormatError(
                f"{VENUE}:{c.name}", f"quanto_multiplier {c.quanto_multiplier} of a {c.type} contract"
            )
        smallest = Decimal(str(c.order_size_min)) or Decimal(1)
        instrument = Instrument(
            VENUE, c.name, asset, quote=quote, settle=base if inverse else quote, kind="inverse" if inverse else "linear",
            tick_size=Decimal(c.order_price_round), lot_size=value * smallest, contract_value=value,
            price_multiplier=multiplier,
        )  # fmt: skip
        hours = c.funding_interval / 3600 or None
        listed_ns = round(c.create_time) * NS_PER_S or None
        out[c.name] = Listing(instrument, "delisted" if c.in_delisting else "trading", hours, listed_ns)
    return out


class _Bar(msgspec.Struct):
    t: int
    o: str
    h: str
    l: str  # noqa: E741 -- the venue's name
    c: str
    v: Number | None = None


_BARS = msgspec.json.Decoder(list[_Bar])


def parse_bars(payload: bytes, listing: Listing, step_ns: int, kind: str = "last") -> RowBatch:
    """Return candles; ``v`` is contracts, absent for mark and index candles."""
    batch, of = RowBatch(), listing.instrument
    for bar in decode(_BARS, payload, f"{VENUE}:candlesticks"):
        start = bar.t * NS_PER_S
        volume = None
        if kind == "last":
            if bar.v is None:
                raise FormatError(f"{VENUE}:candlesticks", "a candle of trades carries no turnover")
            volume = not_negative(bar.v, "v") * float(of.contract_value)
        row = (
            start, start + step_ns, positive(bar.o, "o"), positive(bar.h, "h"), positive(bar.l, "l"), positive(bar.c, "c"),
            volume, None, kind,
        )  # fmt: skip
        batch.add("bars" if kind == "last" else f"{kind}_bars", of.symbol, row)
    return batch


class _Trade(msgspec.Struct):
    id: int
    size: Number
    price: str
    create_time_ms: float
    is_internal: bool = False


_TRADES = msgspec.json.Decoder(list[_Trade])


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return trades, newest first as they come; ``create_time_ms`` is SECONDS with three decimals; internal ones are left out."""
    batch, of = RowBatch(), listing.instrument
    for t in decode(_TRADES, payload, f"{VENUE}:trades"):
        if not t.is_internal:
            ts = round(t.create_time_ms * 1000) * NS_PER_MS
            batch.add("trades", of.symbol, trade_row(ts, t.price, number(t.size, "size"), t.id, of))
    return batch


def rows_in(payload: bytes) -> int:
    """Return how many rows an answer holds, internal trades included: what tells a full page."""
    return len(decode(_ANY, payload, f"{VENUE}:page"))


_ANY = msgspec.json.Decoder(list[msgspec.Raw])


class _Payment(msgspec.Struct):
    t: int
    r: str


_PAYMENTS = msgspec.json.Decoder(list[_Payment])


def parse_funding_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return settled payments; each covers the hours since the one before."""
    batch, last = RowBatch(), 0
    found = decode(_PAYMENTS, payload, f"{VENUE}:funding_rate")
    for payment in sorted(found, key=lambda p: p.t):
        ts = payment.t * NS_PER_S
        hours = usual_interval((ts - last) / HOUR_NS, listing.funding_interval_h)
        batch.add("funding", listing.instrument.symbol, (ts, number(payment.r, "r"), hours, True))
        last = ts
    return batch


class _Stats(msgspec.Struct):
    time: int
    open_interest: Number
    open_interest_usd: float | None = None
    lsr_account: float | None = None


_STATS = msgspec.json.Decoder(list[_Stats])


def parse_stats(payload: bytes, listing: Listing) -> RowBatch:
    """Return open interest (contracts made native) and the share of accounts that is long: ``lsr_account`` is long / short."""
    batch, of = RowBatch(), listing.instrument
    for s in decode(_STATS, payload, f"{VENUE}:contract_stats"):
        ts = s.time * NS_PER_S
        oi = not_negative(s.open_interest, "open_interest") * float(of.contract_value)
        batch.add("open_interest", of.symbol, (ts, oi, oi, s.open_interest_usd))
        if s.lsr_account is not None:
            ratio = not_negative(s.lsr_account, "lsr_account")
            batch.add("long_short_ratios", of.symbol, (ts, ratio / (1 + ratio), "accounts"))
    return batch


class _LiquidationOrder(msgspec.Struct):
    time: int
    contract: str
    size: Number
    fill_price: str
    left: Number
    order_size: Number | None = None


_ORDERS = msgspec.json.Decoder(list[_LiquidationOrder])


def parse_liquidations(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return prints of what was FILLED: ``|order_size| - |left|`` at ``fill_price``.

    ``size`` is the user's POSITION (its sign says which: positive is long), not the fill; a row without ``order_size`` cannot say
    what was filled and is left out and counted.
    """
    frame = Frame()
    for order in decode(_ORDERS, payload, f"{VENUE}:liq_orders"):
        of = listed(listings, order.contract, VENUE).instrument
        if order.order_size is None:
            frame.skip("liquidation without an order size: the fill is unknown")
            continue
        ordered, left = number(order.order_size, "order_size"), abs(number(order.left, "left"))
        if left > abs(ordered):
            raise FormatError(
                f"{VENUE}:liq_orders", f"left {order.left} exceeds the order of {order.order_size}"
            )
        if left == abs(ordered):
            frame.skip("liquidation order without a fill")
            continue
        ts, price = order.time * NS_PER_S, positive(order.fill_price, "fill_price")
        add_print(frame, of, (ts, "long" if ordered < 0 else "short", price, "fill", abs(ordered) - left))
    return frame


_TICKERS = msgspec.json.Decoder(list[MarketTicker])


def parse_tickers(payload: bytes, listings: Mapping[str, Listing], recv_ns: int) -> Frame:
    """Return the state of all contracts; the answer carries no moment."""
    frame = Frame()
    for ticker in decode(_TICKERS, payload, f"{VENUE}:tickers"):
        if ticker.contract in listings:
            add_ticker(frame, ticker, listings[ticker.contract], recv_ns)
    return frame


class _Book(msgspec.Struct):
    id: int
    update: float
    bids: list[Level]
    asks: list[Level]


_BOOK = msgspec.json.Decoder(_Book)


def parse_book(payload: bytes, listing: Listing) -> BookChange:
    """Return a book snapshot; changes join where ``U <= id + 1 <= u``."""
    got, of = decode(_BOOK, payload, f"{VENUE}:order_book"), listing.instrument
    ts = round(got.update * 1000) * NS_PER_MS
    return BookChange(
        of.symbol, ts, True, got.id, got.id, None, book_levels(got.bids, of), book_levels(got.asks, of)
    )


class _Time(msgspec.Struct):
    server_time: int


_TIME = msgspec.json.Decoder(_Time)


def parse_server_time(payload: bytes) -> int:
    """Return the venue's clock [ns]."""
    return moment(decode(_TIME, payload, f"{VENUE}:time").server_time, "server_time")
