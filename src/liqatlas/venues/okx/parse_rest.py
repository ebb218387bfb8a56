"""OKX v5 REST answers as rows. Pure: bytes in, rows out.

Sources (read 2026-11-22, field by field in docs/reference/venues/okx.md): https://www.okx.com/docs-v5/en/
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import FormatError, SourceUnavailableError
from liqatlas.base.instruments import ContractKind, Instrument
from liqatlas.venues.fields import moment, not_negative, number, optional, positive, zero_is_absent
from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
from liqatlas.venues.okx.parse import (
    VENUE,
    Book,
    Funding,
    IndexTicker,
    MarketTicker,
    MarkPrice,
    OpenInterest,
    Side,
    Trade,
    add_bar,
    book_levels,
    liquidated_position,
    native,
    open_interest_row,
    running_funding_row,
    ticker_of,
    trade_row,
)
from liqatlas.venues.payload import coin_of, decode, usual_interval, value_usd
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


class Answer(msgspec.Struct):
    """The envelope of every answer; ``code`` "0" is success, HTTP may say 200 either way."""

    code: str
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_ANSWER = msgspec.json.Decoder(Answer)


def answer(payload: bytes, where: str) -> Answer:
    """Return the envelope of a successful answer.

    Raises
    ------
    SourceUnavailableError
        If the venue refused the request, carrying its code and words.
    """
    got = decode(_ANSWER, payload, f"{VENUE}:{where}")
    if got.code != "0":
        raise SourceUnavailableError(f"OKX refused {where}: code {got.code}, {got.msg!r}")
    return got


def _data(payload: bytes, decoder: msgspec.json.Decoder[T], where: str) -> T:
    return decode(decoder, answer(payload, where).data, f"{VENUE}:{where}")


class _Contract(msgspec.Struct):
    instId: str  # noqa: N815 -- the venue's names in these structs
    instFamily: str  # noqa: N815
    ctVal: str  # noqa: N815
    ctMult: str  # noqa: N815
    ctValCcy: str  # noqa: N815
    ctType: str  # noqa: N815
    settleCcy: str  # noqa: N815
    tickSz: str  # noqa: N815
    lotSz: str  # noqa: N815
    state: str
    expTime: str = ""  # noqa: N815
    listTime: str = ""  # noqa: N815


_CONTRACTS = msgspec.json.Decoder(list[_Contract])
_STATUS = {
    "live": "trading", "preopen": "pre_launch", "test": "pre_launch", "suspend": "settling", "expired": "delisted",
    "rebase": "settling", "post_only": "settling",
}  # fmt: skip


def parse_instruments(payload: bytes) -> dict[str, Listing]:
    """Return contracts; one contract is ``ctVal × ctMult`` base coins (linear) or US dollars (inverse).

    Raises
    ------
    FormatError
        If a contract's value is in a currency that fits neither kind: its sizes could not be converted.
    """
    out = {}
    for c in _data(payload, _CONTRACTS, "instruments"):
        if c.ctType not in {"linear", "inverse"}:
            continue
        kind: ContractKind = "linear" if c.ctType == "linear" else "inverse"
        base, quote = c.instFamily.split("-")[:2]
        asset, multiplier = coin_of(base)
        if c.ctValCcy != (base if kind == "linear" else "USD"):
            raise FormatError(
                f"{VENUE}:instruments", f"{c.instId} is {kind} but its contract value is in {c.ctValCcy!r}"
            )
        value = Decimal(c.ctVal) * Decimal(c.ctMult or "1")
        instrument = Instrument(
            VENUE, c.instId, asset, quote=quote, settle=c.settleCcy, kind=kind, tick_size=Decimal(c.tickSz),
            lot_size=Decimal(c.lotSz) * value, contract_value=value, price_multiplier=multiplier,
            expiry_ns=moment(c.expTime, "expTime") if c.expTime else None,
        )  # fmt: skip
        listed_ns = moment(c.listTime, "listTime") if c.listTime else None
        out[c.instId] = Listing(instrument, _STATUS.get(c.state, "settling"), None, listed_ns)
    return out


_BARS = msgspec.json.Decoder(list[list[str]])


def parse_bars(payload: bytes, listing: Listing, interval_ns: int, kind: str = "last") -> RowBatch:
    """Return closed candles, newest first as the venue sends them."""
    frame = Frame()
    for bar in _data(payload, _BARS, "candles"):
        add_bar(frame, bar, listing.instrument, interval_ns, kind)
    return frame.batch


_TRADES = msgspec.json.Decoder(list[Trade])


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return single fills in ascending order of id (the venue sends the newest first)."""
    batch = RowBatch()
    found = _data(payload, _TRADES, "trades")
    found.sort(key=lambda t: int(t.tradeId))
    batch.extend("trades", listing.instrument.symbol, [trade_row(t, listing.instrument) for t in found])
    return batch


_MARKS = msgspec.json.Decoder(list[MarkPrice])
_INDEXES = msgspec.json.Decoder(list[IndexTicker])


def parse_marks(payload: bytes, listings: Mapping[str, Listing]) -> RowBatch:
    """Return mark prices of all listed contracts."""
    batch = RowBatch()
    for mark in _data(payload, _MARKS, "mark-price"):
        if mark.instId in listings:
            row = (moment(mark.ts, "ts"), positive(mark.markPx, "markPx"), None)
            batch.add("marks", mark.instId, row)
    return batch


def parse_index_prices(payload: bytes) -> dict[str, tuple[int, float]]:
    """Return ``index name → (moment [ns], price)``; an index (``BTC-USDT``) serves several contracts."""
    found = _data(payload, _INDEXES, "index-tickers")
    return {i.instId: (moment(i.ts, "ts"), positive(i.idxPx, "idxPx")) for i in found}


_OI = msgspec.json.Decoder(list[OpenInterest])
_OI_HISTORY = msgspec.json.Decoder(list[tuple[str, str, str, str]])


def parse_open_interest(payload: bytes, listings: Mapping[str, Listing]) -> RowBatch:
    """Return the present open interest of all listed contracts."""
    batch = RowBatch()
    for sample in _data(payload, _OI, "open-interest"):
        if sample.instId in listings:
            row = open_interest_row(sample, listings[sample.instId].instrument)
            batch.add("open_interest", sample.instId, row)
    return batch


def parse_open_interest_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return open-interest samples ``[ts, contracts, coins, USD]``."""
    batch, of = RowBatch(), listing.instrument
    for ts, oi, _, usd in _data(payload, _OI_HISTORY, "open-interest-history"):
        row = open_interest_row(OpenInterest(of.symbol, oi, ts, usd), of)
        batch.add("open_interest", of.symbol, row)
    return batch


class _Payment(msgspec.Struct):
    instId: str  # noqa: N815
    fundingRate: str  # noqa: N815
    fundingTime: str  # noqa: N815
    realizedRate: str = ""  # noqa: N815


_PAYMENTS = msgspec.json.Decoder(list[_Payment])
_FUNDING = msgspec.json.Decoder(list[Funding])


def parse_funding_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return settled payments, ascending: ``realizedRate`` is what was paid, ``fundingRate`` what had been predicted."""
    batch, last = RowBatch(), 0
    found = _data(payload, _PAYMENTS, "funding-rate-history")
    for p in sorted(found, key=lambda p: int(p.fundingTime)):
        ts = moment(p.fundingTime, "fundingTime")
        hours = usual_interval((ts - last) / HOUR_NS, listing.funding_interval_h)
        paid = optional(p.realizedRate, "realizedRate")
        rate = paid if paid is not None else number(p.fundingRate, "fundingRate")
        batch.add("funding", p.instId, (ts, rate, hours, True))
        last = ts
    return batch


def parse_funding(payload: bytes, listing: Listing) -> RowBatch:
    """Return the running funding rate."""
    batch = RowBatch()
    for funding in _data(payload, _FUNDING, "funding-rate"):
        batch.add("funding", funding.instId, running_funding_row(funding, listing))
    return batch


_RATIOS = msgspec.json.Decoder(list[tuple[str, str]])


def parse_long_short_ratio(payload: bytes, symbol: str) -> RowBatch:
    """Return shares of accounts that are net long from ``[ts, long accounts / short accounts]``."""
    batch = RowBatch()
    for ts, ratio in _data(payload, _RATIOS, "long-short-account-ratio-contract"):
        long_per_short = not_negative(ratio, "longShortAcctRatio")
        row = (moment(ts, "ts"), long_per_short / (1 + long_per_short), "accounts")
        batch.add("long_short_ratios", symbol, row)
    return batch


_BOOKS = msgspec.json.Decoder(list[Book])


def parse_book(payload: bytes, listing: Listing) -> BookChange:
    """Return a REST book snapshot."""
    books = _data(payload, _BOOKS, "books")
    if not books:
        raise FormatError(f"{VENUE}:books", "the answer holds no book")
    book, of = books[0], listing.instrument
    bids, asks = book_levels(book.bids, of), book_levels(book.asks, of)
    return BookChange(of.symbol, moment(book.ts, "ts"), True, book.seqId, book.seqId, None, bids, asks)


_TICKERS = msgspec.json.Decoder(list[MarketTicker])


def parse_tickers(payload: bytes, listings: Mapping[str, Listing]) -> list[Ticker]:
    """Return market summaries of all listed contracts."""
    found = _data(payload, _TICKERS, "tickers")
    return [ticker_of(t, listings[t.instId].instrument) for t in found if t.instId in listings]


class _Fund(msgspec.Struct):
    balance: str
    ccy: str
    ts: str


class _Funds(msgspec.Struct):
    details: list[_Fund]
    instFamily: str = ""  # noqa: N815
    total: str = ""


_FUNDS = msgspec.json.Decoder(list[_Funds])


def parse_insurance(payload: bytes, family: str) -> RowBatch:
    """Return the balances of a family's insurance fund."""
    batch = RowBatch()
    for funds in _data(payload, _FUNDS, "insurance-fund"):
        for d in funds.details:
            row = (moment(d.ts, "ts"), d.ccy, number(d.balance, "balance"), None, None)
            batch.add("insurance_fund", funds.instFamily or family, row)
    return batch


class _Position(msgspec.Struct):
    instId: str  # noqa: N815
    mgnMode: str  # noqa: N815
    posSide: str  # noqa: N815
    pos: str
    lever: str
    markPx: str  # noqa: N815
    liqPx: str  # noqa: N815
    avgPx: str  # noqa: N815
    upl: str
    uTime: str  # noqa: N815
    margin: str = ""


_POSITIONS = msgspec.json.Decoder(list[_Position])


def parse_positions(payload: bytes, account: str, listings: Mapping[str, Listing]) -> RowBatch:
    """Return an account's own positions (a private endpoint's answer); in net mode the sign of ``pos`` is the side."""
    batch = RowBatch()
    for p in _data(payload, _POSITIONS, "positions"):
        contracts = number(p.pos, "pos")
        if contracts == 0 or p.instId not in listings:
            continue
        short = p.posSide == "short" or (p.posSide == "net" and contracts < 0)
        quantity = native(abs(contracts), listings[p.instId].instrument)
        row = (
            moment(p.uTime, "uTime"), account, "short" if short else "long", quantity, positive(p.avgPx, "avgPx"),
            zero_is_absent(p.markPx, "markPx"), zero_is_absent(p.lever, "lever"),
            "isolated" if p.mgnMode == "isolated" else "cross", zero_is_absent(p.margin, "margin"), None,
            zero_is_absent(p.liqPx, "liqPx"), None, optional(p.upl, "upl"),
        )  # fmt: skip
        batch.add("positions", p.instId, row)
    return batch


class _Order(msgspec.Struct):
    instId: str  # noqa: N815
    category: str
    side: Side
    posSide: str  # noqa: N815
    fillPx: str  # noqa: N815
    fillSz: str  # noqa: N815
    fillTime: str  # noqa: N815


class _Orders(msgspec.Struct):
    data: list[_Order]


_ORDERS = msgspec.json.Decoder(_Orders)


def parse_own_liquidations(payload: bytes, listings: Mapping[str, Listing]) -> RowBatch:
    """Return liquidation fills of one's own orders channel (private); other categories make no row."""
    batch = RowBatch()
    for o in decode(_ORDERS, payload, f"{VENUE}:orders").data:
        if o.category not in {"full_liquidation", "partial_liquidation"} or o.instId not in listings:
            continue
        of = listings[o.instId].instrument
        quantity, price = native(positive(o.fillSz, "fillSz"), of), positive(o.fillPx, "fillPx")
        usd = value_usd(of, quantity, price)
        if usd is not None:
            side = "long" if o.posSide == "long" else "short" if o.posSide == "short" else "net"
            liquidated = liquidated_position(o.side, side)  # type: ignore[arg-type]
            row = (moment(o.fillTime, "fillTime"), liquidated, price, "fill", quantity, usd, None)
            batch.add("liquidations", o.instId, row)
    return batch


class _Time(msgspec.Struct):
    ts: str


_TIME = msgspec.json.Decoder(list[_Time])


def parse_server_time(payload: bytes) -> int:
    """Return the venue's clock [ns]."""
    found = _data(payload, _TIME, "time")
    if not found:
        raise FormatError(f"{VENUE}:time", "the answer holds no time")
    return moment(found[0].ts, "ts")
