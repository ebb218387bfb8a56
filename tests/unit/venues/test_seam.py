"""What proves that a gap is closed where ids do not count."""

from __future__ import annotations

from liqatlas.venues.continuity import Gap, SeenIds
from liqatlas.venues.seam import PAUSES, Seam


def a_gap(reason: str = "disconnect") -> Gap:
    return Gap("bybit", "trades", "BTCUSDT", 100, 200, reason)  # type: ignore[arg-type]


def known(*moments: int) -> SeenIds:
    seen = SeenIds()
    for moment in moments:
        seen.offer(moment, moment)
    return seen


def verdict_of(seam: Seam) -> str:
    return seam.verdict


def keys(*moments: int) -> list[tuple[int, int]]:
    return [(moment, moment) for moment in moments]


def test_an_answer_from_a_known_trade_to_the_stream_fills() -> None:
    seam = Seam(a_gap(), heard_ns=150)
    seam.lay(keys(90, 120, 150), known(90, 150))
    assert verdict_of(seam) == "filled"


def test_an_answer_that_ends_before_the_stream_goes_on_is_asked_for_again() -> None:
    seam = Seam(a_gap(), heard_ns=150)
    seam.lay(keys(90, 120), known(90))
    assert verdict_of(seam) == "again"
    seam.lay(keys(120, 140, 150), known(90, 120, 150))
    assert verdict_of(seam) == "filled"


def test_answers_that_do_not_join_on_to_each_other_leave_it_listed() -> None:
    seam = Seam(a_gap(), heard_ns=150)
    seam.lay(keys(90, 120), known(90))
    seam.lay(keys(145, 150), known(90, 120, 150))  # whatever was between 120 and 145 is forgotten
    assert verdict_of(seam) == "listed"


def test_an_answer_that_does_not_reach_back_leaves_it_listed() -> None:
    seam = Seam(a_gap(), heard_ns=150)
    seam.lay(keys(110, 150), known(90, 150))
    assert verdict_of(seam) == "listed"


def test_a_silent_contract_is_settled_by_the_last_question() -> None:
    seam = Seam(a_gap())
    for _ in PAUSES:
        assert verdict_of(seam) == "again"
        seam.lay(keys(90), known(90))
    assert verdict_of(seam) == "filled"


def test_a_stream_heard_after_an_answer_that_held_its_trade_needs_no_other() -> None:
    seam = Seam(a_gap())
    seam.lay(keys(90, 120), known(90))
    assert verdict_of(seam) == "again"
    seam.heard_ns = 120
    assert verdict_of(seam) == "filled"


def test_answers_that_never_reach_the_stream_leave_it_listed() -> None:
    seam = Seam(a_gap(), heard_ns=150)
    for _ in PAUSES:
        seam.lay(keys(90), known(90))
    assert verdict_of(seam) == "listed"


def test_a_minute_is_filled_only_when_its_bar_agrees() -> None:
    seam = Seam(a_gap("volume"), heard_ns=100)
    seam.lay(keys(90, 150, 250), known(90, 150, 250))
    seam.bar_lost = 0.5
    assert verdict_of(seam) == "again"
    seam.bar_lost = 0.0
    assert verdict_of(seam) == "filled"
    for lost, verdict in ((0.5, "listed"), (-0.5, "filled"), (None, "listed")):
        seam.asked, seam.bar_lost = len(PAUSES), lost
        assert verdict_of(seam) == verdict
