"""The history of one instrument kept at hand while its rows come: only what is new is folded, with the bits of a fold over all.

Bars whose closing sample of open interest is older than :data:`GRACE_NS` are folded once and kept; those after it are read and folded
anew each time, so rows that come a little late need nothing special. A row that comes later than that, a repair, a backfill or a
new hour to seal changes what was kept: it is then thrown away, made again from the lake, and that is counted.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS, NS_PER_S
from liqatlas.flows.lake_flow import SOURCES, Samples
from liqatlas.flows.live_rows import RunningRows
from liqatlas.flows.segments import SETTLE_NS, lake_flow
from liqatlas.flows.stored_history import StoredHistory
from liqatlas.levels.flow import joined
from liqatlas.levels.segment import identity
from liqatlas.store import Standing

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.flows.segments import Recipe
    from liqatlas.levels.flow import FlowBars
    from liqatlas.levels.segment import Segment
    from liqatlas.levels.stream import LevelStream
    from liqatlas.store import Lake

#: Rows may come this late without anything being made again.
GRACE_NS = 10 * NS_PER_S
#: Bars are closed, and rows that came later are looked for, this often [s], and with this many times what a look takes between.
CLOSE_EVERY_S = 2.0
LOOKS_APART = 20
#: Windows of one instrument that are kept at hand.
WINDOWS_KEPT = 8
#: Tables of closed bars are put together when there are so many.
_TABLES = 32


@dataclass(slots=True)
class HistoryNow:
    """A history at one moment: what a map of one window is read out of."""

    first_ns: int
    tail: tuple[FlowBars, ...]
    known: Recording
    start_ns: int
    whole: Segment
    window: Segment

    def segments(self, start_ns: int) -> tuple[Segment, Segment]:
        """Return the segments of all history and of the window it was made for."""
        assert start_ns == self.start_ns
        return self.whole, self.window


def _newest(rows: Recording) -> int:
    """Return the newest moment of an instrument's own rows: another venue's may be ahead."""
    span = rows.span_ns()
    return span[1] if span else 0


@dataclass(slots=True)
class _Window:
    """The closed bars of a window: those of the hour it begins in, and the stream of all from ``begins_ns`` on."""

    from_ns: int
    cut: list[FlowBars]
    whole_from_ns: int
    begins_ns: int
    stream: LevelStream


class LiveHistory:
    """The history of one instrument of a lake that is written to; not thread-safe."""

    def __init__(self, lake: Lake, instrument: Instrument, made_with: Recipe) -> None:
        self._lake, self.instrument, self._made_with = lake, instrument, made_with
        self._built = self._may_close = False
        self._looked, self._look_took = 0.0, 0.0
        self._standing = Standing(0, 0)
        self._sealable = 0
        self._windows: OrderedDict[int, _Window] = OrderedDict()
        self._closed: list[tuple[FlowBars, int]] = []
        self._own = 0  # closed tables, at the end, that were made here

    def stale(self, as_of_ns: int) -> str:
        """Return why what is kept cannot be gone on from; empty where it can."""
        if not self._built:
            return "first"
        venue, symbol = self.instrument.venue, self.instrument.symbol
        standing = self._lake.standing(venue, symbol)
        if (as_of_ns - SETTLE_NS) // HOUR_NS != self._sealable:
            return "hour"
        flow = lake_flow(self._lake, self.instrument, self._made_with, as_of_ns)
        if (
            not self._rows.goes_on_with(flow)
            or as_of_ns < self._rows.start_ns
            or standing.seq < self._standing.seq
        ):
            return "history"
        return self._changed(standing)

    def _changed(self, standing: Standing) -> str:
        """Return what happened to rows of bars that are closed; what came late into their last hour is looked for now and then."""
        venue, symbol, start = self.instrument.venue, self.instrument.symbol, self._rows.start_ns
        touched = [
            one
            for one in self._lake.touched_since(venue, symbol, self._standing.seq)
            if one.dataset in SOURCES and one.hour_ns < start
        ]
        if any(one.dataset == "bars" or one.hour_ns + HOUR_NS <= start for one in touched):
            return "late rows"
        hour = start // HOUR_NS * HOUR_NS
        if (
            touched
            and standing.newest_file != self._standing.newest_file
            and self._lake.new_files(
                venue, symbol, since=self._standing, start_ns=hour, end_ns=hour + HOUR_NS
            )
        ):
            return "files"
        if time.monotonic() - self._looked < max(CLOSE_EVERY_S, LOOKS_APART * self._look_took):
            return ""
        if self._came_late({one.dataset for one in touched}):
            return "late rows"
        self._standing, self._may_close = standing, True
        return ""

    def _came_late(self, datasets: set[str]) -> bool:
        """Return whether rows of bars that are closed were written: a look at each row of the hour that is not in a file."""
        began = time.monotonic()
        start = self._rows.start_ns
        found = any(
            self._lake.wrote_before(
                name,
                self.instrument.venue,
                self.instrument.symbol,
                since=self._standing,
                start_ns=start // HOUR_NS * HOUR_NS,
                end_ns=start + (name != "trades"),  # a trade at the sample opens the next bar
            )
            for name in datasets
        )
        self._looked = time.monotonic()
        self._look_took = self._looked - began
        return found

    def build(self, as_of_ns: int) -> StoredHistory | None:
        """Make everything from the lake; return what was read where it cannot be gone on from."""
        self._built = False
        standing = self._lake.standing(self.instrument.venue, self.instrument.symbol)
        stored = StoredHistory(self._lake, self.instrument, self._made_with, as_of_ns)
        if not stored.tail or stored.tail[-1].entry_source != "trades":
            return stored  # of bars alone, which change once a minute
        if stored.notes:
            return stored  # rows of the newest hour were removed
        edges = stored.samples.edges[: -1 if stored.provisional else None]
        at = int(np.searchsorted(edges, _newest(stored.known) - GRACE_NS, side="right")) - 1
        last_table = stored.tail[-1].edges_ns[0]
        if at < 1 or edges[at] <= last_table:
            return stored  # nothing that comes from trades is closed yet
        self._standing, self._stored = standing, stored
        self._sealable = (as_of_ns - SETTLE_NS) // HOUR_NS
        boundary = int(edges[at])
        self._rows = RunningRows(stored, boundary, float(stored.samples.values[at]), self._made_with)
        self._closed = [
            (one, min(int(np.searchsorted(one.edges_ns, boundary)), one.count)) for one in stored.tail
        ]
        self._own = 0
        self._windows.clear()
        self._whole = self._made_with.stream()
        sealed = stored.all_sealed()
        self._whole.reserve(sealed, stored.tail)
        self._whole.append(sealed, reserved=True)
        for bars, stop in self._closed:
            self._whole.update(bars, 0, stop)
        self._built = True
        return None

    def begins_in_removed(self, start_ns: int) -> bool:
        """Return whether rows were removed about where a window begins: hours there are known only as a whole."""
        hour, sealed = start_ns // HOUR_NS * HOUR_NS, self._stored.sealed_until_ns
        return hour < sealed and bool(self._stored.kept.standing(hour, min(hour + DAY_NS, sealed)))

    def now(self, as_of_ns: int, window_ns: int) -> HistoryNow:
        """Return the history at a moment; it must not be stale."""
        flow = lake_flow(self._lake, self.instrument, self._made_with, as_of_ns)
        samples = self._rows.read(flow, as_of_ns)
        newest = _newest(self._rows.known)
        settled = int(np.searchsorted(samples.edges, newest - GRACE_NS, side="right")) - 1
        if self._may_close and settled > 0:
            self._close(samples.part(0, settled))
            samples = Samples(samples.edges[settled:], samples.values[settled:])
        self._may_close = False
        running = self._rows.running(samples, as_of_ns)
        start, first_ns = as_of_ns - window_ns, self._stored.first_ns
        whole = self._finished(self._whole, running, 0)
        window = whole
        if start > first_ns:
            first = int(np.searchsorted(running.edges_ns[:-1], start, side="left"))
            window = self._finished(self._window(start, window_ns), running, first)
        return HistoryNow(first_ns, (running,), self._rows.known, start, whole, window)

    def _close(self, samples: Samples) -> None:
        """Fold bars that will not change any more."""
        bars = self._rows.close(samples)
        self._whole.update(bars)
        for window in self._windows.values():
            first = int(np.searchsorted(bars.edges_ns[:-1], window.begins_ns, side="left"))
            window.stream.update(bars, first)
        self._closed.append((bars, bars.count))
        self._own += 1
        if self._own >= _TABLES:
            whole = joined([table for table, _ in self._closed[-self._own :]])
            self._closed[-self._own :] = [(whole, whole.count)]
            self._own = 1

    def _finished(self, stream: LevelStream, running: FlowBars, first: int) -> Segment:
        """Return a stream with running bars on top as a segment; the stream stays as it is."""
        twin = stream.fork()
        twin.update(running, first)
        return twin.finish().trimmed() if twin.holds else identity(len(self._made_with.parameters.hazard) - 1)

    # -- windows ---------------------------------------------------------------------------------------------------

    def _window(self, start_ns: int, window_ns: int) -> LevelStream:
        """Return the stream of the closed bars that begin at or after a moment."""
        window = self._windows.get(window_ns)
        begins = -1 if window is None or start_ns < window.from_ns else self._begins(window.cut, start_ns)
        sealed = self._stored.sealed_until_ns
        if window is None or begins < 0 or (window.cut and begins > window.cut[-1].edges_ns[-2]):
            cut, after = self._cut(start_ns) if start_ns < sealed else ([], sealed)
            begins = self._begins(cut, start_ns)
            stream = self._window_stream(cut, after, start_ns)
            window = self._windows[window_ns] = _Window(start_ns, cut, after, begins, stream)
        elif begins != window.begins_ns:
            window.stream = self._window_stream(window.cut, window.whole_from_ns, start_ns)
            window.begins_ns = begins
        self._windows.move_to_end(window_ns)
        while len(self._windows) > WINDOWS_KEPT:
            self._windows.popitem(last=False)
        return window.stream

    def _begins(self, cut: list[FlowBars], start_ns: int) -> int:
        """Return where the first bar begins that begins at or after a moment, as far as bars are at hand."""
        for bars, stop in (*((one, one.count) for one in cut), *self._closed):
            first = int(np.searchsorted(bars.edges_ns[:stop], start_ns, side="left"))
            if first < stop:
                return int(bars.edges_ns[first])
        return self._rows.start_ns

    def _cut(self, start_ns: int) -> tuple[list[FlowBars], int]:
        """Return the bars from a moment on of the hour in which the first of them ends, and where that hour ends."""
        part, after = self._stored.first_hour(start_ns)
        if len(part.edges) < 2 and after < self._stored.sealed_until_ns:  # the hour is whole
            samples = self._stored.flow.samples(after, after + HOUR_NS + 1)
            first, last = np.searchsorted(samples.hours, (after, after + 1))
            part, after = samples.part(int(first), int(last)), after + HOUR_NS
        return self._stored.flow.bars(part), after

    def _window_stream(self, cut: list[FlowBars], after_ns: int, start_ns: int) -> LevelStream:
        stream = self._made_with.stream()
        sealed = self._stored.sealed(after_ns) if after_ns < self._stored.sealed_until_ns else []
        stream.reserve(sealed, [*cut, *(bars for bars, _ in self._closed)])
        for bars in cut:
            stream.update(bars, int(np.searchsorted(bars.edges_ns[:-1], start_ns, side="left")))
        stream.append(sealed, reserved=True)
        for bars, stop in self._closed:
            first = int(np.searchsorted(bars.edges_ns[:-1], start_ns, side="left"))
            stream.update(bars, first, stop)
        return stream
