"""The derived layer: hours, days and months of a lake sealed as segments, kept up to date, and maps composed of them.

A window is a handful of compositions: the months, days and hours that lie whole inside it, and the flow bars at its two ends.
The result has the same bits as one fold over all bars.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.base.grid import LogGrid
from liqatlas.flows.lake_flow import LakeFlow
from liqatlas.flows.reporter import SILENT
from liqatlas.levels.buckets import bucket_offsets
from liqatlas.levels.sealed import SealedSegment, stretch
from liqatlas.levels.segment import Segment, identity
from liqatlas.levels.stream import LevelStream
from liqatlas.store import StoredSegment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.lake_flow import Samples
    from liqatlas.flows.reporter import Reporter
    from liqatlas.levels.buckets import BucketOffsets
    from liqatlas.levels.flow import FlowBars
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.maps.modelled import RiskTerms
    from liqatlas.store import Lake
    from liqatlas.store.segments import Level

#: An hour is sealed when this much is known after it: the bars and marks that begin in it have closed by then.
SETTLE_NS = HOUR_NS
#: Datasets that segments are made of.
SOURCES = frozenset({"trades", "bars", "marks", "open_interest"})
#: Which levels are sealed: 2 keeps ``ever`` beside hours, days and months.
_FORM = 2
#: Days folded between two transactions.
_DAYS_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the segments of one instrument are made with.

    Attributes
    ----------
    version
        Digest of everything they depend on beside the rows; other parameters or margin terms, other segments.
    """

    parameters: EstimatorParameters
    offsets: BucketOffsets
    grid: LogGrid
    version: str

    @property
    def nearest(self) -> tuple[int, int]:
        """Smallest level offset of a (long, short) [bins]."""
        return int(self.offsets.first[0].min()), int(self.offsets.first[1].min())

    def stream(self) -> LevelStream:
        """Return a new level state."""
        return LevelStream(self.parameters, self.offsets)


def recipe(parameters: EstimatorParameters, terms: RiskTerms) -> Recipe:
    """Return the recipe of an instrument's segments."""
    grid = LogGrid(parameters.grid_step)
    offsets = bucket_offsets(parameters.edges_array(), grid, terms.nearest)
    digest = hashlib.sha256(f"{_FORM} {parameters.segment_version}".encode())
    for array in (
        offsets.first,
        offsets.last,
        offsets.weight_first,
        offsets.weight_middle,
        offsets.weight_last,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return Recipe(parameters, offsets, grid, digest.hexdigest()[:16])


def lake_flow(lake: Lake, instrument: Instrument, made_with: Recipe, until_ns: int) -> LakeFlow:
    """Return the flow bars of an instrument as known at a moment."""
    return LakeFlow(
        lake,
        instrument,
        made_with.grid,
        nearest=made_with.nearest,
        spot_turnover=made_with.parameters.spot_turnover,
        until_ns=until_ns,
    )


def update(
    lake: Lake, instrument: Instrument, made_with: Recipe, newest_ns: int, reporter: Reporter = SILENT
) -> int:
    """Bring an instrument's segments up to date; return how many were written.

    Hours that got rows since are folded anew, with everything after them. A crash in between leaves what was written usable
    and the rest to be done again.

    Raises
    ------
    CannotCutError
        If its history cannot be cut at hours.
    """
    venue, symbol, version = instrument.venue, instrument.symbol, made_with.version
    progress = lake.segment_progress(venue, symbol, version=version)
    seq = progress["seq"] if progress else 0
    touched = [hour for hour in lake.touched_since(venue, symbol, seq) if hour.dataset in SOURCES]
    if not touched:
        return 0
    flow = lake_flow(lake, instrument, made_with, newest_ns)
    first = flow.first_ns // DAY_NS * DAY_NS
    start = first
    if (
        progress and progress["first_ns"] <= flow.first_ns
    ):  # rows removed for room leave what was made of them
        stale = min(hour.hour_ns for hour in touched) - HOUR_NS
        start = progress["until_ns"] if stale >= progress["until_ns"] else stale // DAY_NS * DAY_NS
        start = max(start, first)
    limit = _limit(flow, newest_ns)
    stream = made_with.stream()
    stream.append(_running(lake, instrument, version, start))
    begins = min(flow.first_ns, progress["first_ns"]) if progress else flow.first_ns
    facts = {"seq": seq, "first_ns": begins, "until_ns": min(start, max(limit, first))}
    lake.write_segments(venue, symbol, [], version=version, progress=facts)
    written = 0
    for upto, sealed in _sealed(flow, stream, start, limit, reporter):
        facts["until_ns"] = upto
        lake.write_segments(venue, symbol, [_rest(s) for s in sealed], version=version, progress=facts)
        written += len(sealed)
    facts["seq"] = max(hour.seq for hour in touched)
    lake.write_segments(venue, symbol, [], version=version, progress=facts)
    return written


def _limit(flow: LakeFlow, newest_ns: int) -> int:
    """Return the end of the last hour that can be sealed: settled, and a flow bar ended after it."""
    last = flow.samples(newest_ns, newest_ns + 1).edges
    settled = (newest_ns - SETTLE_NS) // HOUR_NS * HOUR_NS
    return min(settled, (int(last[-1]) - 1) // HOUR_NS * HOUR_NS) if len(last) else 0


def _sealed(
    flow: LakeFlow, stream: LevelStream, start: int, limit: int, reporter: Reporter
) -> Iterator[tuple[int, list[SealedSegment]]]:
    """Fold ``[start, limit)`` day by day; yield what was sealed and until when, some days at a time."""
    if limit <= start:
        return
    samples = flow.samples(start, limit + 1)
    hours = samples.hours
    sealed: list[SealedSegment] = []
    days = list(range(start // DAY_NS * DAY_NS, limit, DAY_NS))
    for done, day in enumerate(days):
        reporter.progress(f"sealing {flow.instrument.key}", done, len(days))
        a, b = np.searchsorted(hours, (max(day, start), min(day + DAY_NS, limit)))
        for bars in flow.bars(samples.part(int(a), int(b))) if b > a else []:
            sealed += stream.update_sealing(bars)
        end = min(day + DAY_NS, limit)
        sealed += stream.seal_until(end)
        if (done + 1) % _DAYS_AT_ONCE == 0 or end == limit:
            yield end, sealed
            sealed = []


def _rest(sealed: SealedSegment) -> StoredSegment:
    return StoredSegment(
        level=sealed.level,
        start_ns=sealed.start_ns,
        end_ns=sealed.end_ns,
        low_bin=sealed.low,
        high_bin=sealed.high,
        survival=sealed.factors,
        position=sealed.position,
        bucket=sealed.bucket,
        bin=sealed.bin,
        inflow=sealed.amount,
    )


def _wake(stored: StoredSegment) -> SealedSegment:
    return SealedSegment(
        stored.level,
        stored.start_ns,
        stored.end_ns,
        stored.low_bin,
        stored.high_bin,
        stored.survival,
        stored.position,
        stored.bucket,
        stored.bin,
        stored.inflow,
    )


def _month_start(ts_ns: int) -> int:
    return int(np.datetime64(ts_ns, "ns").astype("datetime64[M]").astype("datetime64[ns]").astype(np.int64))


def _next_month(ts_ns: int) -> int:
    month = int(np.datetime64(ts_ns, "ns").astype("datetime64[M]").astype(np.int64))
    return stretch("month", month)[1]


def cuts(start_ns: int, end_ns: int) -> list[tuple[Level, int, int]]:
    """Return the fewest whole hours, days and months that make up ``[start, end)``, both on hours, in order of time."""
    out: list[tuple[Level, int, int]] = []
    day = min(-(-start_ns // DAY_NS) * DAY_NS, end_ns)
    month = start_ns if start_ns == _month_start(start_ns) else _next_month(start_ns)
    last_day, last_month = end_ns // DAY_NS * DAY_NS, _month_start(end_ns)
    spans: list[tuple[Level, int, int]] = [("hour", start_ns, day)]
    if month <= last_month:
        spans += [("day", day, month), ("month", month, last_month), ("day", last_month, last_day)]
    else:
        spans.append(("day", day, last_day))
    spans.append(("hour", max(last_day, day), end_ns))
    for level, low, high in spans:
        if high > low:
            out.append((level, low, high))
    return out


def _ever(lake: Lake, instrument: Instrument, version: str, before_ns: int) -> list[SealedSegment]:
    """Return all of history before a month as the one segment it is, none where there is none."""
    found = lake.last_segment(
        instrument.venue, instrument.symbol, version=version, level="ever", before_ns=before_ns
    )
    return [] if found is None else [_wake(found)]


def _running(lake: Lake, instrument: Instrument, version: str, at_ns: int) -> list[SealedSegment]:
    """Return all of history before the month that runs at a moment, and the sealed stretches of that month and day."""
    month = _month_start(at_ns)
    return _ever(lake, instrument, version, month) + [
        _wake(one)
        for level, low, high in cuts(month, at_ns)
        for one in lake.read_segments(
            instrument.venue, instrument.symbol, low, high, version=version, level=level
        )
    ]


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
    """

    def __init__(self, lake: Lake, instrument: Instrument, made_with: Recipe, as_of_ns: int) -> None:
        self._lake, self._instrument, self._made_with = lake, instrument, made_with
        self.flow = lake_flow(lake, instrument, made_with, as_of_ns)
        progress = lake.segment_progress(instrument.venue, instrument.symbol, version=made_with.version)
        until, first = (progress["until_ns"], progress["first_ns"]) if progress else (0, self.flow.first_ns)
        self.sealed_until_ns = min(until, _limit(self.flow, as_of_ns))
        if self.sealed_until_ns <= first:
            self.sealed_until_ns = 0
        self.first_ns = min(self.flow.first_ns, first)
        self._read: list[tuple[Level, int, int, list[SealedSegment]]] = []
        self.samples = self._tail(as_of_ns)
        self.tail: list[FlowBars] = self.flow.bars(self.samples, self.known)

    def _tail(self, as_of_ns: int) -> Samples:
        """Return the samples after the sealed stretches, with a provisional one at the end where there is flow after the last."""
        from liqatlas.flows.lake_flow import Samples

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
                self._read.append((level, low, high, [_wake(one) for one in found]))
                out += self._read[-1][3]
        return out

    def all_sealed(self) -> list[SealedSegment]:
        """Return the sealed stretches of all history up to where the tail begins."""
        if not self.sealed_until_ns:
            return []
        month = _month_start(self.sealed_until_ns)
        before = _ever(self._lake, self._instrument, self._made_with.version, month)
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
        if first >= len(hours):
            return samples.part(0, 0), self.sealed_until_ns
        if first > 0 and hours[first - 1] != hours[first]:  # its first hour is whole
            return samples.part(0, 0), int(hours[first])
        last = int(np.searchsorted(hours, hours[first], side="right"))
        return samples.part(first, last), int(hours[first]) + HOUR_NS
