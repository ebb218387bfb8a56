"""Numbers for identical events that arrive one by one.

A block (a page of history, a file) numbers its identical rows by itself. A live stream tells of them in many small
appends, so its counts must go on from one to the next, until the connection ends: what the next connection or a REST
page repeats then begins at zero again and is recognised.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.store.keys import OCCURRENCE, Keying, counted

if TYPE_CHECKING:
    from collections.abc import Hashable

#: Different events remembered per stream, and streams remembered; the oldest are forgotten first. Equal events share
#: their moment, so those of the last moments are enough; together they take some 100 MB at the very most.
EVENTS = 2_000
STREAMS = 256


class StreamCounts:
    """How often each event of each live stream was told so far."""

    def __init__(self, *, events: int = EVENTS, streams: int = STREAMS) -> None:
        self._events = events
        self._streams = streams
        self._seen: OrderedDict[Hashable, dict[tuple[object, ...], int]] = OrderedDict()

    def counted(self, rule: Keying, frame: pl.DataFrame, stream: Hashable | None) -> pl.DataFrame:
        """Return rows with their occurrence numbers; without a stream they are a block of their own."""
        if stream is None or rule.rule == "last":
            return counted(rule, frame)
        seen = self._seen.setdefault(stream, {})
        self._seen.move_to_end(stream)
        if len(self._seen) > self._streams:
            self._seen.popitem(last=False)
        ids = frame[rule.id_column].to_list() if rule.id_column else [None] * frame.height
        numbers = []
        for event, name in zip(frame.select(rule.columns).iter_rows(), ids, strict=True):
            number = 0
            if name is None:
                number = seen.get(event, 0)
                seen[event] = number + 1
            numbers.append(number)
        self._forget(seen)
        return frame.with_columns(pl.Series(OCCURRENCE, numbers, pl.Int64))

    def _forget(self, seen: dict[tuple[object, ...], int]) -> None:
        """Drop the older half of a stream's events, by their moment, once there are too many."""
        if len(seen) <= self._events:
            return
        for event in sorted(seen, key=lambda e: e[0])[: len(seen) // 2]:  # type: ignore[arg-type, return-value]
            del seen[event]
