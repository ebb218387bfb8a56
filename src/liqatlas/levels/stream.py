"""LevelStream: the fold, live and in batch, by one code path.

Canonical folds: bar → hour → day → month → all, left to right on UTC boundaries. A bar belongs to the hour in which it
ends. Feeding bars one by one or all at once gives the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.levels import kernels
from liqatlas.levels.flow import opened_and_closed
from liqatlas.levels.sealed import SealedLevel, SealedSegment, absorb, load, seal
from liqatlas.levels.state import as_segment, copied, moved, new_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from liqatlas.levels.buckets import BucketOffsets
    from liqatlas.levels.events import Runs
    from liqatlas.levels.flow import FlowBars
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.levels.segment import Segment

#: Bins added on each side when the window grows, so that it seldom does.
_SPARE = 64
_LEVELS: tuple[SealedLevel, ...] = ("hour", "day", "month")
Pyramid = tuple[kernels.State, kernels.State, kernels.State, kernels.State]


def calendar_ids(edges_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return hour, day and month number of each bar by the moment it ends, int64 ``(n, 3)``."""
    last = edges_ns[1:] - 1
    months = last.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    return np.stack((last // HOUR_NS, last // DAY_NS, months), axis=1)


class LevelStream:
    """The level state of one instrument.

    Parameters
    ----------
    parameters
        Hazard, θ and φ; the mixture is not used here.
    offsets
        Where buckets stand; see :func:`liqatlas.levels.buckets.bucket_offsets`.

    Notes
    -----
    Not thread-safe. Memory is about ``4 × 2 × K × B × 16`` bytes for a price range of ``B`` bins; it grows as prices do.
    """

    def __init__(self, parameters: EstimatorParameters, offsets: BucketOffsets) -> None:
        self.parameters = parameters
        self.offsets = offsets
        self._offsets = kernels.Offsets(
            offsets.first, offsets.last, offsets.weight_first, offsets.weight_middle, offsets.weight_last
        )
        self._hazard = parameters.hazard_array()
        self._buckets = len(parameters.hazard) - 1
        self._origin = 0
        self._scratch: kernels.State | None = None
        self._flow: FlowBars | None = None  # the table last folded from, and what was made of it
        self._ahead: kernels.State | None = None  # the running hour with bars that may still change
        self._provisional: list[FlowBars] = []
        self._current = np.full(3, -1, dtype=np.int64)
        self._open = [
            False,
            False,
            False,
        ]  # whether the running hour, day and month hold anything to hand out
        self._pyramid = self._map_pyramid(lambda level: new_state(self._buckets, 0, opens=level == 0))

    def _map_pyramid(self, make: Callable[[int], kernels.State]) -> Pyramid:
        return make(0), make(1), make(2), make(3)

    @property
    def begun(self) -> bool:
        """Whether anything was ever opened: before that there is nothing to close or to touch."""
        return bool(self._pyramid[0].stock.shape[2])

    def _make_room(self, low: int, high: int) -> None:
        """Widen the window to hold entries in bins ``[low, high)`` and all their levels."""
        self._hold(low - self.offsets.reach - 1, high + self.offsets.reach + 1)

    def _hold(self, low: int, high: int) -> None:
        """Widen the window to hold bins ``[low, high)``."""
        bins = self._pyramid[0].stock.shape[2]
        if bins and low >= self._origin and high <= self._origin + bins:
            return
        first = min(low, self._origin) - _SPARE if bins else low - _SPARE
        last = max(high, self._origin + bins) + _SPARE if bins else high + _SPARE
        shift = self._origin - first
        self._pyramid = self._map_pyramid(
            lambda level: moved(self._pyramid[level], shift, last - first, opens=level == 0)
        )
        self._origin = first

    def update(self, flow: FlowBars, start: int = 0, stop: int | None = None) -> None:
        """Fold bars ``[start, stop)`` of a table of flow bars, in order.

        Parameters
        ----------
        flow
            Bars that follow those already folded.
        """
        end = flow.count if stop is None else stop
        self._ahead, self._provisional = None, []
        if end > start:
            self._prepare(flow)
            self._fold(flow, start, end)
            self._open = [
                True,
                True,
                True,
            ]  # the kernel hands on by itself; which levels hold anything is not told

    def _prepare(self, flow: FlowBars) -> None:
        """Make room for a table of flow bars and what is computed from it, once per table."""
        if flow is self._flow:
            return
        opened, closed = opened_and_closed(
            flow.volume, flow.open_interest, theta=self.parameters.theta, phi=self.parameters.phi
        )
        if len(flow.runs.entry) or not self._pyramid[0].stock.shape[2]:
            self._make_room(*flow.bin_range())
        self._flow, self._inputs = flow, ((flow.runs.first, opened, closed), calendar_ids(flow.edges_ns))

    def _fold(self, flow: FlowBars, start: int, end: int) -> None:
        bars, ids = self._inputs
        runs = flow.runs
        kernels.fold_calendar(
            self._pyramid,
            self._offsets,
            self._hazard,
            bars,
            (runs.entry, runs.low, runs.high, runs.qty),
            (start, end, self._origin),
            (ids, self._current),
        )
        self._open[0] = True

    def run_ahead(self, flow: FlowBars) -> None:
        """Fold bars that may still change into a copy of the running hour: :meth:`density` shows them, :meth:`update` forgets them."""
        if len(flow.runs.entry):
            self._make_room(*flow.bin_range())
        bins = self._pyramid[0].stock.shape[2]
        new = [flow]
        if self._ahead is None or self._ahead.stock.shape[2] != bins:
            self._ahead = new_state(self._buckets, bins)
            kernels.copy_used(self._ahead, self._pyramid[0])
            new = [*self._provisional, flow]
        none = np.zeros((0, 2, self._buckets))
        for one in new:
            opened, closed = opened_and_closed(
                one.volume, one.open_interest, theta=self.parameters.theta, phi=self.parameters.phi
            )
            runs = one.runs
            kernels.fold_bars(
                self._ahead,
                self._offsets,
                self._hazard,
                (runs.first, opened, closed),
                (runs.entry, runs.low, runs.high, runs.qty),
                (0, one.count, self._origin),
                none,
            )
        self._provisional.append(flow)

    def update_sealing(self, flow: FlowBars) -> list[SealedSegment]:
        """Fold a table of bars as :meth:`update` does and return each hour, day and month that one of them closed.

        With each month comes ``ever``: all of history up to its end.

        A stream that seals must not be fed by :meth:`update` as well.
        """
        if not flow.count:
            return []
        self._prepare(flow)
        out: list[SealedSegment] = []
        ids = self._inputs[1]
        starts = np.flatnonzero(np.diff(ids[:, 0], prepend=ids[0, 0] - 1))
        for start, end in zip(starts, np.append(starts[1:], flow.count), strict=True):
            out += self._seal_before(ids[start])
            self._fold(flow, int(start), int(end))
        return out

    def seal_until(self, moment_ns: int) -> list[SealedSegment]:
        """Close what ended at or before a moment, although no later bar came; return it as :meth:`update_sealing` does."""
        return self._seal_before(calendar_ids(np.array((0, moment_ns + 1), np.int64))[0])

    def append_sealing(self, hours: Iterable[SealedSegment]) -> list[SealedSegment]:
        """Go on with stored hours in place of their bars, in order of time; return what they closed, as :meth:`update_sealing`.

        The hours themselves are not returned: they are stored.
        """
        pieces = list(hours)
        self.reserve(pieces, ())
        out: list[SealedSegment] = []
        for piece in pieces:
            out += self._seal_before(np.array(piece.ids))
            absorb(self._pyramid[1], piece, self._offsets, self._origin)
            self._open[1] = True
            self._current[:] = piece.ids
        return out

    def _seal_before(self, ids: NDArray[np.int64]) -> list[SealedSegment]:
        """Hand each running level that the next one's numbers leave on to the level above, as ``fold_calendar`` does.

        Handing on an empty one changes nothing.
        """
        out: list[SealedSegment] = []
        for i, level in enumerate(_LEVELS):
            if self._current[i] == ids[i]:
                break
            kernels.spread_all(self._pyramid[i], self._offsets)
            held, self._open[i] = self._open[i], False
            if held:
                out.append(seal(level, int(self._current[i]), self._pyramid[i], self._origin))
            kernels.absorb(self._pyramid[i + 1], self._pyramid[i], self._offsets)
            if held and i < 2:
                self._open[i + 1] = True
            elif held:
                out.append(seal("ever", int(self._current[2]), self._pyramid[3], self._origin))
        return out

    def reserve(self, sealed: Iterable[SealedSegment], flows: Iterable[FlowBars]) -> None:
        """Make room for all of these at once; growing later costs a copy each time."""
        ranges = [held for piece in sealed if (held := piece.bin_range())]
        reach = self.offsets.reach + 1
        for flow in flows:
            if len(flow.runs.entry):
                low, high = flow.bin_range()
                ranges.append((low - reach, high + reach))
        if ranges:
            self._hold(min(low for low, _ in ranges), max(high for _, high in ranges))

    def append(self, sealed: Iterable[SealedSegment], *, reserved: bool = False) -> None:
        """Go on with stored stretches, in order of time, in place of the bars they were sealed from: the same bits.

        One ``ever`` may come first, then months, days and hours, as far as each is whole; what follows must lie after them.
        With ``reserved`` room was made for all of them already.
        """
        pieces = list(sealed)
        if not reserved:
            self.reserve(pieces, ())
        for piece in pieces:
            ids = piece.ids
            self._close_before(ids)
            if piece.level == "ever":
                load(piece, self._pyramid[3], self._origin)
            else:
                above = _LEVELS.index(piece.level) + 1
                absorb(self._pyramid[above], piece, self._offsets, self._origin)
                if above < 3:
                    self._open[above] = True
            self._current[:] = ids

    def _close_before(self, ids: tuple[int, int, int]) -> None:
        """Hand on what runs, as the first bar with these numbers would do; handing on an empty one would change nothing."""
        for i in range(3):
            if self._current[i] == ids[i]:
                break
            if self._open[i]:
                kernels.absorb(self._pyramid[i + 1], self._pyramid[i], self._offsets)
                self._open[i] = False
                if i < 2:
                    self._open[i + 1] = True

    def finish(self) -> Segment:
        """Return everything folded as one segment, as :meth:`segment` does, and spend the stream: no copy is made."""
        hour, day, month, everything = self._pyramid
        kernels.absorb(day, hour, self._offsets)
        kernels.absorb(month, day, self._offsets)
        kernels.absorb(everything, month, self._offsets)
        return as_segment(everything, self._origin, self._offsets)

    def segment(self) -> Segment:
        """Return everything folded so far as one segment; the stream goes on undisturbed."""
        hour, day, month, everything = (copied(state) for state in self._pyramid)
        kernels.absorb(day, hour, self._offsets)
        kernels.absorb(month, day, self._offsets)
        kernels.absorb(everything, month, self._offsets)
        return as_segment(everything, self._origin, self._offsets)

    def fork(self) -> LevelStream:
        """Return a stream that goes on from here by itself; this one is not disturbed by it."""
        twin = LevelStream(self.parameters, self.offsets)
        twin._pyramid = self._map_pyramid(lambda level: copied(self._pyramid[level]))
        twin._origin, twin._current, twin._open = self._origin, self._current.copy(), list(self._open)
        return twin

    @property
    def holds(self) -> bool:
        """Whether anything was folded."""
        return bool(self._current[0] >= 0)

    def density(self, weights: NDArray[np.float64]) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
        """Return the levels now, mixture applied; far cheaper than :meth:`segment`.

        Parameters
        ----------
        weights
            float64 ``(K + 1,)``: mixture; the last is the unlevered share.

        Returns
        -------
        origin
            Bin of the first column.
        levels
            float64 ``(2, B)`` [native], long and short, equal to the weighted segment to rounding.
        unlevered
            float64 ``(2,)`` [native].
        """
        bins = self._pyramid[0].stock.shape[2]
        if self._scratch is None or self._scratch.stock.shape[2] != bins:
            self._scratch = new_state(self._buckets, bins)
        out = (np.empty((2, bins)), np.empty(2))
        hour, day, month, everything = self._pyramid
        running = hour if self._ahead is None else self._ahead
        kernels.density((running, day, month, everything), self._scratch, self._offsets, weights, out)
        return self._origin, *out


def fold(
    flow: FlowBars,
    parameters: EstimatorParameters,
    offsets: BucketOffsets,
    start: int = 0,
    stop: int | None = None,
) -> Segment:
    """Return the segment of bars ``[start, stop)`` under the canonical folds."""
    stream = LevelStream(parameters, offsets)
    stream.update(flow, start, stop)
    return stream.segment()


def touched_per_bar(
    flow: FlowBars, parameters: EstimatorParameters, offsets: BucketOffsets, runs: Runs | None = None
) -> tuple[NDArray[np.float64], Segment]:
    """Return the amount each bar touched, and the segment of all bars, in one flat fold.

    Returns
    -------
    touched
        float64 ``(n, 2, K)`` [native], unit weight per bucket.
    segment
        As :func:`fold`, equal to rounding.
    """
    stream = LevelStream(parameters, offsets)
    stream._make_room(*flow.bin_range())  # noqa: SLF001
    opened, closed = opened_and_closed(
        flow.volume, flow.open_interest, theta=parameters.theta, phi=parameters.phi
    )
    used = runs or flow.runs
    touched = np.zeros((flow.count, 2, len(parameters.hazard) - 1))
    state = stream._pyramid[0]  # noqa: SLF001
    kernels.fold_bars(
        state,
        stream._offsets,  # noqa: SLF001
        stream._hazard,  # noqa: SLF001
        (used.first, opened, closed),
        (used.entry, used.low, used.high, used.qty),
        (0, flow.count, stream._origin),  # noqa: SLF001
        touched,
    )
    return touched, as_segment(state, stream._origin, stream._offsets)  # noqa: SLF001
