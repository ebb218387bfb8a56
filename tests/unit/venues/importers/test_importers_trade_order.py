"""Each fill once: numbers, reconnects, disorder; judged by a plain loop."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqatlas.venues.importers.trade_order import order_trades

S = 1_000_000_000
Row = tuple[int, int, float, bool]


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "ts_event_ns": pl.Int64,
            "price_scaled": pl.Int64,
            "qty_native": pl.Float64,
            "taker_buy": pl.Boolean,
        },
        orient="row",
    )


def tape(count: int, *, every_ns: int = S // 4) -> list[Row]:
    """A tape in which every third fill is repeated in its own moment."""
    rows: list[Row] = []
    for i in range(count):
        row = (i * every_ns, 100 + i % 5, 1.0 + i % 3, i % 2 == 0)
        rows += [row, row] if i % 3 == 0 else [row]
    return rows


def test_identical_fills_stay() -> None:
    rows = tape(30)
    made = order_trades([frame(rows)])
    assert made.frame.rows() == rows
    assert (made.replayed, made.out_of_order) == (0, 0)


@given(
    at=st.integers(60, 100),
    length=st.integers(8, 55),
    extra=st.integers(0, 20),
    missing=st.integers(0, 3),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_reconnect_is_the_union_of_two_reports(
    at: int, length: int, extra: int, missing: int, seed: int
) -> None:
    """A block sent again, of which the first report lacked a few rows: each fill as often as the fuller report holds it."""
    rows = tape(80)
    at = min(at, len(rows))
    block = rows[at - length : at]
    lost = {(seed * 7 + k * 3) % length for k in range(missing)}
    first = rows[: at - length] + [row for i, row in enumerate(block) if i not in lost]
    if not first or block[0][0] > first[-1][0] - S:
        return
    second = block + rows[at : at + extra]
    received = first + second
    made = order_trades([frame(received)])
    want = Counter(first) | Counter(second)  # the larger count of each row
    assert Counter(made.frame.rows()) == want
    assert made.frame["ts_event_ns"].is_sorted()
    assert made.replayed == len(received) - sum(want.values())


def test_same_file_twice_counts_once() -> None:
    rows = tape(50)
    made = order_trades([frame(rows), frame(rows)])
    assert Counter(made.frame.rows()) == Counter(rows)
    assert made.replays == 1


def test_mere_disorder_is_sorted_and_nothing_dropped() -> None:
    rows = tape(50, every_ns=S // 100)
    rows[10], rows[14] = rows[14], rows[10]
    made = order_trades([frame(rows)])
    assert Counter(made.frame.rows()) == Counter(rows)
    assert made.out_of_order > 0
    assert made.replayed == 0


def test_late_rows_that_repeat_nothing_stay() -> None:
    rows = tape(100)
    late = [(ts, price + 1_000, qty, buy) for ts, price, qty, buy in rows[20:40]]
    made = order_trades([frame(rows + late)])
    assert made.replayed == 0
    assert made.frame.height == len(rows) + len(late)


def test_numbers_count_once_whatever_the_order() -> None:
    rows = frame(tape(40))
    numbered = rows.with_columns(pl.int_range(pl.len()).alias("trade_id"))
    shuffled = pl.concat([numbered.sample(fraction=1.0, shuffle=True, seed=3), numbered.head(7)])
    made = order_trades([shuffled])
    assert made.frame.equals(numbered)
    assert made.duplicates == 7


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_files_given_in_any_order(order: tuple[int, int]) -> None:
    rows = tape(60)
    halves = [frame(rows[:40]), frame(rows[40:])]
    made = order_trades([halves[i] for i in order])
    assert made.frame.rows() == rows
    assert made.out_of_order == 0
