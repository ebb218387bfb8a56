"""Token buckets: what is granted, what is refused, and that memory stays bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liqatlas.server.limits import MOST_ASKERS, Buckets, Rate


def test_burst_then_refusal_then_refill() -> None:
    buckets = Buckets(Rate(per_minute=60, burst=3))
    assert [buckets.take("a", now=0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    wait = buckets.take("a", now=0.0)
    assert 0 < wait <= 1.0
    assert buckets.take("a", now=wait + 1e-6) == 0.0
    assert buckets.take("b", now=0.0) == 0.0  # another asker is not touched


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.floats(1, 600), st.integers(1, 20))
def test_never_more_than_rate_and_burst(gaps: list[float], per_minute: float, burst: int) -> None:
    buckets, now, granted = Buckets(Rate(per_minute, burst)), 0.0, 0
    for gap in gaps:
        now += gap
        granted += buckets.take("a", now=now) == 0.0
    assert granted <= burst + now * per_minute / 60 + 1e-6


def test_memory_is_bounded() -> None:
    buckets = Buckets(Rate(60, 1))
    for number in range(MOST_ASKERS + 500):
        buckets.take(str(number), now=0.0)
    assert len(buckets) == MOST_ASKERS
