"""A binary heap on an array of ``kernels_state.HEAP_ENTRY``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def push(heap: NDArray[Any], size: int, key: float, item: int) -> None:
    """Put an item on a heap of so many entries whose smallest key is on top."""
    i = size
    while i > 0:
        parent = (i - 1) // 2
        if heap[parent]["key"] <= key:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i]["key"] = key
    heap[i]["item"] = item


@kernel
def pop(heap: NDArray[Any], size: int) -> None:
    """Take the entry with the smallest key off a heap of so many entries."""
    key, item = heap[size - 1]["key"], heap[size - 1]["item"]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and heap[child + 1]["key"] < heap[child]["key"]:
            child += 1
        if heap[child]["key"] >= key:
            break
        heap[i] = heap[child]
        i = child
    heap[i]["key"] = key
    heap[i]["item"] = item
