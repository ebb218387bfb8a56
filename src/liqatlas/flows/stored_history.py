"""The history of one instrument as of a moment: a handful of sealed stretches, and the flow bars at a window's two ends.

The result has the same bits as one fold over all bars, as long as their rows are there. An hour whose rows were removed after
it was sealed is taken whole or left out, and a note says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat
from liqatlas.flows.kept_hours import KeptHours, wake
from liqatlas.flows.lake_flow import Samples
from liqatlas.flows.segments import cuts, ever_before, lake_flow, month_start, sealable_until
from liqatlas.levels.segment import Segment, identity

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.segments import Recipe
    from liqatlas.levels.flow import FlowBars
    from liqatlas.levels.sealed import SealedSegment
    from liqatlas.levels.stream import LevelStream
    from liqatlas.store import Lake
    from liqatlas.store.segments import Level


class StoredHistory:
    """The history of one instrument as of a moment: sealed stretches, and the flow bars after them.

    Parameters
    ----------
    as_of_ns
        Nothing later is used.

    Attributes
    ----------
    first_ns
        First moment of the history [ns].
    tail
        Flow bars after the sealed stretches.
    known
        Rows of the last hour or more before the moment.
    flow
        Makes flow bars of any stretch up to the moment.
    samples
        Edges of the bars in ``tail``; the last is ``provisional`` where there is flow after the last sample.
    sealed_until_ns
        Where the sealed stretches end, 0 without any.
    kept
        Tells which sealed hours stand although their rows were removed.
    notes
        Sentences on what could not be cut where it was asked for.
    """

    def __init__(self, lake: Lake, instrument: Instrument, made_with: Recipe, as_of_ns: int) -> None:
        self._lake, self._instrument, self._made_with = lake, instrument, made_with
        self.flow = lake_flow(lake, instrument, made_with, as_of_ns)
        progress = lake.segment_progress(instrument.venue, instrument.symbol, version=made_with.version)
        until, first = (progress["until_ns"], progress["first_ns"]) if progress else (0, self.flow.first_ns)
        self.kept = KeptHours(lake, instrument, made_with)
        self.notes: list[str] = []
        self.sealed_until_ns = min(until, sealable_until(self.flow, as_of_ns))
        if self.sealed_until_ns <= first:
            self.sealed_until_ns = 0
        else:
            self.sealed_until_ns = self._without_rows(min(until, as_of_ns + 1))
        self.first_ns = min(self.flow.first_ns, first)
        self._read: list[tuple[Level, int, int, list[SealedSegment]]] = []
        self.samples = self._tail(as_of_ns)
        self.tail: list[FlowBars] = self.flow.bars(self.samples, self.known)

    def _tail(self, as_of_ns: int) -> Samples:
        """Return the samples after the sealed stretches, with a provisional one at the end where there is flow after the last."""
        samples = self.flow.samples(self.sealed_until_ns or self.first_ns - 1, as_of_ns + 1)
        self.known = known = self.flow.rows(int(samples.edges[0]) - HOUR_NS, as_of_ns + 1)
        moments = [int(known.trades[-1, "ts_event_ns"])] if known.trades.height else []
        if not moments and known.bars.height:
            moments = [int(known.bars[-1, "ts_close_ns"])]
        last = min(as_of_ns, max(moments, default=0)) + 1
        self.provisional = last > samples.edges[-1]
        if not self.provisional:
            return samples
        return Samples(np.append(samples.edges, last), np.append(samples.values, samples.values[-1]))

    def _without_rows(self, limit_ns: int) -> int:
        """Return where the tail begins: after sealed hours before it whose rows were removed since."""
        last = limit_ns // HOUR_NS * HOUR_NS
        standing = self.kept.standing(self.sealed_until_ns, last + HOUR_NS)
        end = max([self.sealed_until_ns, *(hour + HOUR_NS for hour in standing if hour + HOUR_NS <= last)])
        if last in standing:
            self.notes.append(
                f"{self._instrument.key}: what came after {isoformat(end)} is left out: rows of that hour were removed, "
                "only the hour as a whole is known"
            )
        return end

    def sealed(self, start_ns: int) -> list[SealedSegment]:
        """Return the sealed stretches from a moment to where the tail begins; what was read once is not read again."""
        out: list[SealedSegment] = []
        for level, low, high in cuts(start_ns, self.sealed_until_ns):
            for known, first, last, pieces in self._read:
                if known == level and first <= low and high <= last:
                    out += [one for one in pieces if low <= one.start_ns and one.end_ns <= high]
                    break
            else:
                found = self._lake.read_segments(
                    self._instrument.venue,
                    self._instrument.symbol,
                    low,
                    high,
                    version=self._made_with.version,
                    level=level,
                )
                self._read.append((level, low, high, [wake(one) for one in found]))
                out += self._read[-1][3]
        return out

    def all_sealed(self) -> list[SealedSegment]:
        """Return the sealed stretches of all history up to where the tail begins."""
        if not self.sealed_until_ns:
            return []
        month = month_start(self.sealed_until_ns)
        before = ever_before(self._lake, self._instrument, self._made_with.version, month)
        return before + self.sealed(month)

    def stream(self) -> LevelStream:
        """Return a level state of all history up to the last sample of open interest, to go on from."""
        stream = self._made_with.stream()
        stored = self.all_sealed()
        stream.reserve(stored, self.tail)
        stream.append(stored, reserved=True)
        for bars in self.tail:
            last = bars is self.tail[-1] and self.provisional
            stream.update(bars, 0, bars.count - last)
        return stream

    def segments(self, start_ns: int) -> tuple[Segment, Segment]:
        """Return the segments of all history and of the bars that begin at or after ``start_ns``."""
        stream = self._made_with.stream()
        stored = self.all_sealed()
        stream.reserve(stored, self.tail)
        stream.append(stored, reserved=True)
        for bars in self.tail:
            stream.update(bars)
        whole = stream.finish().trimmed()  # room to spare would group the sums of a read-out in another way
        if start_ns <= self.first_ns:
            return whole, whole
        return whole, self._window(start_ns).trimmed()

    def _window(self, start_ns: int) -> Segment:
        """Return the segment of the bars that begin at or after a moment."""
        stream = self._made_with.stream()
        empty = True
        if self.sealed_until_ns and start_ns < self.sealed_until_ns:
            samples, begin = self.first_hour(start_ns)
            cut = self.flow.bars(samples)
            stored = self.sealed(begin) if begin < self.sealed_until_ns else []
            stream.reserve(stored, [*cut, *self.tail])
            for bars in cut:
                stream.update(bars)
            stream.append(stored, reserved=True)
            empty = not cut and not stored
        for bars in self.tail:
            first = int(np.searchsorted(bars.edges_ns[:-1], start_ns, side="left"))
            stream.update(bars, first)
            empty = empty and first >= bars.count
        return identity(len(self._made_with.parameters.hazard) - 1) if empty else stream.finish()

    def first_hour(self, start_ns: int) -> tuple[Samples, int]:
        """Return the bars of the window's first hour where it is cut, and where its first whole hour begins."""
        reach = start_ns + HOUR_NS
        while True:
            samples = self.flow.samples(start_ns, min(reach + HOUR_NS, self.sealed_until_ns + 1))
            first = int(np.searchsorted(samples.edges[:-1], start_ns, side="left"))
            if first < len(samples.edges) - 1 or reach >= self.sealed_until_ns:
                break
            reach += DAY_NS
        hours = samples.hours
        hour = start_ns // HOUR_NS * HOUR_NS
        upto = int(hours[first]) if first < len(hours) else self.sealed_until_ns - HOUR_NS
        if standing := self.kept.standing(hour, min(upto + HOUR_NS, self.sealed_until_ns)):
            return samples.part(0, 0), self._whole_hour(start_ns, hour in standing)
        if first >= len(hours):
            return samples.part(0, 0), self.sealed_until_ns
        if first > 0 and hours[first - 1] != hours[first]:  # its first hour is whole
            return samples.part(0, 0), int(hours[first])
        last = int(np.searchsorted(hours, hours[first], side="right"))
        return samples.part(first, last), int(hours[first]) + HOUR_NS

    def _whole_hour(self, start_ns: int, stands: bool) -> int:
        """Return where a window begins that cannot be cut where it was asked for, and note that it does."""
        hour = start_ns // HOUR_NS * HOUR_NS
        if not stands or hour == start_ns:
            return -(-start_ns // HOUR_NS) * HOUR_NS
        self.notes.append(
            f"{self._instrument.key}: the window begins at {isoformat(hour)} in place of {isoformat(start_ns)}: rows of that "
            "hour were removed, only the hour as a whole is known"
        )
        return hour
