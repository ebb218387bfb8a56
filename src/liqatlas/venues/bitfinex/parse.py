"""Bitfinex rows as rows of ours. Pure: bytes in, rows out. Sizes are coins; rows are arrays with places for nothing.

Sources (read 2026-11-22, field by field in docs/reference/venues/bitfinex.md): https://docs.bitfinex.com/reference
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.venues.fields import not_negative, number, positive, ticks
from liqatlas.venues.frames import Frame
from liqatlas.venues.payload import decode, listed, value_usd
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing

VENUE = "bitfinex"
Cell = float | int | str | None
#: A history wraps each row in a list of its own, the stream does not.
_LIQUIDATIONS = msgspec.json.Decoder(list[list[Any]])
_ROWS = msgspec.json.Decoder(list[list[Cell]])
#: Liquidations of margin trading on spot pairs come in the same feed; derivatives end so.
_DERIVATIVE = "F0"


def parse_liquidations(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return prints of what was executed in the market.

    One liquidation is several rows: a trigger (``IS_MATCH`` 0, no price) and one or more executions (``IS_MATCH`` 1). Only
    executions sold into the market (``IS_MARKET_SOLD`` 1) are prints; triggers would count every liquidation twice, and a position
    that the system acquired (0) reached no book. Spot margin positions are left out.

    Raises
    ------
    FormatError
        If a row is not of the documented form.
    UnknownSymbolError
        If a derivative is not listed.
    """
    frame = Frame()
    add_liquidations(frame, decode(_LIQUIDATIONS, payload, f"{VENUE}:liquidations"), listings)
    return frame


def moments_of(payload: bytes) -> list[int]:
    """Return the moments of all rows [ms], triggers and other venues' business included: what tells a full page."""
    return [int(_plain(entry)[2]) for entry in decode(_LIQUIDATIONS, payload, f"{VENUE}:liquidations")]


def add_liquidations(frame: Frame, entries: list[list[Any]], listings: Mapping[str, Listing]) -> None:
    """Add the prints among rows of the history or the stream."""
    for entry in entries:
        _add_liquidation(frame, _plain(entry), listings)


def _plain(entry: list[Any]) -> list[Any]:
    """Return a row without the list around it."""
    row: list[Any] = entry[0] if entry and isinstance(entry[0], list) else entry
    if len(row) < 12 or row[0] != "pos":
        raise FormatError(
            f"{VENUE}:liquidations", f"a row is {row!r}: wanted ['pos', POS_ID, MTS, …] of 12 places"
        )
    return row


def _add_liquidation(frame: Frame, row: list[Cell], listings: Mapping[str, Listing]) -> None:
    """Add one row, or count why it is none."""
    symbol, matched, sold, price = str(row[4]), row[8], row[9], row[11]
    if not symbol.partition(":")[0].endswith(_DERIVATIVE):
        frame.skip("liquidation of spot margin")
    elif matched == 0:
        frame.skip("trigger of a liquidation; its execution is a row of its own")
    elif sold != 1:
        frame.skip("position acquired by the system, not sold into the market")
    elif price is None:
        frame.skip("execution without a price")
    else:
        of = listed(listings, symbol, VENUE).instrument
        amount = number(row[5], "AMOUNT")  # type: ignore[arg-type]
        paid, size = positive(price, "PRICE_ACQUIRED"), abs(amount)
        usd = value_usd(of, size, paid)
        if usd is None:
            frame.skip("liquidation in a quote without a dollar peg")
            return
        ts = round(number(row[2], "MTS")) * NS_PER_MS  # type: ignore[arg-type]
        print_ = (ts, "long" if amount > 0 else "short", paid, "fill", size, usd, None)
        frame.batch.add("liquidations", symbol, print_)


def parse_status(payload: bytes, *, symbol: str = "") -> RowBatch:
    """Return mark, index, open interest and running funding of derivatives.

    Parameters
    ----------
    symbol
        For the history of one contract, whose rows do not repeat its name.
    """
    batch = RowBatch()
    for row in decode(_ROWS, payload, f"{VENUE}:status"):
        add_status(batch, row if not symbol else [symbol, *row])
    return batch


def add_status(batch: RowBatch, cells: list[Cell]) -> None:
    """Add the rows of one status, its name first."""
    if len(cells) < 19:
        raise FormatError(f"{VENUE}:status", f"a row has {len(cells)} places: wanted at least 19")
    name, ts = str(cells[0]), round(number(cells[1], "MTS")) * NS_PER_MS  # type: ignore[arg-type]
    mark, spot, oi, rate = cells[15], cells[4], cells[18], cells[12]
    if mark is not None:
        batch.add("marks", name, (ts, positive(mark, "MARK_PRICE"), spot))
    if oi is not None:
        held = not_negative(oi, "OPEN_INTEREST")
        batch.add("open_interest", name, (ts, held, held, None))
    if rate is not None:
        batch.add("funding", name, (ts, number(rate, "CURRENT_FUNDING"), 8.0, False))


def parse_trades(payload: bytes, listing: Listing) -> RowBatch:
    """Return trades; a positive amount was bought: the order that causes the trade says which."""
    batch = RowBatch()
    for row in decode(_ROWS, payload, f"{VENUE}:trades"):
        add_trade(batch, row, listing.instrument)
    return batch


def add_trade(batch: RowBatch, row: list[Cell], of: Instrument) -> None:
    """Add one trade: ID, MTS, AMOUNT, PRICE."""
    if len(row) < 4:
        raise FormatError(f"{VENUE}:trades", f"a row has {len(row)} places: wanted ID, MTS, AMOUNT, PRICE")
    identity, mts, amount, price = (number(cell, "trade") for cell in row[:4])  # type: ignore[arg-type]
    if amount == 0:
        raise FormatError(f"{VENUE}:trades", "an amount is 0")
    found = (round(mts) * NS_PER_MS, ticks(str(price), of), abs(amount), amount > 0, int(identity))
    batch.add("trades", of.symbol, found)
