"""LiveFlow: from events as they arrive to flow bars, the same bars that a batch would make.

Trades and marks wait until the next sample of open interest closes their bar. Events must come in time order; a late one is
refused, so that the caller can decide (``venues`` re-orders within its own tolerance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError
from liqatlas.base.units import prices_from_ticks
from liqatlas.levels import event_kernels
from liqatlas.levels.events import Runs, coordinates
from liqatlas.levels.flow import FlowBars

if TYPE_CHECKING:
    from decimal import Decimal

    from liqatlas.base.grid import LogGrid


class LiveFlow:
    """Collect events of one instrument and hand out closed flow bars.

    Parameters
    ----------
    grid, tick_size
        As for the batch.
    nearest
        Smallest level offset of a (long, short) in bins.
    start_ns, open_interest
        The sample that opens the first bar; one-sided [native].
    """

    def __init__(
        self,
        grid: LogGrid,
        tick_size: Decimal,
        nearest: tuple[int, int],
        *,
        start_ns: int,
        open_interest: float,
    ) -> None:
        self._grid, self._tick, self._nearest = grid, tick_size, nearest
        self._start, self._interest = start_ns, open_interest
        self._trades: list[tuple[int, int, float, bool]] = []
        self._marks: list[tuple[int, float]] = []
        self._latest = start_ns
        self._carry = np.full(3, np.nan)

    def trade(self, ts_ns: int, price_ticks: int, qty: float, *, taker_buy: bool) -> None:
        """Take a trade in; it may share its moment with the one before."""
        self._in_order(ts_ns)
        self._trades.append((ts_ns, price_ticks, qty, taker_buy))

    def mark(self, ts_ns: int, price: float) -> None:
        """Take a mark price in."""
        self._in_order(ts_ns)
        self._marks.append((ts_ns, price))

    def _in_order(self, ts_ns: int) -> None:
        if ts_ns < self._latest:
            raise InputError(
                f"event of {isoformat(ts_ns)} came after one of {isoformat(self._latest)}: sort events by time"
            )
        self._latest = ts_ns

    def open_interest(self, ts_ns: int, open_interest: float) -> FlowBars:
        """Take a sample of open interest in and return the bar it closes, one-sided [native]."""
        self._in_order(ts_ns)
        bar = self._bar(ts_ns, open_interest, provisional=False)
        held = [t for t in self._trades if t[0] >= ts_ns]
        self._trades, self._marks = held, []
        self._start, self._interest = ts_ns, open_interest
        return bar

    def running(self, now_ns: int) -> FlowBars:
        """Return the running bar as of a moment, provisional: its open interest counts as unchanged."""
        carry = self._carry.copy()
        bar = self._bar(max(now_ns, self._start + 1), self._interest, provisional=True)
        self._carry = carry
        return bar

    def _bar(self, end_ns: int, open_interest: float, *, provisional: bool) -> FlowBars:
        edges = np.array((self._start, end_ns), np.int64)
        trades = [t for t in self._trades if t[0] < end_ns]
        ticks = np.array([t[1] for t in trades], np.int64)
        low = int(ticks.min()) if len(ticks) else 0
        prices = prices_from_ticks(
            np.arange(low, int(ticks.max()) + 1 if len(ticks) else 1, dtype=np.int64), self._tick
        )
        table = (
            (self._grid.bins(prices), coordinates(prices, self._grid), low)
            if len(ticks)
            else (np.zeros(1, np.int32), np.zeros(1), 0)
        )
        moments = np.array([m[0] for m in self._marks], np.int64)
        marks = coordinates(np.array([m[1] for m in self._marks], np.float64), self._grid)
        size = len(trades) + len(marks) + 2
        out = (np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size))
        per_bar = (np.zeros(2, np.int64), np.zeros(1), np.zeros(1), self._carry)
        count, _ = event_kernels.trade_runs(
            (
                np.array([t[0] for t in trades], np.int64),
                ticks,
                np.array([t[2] for t in trades], np.float64),
                np.array([t[3] for t in trades], np.bool_),
            ),
            table,
            (moments, moments, marks, marks, marks),
            edges,
            self._nearest,
            out,
            per_bar,
        )
        return FlowBars(
            edges_ns=edges,
            runs=Runs(out[0][:count], out[1][:count], out[2][:count], out[3][:count], per_bar[0]),
            volume=per_bar[1],
            bought=per_bar[2],
            open_interest=np.array((self._interest, open_interest)),
            last_is_provisional=provisional,
            mark_source="mark samples, trades x last mark/trade ratio between them",
            entry_source="trades",
        )
