"""Ids in sequence, ids seen, minutes audited."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.clock import MINUTE_NS
from liqatlas.venues.continuity import MinuteAudit, SeenIds, Sequence


@given(st.permutations(list(range(1, 40))), st.sets(st.integers(2, 38), max_size=15))
def test_whatever_the_order_the_missing_ids_are_exactly_those_that_never_came(
    order: list[int], lost: set[int]
) -> None:
    """The first id starts the sequence, so it comes first here; everything else in any order, some twice."""
    sequence = Sequence()
    assert sequence.offer(1, 1)
    came = [i for i in order if i not in lost and i != 1]
    for i in came:
        assert sequence.offer(i, i)
        assert not sequence.offer(i, i)
    top = max(came, default=1)
    missing = {i for low, high in sequence.missing for i in range(low, high + 1)}
    assert missing == {i for i in range(1, top + 1) if i in lost}
    assert sequence.last == top


def test_an_aggregate_fills_the_ids_it_stands_for() -> None:
    sequence = Sequence()
    assert sequence.offer(10, 12)
    assert sequence.offer(20, 22)
    assert sequence.still_missing(0, 100) == [(13, 19)]
    assert sequence.offer(15, 16)
    assert sequence.still_missing(0, 100) == [(13, 14), (17, 19)]
    assert not sequence.offer(15, 16)
    assert not sequence.offer(16, 18)  # half known, half missing: cannot be split, stays missing
    sequence.give_up(13, 17)
    assert sequence.missing == [(18, 19)]


def test_ids_seen_are_told_apart_by_moment_and_forgotten_oldest_first() -> None:
    seen = SeenIds(size=3)
    assert seen.offer(1, 7)
    assert seen.offer(2, 7)
    assert not seen.offer(1, 7)
    assert seen.offer(3, 7)
    assert seen.offer(4, 7)
    assert (1, 7) not in seen
    assert (2, 7) in seen


def test_the_audit_leaves_out_minutes_that_were_not_recorded_whole() -> None:
    audit = MinuteAudit()
    audit.add(10 * MINUTE_NS + 5, 1.0)  # recording began inside minute 10
    audit.add(11 * MINUTE_NS, 2.0)
    audit.add(11 * MINUTE_NS + 9, 0.5)
    assert audit.whole_minutes(13 * MINUTE_NS) == [11 * MINUTE_NS, 12 * MINUTE_NS]
    assert audit.differs(11 * MINUTE_NS, 2.5, 0.001) == 0.0
    assert audit.differs(11 * MINUTE_NS, 3.5, 0.001) == 1.0
    assert audit.differs(12 * MINUTE_NS, 0.0, 0.001) == 0.0
    assert audit.differs(12 * MINUTE_NS, 4.0, 0.001) == 4.0  # a minute of which nothing came
    audit.done(11 * MINUTE_NS)
    assert audit.whole_minutes(13 * MINUTE_NS) == [12 * MINUTE_NS]


def test_a_minute_that_is_held_can_be_compared_again() -> None:
    audit = MinuteAudit()
    audit.add(9 * MINUTE_NS, 1.0)
    audit.add(11 * MINUTE_NS, 2.0)
    audit.hold(11 * MINUTE_NS)
    audit.done(12 * MINUTE_NS)
    audit.add(11 * MINUTE_NS + 7, 0.5)
    assert audit.differs(11 * MINUTE_NS, 2.5, 0.001) == 0.0
    audit.release(11 * MINUTE_NS)
    audit.done(13 * MINUTE_NS)
    assert audit.differs(11 * MINUTE_NS, 2.5, 0.001) == 2.5
