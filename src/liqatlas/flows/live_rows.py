"""The newest rows of one instrument of a lake, those after the last bar that is closed, as flow bars that a batch would make."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.recording import Recording
from liqatlas.flows.lake_flow import MARGIN_NS, Samples
from liqatlas.levels.events import Runs
from liqatlas.levels.flow import FlowBars, bars_between

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.flows.lake_flow import LakeFlow
    from liqatlas.flows.segments import Recipe
    from liqatlas.flows.stored_history import StoredHistory

_TABLES = ("trades", "bars", "mark_bars", "marks")


class RunningRows:
    """Rows from the last closed bar on.

    Attributes
    ----------
    start_ns
        Where the last closed bar ends: a sample of open interest.
    known
        What was read last, and of each table at least its last row.
    """

    def __init__(self, stored: StoredHistory, start_ns: int, open_interest: float, made_with: Recipe) -> None:
        flow, newest = stored.flow, stored.tail[-1]
        self.start_ns, self._interest, self._made_with = start_ns, open_interest, made_with
        self._first, self._tick = flow.first_ns, flow.instrument.tick_size
        self._carry = flow.carry(stored.known, start_ns)
        self._newest = newest
        self._marks = "mark samples" in newest.mark_source, "mark bars" in newest.mark_source
        self._last = _split(stored.known, start_ns)[0]
        self.known, self._rows = stored.known, stored.known

    def goes_on_with(self, flow: LakeFlow) -> bool:
        """Return whether a lake's history still begins where it did, its price ticks as large."""
        return (flow.first_ns, flow.instrument.tick_size) == (self._first, self._tick)

    def read(self, flow: LakeFlow, as_of_ns: int) -> Samples:
        """Read the rows up to a moment; return the samples from the last closed bar on."""
        later = flow.table("open_interest", self.start_ns + 1, as_of_ns + 1)
        rows = flow.rows(self.start_ns, as_of_ns + 1)
        if rows.bars.height or rows.mark_bars.height or "bars" in flow.there:  # one may have begun before
            wide = flow.rows(self.start_ns - MARGIN_NS, as_of_ns + 1)
            rows = replace(rows, bars=wide.bars, mark_bars=wide.mark_bars)
        self._rows = _split(rows, self.start_ns)[1]
        self.known = _joined(self._last, self._rows)
        return Samples(
            np.append(self.start_ns, later["ts_event_ns"].to_numpy().astype(np.int64)),
            np.append(self._interest, later["oi_native"].to_numpy().astype(np.float64)),
        )

    def close(self, samples: Samples) -> FlowBars:
        """Return the bars between samples, of rows that were read, as closed."""
        bars = self._bars(samples, self._carry)
        self.start_ns, self._interest = int(samples.edges[-1]), float(samples.values[-1])
        before, self._rows = _split(self._rows, self.start_ns)
        self._last = _split(_joined(self._last, before), self.start_ns)[0]
        return bars

    def running(self, samples: Samples, as_of_ns: int) -> FlowBars:
        """Return the bars after the closed ones; where there is flow after the last sample the last bar is provisional."""
        trades = self.known.trades
        last = (min(as_of_ns, int(trades[-1, "ts_event_ns"])) if trades.height else 0) + 1
        if last > samples.edges[-1]:
            samples = Samples(np.append(samples.edges, last), np.append(samples.values, samples.values[-1]))
        return self._bars(samples, self._carry.copy())

    def _bars(self, samples: Samples, carry: NDArray[np.float64]) -> FlowBars:
        """Return flow bars; ``carry`` becomes what they leave."""
        if len(samples.edges) < 2:
            nothing = np.zeros(0, np.int32)
            none = Runs(nothing, nothing, nothing, np.zeros(0), np.zeros(1, np.int64))
            return replace(
                self._newest,
                edges_ns=samples.edges,
                runs=none,
                volume=np.zeros(0),
                bought=np.zeros(0),
                open_interest=samples.values,
            )
        end, rows = int(samples.edges[-1]), self._rows
        self._marks = self._marks[0] or rows.marks.height > 0, self._marks[1] or rows.mark_bars.height > 0
        rows = replace(
            rows,
            trades=rows.trades.filter(pl.col("ts_event_ns") < end),
            marks=rows.marks.filter(pl.col("ts_event_ns") <= end),
            mark_bars=rows.mark_bars.filter(pl.col("ts_close_ns") <= end),
            bars=rows.bars.clear(),
        )
        bars = bars_between(
            rows,
            self._made_with.grid,
            edges=samples.edges,
            open_interest=samples.values,
            nearest=self._made_with.nearest,
            spot_turnover=self._made_with.parameters.spot_turnover,
            carry=carry,
        )
        return replace(bars, mark_source=_mark_source(*self._marks))


def _mark_source(samples: bool, bars: bool) -> str:
    """Return the words of :func:`liqatlas.levels.flow.bars_between` for what touched."""
    names = " and ".join(["mark samples"] * samples + ["mark bars"] * bars)
    return f"{names}, trades x last mark/trade ratio between them" if names else "trade price (no mark given)"


def _split(rows: Recording, moment_ns: int) -> tuple[Recording, Recording]:
    """Return of each table the last row before a moment, and the rows after; a trade at the moment is after, a mark before."""
    before, after = {}, {}
    for name in _TABLES:
        frame = getattr(rows, name)
        when = "ts_event_ns" if "ts_event_ns" in frame.columns else "ts_close_ns"
        late = pl.col(when) >= moment_ns if name == "trades" else pl.col(when) > moment_ns
        before[name], after[name] = frame.filter(~late).tail(1), frame.filter(late)
    return Recording(rows.instrument, **before), Recording(rows.instrument, **after)


def _joined(older: Recording, newer: Recording) -> Recording:
    return Recording(
        newer.instrument,
        **{name: pl.concat([getattr(older, name), getattr(newer, name)]) for name in _TABLES},
    )
