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
from liqatlas.flows.kept_hours import KeptHours, hourly_turnover, rest, wake
from liqatlas.flows.lake_flow import SOURCES, LakeFlow
from liqatlas.flows.reporter import SILENT
from liqatlas.levels.buckets import bucket_offsets
from liqatlas.levels.sealed import stretch
from liqatlas.levels.stream import LevelStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.lake_flow import Samples
    from liqatlas.flows.reporter import Reporter
    from liqatlas.levels.buckets import BucketOffsets
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.levels.sealed import SealedSegment
    from liqatlas.maps.modelled import RiskTerms
    from liqatlas.store import Lake, StoredSegment
    from liqatlas.store.segments import Level

#: An hour is sealed when this much is known after it: the bars and marks that begin in it have closed by then.
SETTLE_NS = HOUR_NS
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

    Hours that got rows since are folded anew, with everything after them; those whose rows were removed since they were sealed
    stand as they are. A crash in between leaves what was written usable
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
    limit = sealable_until(flow, newest_ns)
    stream = made_with.stream()
    stream.append(_running(lake, instrument, version, start))
    begins = min(flow.first_ns, progress["first_ns"]) if progress else flow.first_ns
    facts = {"seq": seq, "first_ns": begins, "until_ns": min(start, max(limit, first))}
    lake.write_segments(venue, symbol, [], version=version, progress=facts)
    kept = KeptHours(lake, instrument, made_with)
    written = 0
    for upto, sealed in _sealed(flow, stream, kept, (start, limit), reporter):
        facts["until_ns"] = upto
        lake.write_segments(venue, symbol, sealed, version=version, progress=facts)
        written += len(sealed)
    facts["seq"] = max(hour.seq for hour in touched)
    lake.write_segments(venue, symbol, [], version=version, progress=facts)
    return written


def sealable_until(flow: LakeFlow, newest_ns: int) -> int:
    """Return the end of the last hour that can be sealed: settled, and a flow bar ended after it."""
    last = flow.samples(newest_ns, newest_ns + 1).edges
    settled = (newest_ns - SETTLE_NS) // HOUR_NS * HOUR_NS
    return min(settled, (int(last[-1]) - 1) // HOUR_NS * HOUR_NS) if len(last) else 0


def _sealed(
    flow: LakeFlow, stream: LevelStream, kept: KeptHours, span: tuple[int, int], reporter: Reporter
) -> Iterator[tuple[int, list[StoredSegment]]]:
    """Fold ``[start, limit)`` day by day; yield what was sealed and until when, some days at a time."""
    start, limit = span
    if limit <= start:
        return
    samples = flow.samples(start, limit + 1)
    sealed: list[StoredSegment] = []
    days = list(range(start // DAY_NS * DAY_NS, limit, DAY_NS))
    for done, day in enumerate(days):
        reporter.progress(f"sealing {flow.instrument.key}", done, len(days))
        end = min(day + DAY_NS, limit)
        sealed += _sealed_day(flow, stream, kept, samples, (max(day, start), end))
        if (done + 1) % _DAYS_AT_ONCE == 0 or end == limit:
            yield end, sealed
            sealed = []


def _sealed_day(
    flow: LakeFlow, stream: LevelStream, kept: KeptHours, samples: Samples, span: tuple[int, int]
) -> list[StoredSegment]:
    """Return what a day, or the part of it there is, sealed: hours that stand as they are, the others from their rows."""
    sealed: list[SealedSegment] = []
    turnover: dict[int, float] = {}
    for low, high, standing in kept.parts(*span):
        if standing is not None:
            sealed += stream.append_sealing(standing)
            continue
        step = HOUR_NS if flow.many_trades(low, high) else DAY_NS
        for at in range(low, high, step):
            tables = flow.bars(samples.within(at, min(at + step, high)))
            turnover |= hourly_turnover(tables)
            for bars in tables:
                if stream.begun or len(bars.runs.entry):
                    sealed += stream.update_sealing(bars)
    sealed += stream.seal_until(span[1])
    return [rest(one, turnover.get(one.start_ns) if one.level == "hour" else None) for one in sealed]


def month_start(ts_ns: int) -> int:
    """Return the start of a moment's UTC month [ns]."""
    return int(np.datetime64(ts_ns, "ns").astype("datetime64[M]").astype("datetime64[ns]").astype(np.int64))


def _next_month(ts_ns: int) -> int:
    month = int(np.datetime64(ts_ns, "ns").astype("datetime64[M]").astype(np.int64))
    return stretch("month", month)[1]


def cuts(start_ns: int, end_ns: int) -> list[tuple[Level, int, int]]:
    """Return the fewest whole hours, days and months that make up ``[start, end)``, both on hours, in order of time."""
    out: list[tuple[Level, int, int]] = []
    day = min(-(-start_ns // DAY_NS) * DAY_NS, end_ns)
    month = start_ns if start_ns == month_start(start_ns) else _next_month(start_ns)
    last_day, last_month = end_ns // DAY_NS * DAY_NS, month_start(end_ns)
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


def ever_before(lake: Lake, instrument: Instrument, version: str, before_ns: int) -> list[SealedSegment]:
    """Return all of history before a month as the one segment it is, none where there is none."""
    found = lake.last_segment(
        instrument.venue, instrument.symbol, version=version, level="ever", before_ns=before_ns
    )
    return [] if found is None else [wake(found)]


def _running(lake: Lake, instrument: Instrument, version: str, at_ns: int) -> list[SealedSegment]:
    """Return all of history before the month that runs at a moment, and the sealed stretches of that month and day."""
    month = month_start(at_ns)
    return ever_before(lake, instrument, version, month) + [
        wake(one)
        for level, low, high in cuts(month, at_ns)
        for one in lake.read_segments(
            instrument.venue, instrument.symbol, low, high, version=version, level=level
        )
    ]
