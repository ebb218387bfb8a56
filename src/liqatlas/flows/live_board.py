"""The board of a recorder: a :class:`LiveMap` of everything it hears, updated before rows are durable, and how long that takes.

What it shows is every open level, not those of a window, and the running bar is provisional: see :mod:`liqatlas.flows.live_map`. Maps of
a window, equal to those of the lake, come from a server of the lake.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import NS_PER_MS, isoformat, now_ns
from liqatlas.base.errors import LiqAtlasError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.symbols import near_names
from liqatlas.flows.lake_flow import CannotCutError
from liqatlas.flows.live_map import LiveMap
from liqatlas.flows.segments import recipe
from liqatlas.flows.stored_history import StoredHistory
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.live_map import LiveLevels
    from liqatlas.store import Lake
    from liqatlas.venues.rows import RowBatch

#: Batches whose latency is kept for the quantiles.
_SPANS = 20_000
#: Batches that wait while the history before them is read; older ones are let go and counted.
_MOST_WAITING = 100_000
_HEARD = frozenset({"trades", "marks", "open_interest"})


@dataclass(slots=True)
class _Place:
    """One instrument: its map once the history before it is read, and the rows that wait until then."""

    instrument: Instrument
    making: Future[LiveMap] | None
    waiting: deque[RowBatch] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    map: LiveMap | None = None
    problem: str = ""


class LiveBoard:
    """Maps in memory of a recorder's instruments; heard and read in the recorder's loop.

    Parameters
    ----------
    lake
        Where the history before the first row is read from.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake, self._parameters = lake, load_parameters()
        self._places: dict[str, _Place] = {}
        self._pool = ThreadPoolExecutor(1, "live-board")
        self.spans: deque[int] = deque(maxlen=_SPANS)

    def close(self) -> None:
        """Read no more history."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def ear(self, instruments: Callable[[], Mapping[str, Instrument]]) -> Callable[[RowBatch, int], None]:
        """Return what takes in a venue's rows and the moment the first of their frames was received [ns]."""

        def hear(rows: RowBatch, received_ns: int) -> None:
            known = instruments()
            for symbol in {symbol for dataset, symbol in rows.rows if dataset in _HEARD}:
                if symbol in known:
                    self._take(known[symbol], rows)
            if received_ns:
                self.spans.append(time.time_ns() - received_ns)

        return hear

    def _take(self, instrument: Instrument, rows: RowBatch) -> None:
        place = self._places.get(instrument.key)
        if (
            place is None or place.instrument != instrument
        ):  # another tick or contract value counts in other units
            place = _Place(instrument, self._pool.submit(self._make, instrument, now_ns()))
            self._places[instrument.key] = place
        if place.map is not None:
            place.map.take(rows)
            return
        place.waiting.append(rows)
        if place.making is None or not place.making.done():
            return
        making, place.making = place.making, None
        try:
            place.map = making.result()
        except LiqAtlasError as error:
            place.problem = str(error)
            place.waiting.clear()
            return
        while place.waiting:
            place.map.take(place.waiting.popleft())

    def _make(self, instrument: Instrument, as_of_ns: int) -> LiveMap:
        """Return a map that goes on from what the lake holds."""
        terms = risk_terms(instrument, as_of_ns)
        made_with = recipe(self._parameters, terms)
        try:
            history = StoredHistory(self._lake, instrument, made_with, as_of_ns)
        except (CannotCutError, UnknownSymbolError):  # nothing that could be gone on from
            return LiveMap(instrument, self._parameters, terms)
        return LiveMap(instrument, self._parameters, terms, history=history if history.tail else None)

    def now(self, asset: str) -> list[tuple[Instrument, LiveLevels]]:
        """Return every open level of an asset's instruments now, of those that have a price and a sample of open interest.

        Raises
        ------
        UnknownSymbolError
            If nothing of it is heard.
        """
        wanted = [p for p in self._places.values() if p.instrument.asset == asset.upper()]
        if not wanted:
            known = sorted({p.instrument.asset for p in self._places.values()})
            near = near_names(asset.upper(), known) or known[:5]
            raise UnknownSymbolError(asset, near, where="what is recorded here")
        read = [(p.instrument, p.map.levels()) for p in wanted if p.map is not None]
        return [(instrument, levels) for instrument, levels in read if levels is not None]

    def levels(self, asset: str) -> dict[str, Any]:
        """Return what :meth:`now` does as a tree for JSON, each instrument on its own price axis.

        Raises
        ------
        UnknownSymbolError
            If nothing of it is heard.
        NotEnoughDataError
            If no instrument of it has a price and a sample of open interest yet.
        """
        shown = [_tree(instrument, levels) for instrument, levels in self.now(asset)]
        if not shown:
            problems = {p.problem for p in self._places.values() if p.problem}
            raise NotEnoughDataError(
                f"no open interest and price of {asset} came yet{': ' + '; '.join(problems) if problems else ''}; ask again in a minute"
            )
        return {
            "kind": "modelled", "quantity": "outstanding", "unit": "USD", "asset": asset.upper(), "window": "all",
            "as_of": max(one["as_of"] for one in shown), "provisional": True, "instruments": shown,
        }  # fmt: skip

    def metrics_text(self) -> str:
        """Return how long messages took to the updated maps, and counters, in Prometheus' text format."""
        spans = np.array(self.spans or (0,), np.int64) / NS_PER_MS / 1e3
        lines = [
            f'liqatlas_live_map_seconds{{quantile="{q}"}} {np.quantile(spans, q):.6f}'
            for q in (0.5, 0.9, 0.99, 1.0)
        ]
        for key, place in sorted(self._places.items()):
            late = place.map.late if place.map is not None else 0
            lines += [
                f'liqatlas_live_map_ready{{instrument="{key}"}} {int(place.map is not None)}',
                f'liqatlas_live_map_late_rows_total{{instrument="{key}"}} {late}',
            ]
        return "\n".join(lines) + "\n"


def _tree(instrument: Instrument, levels: LiveLevels) -> dict[str, Any]:
    """Return the levels of one instrument."""
    held = np.flatnonzero(levels.usd.any(axis=0))
    first, last = (int(held[0]), int(held[-1]) + 1) if len(held) else (0, 0)
    edges = levels.grid.edges(levels.origin + first, levels.origin + last) if last else np.zeros(0)
    long_usd, short_usd = np.round(levels.usd[:, first:last], 2)
    return {
        "venue": instrument.venue, "symbol": instrument.symbol, "price": levels.mark, "as_of": isoformat(levels.newest_ns),
        "price_edges": edges.tolist(), "long_usd": long_usd.tolist(), "short_usd": short_usd.tolist(),
    }  # fmt: skip
