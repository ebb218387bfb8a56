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

from liqatlas.base.clock import HOUR_NS, NS_PER_S
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
#: Later than any moment.
_NEVER = 1 << 62
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
    notes: list[str]

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
    """The closed bars of a window: those of the hour it begins in, and the stream of all from ``begins_ns`` on.

    It serves starts in ``[from_ns, upto_ns]``; ``notes`` say what could not be cut.
    """

    from_ns: int
    upto_ns: int
    notes: list[str]
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
        edges = stored.samples.edges[: -1 if stored.provisional else None]
        at = int(np.searchsorted(edges, _newest(stored.known) - GRACE_NS, side="right")) - 1
        last_table = stored.tail[-1].edges_ns[0]
        if at < 1 or edges[at] <= last_table:
            return stored  # nothing that comes from trades is closed yet
        self._standing, self._stored = standing, stored
        self._notes = list(stored.notes)
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
        window, notes = whole, list(self._notes)
        if start > first_ns:
            first = int(np.searchsorted(running.edges_ns[:-1], start, side="left"))
            kept = self._window(start, window_ns)
            window, notes = self._finished(kept.stream, running, first), [*notes, *kept.notes]
        return HistoryNow(first_ns, (running,), self._rows.known, start, whole, window, notes)

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

    def _window(self, start_ns: int, window_ns: int) -> _Window:
        """Return the closed bars that begin at or after a moment."""
        window = self._windows.get(window_ns)
        if window is None or not window.from_ns <= start_ns <= window.upto_ns:
            window = self._windows[window_ns] = self._new_window(start_ns)
        begins = self._begins(window.cut, start_ns)
        if begins != window.begins_ns:
            window.stream = self._window_stream(window.cut, window.whole_from_ns, start_ns)
            window.begins_ns = begins
        self._windows.move_to_end(window_ns)
        while len(self._windows) > WINDOWS_KEPT:
            self._windows.popitem(last=False)
        return window

    def _new_window(self, start_ns: int) -> _Window:
        sealed = self._stored.sealed_until_ns
        cut, after, upto, notes = ([], sealed, _NEVER, []) if start_ns >= sealed else self._cut(start_ns)
        stream = self._window_stream(cut, after, start_ns)
        return _Window(start_ns, upto, notes, cut, after, self._begins(cut, start_ns), stream)

    def _begins(self, cut: list[FlowBars], start_ns: int) -> int:
        """Return where the first bar begins that begins at or after a moment, as far as bars are at hand."""
        for bars, stop in (*((one, one.count) for one in cut), *self._closed):
            first = int(np.searchsorted(bars.edges_ns[:stop], start_ns, side="left"))
            if first < stop:
                return int(bars.edges_ns[first])
        return self._rows.start_ns

    def _cut(self, start_ns: int) -> tuple[list[FlowBars], int, int, list[str]]:
        """Return the bars from a moment on of the hour in which the first of them ends, and where that hour ends.

        An hour whose rows were removed is taken whole: no bars of it, and a note. Then comes up to which start that holds.
        """
        stored, told = self._stored, len(self._stored.notes)
        part, after = stored.first_hour(start_ns)
        notes = stored.notes[told:]
        del stored.notes[told:]
        if len(part.edges) < 2 and after < stored.sealed_until_ns:  # the hour is whole
            if stored.kept.standing(after, after + HOUR_NS):
                return [], after, start_ns, notes
            part = stored.flow.samples(after, after + HOUR_NS + 1).within(after, after + HOUR_NS)
            after += HOUR_NS
        cut = stored.flow.bars(part)
        return cut, after, int(cut[-1].edges_ns[-2]) if cut else _NEVER, notes

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
