"""What a fact is: one payload, the parser that reads it, and what its fields mean according to a named source."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from liqatlas.base.instruments import ContractKind, Instrument
from liqatlas.venues.frames import BookChange, Frame, Listing, Ticker
from liqatlas.venues.rows import DATASETS, RowBatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Parsed = Frame | RowBatch | BookChange | dict[str, Listing] | dict[str, tuple[int, float]]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Fact:
    """What one payload must say.

    ``rows`` gives, by dataset, the rows in order, each with the fields under test; a dataset that is not named must be absent.
    """

    venue: str
    file: str
    source: str
    parse: Callable[[bytes], Parsed]
    rows: Mapping[str, Rows] = field(default_factory=dict)
    book: Mapping[str, Any] | None = None
    ticker: Mapping[str, Any] | None = None
    control: str | None = None
    listing: tuple[str, Mapping[str, Any]] | None = None
    prices: Mapping[str, float] | None = None
    error: tuple[type[Exception], str] | None = None
    #: A message as the venue's documentation shows it, where none was recorded; ``file`` then only names it.
    documented: str = ""

    def payload(self, data_dir: Path) -> bytes:
        """Return the recorded message, or the documented one."""
        if self.documented:
            return self.documented.encode()
        return (data_dir / "payloads" / self.venue / self.file).read_bytes()

    def __str__(self) -> str:
        return f"{self.venue}/{self.file}"


def perpetual(
    venue: str,
    symbol: str,
    asset: str,
    *,
    tick: str,
    kind: ContractKind = "linear",
    value: str = "1",
    hours: float | None = 8.0,
    quote: str = "USDT",
    lot: str = "0.001",
) -> Listing:
    """Return a listing for tests."""
    instrument = Instrument(
        venue, symbol, asset, quote=quote, settle=asset if kind == "inverse" else quote, kind=kind,
        tick_size=Decimal(tick), lot_size=Decimal(lot), contract_value=Decimal(value),
    )  # fmt: skip
    return Listing(instrument, funding_interval_h=hours)


def batch_of(parsed: Parsed) -> RowBatch:
    """Return the rows of whatever a parser returned."""
    if isinstance(parsed, Frame):
        return parsed.batch
    return parsed if isinstance(parsed, RowBatch) else RowBatch()


def named_rows(batch: RowBatch) -> dict[str, Rows]:
    """Return rows by dataset with their columns named."""
    out: dict[str, Rows] = {}
    for dataset, symbol, rows in batch:
        names = tuple(DATASETS[dataset].columns)
        out.setdefault(dataset, []).extend(
            {"symbol": symbol, **dict(zip(names, row, strict=True))} for row in rows
        )
    return out


def tickers_of(parsed: Parsed) -> list[Ticker]:
    """Return the summaries a parser found."""
    return parsed.tickers if isinstance(parsed, Frame) else []


def book_of(parsed: Parsed) -> BookChange | None:
    """Return the one book message a parser found."""
    if isinstance(parsed, BookChange):
        return parsed
    return parsed.books[0] if isinstance(parsed, Frame) and parsed.books else None
