"""LiveFlow: from events as they arrive to flow bars, the same bars that a batch would make.

Trades and marks wait until the next sample of open interest closes their bar, in whatever order they came; one that is older
than the running bar is refused, so that the caller can count it.
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

    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid


#: Moment [ns], price ticks, size [native] and whether the taker bought, of equal length.
Trades = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float64]", "NDArray[np.bool_]"]


def _joined(pieces: list[Trades]) -> Trades:
    """Return pieces as one, in order of time; trades of one moment as they came."""
    if not pieces:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_)
    if len(pieces) == 1:
        one = pieces[0]
    else:
        ts, ticks, qty, buys = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
        one = (ts, ticks, qty, buys)
    if (np.diff(one[0]) >= 0).all():
        return one
    order = np.argsort(one[0], kind="stable")
    return one[0][order], one[1][order], one[2][order], one[3][order]


def _cut(trades: Trades, end_ns: int) -> tuple[Trades, Trades]:
    """Return the trades before a moment and the others."""
    n = int(np.searchsorted(trades[0], end_ns, side="left"))
    ts, ticks, qty, buys = trades
    return (ts[:n], ticks[:n], qty[:n], buys[:n]), (ts[n:], ticks[n:], qty[n:], buys[n:])


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
        self._trades: list[Trades] = []
        self._marks: list[tuple[int, float]] = []
        self._carry = np.full(3, np.nan)
        self._shown, self._shown_marks, self._shown_carry = 0, 0, self._carry

    @property
    def start_ns(self) -> int:
        """Start of the running bar: what is older comes too late."""
        return self._start

    def trade(self, ts_ns: int, price_ticks: int, qty: float, *, taker_buy: bool) -> None:
        """Take a trade in."""
        self.trades(
            np.array((ts_ns,), np.int64),
            np.array((price_ticks,), np.int64),
            np.array((qty,)),
            np.array((taker_buy,)),
        )

    def trades(
        self,
        ts_ns: NDArray[np.int64],
        price_ticks: NDArray[np.int64],
        qty: NDArray[np.float64],
        taker_buy: NDArray[np.bool_],
    ) -> None:
        """Take trades in, in any order within the running bar.

        Raises
        ------
        InputError
            If one is older than the running bar.
        """
        if len(ts_ns):
            self._not_late(int(ts_ns.min()))
            self._trades.append((ts_ns, price_ticks, qty, taker_buy))

    def mark(self, ts_ns: int, price: float) -> None:
        """Take a mark price in."""
        self._not_late(ts_ns)
        self._marks.append((ts_ns, price))

    def _not_late(self, ts_ns: int) -> None:
        if ts_ns < self._start:
            raise InputError(
                f"event of {isoformat(ts_ns)} came after the bar until {isoformat(self._start)} was closed: "
                "take events in before the sample of open interest that follows them"
            )

    def open_interest(self, ts_ns: int, open_interest: float) -> FlowBars:
        """Take a sample of open interest in and return the bar it closes, one-sided [native].

        Raises
        ------
        InputError
            If it is not after the sample before.
        """
        if ts_ns <= self._start:
            raise InputError(
                f"open interest of {isoformat(ts_ns)} is not after that of {isoformat(self._start)}: sort samples by time"
            )
        known, later = _cut(_joined(self._trades), ts_ns)
        bar = self._bar(
            (self._start, ts_ns),
            (known, [m for m in self._marks if m[0] <= ts_ns]),
            open_interest,
            self._carry,
            provisional=False,
        )
        self._trades = [later] if len(later[0]) else []
        self._marks = [m for m in self._marks if m[0] > ts_ns]
        self._start, self._interest = ts_ns, open_interest
        self._shown, self._shown_marks, self._shown_carry = 0, 0, self._carry.copy()
        return bar

    def running(self, now_ns: int) -> FlowBars:
        """Return the running bar as of a moment, provisional: its open interest counts as unchanged."""
        end = max(now_ns, self._start + 1)
        known, _ = _cut(_joined(self._trades), end)
        marks = [m for m in self._marks if m[0] <= end]
        return self._bar(
            (self._start, end), (known, marks), self._interest, self._carry.copy(), provisional=True
        )

    def news(self) -> FlowBars | None:
        """Return what came since the last call as a provisional bar of its own, ``None`` where nothing did.

        Its cost is that of the news, not of the running bar; for :meth:`LevelStream.run_ahead`.
        """
        new, marks = self._trades[self._shown :], self._marks[self._shown_marks :]
        if not new and not marks:
            return None
        self._shown, self._shown_marks = len(self._trades), len(self._marks)
        joined = _joined(new)
        newest = max(int(joined[0][-1]) if new else 0, *(m[0] for m in marks), self._start)
        span = (self._start, newest + 1)
        return self._bar(span, (joined, marks), self._interest, self._shown_carry, provisional=True)

    def _bar(
        self,
        edges_ns: tuple[int, int],
        events: tuple[Trades, list[tuple[int, float]]],
        open_interest: float,
        carry: NDArray[np.float64],
        *,
        provisional: bool,
    ) -> FlowBars:
        """Return the bar between two edges; ``carry`` is what came before and becomes what is left."""
        edges = np.array(edges_ns, np.int64)
        (moments_of_trades, ticks, qty, buys), given = events
        given = sorted(given, key=lambda m: m[0])
        low = int(ticks.min()) if len(ticks) else 0
        prices = prices_from_ticks(
            np.arange(low, int(ticks.max()) + 1 if len(ticks) else 1, dtype=np.int64), self._tick
        )
        table = (
            (self._grid.bins(prices), coordinates(prices, self._grid), low)
            if len(ticks)
            else (np.zeros(1, np.int32), np.zeros(1), 0)
        )
        moments = np.array([m[0] for m in given], np.int64)
        marks = coordinates(np.array([m[1] for m in given], np.float64), self._grid)
        size = len(ticks) + len(marks) + 2
        out = (np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size))
        per_bar = (np.zeros(2, np.int64), np.zeros(1), np.zeros(1), carry)
        count, _ = event_kernels.trade_runs(
            (moments_of_trades, ticks, qty, buys),
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
