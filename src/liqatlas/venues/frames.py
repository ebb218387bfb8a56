"""What one frame or page of a venue says: rows, book changes, tickers, control messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument

ControlKind = Literal["ack", "error", "ping", "pong", "notice"]


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as its venue lists it now.

    Attributes
    ----------
    instrument
        What is traded.
    status
        ``trading``, ``pre_launch``, ``settling`` or ``delisted``.
    funding_interval_h
        Hours between funding payments as published; ``None`` for dated futures or where the venue does not say.
    listed_ns
        Moment of the listing where published.
    """

    instrument: Instrument
    status: str = "trading"
    funding_interval_h: float | None = None
    listed_ns: int | None = None


class BookChange(NamedTuple):
    """A snapshot of an order book, or what changed in it.

    ``bids`` and ``asks`` are ``(price, qty_native)``; quantity 0 removes the level. ``previous_id`` is the update this one
    follows (``None`` where the venue does not chain updates); ``first_id`` .. ``last_id`` is the range it covers.
    """

    symbol: str
    ts_event_ns: int
    snapshot: bool
    first_id: int
    last_id: int
    previous_id: int | None
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


def book_rows(book: BookChange, levels: int) -> RowBatch:
    """Return the best levels of a whole book as rows: what is polled where a stream's changes cannot be counted."""
    batch = RowBatch()
    for side, found in (("bid", book.bids), ("ask", book.asks)):
        rows = [(book.ts_event_ns, side, i, *level) for i, level in enumerate(found[:levels])]
        batch.extend("book_levels", book.symbol, rows)
    return batch


class Ticker(NamedTuple):
    """The state of a market as its venue sums it up; ``None`` where a message leaves a field out.

    Volumes are native (see ``instruments``) over the last 24 h, turnover in quote currency.
    """

    symbol: str
    ts_event_ns: int
    last_price: float | None = None
    bid: float | None = None
    ask: float | None = None
    volume_24h_native: float | None = None
    turnover_24h: float | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A message that carries no data: acknowledgement, error, heartbeat, notice."""

    kind: ControlKind
    text: str = ""
    code: str = ""


@dataclass(slots=True)
class Frame:
    """Everything parsed from one message.

    Attributes
    ----------
    batch
        Rows of ``schemas`` tables.
    books
        Book snapshots and changes, in order.
    tickers
        Market summaries.
    control
        Set where the message is no data.
    trade_counts
        By symbol, how many consecutive ids each trade row stands for, where the venue aggregates (OKX ``count``).
    skipped
        Rows left out on purpose, by reason: off-book trades, prints without an executed size.
    """

    batch: RowBatch = field(default_factory=RowBatch)
    books: list[BookChange] = field(default_factory=list)
    tickers: list[Ticker] = field(default_factory=list)
    control: Control | None = None
    trade_counts: dict[str, list[int]] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str) -> None:
        """Count one row left out on purpose."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
