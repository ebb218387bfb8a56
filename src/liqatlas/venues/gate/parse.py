"""Gate stream messages as rows. Pure: bytes in, rows out. Sizes are contracts, signed; we make coins (or USD) of them.

Sources (read 2026-11-22, field by field in docs/reference/venues/gate.md): https://www.gate.com/docs/developers/futures/ws/en/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.venues.fields import moment, not_negative, number, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Ticker
from liqatlas.venues.payload import decode, listed, value_usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing
    from liqatlas.venues.rows import Row

VENUE = "gate"
Number = str | float | int
#: Moments above this are milliseconds: the liquidation channel wrote seconds until 2026-08-20.
_MILLISECONDS_FROM = 10**11


class Trade(msgspec.Struct):
    """A trade; a positive size was bought by the taker. Internal ones (takeovers, deleveraging) are not on the book."""

    id: int
    size: Number
    price: str
    contract: str
    create_time_ms: Number
    is_internal: bool = False


class MarketTicker(msgspec.Struct):
    """The state of a contract; ``total_size`` is open interest in contracts."""

    contract: str
    last: str = ""
    mark_price: str = ""
    index_price: str = ""
    funding_rate: str = ""
    total_size: Number = ""
    highest_bid: str = ""
    lowest_ask: str = ""
    volume_24h_quote: Number = ""
    volume_24h: Number = ""


class Level(msgspec.Struct):
    """A book level; size in contracts, absolute, 0 removes."""

    p: str
    s: Number


class BookUpdate(msgspec.Struct):
    """Changed levels; ``U`` follows the ``u`` before by one."""

    t: int | str
    s: str
    U: int
    u: int
    b: list[Level] = []
    a: list[Level] = []


class LiquidationOrder(msgspec.Struct):
    """A liquidation ORDER: a negative size sells, so a long is closed; the price is the order's, not the fill's."""

    contract: str
    size: Number
    price: Number
    time: int = 0
    time_ms: int = 0


class Problem(msgspec.Struct):
    """Why a request failed."""

    code: int = 0
    message: str = ""


class Message(msgspec.Struct):
    """A message of any kind."""

    channel: str
    event: str = ""
    time_ms: int = 0
    error: Problem | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGE = msgspec.json.Decoder(Message)
_TRADES = msgspec.json.Decoder(list[Trade])
_TICKERS = msgspec.json.Decoder(list[MarketTicker])
_BOOK = msgspec.json.Decoder(BookUpdate)
_ORDERS = msgspec.json.Decoder(list[LiquidationOrder])


def parse_frame(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says.

    Raises
    ------
    FormatError
        If the message is not of the documented form.
    UnknownSymbolError
        If its contract is not listed.
    """
    got, frame = decode(_MESSAGE, payload, f"{VENUE}:stream"), Frame()
    if got.error is not None:
        return Frame(control=Control("error", got.error.message, str(got.error.code)))
    if got.channel == "futures.pong":
        return Frame(control=Control("pong"))
    if got.event in {"subscribe", "unsubscribe"}:
        return Frame(control=Control("ack", got.channel))
    result, where = bytes(got.result), f"{VENUE}:{got.channel}"
    if got.channel == "futures.trades":
        trades = decode(_TRADES, result, where)
        add_trades(frame, trades, listings)
    elif got.channel == "futures.tickers":
        for ticker in decode(_TICKERS, result, where):
            add_ticker(
                frame, ticker, listed(listings, ticker.contract, VENUE), moment(got.time_ms, "time_ms")
            )
    elif got.channel == "futures.order_book_update":
        frame.books.append(_book_change(decode(_BOOK, result, where), listings))
    elif got.channel == "futures.public_liquidates":
        for order in decode(_ORDERS, result, where):
            _add_order(frame, order, listed(listings, order.contract, VENUE).instrument)
    else:
        return Frame(control=Control("notice", got.channel))
    return frame


def add_trades(frame: Frame, trades: Iterable[Trade], listings: Mapping[str, Listing]) -> None:
    """Add trades of the book."""
    for trade in trades:
        of = listed(listings, trade.contract, VENUE).instrument
        if trade.is_internal:
            frame.skip("internal trade (takeover or deleveraging) is not on the book")
            continue
        size = number(trade.size, "size")
        if size == 0:
            raise FormatError(f"{VENUE}:trade", "its size is 0")
        ts = round(number(trade.create_time_ms, "create_time_ms")) * NS_PER_MS
        frame.batch.add("trades", trade.contract, trade_row(ts, trade.price, size, trade.id, of))


def trade_row(ts: int, price: str, size: float, trade_id: int, of: Instrument) -> Row:
    """Return a trades row of a signed number of contracts."""
    return (ts, ticks(price, of), abs(size) * float(of.contract_value), size > 0, trade_id)


def add_ticker(frame: Frame, ticker: MarketTicker, listing: Listing, ts: int) -> None:
    """Add mark, index, open interest (contracts, one side) and the running funding rate."""
    symbol, value = ticker.contract, float(listing.instrument.contract_value)
    mark = zero_is_absent(ticker.mark_price, "mark_price")
    if mark is not None:
        frame.batch.add("marks", symbol, (ts, mark, zero_is_absent(ticker.index_price, "index_price")))
    if ticker.total_size != "":
        oi = not_negative(ticker.total_size, "total_size") * value
        frame.batch.add("open_interest", symbol, (ts, oi, oi, None))
    if ticker.funding_rate != "":
        rate = number(ticker.funding_rate, "funding_rate")
        frame.batch.add("funding", symbol, (ts, rate, listing.funding_interval_h or 8.0, False))
    frame.tickers.append(
        Ticker(
            symbol, ts, last_price=zero_is_absent(ticker.last, "last"), bid=zero_is_absent(ticker.highest_bid, "highest_bid"),
            ask=zero_is_absent(ticker.lowest_ask, "lowest_ask"),
            volume_24h_native=None if ticker.volume_24h == "" else not_negative(ticker.volume_24h, "volume_24h") * value,
            turnover_24h=None if ticker.volume_24h_quote == "" else not_negative(ticker.volume_24h_quote, "volume_24h_quote"),
        )
    )  # fmt: skip


def book_levels(levels: Iterable[Level], of: Instrument) -> list[tuple[float, float]]:
    """Return book levels as numbers, sizes native."""
    value = float(of.contract_value)
    return [(positive(x.p, "p"), not_negative(x.s, "s") * value) for x in levels]


def _book_change(update: BookUpdate, listings: Mapping[str, Listing]) -> BookChange:
    """Return changed levels, chained by ``U`` = the ``u`` before + 1."""
    of = listed(listings, update.s, VENUE).instrument
    sides = book_levels(update.b, of), book_levels(update.a, of)
    return BookChange(update.s, moment(update.t, "t"), False, update.U, update.u, update.U - 1, *sides)


def _add_order(frame: Frame, order: LiquidationOrder, of: Instrument) -> None:
    """Add a liquidation order as a print of kind ``order``: size and price as ordered, the fill is not in this channel."""
    size, price = number(order.size, "size"), positive(order.price, "price")
    when = order.time_ms or order.time
    ts = moment(when if when >= _MILLISECONDS_FROM else when * 1000, "time")
    add_print(frame, of, (ts, "long" if size < 0 else "short", price, "order", abs(size)))


def add_print(frame: Frame, of: Instrument, found: tuple[int, str, float, str, float]) -> None:
    """Add a print of ``(ts, liquidated, price, price_kind, contracts)``."""
    ts, liquidated, price, kind, contracts = found
    if contracts == 0:
        frame.skip("liquidation order of no size")
        return
    size = contracts * float(of.contract_value)
    usd = value_usd(of, size, price)
    if usd is None:
        frame.skip("liquidation in a quote without a dollar peg")
        return
    frame.batch.add("liquidations", of.symbol, (ts, liquidated, price, kind, size, usd, None))
