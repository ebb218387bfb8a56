"""Sealed hours whose rows were removed since: what was made of them stands.

Retention removes rows and repair sets files aside; segments stay. Folding such an hour again from what is left of it would lose
what is known. Removal always leaves a gap, so only hours that meet such a gap are looked at: an hour stands if its rows now hold clearly less
turnover than it was sealed of, or none at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.flows.lake_flow import COMPLETE, SOURCES, LakeFlow
from liqatlas.levels.sealed import SealedSegment
from liqatlas.store import StoredSegment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.segments import Recipe
    from liqatlas.levels.flow import FlowBars
    from liqatlas.store import Lake

#: Later than any moment: whether an hour's rows are there does not depend on when it is asked.
_EVER_NS = 2**62
_TURNOVER = "turnover_native"


def rest(sealed: SealedSegment, turnover: float | None = None) -> StoredSegment:
    """Return a sealed stretch as the lake keeps it, an hour with the turnover it was made of [native]."""
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
        extra=None if turnover is None else {_TURNOVER: turnover},
    )


def wake(stored: StoredSegment) -> SealedSegment:
    """Return a stored stretch as the level state takes it."""
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


class KeptHours:
    """Which sealed hours of an instrument stand as they are.

    Parameters
    ----------
    made_with
        Names the segments.
    """

    def __init__(self, lake: Lake, instrument: Instrument, made_with: Recipe) -> None:
        self._lake, self._instrument, self._made_with = lake, instrument, made_with

    def standing(self, start_ns: int, end_ns: int) -> dict[int, SealedSegment]:
        """Return the sealed hours of ``[start_ns, end_ns)``, both on hours, whose rows no longer make them, by their start."""
        looked_at = self._looked_at(start_ns, end_ns, after_ns=0)
        return {one.start_ns: wake(one) for one, stands in looked_at if stands}

    def _looked_at(self, start_ns: int, end_ns: int, *, after_ns: int) -> list[tuple[StoredSegment, bool]]:
        """Return the sealed hours that meet a removal or follow one soon, and whether their rows no longer make them."""
        place = (self._instrument.venue, self._instrument.symbol)
        gaps = self._lake.list_gaps(
            venue=place[0], symbol=place[1], span=(start_ns - after_ns, end_ns), filled=False
        )
        spans = [
            (gap.start_ns, end_ns if gap.end_ns is None else gap.end_ns + after_ns)
            for gap in gaps
            if gap.removed and (gap.dataset in SOURCES or gap.dataset == "*")
        ]
        if not spans:
            return []
        sealed = self._lake.read_segments(
            *place, start_ns, end_ns, version=self._made_with.version, level="hour"
        )
        met = [one for one in sealed if any(low < one.end_ns and high > one.start_ns for low, high in spans)]
        if not met:
            return []
        flow = self._rows()
        samples = flow.samples(met[0].start_ns, met[-1].end_ns + 1)
        now = hourly_turnover(flow.bars(samples.within(met[0].start_ns, met[-1].end_ns)))
        return [(one, _stands(one, now.get(one.start_ns, 0.0))) for one in met]

    def _rows(self) -> LakeFlow:
        return LakeFlow(
            self._lake,
            self._instrument,
            self._made_with.grid,
            nearest=self._made_with.nearest,
            spot_turnover=self._made_with.parameters.spot_turnover,
            until_ns=_EVER_NS,
        )

    def parts(self, start_ns: int, end_ns: int) -> Iterator[tuple[int, int, list[SealedSegment] | None]]:
        """Cut a stretch into parts ``(start, end, standing)``: hours to fold from their rows (``None``), and hours that stand.

        With hours that stand goes the one after them: the price that its first touch is reached from was removed.
        """
        at, after = start_ns, -1
        for stored, stands in self._looked_at(start_ns - DAY_NS, end_ns, after_ns=DAY_NS):
            hour = stored.start_ns
            if not stands and hour != after:
                continue
            after = hour + HOUR_NS if stands else -1
            if hour < start_ns:
                continue
            if at < hour:
                yield at, hour, None
            yield hour, hour + HOUR_NS, [wake(stored)]
            at = hour + HOUR_NS
        if at < end_ns:
            yield at, end_ns, None


def hourly_turnover(tables: Iterable[FlowBars]) -> dict[int, float]:
    """Return the turnover of each hour that flow bars end in [native], by its start."""
    out: dict[int, float] = {}
    for bars in tables:
        hours = (bars.edges_ns[1:] - 1) // HOUR_NS * HOUR_NS
        for hour, volume in zip(hours.tolist(), bars.volume.tolist(), strict=True):
            out[hour] = out.get(hour, 0.0) + volume
    return out


def _stands(sealed: StoredSegment, turnover: float) -> bool:
    """Whether an hour was sealed of clearly more than this turnover; of none it makes nothing anew."""
    was = (sealed.extra or {}).get(_TURNOVER, 0.0)
    return turnover <= 0 or (isinstance(was, float) and turnover < COMPLETE * was)
