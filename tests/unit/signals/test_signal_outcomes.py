"""What counts as right, on paths drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.signal_outcomes import Case, Path, course, first_touch, held, race


def path(*prices: float) -> np.ndarray:
    return np.array(prices)


def test_first_touch_looks_the_right_way() -> None:
    walk = path(100, 101, 99, 104, 95)
    assert first_touch(walk, 104.0, 100.0) == 3
    assert first_touch(walk, 99.5, 100.0) == 2
    assert first_touch(walk, 90.0, 100.0) == len(walk)


@pytest.mark.parametrize(
    ("walk", "case"),
    [
        (path(101, 105), Case(7, 1.0, 0.0)),
        (path(99, 95, 105), Case(7, 0.0, 1.0)),
        (path(101, 99), None),
    ],
)
def test_a_race_is_won_by_the_level_met_first(walk: np.ndarray, case: Case | None) -> None:
    """The mirror of 105 from 100 is 95.24."""
    assert race(walk, 105.0, 100.0, 7) == case


@pytest.mark.parametrize(
    ("walk", "case"),
    [
        (path(101, 106, 101, 99.9, 103, 106), Case(3, 1.0, 0.0)),
        (path(101, 106, 101, 99.9, 103, 94), Case(3, 0.0, 1.0)),
        (path(101, 99.9, 106, 94), Case(3, 0.0, 1.0)),
        (path(101, 106, 107, 108), None),
        (path(101, 102, 99.9, 94), None),
        (path(101, 106, 99.9, 101), None),
    ],
    ids=["held", "broken", "left first", "never back", "never left", "undecided"],
)
def test_a_level_is_held_or_broken_only_after_a_return(walk: np.ndarray, case: Case | None) -> None:
    assert held(walk, 100.0, support=True, distance=0.05, day=3) == case
    upside_down = 10_000.0 / walk
    assert held(upside_down, 100.0, support=False, distance=0.05, day=3) == case


def test_a_judge_sees_only_what_comes_after() -> None:
    whole = Path(np.array([10, 20, 30, 40]), path(1.0, 2.0, 3.0, 4.0))
    assert whole.after(10, 20).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("walk", "name"),
    [
        (path(99.9, 99.0, 101.0, 90.0), "rebound"),
        (path(99.9, 97.0, 90.0, 101.0), "cascade"),
        (path(99.9, 97.0, 96.0, 99.5), "controlled"),
    ],
)
def test_what_comes_first_after_a_touch_names_its_course(walk: np.ndarray, name: str) -> None:
    """A zone whose near edge is 100: back outside at 100.5, on to the next one at 95."""
    assert course(walk, 100.0, back=100.5, onward=95.0) == name
    upside_down = 10_000.0 / walk
    assert course(upside_down, 100.0, back=10_000.0 / 100.5, onward=10_000.0 / 95.0) == name
