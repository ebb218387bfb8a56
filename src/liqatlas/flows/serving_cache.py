"""Kept: results that many askers share; each is made once, however many ask at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Kept(Generic[T]):
    """A bounded store of results by key, safe between threads.

    Parameters
    ----------
    entries
        Results kept; the one not asked for the longest goes first.
    weight
        Returns a result's size, in the unit of ``capacity``; by default each counts one.
    capacity
        Most that all results together may weigh; a result heavier than that is handed out and not kept.

    Attributes
    ----------
    hits, misses
        How often a result was there, and how often it was made.
    """

    def __init__(
        self, entries: int, *, weight: Callable[[T], int] | None = None, capacity: int | None = None
    ) -> None:
        self._entries, self._capacity = entries, capacity
        self._weight = weight or (lambda _: 1)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._making: dict[Hashable, Future[T]] = {}
        self._weighs = 0
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def weighs(self) -> int:
        """What all kept results weigh together."""
        return self._weighs

    def peek(self, key: Hashable) -> T | None:
        """Return a result that is there, without making it."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            self.hits += 1
            return found[0]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return a result, made by the first who asks while the others wait for it; a failure reaches all who wait."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                self.hits += 1
                return found[0]
            waiting = self._making.get(key)
            if waiting is None:
                mine: Future[T] = Future()
                self._making[key] = mine
                self.misses += 1
        if waiting is not None:
            return waiting.result()
        try:
            result = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._put(key, result)
        mine.set_result(result)
        return result

    def _put(self, key: Hashable, result: T) -> None:
        weight = self._weight(result)
        if self._capacity is not None and weight > self._capacity:
            return
        self._kept[key] = (result, weight)
        self._weighs += weight
        while len(self._kept) > self._entries or (
            self._capacity is not None and self._weighs > self._capacity
        ):
            _, (_, gone) = self._kept.popitem(last=False)
            self._weighs -= gone
