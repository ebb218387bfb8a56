"""Pagination: whatever the pages' size and however rows share a moment, every row comes once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import SourceUnavailableError
from liqatlas.venues.paging import backward, by_window, forward, numbered, within
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


def batch_of(moments: list[tuple[int, int]]) -> RowBatch:
    batch = RowBatch()
    batch.extend("trades", "X", [(ms * NS_PER_MS, 1, 1.0, True, n) for ms, n in moments])
    return batch


def server(moments: list[int], page: int, *, newest: bool) -> Callable[[int, int], Awaitable[RowBatch]]:
    numbered = sorted((ms, n) for n, ms in enumerate(moments))

    async def ask(start_ms: int, end_ms: int) -> RowBatch:
        found = [pair for pair in numbered if start_ms <= pair[0] <= end_ms]
        return batch_of(found[-page:] if newest else found[:page])

    return ask


def collect(pages: AsyncIterator[RowBatch]) -> list[tuple[int, int]]:
    async def run() -> list[tuple[int, int]]:
        return [(row[0] // NS_PER_MS, row[4]) async for p in pages for row in p.of("trades")]  # type: ignore[operator, misc]

    return asyncio.run(run())


@given(
    st.lists(st.integers(100, 400), max_size=120), st.integers(0, 200), st.integers(1, 300), st.booleans(),
)  # fmt: skip
def test_every_row_comes_once(moments: list[int], start: int, length: int, newest: bool) -> None:
    page = 1 + max((moments.count(m) for m in set(moments)), default=0)
    rule = backward if newest else forward
    pages = rule(
        server(moments, page, newest=newest), start * NS_PER_MS, (start + length) * NS_PER_MS, page_rows=page
    )
    wanted = sorted((ms, n) for n, ms in enumerate(moments) if start <= ms < start + length)
    assert sorted(collect(pages)) == wanted


@pytest.mark.parametrize("rule", [forward, backward])
def test_a_page_of_one_moment_is_an_error_not_a_loss(rule: Callable[..., AsyncIterator[RowBatch]]) -> None:
    with pytest.raises(SourceUnavailableError, match="share the moment"):
        collect(rule(server([5] * 50, 10, newest=rule is backward), 0, 100 * NS_PER_MS, page_rows=10))


@given(st.integers(0, 500), st.integers(1, 500), st.integers(1, 50))
def test_windows_cover_the_grid(start: int, length: int, page: int) -> None:
    step = 10

    async def ask(start_ms: int, end_ms: int) -> RowBatch:
        grid = range(-(-start_ms // step) * step, end_ms + 1, step)
        assert len(grid) <= page
        return batch_of([(ms, ms) for ms in grid])

    pages = by_window(
        ask, start * NS_PER_MS, (start + length) * NS_PER_MS, step_ns=step * NS_PER_MS, page_rows=page
    )
    assert collect(pages) == [(ms, ms) for ms in range(-(-start // step) * step, start + length, step)]


def test_rows_outside_and_repeats_are_dropped() -> None:
    batch = batch_of([(5, 1), (6, 2), (6, 2), (7, 3)])
    assert [row[4] for row in within(batch, 6 * NS_PER_MS, 7 * NS_PER_MS).of("trades")] == [2]


@given(
    moments=st.lists(st.integers(0, 60), max_size=40, unique=True),
    page=st.integers(1, 7),
    cut=st.integers(0, 60),
)
def test_numbered_pages_are_asked_for_up_to_the_start_and_no_further(
    moments: list[int], page: int, cut: int
) -> None:
    newest = sorted(((ms + 1, n) for n, ms in enumerate(moments)), reverse=True)
    asked: list[int] = []

    async def ask(number: int) -> RowBatch:
        asked.append(number)
        return batch_of(newest[(number - 1) * page : number * page])

    start = cut * NS_PER_MS
    found = collect(numbered(ask, start, 100 * NS_PER_MS, page_rows=page))
    assert sorted(found) == sorted(pair for pair in newest if pair[0] >= cut)
    assert asked == list(range(1, len(asked) + 1))
    assert len(asked) <= len([pair for pair in newest if pair[0] >= cut]) // page + 1
