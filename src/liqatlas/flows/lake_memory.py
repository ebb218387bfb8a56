"""What a server remembers of a lake that grows: the history of each instrument it shows, so that a map of now costs what is new."""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Self

from liqatlas.flows.live_history import LiveHistory
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.live_history import HistoryNow
    from liqatlas.flows.segments import Recipe
    from liqatlas.flows.stored_history import StoredHistory

LOG = logging.getLogger("liqatlas.live")
#: Histories kept; the one not asked for the longest goes first.
HISTORIES_KEPT = 48


class LakeMemory:
    """Histories at hand; may be asked from any thread.

    Attributes
    ----------
    lake
        The lake, open for reading.
    """

    def __init__(self, root: Path) -> None:
        self.lake = Lake.open(root)
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], tuple[LiveHistory, threading.Lock]] = OrderedDict()
        self.rebuilt: Counter[str] = Counter()
        self.updates = 0

    def close(self) -> None:
        """Forget everything and close the lake."""
        self._held.clear()
        self.lake.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def now(
        self,
        instrument: Instrument,
        made_with: Recipe,
        span: tuple[int, int],
        prepare: Callable[[], None],
    ) -> HistoryNow | StoredHistory:
        """Return an instrument's history at a moment, for one window; as read from the lake where rows are no trades.

        Parameters
        ----------
        span
            As-of moment and length of the window [ns].
        prepare
            Brings the sealed stretches up to date, before a history is made from them.

        Raises
        ------
        CannotCutError
            If the history cannot be cut at hours.
        """
        as_of_ns, window_ns = span
        history, lock = self._history(instrument, made_with)
        with lock:
            why = history.stale(as_of_ns)
            if why:
                prepare()
                read = history.build(as_of_ns)
                if read is not None:
                    return read
                self.rebuilt[why] += 1
                if why not in {"first", "hour"}:
                    LOG.info("the live map of %s is made again: %s", instrument.key, why)
            self.updates += 1
            return history.now(as_of_ns, window_ns)

    def _history(self, instrument: Instrument, made_with: Recipe) -> tuple[LiveHistory, threading.Lock]:
        """Return the history kept for an instrument; another contract value or another model is another history."""
        key = (instrument.key, made_with.version)
        with self._lock:
            held = self._held.get(key)
            if held is None or held[0].instrument != instrument:
                held = LiveHistory(self.lake, instrument, made_with), threading.Lock()
            self._held[key] = held
            self._held.move_to_end(key)
            while len(self._held) > HISTORIES_KEPT:
                self._held.popitem(last=False)
            return held

    def metrics_text(self) -> str:
        """Return counters in Prometheus' text format."""
        lines = [
            f"liqatlas_live_histories {len(self._held)}",
            f"liqatlas_live_updates_total {self.updates}",
            *(f'liqatlas_live_rebuilds_total{{why="{why}"}} {n}' for why, n in sorted(self.rebuilt.items())),
        ]
        return "\n".join(lines) + "\n"
