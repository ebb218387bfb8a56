"""Flow bars of any stretch of a lake, equal to those a batch over all history would make.

An hour's flow comes from its trades, or from its bars where the trades there hold less than :data:`COMPLETE` of the turnover of
the bars: a recorder that started late, or history that was fetched as bars. Bars may be one hour long at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS, format_window
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.recording import Recording
from liqatlas.base.units import prices_from_ticks
from liqatlas.levels.events import coordinates, mark_events
from liqatlas.levels.flow import FlowBars, bars_between
from liqatlas.store import split_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid
    from liqatlas.base.instruments import Instrument
    from liqatlas.store import Lake

#: Datasets that flow bars are made of.
SOURCES = frozenset({"trades", "bars", "marks", "open_interest"})
#: Share of the bars' turnover that an hour's trades must hold to count as all of them.
COMPLETE = 0.9
#: Rows read on both sides of a stretch; also the longest bar that can be cut at hours.
MARGIN_NS = HOUR_NS
#: A day of more trades is read hour by hour.
TRADES_AT_ONCE = 1_000_000
#: How far back the last trade, mark or sample before a stretch is looked for, one after the other.
_LOOK_BACK_NS = (HOUR_NS, DAY_NS, 30 * DAY_NS, 3650 * DAY_NS)


class CannotCutError(NotEnoughDataError):
    """The history cannot be cut at hours; it is folded as one."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Open interest at the edges of flow bars: int64 and float64 ``(n + 1,)``."""

    edges: NDArray[np.int64]
    values: NDArray[np.float64]

    def part(self, first: int, last: int) -> Samples:
        """Return bars ``[first, last)``."""
        return Samples(self.edges[first : last + 1], self.values[first : last + 1])

    def within(self, start_ns: int, end_ns: int) -> Samples:
        """Return the bars of the hours in ``[start_ns, end_ns)``."""
        first, last = np.searchsorted(self.hours, (start_ns, end_ns))
        return self.part(int(first), int(last))

    @property
    def hours(self) -> NDArray[np.int64]:
        """The hour in which each bar ends [ns], int64 ``(n,)``."""
        return (self.edges[1:] - 1) // HOUR_NS * HOUR_NS


class LakeFlow:
    """Flow bars of one instrument of a lake.

    Parameters
    ----------
    until_ns
        Nothing later is known: rows after it are not used, bars that close after it neither.
    nearest
        Smallest level offset of a (long, short) [bins].

    Raises
    ------
    CannotCutError
        If the lake holds no open interest of it, or (while reading) bars longer than an hour.
    """

    def __init__(
        self,
        lake: Lake,
        instrument: Instrument,
        grid: LogGrid,
        *,
        nearest: tuple[int, int],
        spot_turnover: float,
        until_ns: int,
    ) -> None:
        self._lake, self._grid = lake, grid
        self._nearest, self._spot_turnover, self._until = nearest, spot_turnover, until_ns
        self.instrument = replace(instrument, tick_size=lake.tick_size(instrument.venue, instrument.symbol))
        firsts = {
            row.dataset: row.first_event_ns
            for row in lake.freshness(instrument.venue, instrument.symbol)
            if row.first_event_ns <= until_ns
        }
        self.there = set(firsts) & SOURCES
        traded = [firsts[name] for name in ("trades", "bars") if name in firsts]
        if "open_interest" not in firsts or not traded:
            raise CannotCutError(
                f"{instrument.key}: the lake holds no open interest, or no trades and no bars"
            )
        self._first_traded, self._first_sample = min(traded), firsts["open_interest"]

    @property
    def first_ns(self) -> int:
        """The first edge of all."""
        return min(self._first_traded, self._first_sample)

    def table(self, dataset: str, start_ns: int, end_ns: int) -> pl.DataFrame:
        """Return rows of a dataset, as far as they are known."""
        end = min(end_ns, self._until + 1)
        return self._lake.read(
            dataset, self.instrument.venue, self.instrument.symbol, max(start_ns, 0), max(end, start_ns)
        )

    def many_trades(self, start_ns: int, end_ns: int) -> bool:
        """Whether a stretch holds more trades than are read at once."""
        if "trades" not in self.there:
            return False
        place = (self.instrument.venue, self.instrument.symbol)
        return self._lake.rows_near("trades", *place, start_ns, end_ns) > TRADES_AT_ONCE

    def samples(self, from_ns: int, end_ns: int) -> Samples:
        """Return samples from the last one at or before ``from_ns`` to those before ``end_ns``, history's own start included."""
        rows = self.table("open_interest", from_ns - HOUR_NS, end_ns)
        for back in _LOOK_BACK_NS[1:]:
            if from_ns <= self._first_sample or (rows.height and int(rows[0, "ts_event_ns"]) <= from_ns):
                break
            rows = self.table("open_interest", from_ns - back, end_ns)
        edges = rows["ts_event_ns"].to_numpy().astype(np.int64)
        values = rows["oi_native"].to_numpy().astype(np.float64)
        first = max(int(np.searchsorted(edges, from_ns, side="right")) - 1, 0)
        edges, values = edges[first:], values[first:]
        begins = len(edges) and edges[0] == self._first_sample and from_ns < self._first_sample
        if begins and self._first_traded < self._first_sample:  # open interest before its first sample
            edges, values = np.insert(edges, 0, self._first_traded), np.insert(values, 0, values[0])
        return Samples(edges, values)

    def rows(self, start_ns: int, end_ns: int) -> Recording:
        """Return trades, bars and marks of a stretch, as far as they are known."""
        bars, mark_bars = pl.DataFrame(), pl.DataFrame()
        out = Recording(self.instrument)
        if "bars" in self.there:
            bars, mark_bars, _ = split_bars(self.table("bars", start_ns, end_ns))
            longest = max((_longest(frame) for frame in (bars, mark_bars)), default=0)
            if longest > MARGIN_NS:
                raise CannotCutError(
                    f"{self.instrument.key}: bars of {format_window(longest)} cannot be cut at hours"
                )
            out = replace(out, bars=bars, mark_bars=mark_bars)
        if "trades" in self.there:
            out = replace(out, trades=self.table("trades", start_ns, end_ns))
        if "marks" in self.there:
            out = replace(out, marks=self.table("marks", start_ns, end_ns))
        return out.until(self._until)

    def bars(self, samples: Samples, known: Recording | None = None) -> list[FlowBars]:
        """Return the flow bars between samples, one table per stretch of hours that come from the same source.

        ``known`` holds the rows from :data:`MARGIN_NS` before to as much after, where they were read already.
        """
        if len(samples.edges) < 2:
            return []
        if known is None:
            known = self.rows(int(samples.edges[0]) - MARGIN_NS, int(samples.edges[-1]) + MARGIN_NS)
        hours = samples.hours
        by_bars = self._hours_by_bars(known, hours)
        turns = np.flatnonzero(np.diff(by_bars)) + 1
        bounds = [0, *turns.tolist(), len(hours)]
        return [
            self._stretch(known, samples.part(a, b), by_bars=bool(by_bars[a])) for a, b in pairwise(bounds)
        ]

    def _hours_by_bars(self, known: Recording, hours: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return for each flow bar whether its hour comes from bars."""
        if "trades" not in self.there or known.bars.is_empty():
            return np.full(len(hours), "trades" not in self.there)
        each = np.unique(hours)
        traded = _turnover(known.trades, "ts_event_ns", "qty_native", each)
        of_bars = _turnover(known.bars, "ts_open_ns", "volume_native", each)
        return np.asarray((traded < COMPLETE * of_bars)[np.searchsorted(each, hours)])

    def _stretch(self, known: Recording, samples: Samples, *, by_bars: bool) -> FlowBars:
        start, end = int(samples.edges[0]), int(samples.edges[-1])
        carry = None
        if by_bars:
            known = replace(known, trades=known.trades.clear())
        else:
            if start > self.first_ns:
                carry = self.carry(known, start)
                known = replace(
                    known,
                    marks=known.marks.filter(pl.col("ts_event_ns") > start),
                    mark_bars=known.mark_bars.filter(pl.col("ts_close_ns") > start),
                )
            known = replace(
                known,
                bars=known.bars.clear(),
                trades=known.trades.filter(pl.col("ts_event_ns").is_between(start, end, closed="left")),
            )
        return bars_between(
            known,
            self._grid,
            edges=samples.edges,
            open_interest=samples.values,
            nearest=self._nearest,
            spot_turnover=self._spot_turnover,
            carry=carry,
        )

    def carry(self, known: Recording, start: int) -> NDArray[np.float64]:
        """Return what trades and marks before a stretch left: basis, coordinate of the last trade, last entry bin."""
        before = known
        for back in _LOOK_BACK_NS:
            if back > MARGIN_NS:
                before = self.rows(start - back, start + 1)
            (_, moments, _, _, last), _ = mark_events(before, self._grid)
            marks = int(np.searchsorted(moments, start, side="right"))
            mark_ns = int(moments[marks - 1]) if marks else start
            trades = before.trades.filter(pl.col("ts_event_ns") < start)
            enough = trades.height and (not marks or int(trades[0, "ts_event_ns"]) < mark_ns)
            if enough or start - back <= self.first_ns:
                break
        carry = np.full(3, np.nan)
        if not trades.height:
            return carry
        ticks = trades["price_ticks"].to_numpy()
        at_mark = int(np.searchsorted(trades["ts_event_ns"].to_numpy(), mark_ns, side="left")) - 1
        prices = prices_from_ticks(ticks[[max(at_mark, 0), -1]], self.instrument.tick_size)
        where = coordinates(prices, self._grid)
        if marks and at_mark >= 0:
            carry[0] = last[marks - 1] - where[0]
        carry[1], carry[2] = where[1], float(self._grid.bins(prices)[1])
        return carry


def _longest(frame: pl.DataFrame) -> int:
    return 0 if frame.is_empty() else int((frame["ts_close_ns"] - frame["ts_open_ns"]).max())  # type: ignore[arg-type]


def _turnover(frame: pl.DataFrame, moment: str, amount: str, hours: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the turnover of each of the hours, which ascend."""
    sums = frame.group_by((pl.col(moment) // HOUR_NS * HOUR_NS).alias("hour")).agg(pl.col(amount).sum())
    out = np.zeros(len(hours))
    there = sums.filter(pl.col("hour").is_in(hours))
    out[np.searchsorted(hours, there["hour"].to_numpy())] = there[amount].to_numpy()
    return out
