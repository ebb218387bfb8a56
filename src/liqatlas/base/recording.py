"""A recording: everything public that is known of one instrument over a stretch of time.

It is what importers and the store hand to the numbers, and what the simulator makes. All tables follow ``schemas``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.account_tables import EMPTIED
from liqatlas.base.clock import isoformat

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument


@dataclass(frozen=True, slots=True)
class Recording:
    """Tables of one instrument, each possibly empty.

    Attributes
    ----------
    instrument
        What is recorded.
    trades, bars, mark_bars, marks, open_interest, funding, liquidations, liquidation_bars, book_levels, positions
        Tables of ``schemas``, sorted. ``bars`` carries turnover; its ``price_kind`` may be ``spot`` where a source gives the
        spot price in place of the perpetual's.
    emptied
        Of the venue's accounts, those that were seen to hold nothing (``account_tables.EMPTIED``): their earlier positions, in
        any instrument, are closed.
    sources
        Where the rows come from, one line each, for people.
    warnings
        What was noticed while reading, one sentence each.
    prints_scope
        Which venues' liquidations the prints or totals hold, when not this instrument's alone.
    simulated
        True only for what the simulator made.
    """

    instrument: Instrument
    trades: pl.DataFrame = field(default_factory=schemas.TRADES.empty)
    bars: pl.DataFrame = field(default_factory=schemas.BARS.empty)
    mark_bars: pl.DataFrame = field(default_factory=schemas.BARS.empty)
    marks: pl.DataFrame = field(default_factory=schemas.MARKS.empty)
    open_interest: pl.DataFrame = field(default_factory=schemas.OPEN_INTEREST.empty)
    funding: pl.DataFrame = field(default_factory=schemas.FUNDING.empty)
    liquidations: pl.DataFrame = field(default_factory=schemas.LIQUIDATIONS.empty)
    liquidation_bars: pl.DataFrame = field(default_factory=schemas.LIQUIDATION_BARS.empty)
    book_levels: pl.DataFrame = field(default_factory=schemas.BOOK_LEVELS.empty)
    positions: pl.DataFrame = field(default_factory=schemas.POSITIONS.empty)
    emptied: pl.DataFrame = field(default_factory=EMPTIED.empty)
    sources: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    prints_scope: str = ""
    simulated: bool = False

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the tables that hold rows, by attribute name."""
        names = (
            "trades", "bars", "mark_bars", "marks", "open_interest", "funding", "liquidations", "liquidation_bars",
            "book_levels", "positions",
        )  # fmt: skip
        return {name: frame for name in names if not (frame := getattr(self, name)).is_empty()}

    def span_ns(self) -> tuple[int, int] | None:
        """Return the first and last moment of any table [ns], or ``None`` when empty."""
        first, last = [], []
        for frame in self.tables().values():
            start = "ts_event_ns" if "ts_event_ns" in frame.columns else "ts_open_ns"
            end = "ts_event_ns" if "ts_event_ns" in frame.columns else "ts_close_ns"
            first.append(int(frame[start].min()))  # type: ignore[arg-type]
            last.append(int(frame[end].max()))  # type: ignore[arg-type]
        return (min(first), max(last)) if first else None

    def until(self, as_of_ns: int) -> Recording:
        """Return what was known at a moment: events at or before it, bars closed at or before it."""
        changes: dict[str, pl.DataFrame] = {}
        for name, frame in self.tables().items():
            moments = frame["ts_event_ns" if "ts_event_ns" in frame.columns else "ts_close_ns"].to_numpy()
            known = moments <= as_of_ns
            count = int(np.count_nonzero(known))
            if known[:count].all():  # sorted by it, bars that do not overlap too: a slice, not a copy
                changes[name] = frame.head(count)
            else:
                changes[name] = frame.filter(pl.Series(known))
        changes["emptied"] = self.emptied.filter(pl.col("ts_event_ns") <= as_of_ns)
        return replace(self, **changes)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {frame.height:,}" for name, frame in self.tables().items())
        span = self.span_ns()
        when = f", {isoformat(span[0])} to {isoformat(span[1])}" if span else ""
        return f"Recording({self.instrument.key}{when}: {rows or 'empty'})"
