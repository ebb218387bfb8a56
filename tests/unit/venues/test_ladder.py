"""The order book: in step or not at all."""

from __future__ import annotations

from liqatlas.venues.frames import BookChange
from liqatlas.venues.ladder import Ladder


def change(
    first: int, last: int, previous: int | None, *, bid: float = 0.0, snapshot: bool = False
) -> BookChange:
    return BookChange(
        "X", last, snapshot, first, last, previous, [(bid or float(last), 1.0)], [(1_000.0, 1.0)]
    )


def test_changes_before_the_snapshot_wait_and_join_where_it_falls() -> None:
    """Binance: drop u < lastUpdateId, begin at U <= lastUpdateId <= u, then pu chains.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/How-to-manage-a-local-order-book-correctly
    """
    ladder = Ladder()
    for first, last, previous in ((1, 4, 0), (5, 9, 4), (10, 12, 9)):
        assert ladder.apply(change(first, last, previous)) == "waiting"
    assert ladder.apply(change(7, 7, None, bid=50.0, snapshot=True)) == "applied"
    assert ladder.in_step
    assert ladder.last_id == 12
    assert set(ladder.bids) == {50.0, 9.0, 12.0}  # 1..4 lay before the snapshot


def test_a_snapshot_older_than_what_waits_is_not_enough() -> None:
    ladder = Ladder()
    assert ladder.apply(change(10, 12, 9)) == "waiting"
    assert ladder.apply(change(5, 5, None, snapshot=True)) == "gap"
    assert not ladder.in_step
    assert ladder.apply(change(13, 14, 12)) == "waiting"
    assert ladder.apply(change(11, 11, None, snapshot=True)) == "applied"
    assert ladder.last_id == 14


def test_a_missing_change_is_a_gap() -> None:
    ladder = Ladder()
    ladder.apply(change(5, 5, None, snapshot=True))
    assert ladder.apply(change(6, 8, 5)) == "applied"
    assert ladder.apply(change(12, 13, 11)) == "gap"
    assert not ladder.in_step


def test_old_and_repeated_changes_are_stale() -> None:
    ladder = Ladder()
    ladder.apply(change(5, 5, None, snapshot=True))
    ladder.apply(change(6, 8, 5))
    assert ladder.apply(change(6, 8, 5)) == "stale"
    assert ladder.in_step


def test_okx_says_no_update_and_may_begin_its_ids_again() -> None:
    """Documented: prevSeqId = seqId without changes; after maintenance seqId is smaller than prevSeqId.

    https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel, read 2026-11-22.
    """
    ladder = Ladder()
    ladder.apply(change(10, 10, None, snapshot=True))
    assert ladder.apply(change(15, 15, 10)) == "applied"
    assert ladder.apply(BookChange("X", 16, False, 15, 15, 15, [], [])) == "applied"
    assert ladder.apply(change(3, 3, 15)) == "applied"
    assert ladder.apply(change(5, 5, 3)) == "applied"
    assert ladder.last_id == 5
    assert ladder.in_step


def test_zero_removes_and_rows_are_best_first() -> None:
    ladder = Ladder()
    ladder.apply(
        BookChange("X", 7, True, 1, 1, None, [(99.0, 1.0), (98.0, 2.0)], [(101.0, 3.0), (102.0, 4.0)])
    )
    ladder.apply(BookChange("X", 8, False, 2, 2, 1, [(99.0, 0.0), (55.0, 0.0)], [(100.5, 5.0)]))
    assert ladder.rows(2) == [
        (8, "bid", 0, 98.0, 2.0), (8, "ask", 0, 100.5, 5.0), (8, "ask", 1, 101.0, 3.0),
    ]  # fmt: skip
    assert not ladder.crossed
    ladder.apply(BookChange("X", 9, False, 3, 3, 2, [(100.5, 1.0)], []))
    assert ladder.crossed
