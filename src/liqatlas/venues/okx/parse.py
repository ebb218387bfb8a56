"""OKX v5 public stream messages (swaps and futures) as rows. Pure: bytes in, rows out.

Sizes are in contracts everywhere; ``native`` turns them into base coins (linear) or USD face (inverse).

Sources (read 2026-11-22, field by field in docs/reference/venues/okx.md): https://www.okx.com/docs-v5/en/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import HOUR_NS, MINUTE_NS, NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.venues.fields import moment, not_negative, number, optional, positive, ticks, zero_is_absent
from liqatlas.venues.frames import BookChange, Control, Frame, Listing, Ticker
from liqatlas.venues.payload import decode, listed, usual_interval, value_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.rows import Row

VENUE = "okx"
Side = Literal["buy", "sell"]
PositionSide = Literal["long", "short", "net"]
Level = tuple[str, str, str, str]


class Argument(msgspec.Struct):
    """Which subscription a message belongs to."""

    channel: str = ""
    instId: str = ""  # noqa: N815 -- the venue's names
    instType: str = ""  # noqa: N815


class Envelope(msgspec.Struct):
    """Any message: data under ``arg``, or an event."""

    arg: Argument = msgspec.field(default_factory=Argument)
    data: msgspec.Raw = msgspec.Raw(b"null")
    action: str = ""
    event: str = ""
    code: str = ""
    msg: str = ""


class Trade(msgspec.Struct):
    """Fills of one taker order at one price; ``side`` is the TAKER's, ``count`` ids end at ``tradeId``."""

    instId: str  # noqa: N815
    tradeId: str  # noqa: N815
    px: str
    sz: str
    side: Side
    ts: str
    count: str = "1"


class Book(msgspec.Struct):
    """Book levels ``[price, contracts, "0", orders]``; ``checksum`` has been 0 since 2026-06-23, the ids replace it."""

    asks: list[Level]
    bids: list[Level]
    ts: str
    seqId: int  # noqa: N815
    prevSeqId: int | None = None  # noqa: N815


class MarkPrice(msgspec.Struct):
    """A mark price."""

    instId: str  # noqa: N815
    markPx: str  # noqa: N815
    ts: str


class IndexTicker(msgspec.Struct):
    """An index price; ``instId`` names the index (``BTC-USDT``), not a contract."""

    instId: str  # noqa: N815
    idxPx: str  # noqa: N815
    ts: str


class OpenInterest(msgspec.Struct):
    """Open interest in contracts (``oi``), coins (``oiCcy``) and USD (``oiUsd``)."""

    instId: str  # noqa: N815
    oi: str
    ts: str
    oiUsd: str = ""  # noqa: N815


class Funding(msgspec.Struct):
    """The running funding rate, paid at ``fundingTime``, the payment after it at ``nextFundingTime``."""

    instId: str  # noqa: N815
    fundingRate: str  # noqa: N815
    fundingTime: str  # noqa: N815
    nextFundingTime: str = ""  # noqa: N815
    ts: str = ""


class Detail(msgspec.Struct):
    """One liquidation; ``side`` is the ORDER's, ``posSide`` the position's or ``net``, ``sz`` contracts."""

    side: Side
    posSide: PositionSide  # noqa: N815
    bkPx: str  # noqa: N815
    sz: str
    ts: str


class Liquidation(msgspec.Struct):
    """The recent liquidations of one contract."""

    instId: str  # noqa: N815
    details: list[Detail]


class MarketTicker(msgspec.Struct):
    """A market summary; for derivatives ``vol24h`` counts contracts and ``volCcy24h`` coins."""

    instId: str  # noqa: N815
    last: str
    askPx: str  # noqa: N815
    bidPx: str  # noqa: N815
    vol24h: str
    ts: str


class AdlWarning(msgspec.Struct):
    """The insurance fund of one family and its auto-deleveraging state."""

    state: Literal["normal", "warning", "adl"]
    instFamily: str  # noqa: N815
    bal: str
    ccy: str
    ts: str
    maxBal: str = ""  # noqa: N815


_ENVELOPE = msgspec.json.Decoder(Envelope)
_TRADES = msgspec.json.Decoder(list[Trade])
_BOOKS = msgspec.json.Decoder(list[Book])
_MARKS = msgspec.json.Decoder(list[MarkPrice])
_INDEXES = msgspec.json.Decoder(list[IndexTicker])
_OI = msgspec.json.Decoder(list[OpenInterest])
_FUNDING = msgspec.json.Decoder(list[Funding])
_LIQUIDATIONS = msgspec.json.Decoder(list[Liquidation])
_TICKERS = msgspec.json.Decoder(list[MarketTicker])
_WARNINGS = msgspec.json.Decoder(list[AdlWarning])
_BARS = msgspec.json.Decoder(list[list[str]])


def parse_frame(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says.

    Raises
    ------
    FormatError
        If the message or its channel is not of the documented form.
    UnknownSymbolError
        If its contract is not listed.
    """
    if payload == b"pong":
        return Frame(control=Control("pong"))
    envelope = decode(_ENVELOPE, payload, f"{VENUE}:stream")
    if envelope.event:
        kinds: dict[str, Literal["error", "notice"]] = {"error": "error", "notice": "notice"}
        return Frame(control=Control(kinds.get(envelope.event, "ack"), envelope.msg, envelope.code))
    channel = envelope.arg.channel
    reader = _READERS.get(channel) or (_add_bars if "candle" in channel else None)
    if reader is None:
        raise FormatError(f"{VENUE}:stream", f"channel {channel!r} is unknown")
    frame = Frame()
    reader(frame, envelope, listings)
    return frame


def native(contracts: float, of: Instrument) -> float:
    """Return contracts as base coins (linear) or USD face value (inverse)."""
    return contracts * float(of.contract_value)


def trade_row(trade: Trade, of: Instrument) -> Row:
    """Return a trades row with the last id of the fills it stands for."""
    return (
        moment(trade.ts, "ts"), ticks(trade.px, of), native(positive(trade.sz, "sz"), of), trade.side == "buy",
        int(trade.tradeId),
    )  # fmt: skip


def book_levels(levels: list[Level], of: Instrument) -> list[tuple[float, float]]:
    """Return book levels as numbers, sizes native."""
    value = float(of.contract_value)
    return [(float(price), float(size) * value) for price, size, _, _ in levels]


def liquidated_position(side: Side, position_side: PositionSide) -> str:
    """Return which position was closed: what ``posSide`` says in hedge mode, else the opposite of the order."""
    if position_side == "net":
        return "long" if side == "sell" else "short"
    return position_side


def _add_trades(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for trade in decode(_TRADES, envelope.data, f"{VENUE}:trades"):
        of = listed(listings, trade.instId, VENUE).instrument
        frame.batch.add("trades", trade.instId, trade_row(trade, of))
        frame.trade_counts.setdefault(trade.instId, []).append(int(trade.count))


def _add_books(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    symbol = envelope.arg.instId
    of = listed(listings, symbol, VENUE).instrument
    for book in decode(_BOOKS, envelope.data, f"{VENUE}:books"):
        whole = envelope.action in {"snapshot", ""}  # bbo-tbt and books5 push whole books without an action
        previous = None if whole else book.prevSeqId
        frame.books.append(
            BookChange(
                symbol, moment(book.ts, "ts"), whole, book.seqId, book.seqId, previous,
                book_levels(book.bids, of), book_levels(book.asks, of),
            )
        )  # fmt: skip


def _add_marks(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for mark in decode(_MARKS, envelope.data, f"{VENUE}:mark-price"):
        listed(listings, mark.instId, VENUE)
        frame.batch.add("marks", mark.instId, (moment(mark.ts, "ts"), positive(mark.markPx, "markPx"), None))


def _add_open_interest(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for sample in decode(_OI, envelope.data, f"{VENUE}:open-interest"):
        row = open_interest_row(sample, listed(listings, sample.instId, VENUE).instrument)
        frame.batch.add("open_interest", sample.instId, row)


def open_interest_row(sample: OpenInterest, of: Instrument) -> Row:
    """Return an open-interest row; contracts become native units."""
    oi = native(not_negative(sample.oi, "oi"), of)
    usd = oi if of.is_inverse else zero_is_absent(sample.oiUsd, "oiUsd")
    return (moment(sample.ts, "ts"), oi, oi, usd)


def _add_funding(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for funding in decode(_FUNDING, envelope.data, f"{VENUE}:funding-rate"):
        listing = listed(listings, funding.instId, VENUE)
        frame.batch.add("funding", funding.instId, running_funding_row(funding, listing))


def running_funding_row(funding: Funding, listing: Listing) -> Row:
    """Return the predicted payment; the two next payments' spacing is its interval."""
    pays = moment(funding.fundingTime, "fundingTime")
    after = optional(funding.nextFundingTime, "nextFundingTime")
    spacing = (after * NS_PER_MS - pays) / HOUR_NS if after else 0.0
    hours = usual_interval(spacing, listing.funding_interval_h)
    return (
        moment(funding.ts or funding.fundingTime, "ts"),
        number(funding.fundingRate, "fundingRate"),
        hours,
        False,
    )


def _add_liquidations(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for contract in decode(_LIQUIDATIONS, envelope.data, f"{VENUE}:liquidation-orders"):
        of = listed(listings, contract.instId, VENUE).instrument
        for detail in contract.details:
            quantity, price = native(positive(detail.sz, "sz"), of), positive(detail.bkPx, "bkPx")
            usd = value_usd(of, quantity, price)
            if usd is None:
                frame.skip("liquidation in a quote without a dollar peg")
                continue
            liquidated = liquidated_position(detail.side, detail.posSide)
            row = (moment(detail.ts, "ts"), liquidated, price, "bankruptcy", quantity, usd, None)
            frame.batch.add("liquidations", contract.instId, row)


def _add_tickers(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    for ticker in decode(_TICKERS, envelope.data, f"{VENUE}:tickers"):
        frame.tickers.append(ticker_of(ticker, listed(listings, ticker.instId, VENUE).instrument))


def ticker_of(ticker: MarketTicker, of: Instrument) -> Ticker:
    """Return a market summary with its volume native; the venue gives no quote turnover for derivatives."""
    return Ticker(
        ticker.instId, moment(ticker.ts, "ts"), zero_is_absent(ticker.last, "last"),
        zero_is_absent(ticker.bidPx, "bidPx"), zero_is_absent(ticker.askPx, "askPx"),
        native(not_negative(ticker.vol24h, "vol24h"), of), None,
    )  # fmt: skip


def _add_warnings(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    del listings
    for w in decode(_WARNINGS, envelope.data, f"{VENUE}:adl-warning"):
        row = (moment(w.ts, "ts"), w.ccy, number(w.bal, "bal"), optional(w.maxBal, "maxBal"), w.state)
        frame.batch.add("insurance_fund", w.instFamily, row)


#: Bar sizes of candle channels and requests.
BAR_NS = {
    "1m": MINUTE_NS, "3m": 3 * MINUTE_NS, "5m": 5 * MINUTE_NS, "15m": 15 * MINUTE_NS, "30m": 30 * MINUTE_NS,
    "1H": HOUR_NS, "2H": 2 * HOUR_NS, "4H": 4 * HOUR_NS, "6Hutc": 6 * HOUR_NS, "12Hutc": 12 * HOUR_NS,
    "1Dutc": 24 * HOUR_NS, "1D": 24 * HOUR_NS,
}  # fmt: skip


def _add_bars(frame: Frame, envelope: Envelope, listings: Mapping[str, Listing]) -> None:
    prefix, _, size = envelope.arg.channel.rpartition("candle")
    kind = {"": "last", "mark-price-": "mark", "index-": "index"}.get(prefix)
    if kind is None or size not in BAR_NS:
        raise FormatError(f"{VENUE}:stream", f"candle channel {envelope.arg.channel!r} is unknown")
    of = listed(listings, envelope.arg.instId, VENUE).instrument
    for bar in decode(_BARS, envelope.data, f"{VENUE}:candle"):
        add_bar(frame, bar, of, BAR_NS[size], kind)


def add_bar(frame: Frame, bar: list[str], of: Instrument, size_ns: int, kind: str) -> None:
    """Add a closed candle: ``[ts, o, h, l, c, contracts, …, confirm]``, without volumes for mark and index prices."""
    if bar[-1] != "1":
        return
    start = moment(bar[0], "ts")
    o, h, low, c = (positive(x, "price") for x in bar[1:5])
    volume = native(not_negative(bar[5], "vol"), of) if kind == "last" else None
    row = (start, start + size_ns, o, h, low, c, volume, None, kind)
    frame.batch.add("bars" if kind == "last" else f"{kind}_bars", of.symbol, row)


_READERS: dict[str, Callable[[Frame, Envelope, Mapping[str, Listing]], None]] = {
    "trades": _add_trades,
    "trades-all": _add_trades,
    "books": _add_books,
    "books5": _add_books,
    "bbo-tbt": _add_books,
    "mark-price": _add_marks,
    "open-interest": _add_open_interest,
    "funding-rate": _add_funding,
    "liquidation-orders": _add_liquidations,
    "tickers": _add_tickers,
    "adl-warning": _add_warnings,
}
