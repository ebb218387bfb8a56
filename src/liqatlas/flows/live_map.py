"""A map in memory that follows the feed: rows of a recorder in, levels of this moment out, within milliseconds.

Between two samples of open interest the running bar is shown provisionally, folded piece by piece as it comes; at each sample the
bar is folded as a batch would fold it, so that closed history keeps the bits of every other way to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import NS_PER_S
from liqatlas.flows.segments import recipe
from liqatlas.levels.live import LiveFlow
from liqatlas.maps.readout import mixture_under_cap, normalisation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid
    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.stored_history import StoredHistory
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.levels.segment import Segment
    from liqatlas.maps.modelled import RiskTerms
    from liqatlas.venues.rows import Row, RowBatch


#: A bar is closed when an event this much newer than its end has come: until then those of its own may still be on their way.
GRACE_NS = NS_PER_S // 2


@dataclass(frozen=True, slots=True)
class LiveLevels:
    """Outstanding amounts now: ``usd`` float64 ``(2, B)`` [USD], long and short, on bins from ``origin`` of ``grid``."""

    grid: LogGrid
    origin: int
    usd: NDArray[np.float64]
    mark: float
    newest_ns: int


class LiveMap:
    """The levels of one instrument from its feed.

    Parameters
    ----------
    history
        What was known before; without it the map begins with the first sample of open interest.

    Attributes
    ----------
    late
        Rows older than the bar last closed: too late for this map, not for the lake.
    """

    def __init__(
        self,
        instrument: Instrument,
        parameters: EstimatorParameters,
        terms: RiskTerms,
        *,
        history: StoredHistory | None = None,
    ) -> None:
        self.instrument, self.late = instrument, 0
        made_with = recipe(parameters, terms)
        self._grid, self._nearest = made_with.grid, made_with.nearest
        self._weights = mixture_under_cap(
            np.array(parameters.weights), made_with.offsets, parameters.edges_array()
        )
        self._stream = made_with.stream() if history is None else history.stream()
        self._begun = history is not None
        self._samples: list[tuple[int, float]] = []
        self._flow: LiveFlow | None = None
        self._interest = 0.0
        self._mark = self._trade = 0.0
        self._newest = 0

    def take(self, batch: RowBatch) -> bool:
        """Take a feed's rows in; return whether any was this instrument's."""
        symbol = self.instrument.symbol
        trades, marks, samples = (
            batch.rows.get((name, symbol), []) for name in ("trades", "marks", "open_interest")
        )
        self._samples += [(int(row[0]), float(row[1])) for row in samples]  # type: ignore[call-overload, arg-type]
        if self._flow is None and self._samples:
            self._begin(*self._samples.pop(0))
        self._take_events(trades, marks)
        while self._samples and self._samples[0][0] + GRACE_NS <= self._newest:
            self._sample(*self._samples.pop(0))
        if self._flow is not None and (news := self._flow.news()) is not None:
            self._stream.run_ahead(news)
        return bool(trades or marks or samples)

    def _begin(self, ts_ns: int, interest: float) -> None:
        """Begin with the first sample."""
        self._interest = interest
        self._flow = LiveFlow(
            self._grid, self.instrument.tick_size, self._nearest, start_ns=ts_ns, open_interest=interest
        )

    def _sample(self, ts_ns: int, interest: float) -> None:
        """Close the running bar at a sample; a repeated one is nothing new."""
        assert self._flow is not None
        if ts_ns <= self._flow.start_ns:
            return
        bar = self._flow.open_interest(ts_ns, interest)
        if len(bar.runs.entry) or self._begun:  # before anything is open there is nothing to close
            self._begun = True
            self._stream.update(bar)
        self._interest = interest

    def _take_events(self, trades: Sequence[Row], marks: Sequence[Row]) -> None:
        """Hand events to the running bar, those older than it left out and counted."""
        flow = self._flow
        if trades:
            ts, ticks, qty, buys = (np.array([row[i] for row in trades]) for i in range(4))
            self._trade = float(ticks[-1]) * float(self.instrument.tick_size)
            self._newest = max(self._newest, int(ts.max()))
            if flow is not None:
                kept = ts >= flow.start_ns
                self.late += int(len(kept) - kept.sum())
                flow.trades(ts[kept], ticks[kept], qty[kept].astype(np.float64), buys[kept].astype(np.bool_))
        for row in marks:
            ts_ns, price = int(row[0]), float(row[1])  # type: ignore[call-overload, arg-type]
            self._mark, self._newest = price, max(self._newest, ts_ns)
            if flow is not None and ts_ns >= flow.start_ns:
                flow.mark(ts_ns, price)
            elif flow is not None:
                self.late += 1

    def segment(self) -> Segment:
        """Return closed history as one segment: all but the running bar."""
        return self._stream.segment()

    def levels(self) -> LiveLevels | None:
        """Return the map now, ``None`` before the first sample and price."""
        mark = self._mark or self._trade
        if self._flow is None or not mark:
            return None
        origin, native, unlevered = self._stream.density(self._weights)
        here = self._grid.bin(mark) - origin
        native[0, max(here, 0) :] = 0.0
        native[1, : max(here + 1, 0)] = 0.0
        factor = normalisation(native.sum(axis=1) + unlevered, self._interest)
        usd = 1.0 if self.instrument.is_inverse else mark
        return LiveLevels(self._grid, origin, native * (factor * usd)[:, None], mark, self._newest)
