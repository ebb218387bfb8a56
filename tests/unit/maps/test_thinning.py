from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.clock import NS_PER_S
from liqatlas.maps.thinning import ENOUGH, corrected, events_per_print, kept_by_thinning, thinned


def even(rate: float, seconds: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A Poisson stream of prints with sizes that know nothing of their second."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(rate * seconds)
    return np.sort(rng.integers(0, seconds * NS_PER_S, count)), rng.lognormal(8, 1.5, count)


@pytest.mark.parametrize("rate", [0.02, 0.3, 1.0, 2.0])
def test_an_even_stream_is_given_back_whole(rate: float) -> None:
    ts, usd = even(rate, 200_000, 1)
    kept = thinned(ts)
    assert len(np.unique(ts[kept] // NS_PER_S)) == kept.sum() == len(np.unique(ts // NS_PER_S))
    assert usd[kept].sum() < (1 - 0.4 * min(rate, 1.0)) * usd.sum() * 1.05
    assert corrected(ts[kept], usd[kept]) == pytest.approx(
        usd.sum(), rel=0.05
    )  # a minute is a small sample: 4 % too much at 2/s


def test_bursts_make_it_too_low_and_a_complete_feed_tells_by_how_much() -> None:
    rng = np.random.default_rng(2)
    bursts = (
        np.repeat(np.sort(rng.integers(0, 50_000, 600)), 12) * NS_PER_S
    )  # a dozen within one second, then silence
    ts = np.sort(bursts + rng.integers(0, NS_PER_S, len(bursts)))
    usd = np.full(len(ts), 1_000.0)
    share = kept_by_thinning(ts, usd)
    assert share is not None
    assert 0.05 < share < 0.2
    kept = thinned(ts)
    assert corrected(ts[kept], usd[kept]) / share == pytest.approx(usd.sum())


def test_lone_prints_stand_for_little_more_than_themselves_and_full_minutes_for_a_bounded_number() -> None:
    assert events_per_print(np.array([1]))[0] == pytest.approx(1.0084, abs=1e-3)
    assert events_per_print(np.array([60]))[0] == pytest.approx(-np.log(0.5 / 60), rel=1e-9)
    grown = events_per_print(np.arange(1, 61))
    assert (np.diff(grown) > 0).all()
    assert corrected(np.zeros(0, np.int64), np.zeros(0)) == 0.0
    assert kept_by_thinning(np.arange(ENOUGH - 1), np.ones(ENOUGH - 1)) is None
