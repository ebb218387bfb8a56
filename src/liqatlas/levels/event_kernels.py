"""Compiled kernels that turn trades, marks and bars into runs: what touched and what was opened, in time order.

A run is a stretch of consecutive events in one entry bin and one flow bar. Merging is exact: it stops where a touch inside
the run could reach a level opened inside the same run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NONE = -(1 << 30)
#: Widest range of entry bins in a bar that is merged.
_WIDEST = 4096


@kernel
def _merge_bar(
    first: int,
    runs: int,
    nearest: tuple[int, int],
    out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
) -> int:
    """Merge a bar's runs as far as order does not matter; return the new end.

    An opening that no later touch of the bar can reach survives the bar whenever it came: such openings go to the bar's end, one
    run per entry bin. The others stay in order, each with all that was touched since the one before.
    """
    entry, low, high, size = out
    count = runs - first
    lowest, highest = 1 << 30, -(1 << 30)
    for r in range(first, runs):
        if size[r] > 0.0:
            lowest, highest = min(lowest, entry[r]), max(highest, entry[r])
    width = highest - lowest + 1
    if count < 3 or width < 1 or width > _WIDEST:
        return runs
    safe = np.empty(count, np.bool_)
    later_low, later_high = 1 << 30, -(1 << 30)
    for r in range(runs - 1, first - 1, -1):
        safe[r - first] = later_low > entry[r] - nearest[0] and later_high < entry[r] + nearest[1]
        if low[r] <= high[r]:
            later_low, later_high = min(later_low, low[r]), max(later_high, high[r])
    room = np.zeros(width)
    end = first
    touch_low, touch_high = 1 << 30, -(1 << 30)
    for r in range(first, runs):
        if low[r] <= high[r]:
            touch_low, touch_high = min(touch_low, low[r]), max(touch_high, high[r])
        if size[r] > 0.0:
            if safe[r - first]:
                room[entry[r] - lowest] += size[r]
            else:
                entry[end], size[end] = entry[r], size[r]
                low[end], high[end] = (touch_low, touch_high) if touch_low <= touch_high else (1, 0)
                end += 1
                touch_low, touch_high = 1 << 30, -(1 << 30)
    for i in range(width):
        if room[i] > 0.0:
            entry[end], size[end] = lowest + i, room[i]
            low[end], high[end] = (touch_low, touch_high) if touch_low <= touch_high else (1, 0)
            end += 1
            touch_low, touch_high = 1 << 30, -(1 << 30)
    if touch_low <= touch_high:  # touches after the last opening, where all openings are unsafe
        entry[end], low[end], high[end], size[end] = touch_low, touch_low, touch_high, 0.0
        end += 1
    return end


@kernel
def trade_runs(
    trades: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]],
    table: tuple[NDArray[np.int32], NDArray[np.float64], int],
    marks: tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ],
    bar_edges: NDArray[np.int64],
    nearest: tuple[int, int],
    out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    per_bar: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> tuple[int, int]:
    """Merge trades and mark events in time order into runs; return ``(runs, trades outside all bars)``.

    Parameters
    ----------
    trades
        ``(ts_ns, ticks, qty, taker_buy)``, sorted by time.
    table
        ``(bin, coordinate, first tick)``: entry bin and log price / step of each tick.
    marks
        ``(start_ns, ts_ns, low, high, last)``, sorted by ``ts_ns``, coordinates (log price / step): a sample has one value and
        ``start = ts``; a mark bar has its extremes, which also bound the estimates of trades inside it.
    bar_edges
        int64 ``(n + 1,)``: flow bar ``j`` holds events in ``[edges[j], edges[j + 1])``; marks at an edge close the bar before.
    nearest
        Smallest level offset of a (long, short) [bins].
    out
        Arrays of length ≥ trades + marks + bars: entry bin, touched low and high bin, size.
    per_bar
        To be filled: first run ``(n + 1,)``, volume ``(n,)``, taker-buy volume ``(n,)``; and, updated, float64 ``(3,)``: basis of
        mark over trade, coordinate of the last trade, last entry bin, NaN at the start of history, which let a stream go on
        where a batch would.
    """
    ts, ticks, qty, taker_buy = trades
    bin_of, coordinate_of, tick0 = table
    mark_start, mark_ts, mark_low, mark_high, mark_last = marks
    entry, low, high, size = out
    first_run, volume, bought, carry = per_bar
    n, m, bars = ts.shape[0], mark_ts.shape[0], bar_edges.shape[0] - 1
    runs = 0
    skipped = 0
    i = 0
    q = 0
    basis = carry[0] if not np.isnan(carry[0]) else 0.0
    last_trade = carry[1]
    last_entry = _NONE if np.isnan(carry[2]) else int(carry[2])
    while i < n and ts[i] < bar_edges[0]:
        last_trade = coordinate_of[ticks[i] - tick0]
        i += 1
        skipped += 1
    while q < m and mark_ts[q] < bar_edges[0]:
        last_entry = int(np.floor(mark_last[q]))
        q += 1
    for j in range(bars):
        end = bar_edges[j + 1]
        first_run[j] = runs
        volume[j] = 0.0
        bought[j] = 0.0
        while True:
            trade_next = i < n and ts[i] < end
            mark_next = q < m and mark_ts[q] <= end
            if not trade_next and not mark_next:
                break
            if mark_next and (not trade_next or mark_ts[q] <= ts[i]):
                touched_low = int(np.floor(mark_low[q]))
                touched_high = int(np.floor(mark_high[q]))
                if not np.isnan(last_trade):
                    basis = mark_last[q] - last_trade
                here = int(np.floor(mark_last[q]))
                amount = 0.0
                if last_entry == _NONE:
                    last_entry = here
                q += 1
            else:
                row = ticks[i] - tick0
                last_trade = coordinate_of[row]
                estimate = last_trade + basis
                if q < m and mark_start[q] <= ts[i]:
                    estimate = min(max(estimate, mark_low[q]), mark_high[q])
                touched_low = int(np.floor(estimate))
                touched_high = touched_low
                here = bin_of[row]
                last_entry = here
                amount = qty[i]
                volume[j] += amount
                if taker_buy[i]:
                    bought[j] += amount
                i += 1
            mergeable = runs > first_run[j] and (
                amount == 0.0 or size[runs - 1] == 0.0 or entry[runs - 1] == here
            )
            if mergeable:
                base = here if amount > 0.0 else entry[runs - 1]
                new_low = min(low[runs - 1], touched_low)
                new_high = max(high[runs - 1], touched_high)
                if size[runs - 1] == 0.0 or (new_low > base - nearest[0] and new_high < base + nearest[1]):
                    low[runs - 1] = new_low
                    high[runs - 1] = new_high
                    size[runs - 1] += amount
                    entry[runs - 1] = base
                    continue
            entry[runs] = here
            low[runs] = touched_low
            high[runs] = touched_high
            size[runs] = amount
            runs += 1
        runs = _merge_bar(first_run[j], runs, nearest, out)
        if (
            volume[j] == 0.0 and last_entry != _NONE
        ):  # what opens without a recorded trade enters at the last price
            entry[runs] = last_entry
            low[runs] = 1
            high[runs] = 0
            size[runs] = 1.0
            runs += 1
    first_run[bars] = runs
    carry[0] = basis
    carry[1] = last_trade
    carry[2] = np.nan if last_entry == _NONE else float(last_entry)
    return runs, skipped + n - i


@kernel
def path_runs(
    nodes: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    bar_edges: NDArray[np.int64],
    nearest: tuple[int, int],
    out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    per_bar: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
) -> int:
    """Walk a price path and spread each leg's volume evenly over the bins it crosses; return the runs, -1 if ``out`` is short.

    Parameters
    ----------
    nodes
        ``(ts_ns, coordinate, qty, bought)``: node ``i`` starts a leg to node ``i + 1`` in which ``qty[i]`` was traded, of which
        takers bought ``bought[i]``.
    bar_edges, nearest, out, per_bar
        As in :func:`trade_runs`; a leg belongs to the bar in which it starts.
    """
    ts, coordinate, qty, buys = nodes
    entry, low, high, size = out
    first_run, volume, bought = per_bar
    bars, n = bar_edges.shape[0] - 1, ts.shape[0]
    runs = 0
    i = 0
    while i < n - 1 and ts[i] < bar_edges[0]:
        i += 1
    for j in range(bars):
        first_run[j] = runs
        volume[j] = 0.0
        bought[j] = 0.0
        while i < n - 1 and ts[i] < bar_edges[j + 1]:
            start, stop = int(np.floor(coordinate[i])), int(np.floor(coordinate[i + 1]))
            step = 1 if stop >= start else -1
            count = abs(stop - start) + 1
            if runs + count + 1 > entry.shape[0]:
                return -1
            for c in range(count):
                here = start + step * c
                entry[runs] = here
                low[runs] = here
                high[runs] = here
                size[runs] = qty[i] / count
                runs += 1
            volume[j] += qty[i]
            bought[j] += buys[i]
            i += 1
        runs = _merge_bar(first_run[j], runs, nearest, out)
        if volume[j] == 0.0 and i > 0:
            if runs + 1 > entry.shape[0]:
                return -1
            entry[runs] = int(np.floor(coordinate[min(i, n - 1)]))
            low[runs] = 1
            high[runs] = 0
            size[runs] = 1.0
            runs += 1
    first_run[bars] = runs
    return runs


@kernel
def bar_nodes(
    bars: tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ],
    marks: tuple[NDArray[np.int64], NDArray[np.float64]],
    out: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> int:
    """Write the price path that bars and mark samples suggest; return the number of nodes.

    Without marks inside a bar the path is open, the extreme nearer to the open's side first (low first in a rising bar),
    close. With marks the path runs through them, the bar shifted by the basis, and an extreme beyond all marks is reached next
    to the lowest or highest mark. Volume is spread evenly in time.

    Parameters
    ----------
    bars
        ``(open_ns, close_ns, ohlc, volume, bought)``; ``ohlc`` float64 ``(n, 4)`` are coordinates (log price / step).
    marks
        ``(ts_ns, coordinate)`` sorted.
    out
        Node arrays of length ≥ 5 × bars + marks + 1.
    """
    open_ns, close_ns, ohlc, volume, bought = bars
    mark_ts, mark = marks
    ts, coordinate, qty, buys = out
    n = 0
    q = 0
    for j in range(open_ns.shape[0]):
        start = n
        while q < mark_ts.shape[0] and mark_ts[q] < open_ns[j]:
            q += 1
        stop = q
        while stop < mark_ts.shape[0] and mark_ts[stop] < close_ns[j]:
            stop += 1
        duration = close_ns[j] - open_ns[j]
        if stop == q:
            rising = ohlc[j, 3] >= ohlc[j, 0]
            path = (
                ohlc[j, 0],
                ohlc[j, 2] if rising else ohlc[j, 1],
                ohlc[j, 1] if rising else ohlc[j, 2],
                ohlc[j, 3],
            )
            for c in range(4):
                ts[n] = open_ns[j] + duration * c // 4
                coordinate[n] = path[c]
                n += 1
        else:
            basis = 0.0
            lowest = q
            highest = q
            for c in range(q, stop):
                part = (mark_ts[c] - open_ns[j]) / duration
                basis += mark[c] - (ohlc[j, 0] * (1 - part) + ohlc[j, 3] * part)
                if mark[c] < mark[lowest]:
                    lowest = c
                if mark[c] > mark[highest]:
                    highest = c
            basis /= stop - q
            for c in range(q, stop):
                ts[n] = mark_ts[c]
                coordinate[n] = mark[c]
                n += 1
                if c == lowest and ohlc[j, 2] + basis < mark[c]:
                    ts[n] = mark_ts[c]
                    coordinate[n] = ohlc[j, 2] + basis
                    n += 1
                if c == highest and ohlc[j, 1] + basis > mark[c]:
                    ts[n] = mark_ts[c]
                    coordinate[n] = ohlc[j, 1] + basis
                    n += 1
            q = stop
        for c in range(start, n):
            end = ts[c + 1] if c + 1 < n else close_ns[j]
            begin = open_ns[j] if c == start else ts[c]
            share = (end - begin) / duration
            qty[c] = volume[j] * share
            buys[c] = bought[j] * share
    if n > 0:
        ts[n] = close_ns[-1]
        coordinate[n] = coordinate[n - 1] if mark_ts.shape[0] > 0 else ohlc[-1, 3]
        qty[n] = 0.0
        buys[n] = 0.0
        n += 1
    return n


@kernel
def bracket_runs(
    first: NDArray[np.int64],
    runs: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    lower: bool,
    out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    first_out: NDArray[np.int64],
) -> int:
    """Write each bar as one touch of all it touched and its openings, the touch last (``lower``) or first; return the runs.

    ``out`` needs room for all runs and one more per bar.
    """
    entry, low, high, qty = runs
    n = 0
    for j in range(first.shape[0] - 1):
        first_out[j] = n
        touch_low, touch_high = 1 << 30, -(1 << 30)
        for r in range(first[j], first[j + 1]):
            if low[r] <= high[r]:
                touch_low, touch_high = min(touch_low, low[r]), max(touch_high, high[r])
        for step in range(2):
            if (step == 1) == lower:
                if touch_low <= touch_high:
                    out[0][n], out[1][n], out[2][n], out[3][n] = touch_low, touch_low, touch_high, 0.0
                    n += 1
            else:
                for r in range(first[j], first[j + 1]):
                    if qty[r] > 0.0:
                        out[0][n], out[1][n], out[2][n], out[3][n] = entry[r], 1, 0, qty[r]
                        n += 1
    first_out[first.shape[0] - 1] = n
    return n
