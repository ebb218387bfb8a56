"""Pagination to the end: four rules cover the venues' ways of cutting history into pages.

* **window**: rows lie on a grid (bars, samples); ask window by window, each no longer than a page;
* **forward**: rows come oldest first from a start; go on after the last one;
* **backward**: rows come newest first before an end; go on before the oldest one;
* **numbered**: pages bear numbers, newest rows on the first, and know no moments.

Pages overlap nowhere and miss nothing: rows outside ``[start, end)`` are dropped, repeated rows are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import SourceUnavailableError
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from liqatlas.venues.rows import Row


def within(batch: RowBatch, start_ns: int, end_ns: int) -> RowBatch:
    """Return the rows whose moment lies in ``[start, end)``, sorted by it, exact repeats once."""
    out = RowBatch()
    for dataset, symbol, rows in batch:
        kept = sorted({row for row in rows if start_ns <= _moment(row) < end_ns}, key=_moment)
        out.extend(dataset, symbol, kept)
    return out


def _moment(row: Row) -> int:
    """Return a row's moment: the first column of every table."""
    return row[0]  # type: ignore[return-value]


def _span(batch: RowBatch) -> tuple[int, int, int] | None:
    """Return first and last moment and the number of rows."""
    moments = [_moment(row) for _, _, rows in batch for row in rows]
    return (min(moments), max(moments), len(moments)) if moments else None


async def by_window(
    ask: Callable[[int, int], Awaitable[RowBatch]],
    start_ns: int,
    end_ns: int,
    *,
    step_ns: int,
    page_rows: int,
) -> AsyncIterator[RowBatch]:
    """Yield pages of grid rows, oldest window first."""
    start = start_ns // step_ns * step_ns
    while start < end_ns:
        stop = min(start + step_ns * page_rows, end_ns)
        yield within(await ask(start // NS_PER_MS, (stop - 1) // NS_PER_MS), start_ns, end_ns)
        start += step_ns * page_rows


async def forward(
    ask: Callable[[int, int], Awaitable[RowBatch]], start_ns: int, end_ns: int, *, page_rows: int
) -> AsyncIterator[RowBatch]:
    """Yield pages oldest first.

    Raises
    ------
    SourceUnavailableError
        If a full page holds a single moment: the venue gives no way past it, and going on would lose rows.
    """
    cursor = start_ns
    while cursor < end_ns:
        batch = await ask(cursor // NS_PER_MS, (end_ns - 1) // NS_PER_MS)
        span = _span(within(batch, cursor, end_ns))
        if span is None:
            return
        first, last, count = span
        if count >= page_rows and first == last:
            raise SourceUnavailableError(
                f"more than {page_rows} rows share the moment {first} ns; the page cannot end"
            )
        full = count >= page_rows
        # A full page may end inside a millisecond: leave its last moment to the next page.
        stop = last if full else end_ns
        yield within(batch, cursor, stop)
        if not full:
            return
        cursor = last


async def backward(
    ask: Callable[[int, int], Awaitable[RowBatch]], start_ns: int, end_ns: int, *, page_rows: int
) -> AsyncIterator[RowBatch]:
    """Yield pages newest first (each sorted ascending inside).

    Raises
    ------
    SourceUnavailableError
        As :func:`forward`.
    """
    cursor = end_ns
    while cursor > start_ns:
        batch = await ask(start_ns // NS_PER_MS, (cursor - 1) // NS_PER_MS)
        span = _span(within(batch, start_ns, cursor))
        if span is None:
            return
        first, last, count = span
        if count >= page_rows and first == last:
            raise SourceUnavailableError(
                f"more than {page_rows} rows share the moment {first} ns; the page cannot end"
            )
        full = count >= page_rows
        begin = first + NS_PER_MS if full else start_ns
        yield within(batch, begin, cursor)
        if not full:
            return
        cursor = begin


async def numbered(
    ask: Callable[[int], Awaitable[RowBatch]], start_ns: int, end_ns: int, *, page_rows: int
) -> AsyncIterator[RowBatch]:
    """Yield pages 1, 2, ... newest first, up to the one that reaches the start or is not full."""
    page = 0
    while True:
        page += 1
        batch = await ask(page)
        span = _span(batch)
        kept = within(batch, start_ns, end_ns)
        if len(kept):
            yield kept
        if span is None or span[2] < page_rows or span[0] < start_ns:
            return
