"""Trades of one instrument out of several files → one table: sorted, each fill once.

Where trades carry the venue's number, a number counts once. Where they carry none (Hyperliquid), identical rows of the
same moment are real fills and stay; what a reconnect sends again is recognised as a block whose times jump back and whose
rows repeat earlier ones, and counted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import MINUTE_NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: A jump back in time that cannot be mere disorder of a feed.
_REPLAY_NS = 1_000_000_000
#: Share of the shorter side that must be repeated for a block to count as sent again.
_REPLAY_SHARE = 0.5
#: How far back a reconnect reaches; further back a block counts as a second copy of a file.
REPLAY_REACH_NS = 30 * MINUTE_NS
_KEY = ("ts_event_ns", "price_scaled", "qty_native", "taker_buy")


@dataclass(frozen=True, slots=True)
class Ordered:
    """Trades in order, and how many rows were left out or moved."""

    frame: pl.DataFrame
    duplicates: int = 0
    replayed: int = 0
    replays: int = 0
    out_of_order: int = 0


def order_trades(frames: Sequence[pl.DataFrame]) -> Ordered:
    """Return the trades of several frames as one, in order of time, each once.

    Parameters
    ----------
    frames
        Trades in the order in which their files were read, all with or all without ``trade_id``.
    """
    ordered = sorted(frames, key=lambda frame: frame["ts_event_ns"][0])
    frame = ordered[0] if len(ordered) == 1 else pl.concat(ordered)
    if "trade_id" in frame.columns:
        return _by_number(frame)
    return _by_replay(frame)


def _by_number(frame: pl.DataFrame) -> Ordered:
    ids = frame["trade_id"]
    ts = frame["ts_event_ns"]
    duplicates = 0
    back = _steps_back(ts.to_numpy())
    if not _strictly_rising(ids.to_numpy()):
        unique = frame.unique(subset="trade_id", keep="first", maintain_order=True)
        duplicates = frame.height - unique.height
        frame = unique
        back = _steps_back(frame["ts_event_ns"].to_numpy())
        frame = frame.sort("ts_event_ns", "trade_id", maintain_order=True)
    elif back:
        frame = frame.sort("ts_event_ns", maintain_order=True)
    return Ordered(frame, duplicates=duplicates, out_of_order=back)


def _strictly_rising(values: NDArray[np.int64]) -> bool:
    return bool(np.all(values[1:] > values[:-1]))


def _steps_back(ts: NDArray[np.int64]) -> int:
    """Return how many rows are older than one before them."""
    if ts.size < 2 or bool(np.all(ts[1:] >= ts[:-1])):
        return 0
    return int(np.count_nonzero(ts < np.maximum.accumulate(ts)))


def _by_replay(frame: pl.DataFrame) -> Ordered:
    ts = frame["ts_event_ns"].to_numpy()
    back = np.flatnonzero(ts[1:] < ts[:-1]) + 1
    if not back.size:
        return Ordered(frame)
    keep = np.ones(ts.size, bool)
    replays = 0
    peak = np.maximum.accumulate(ts)
    done = 0
    for start in back.tolist():
        if start < done or peak[start - 1] - ts[start] < _REPLAY_NS:
            continue
        # The earlier report of the same stretch, and the block that may repeat it.
        block_end = start + int(np.searchsorted(_running_end(ts, start), peak[start - 1], side="right"))
        earlier = np.flatnonzero((ts[:start] >= ts[start]) & keep[:start])
        repeated = _repeated(frame, earlier, start, block_end)
        shorter = min(earlier.size, block_end - start)
        if repeated.size and repeated.size >= _REPLAY_SHARE * shorter:
            keep[repeated] = False
            replays += 1
            done = block_end
    replayed = int(ts.size - np.count_nonzero(keep))
    if replayed:
        frame = frame.filter(pl.Series(keep))
    moved = _steps_back(frame["ts_event_ns"].to_numpy())
    if moved:
        frame = frame.sort("ts_event_ns", maintain_order=True)
    return Ordered(frame, replayed=replayed, replays=replays, out_of_order=moved)


def _running_end(ts: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """Return the running maximum of the times from a block's start."""
    return np.maximum.accumulate(ts[start:])


def _repeated(frame: pl.DataFrame, earlier: NDArray[np.int64], start: int, end: int) -> NDArray[np.int64]:
    """Return the rows of a block that an earlier report holds too, each fill matched with one fill."""
    count = pl.int_range(pl.len()).over(_KEY).alias("_nth")
    old = frame.select(_KEY)[earlier].with_columns(count)
    new = frame.select(_KEY).slice(start, end - start).with_row_index("_row").with_columns(count)
    matched = new.join(old, on=[*_KEY, "_nth"], how="semi", nulls_equal=True, maintain_order="left")
    return matched["_row"].to_numpy().astype(np.int64) + start
