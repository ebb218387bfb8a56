"""Raw Binance USD-M combined stream, one message a line behind the receive time: ``1723161255088176367 {"stream":…}``.

Trades are read; liquidation orders and mark prices too where they were recorded. Book messages are counted and passed over:
a book needs every one of them from a snapshot on, which is another room's work.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from liqatlas.base.clock import NS_PER_MS
from liqatlas.venues.importers.binance_liquidations import LIQUIDATED_BY_ORDER
from liqatlas.venues.importers.names import binance_venue
from liqatlas.venues.importers.pieces import Counts, Piece, judge
from liqatlas.venues.importers.recognition import Format, found
from liqatlas.venues.importers.scaled_prices import scaled_trades

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_LINE = re.compile(rb"\d{16,20} (\{.*\})\r?")
_MARKET = "MARKET"


class _Event(msgspec.Struct, frozen=True):
    """The fields of any event that are looked at; absent ones stay empty."""

    e: str = ""
    s: str = ""
    T: int = 0
    p: str = ""
    q: str = ""
    t: int = -1
    m: bool = False
    X: str = _MARKET
    i: str = ""
    o: Any = None


class _Message(msgspec.Struct, frozen=True):
    data: _Event = _Event()


def _match(head: Head) -> Recognised | None:
    if len(head.row) != 1 or not re.match(r'\d{16,20} \{"', head.row[0]):
        return None
    symbol = re.search(rb'"s":"([A-Z0-9_]+)"', head.raw)
    if symbol is None:
        return None
    name = symbol[1].decode()
    return found(
        head, format="binance_raw_stream", title="Binance raw stream", venue=binance_venue(name), symbol=name,
        tables=("trades", "marks", "liquidations"), how="by the messages",
    )  # fmt: skip


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    data = source.read()
    lines = data.split(b"\n")
    if source.cut_off or not lines[-1].strip():
        lines.pop()
    events, counts = _events(lines, source.cut_off)
    other = sorted({event.s for event in events if event.s and event.s != known.symbol})
    warnings = judge(source, counts)
    pieces = []
    if wanted.takes_table("trades"):
        pieces += _trades(
            source,
            known,
            [event for event in events if event.e == "trade" and event.s == known.symbol],
            counts,
        )
    if wanted.takes_table("marks"):
        pieces += _marks(
            source,
            known,
            [event for event in events if event.e == "markPriceUpdate" and event.s == known.symbol],
        )
    if wanted.takes_table("liquidations"):
        pieces += _prints(source, known, [event.o for event in events if event.e == "forceOrder"])
    if pieces:
        mixed = f"messages of {', '.join(other)} are passed over; one symbol a file is read" if other else ""
        pieces[0] = pieces[0].told(warnings).warn(mixed)
    return pieces


def _events(lines: list[bytes], cut_off: str) -> tuple[list[_Event], Counts]:
    """Decode all messages; lines of book updates are counted without being decoded."""
    decoder = msgspec.json.Decoder(_Message)
    events: list[_Event] = []
    rows = bad = bad_line = blank = 0
    reason = ""
    for number, line in enumerate(lines, start=1):
        if b'"e":"depthUpdate"' in line or b'"e":"bookTicker"' in line or b'"lastUpdateId"' in line[:64]:
            rows += 1
            continue
        if not line.strip():
            blank += 1
            continue
        match = _LINE.fullmatch(line)
        try:
            if match is None:
                raise msgspec.DecodeError("not a receive time and a message")  # noqa: TRY301 (one place counts bad lines)
            events.append(decoder.decode(match[1]).data)
            rows += 1
        except msgspec.DecodeError as error:
            bad += 1
            if bad == 1:
                bad_line, reason = number, str(error)
    return events, Counts(rows, bad, bad_line, reason, blank, cut_off)


def _piece(source: Source, known: Recognised, table: str, frame: pl.DataFrame, **facts: Any) -> Piece:
    return Piece(
        venue=known.venue,
        symbol=known.symbol,
        table=table,
        frame=frame,
        title=known.title,
        label=source.label,
        **facts,
    )


def _trades(source: Source, known: Recognised, events: list[_Event], counts: Counts) -> list[Piece]:
    """Return trades made in the market; fills of the insurance fund and of deleveraging are not taker flow.

    Source: the type ``X`` of https://developers.binance.com/docs/derivatives/usds-margined-futures (read 2026-11-22).
    """
    market = [
        event
        for event in events
        if event.X == _MARKET and float(event.p or 0) > 0 and float(event.q or 0) > 0
    ]
    if not market:
        return []
    price = pl.Series([event.p for event in market]).cast(pl.Float64)
    qty = pl.Series([event.q for event in market]).cast(pl.Float64)
    columns, decimals, lot = scaled_trades(source.label, price, qty)
    frame = columns.with_columns(
        pl.Series("ts_event_ns", [event.T * NS_PER_MS for event in market]),
        pl.Series("taker_buy", [not event.m for event in market]),
        pl.Series("trade_id", [event.t for event in market]),
    )
    other = len(events) - len(market)
    piece = _piece(
        source,
        known,
        "trades",
        frame,
        counts=counts,
        stream="trades",
        rank=1,
        price_decimals=decimals,
        lot_decimals=lot,
    )
    return [
        piece.warn(
            f"{other:,} fills outside the market (insurance fund, deleveraging) left out" if other else ""
        )
    ]


def _marks(source: Source, known: Recognised, events: list[_Event]) -> list[Piece]:
    if not events:
        return []
    frame = pl.DataFrame(
        {
            "ts_event_ns": [event.T * NS_PER_MS for event in events],
            "mark_price": [float(event.p) for event in events],
            "index_price": [float(event.i) if event.i else None for event in events],
        }
    )
    return [_piece(source, known, "marks", frame)]


def _prints(source: Source, known: Recognised, orders: list[Any]) -> list[Piece]:
    mine = [order for order in orders if isinstance(order, dict) and order.get("s") == known.symbol]
    if not mine:
        return []
    qty = [float(order["z"]) for order in mine]
    price = [float(order["ap"]) for order in mine]
    frame = pl.DataFrame(
        {
            "ts_event_ns": [int(order["T"]) * NS_PER_MS for order in mine],
            "liquidated": [LIQUIDATED_BY_ORDER[order["S"].lower()] for order in mine],
            "price": price,
            "price_kind": ["fill"] * len(mine),
            "qty_native": qty,
            "notional_usd": [a * b for a, b in zip(qty, price, strict=True)],
        }
    )
    return [_piece(source, known, "liquidations", frame)]


FORMATS = (
    Format("binance_raw_stream", "Binance raw stream (receive time and message a line)", _match, _read),
)
