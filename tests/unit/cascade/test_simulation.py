from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.book.depth import assumed_book
from liqatlas.cascade.serialise import cascade_tree
from liqatlas.cascade.shock import parse_shock
from liqatlas.cascade.simulation import CascadeSettings, run_cascade
from tests.unit.cascade.conftest import AS_OF, map_of

if TYPE_CHECKING:
    from liqatlas.book.depth import Book

Books = dict[str, "Book"]


def tree_of(*args: Any) -> dict[str, Any]:
    return cascade_tree(run_cascade(*args))


def test_the_contract(books: Books, quick: CascadeSettings) -> None:
    tree = tree_of(map_of(), books, parse_shock("-5%"), quick)
    assert {"price", "shock", "seed", "runs", "calibrated", "reached", "liquidated_usd", "shock_needed", "branching",
            "sequence", "by_venue", "warnings"} <= set(tree)  # fmt: skip
    assert (tree["seed"], tree["runs"], tree["calibrated"], tree["price"]) == (5, 300, False, 100.0)
    assert tree["reached"]["p05"] <= tree["reached"]["p50"] <= tree["reached"]["p95"] <= 95.0 + 0.1
    assert tree["liquidated_usd"]["p05"] <= tree["liquidated_usd"]["p50"] <= tree["liquidated_usd"]["p95"]
    usd = [point["usd"] for point in tree["shock_needed"]]
    assert usd == sorted(usd)
    assert usd[0] >= 0
    shares = [step["probability"] for step in tree["sequence"]]
    assert shares == sorted(shares, reverse=True)
    assert all(step["band"][0] <= step["probability"] + 0.2 for step in tree["sequence"])
    assert set(tree["by_venue"]) == {"binance", "hyperliquid"}
    assert any(w.startswith("uncalibrated") for w in tree["warnings"])
    assert sum(tree["ended_by"].values()) == pytest.approx(1.0)


def test_same_seed_same_answer_whatever_the_workers(books: Books, quick: CascadeSettings) -> None:
    one, two = (run_cascade(map_of(), books, parse_shock("-20M"), replace(quick, workers=n)) for n in (1, 2))
    assert one.table.venues.tobytes() == two.table.venues.tobytes()
    other = run_cascade(map_of(), books, parse_shock("-20M"), replace(quick, seed=6))
    assert other.table.venues.tobytes() != one.table.venues.tobytes()


def test_down_meets_longs_and_up_meets_shorts(books: Books, quick: CascadeSettings) -> None:
    usd = map_of().usd.copy()
    usd[:, :, 1] = 0.0
    longs_only = map_of(usd)
    assert np.median(run_cascade(longs_only, books, parse_shock("-5%"), quick).table.liquidated) > 0
    up = run_cascade(longs_only, books, parse_shock("5%"), quick)
    assert up.table.liquidated.max() == 0
    assert (up.reached_prices > 104.9).all()
    assert up.needed.usd.min() >= 0


def test_a_level_is_reached_by_about_half_of_runs_where_only_chance_decides(books: Books) -> None:
    settings = CascadeSettings(runs=400, regime="visible", venue_rules=False)
    sure = msgspec.structs.replace(settings.beliefs, release_sigma=0.0, size_usd=0.0, shock_s=5.0)
    out = run_cascade(map_of(), books, parse_shock("level:95"), replace(settings, beliefs=sure))
    assert out.reached_prices == pytest.approx(np.full(400, 95.0), rel=2e-3)
    (named,) = [s for s in out.steps if s.price == pytest.approx(95.0)]
    assert named.distance == pytest.approx(np.log(100 / 95))


def test_no_book_is_an_error_that_says_what_to_do(books: Books, quick: CascadeSettings) -> None:
    with pytest.raises(NotEnoughDataError, match=r"hyperliquid.*--depth"):
        run_cascade(map_of(), {"binance": books["binance"]}, parse_shock("-5%"), quick)


def test_assumed_old_and_younger_books_are_said(books: Books, quick: CascadeSettings) -> None:
    old = replace(books["binance"], as_of_ns=AS_OF - 3600 * 10**9, assumed=False)
    young = replace(books["hyperliquid"], as_of_ns=AS_OF + 3600 * 10**9, assumed=False)
    said = run_cascade(map_of(), {"binance": old, "hyperliquid": young}, parse_shock("-5%"), quick).warnings
    assert any("binance" in w and "older than the map" in w for w in said)
    assert any("hyperliquid" in w and "YOUNGER" in w for w in said)
    assumed = run_cascade(map_of(), books, parse_shock("-5%"), quick).warnings
    assert any("no book was observed for binance, hyperliquid" in w for w in assumed)


def test_a_shock_larger_than_the_book_ends_and_says_so(books: Books, quick: CascadeSettings) -> None:
    out = run_cascade(map_of(), books, parse_shock("-50B"), quick)
    assert out.reached_prices.min() == pytest.approx(100 * np.exp(-0.7))
    assert set(out.table.end) == {3}
    assert any("end of the book" in w for w in out.warnings)
    assert any("larger than all depth" in w for w in out.warnings)


def test_unlimited_fuel_ends_by_a_stated_bound(books: Books) -> None:
    huge = map_of(map_of().usd * 1e6)
    out = run_cascade(huge, books, parse_shock("-1%"), CascadeSettings(runs=50))
    assert np.isfinite(out.table.liquidated).all()
    assert set(out.table.end) <= {1, 2, 3}
    assert out.branching.zones
    assert max(out.branching.ratio) > 1


def test_maps_that_cannot_cascade(books: Books, quick: CascadeSettings) -> None:
    with pytest.raises(InputError, match="realised"):
        run_cascade(map_of(quantity="liquidated", kind="realised"), books, parse_shock("-5%"), quick)
    empty = run_cascade(map_of(map_of().usd * 0), books, parse_shock("-5%"), quick)
    assert empty.table.liquidated.max() == 0
    assert empty.reached_prices == pytest.approx(np.full(300, 95.0), rel=1e-3)
    assert not empty.steps


def test_an_expected_map_is_sold_whole_over_its_thinning(books: Books) -> None:
    settings = CascadeSettings(runs=50, regime="visible", print_thinning=0.5)
    out = run_cascade(map_of(quantity="expected"), books, parse_shock("-5%"), settings)
    assert out.draws.release == pytest.approx(np.full(50, 2.0))
    for wrong in ({"print_thinning": 0.0}, {"runs": 0}, {"runs": 10**7}, {"seed": -1}, {"workers": -1}):
        with pytest.raises(InputError, match=r"thinning|runs|seed"):
            CascadeSettings(**wrong)


def test_a_level_at_the_price_is_refused(books: Books, quick: CascadeSettings) -> None:
    with pytest.raises(InputError, match="where the price is"):
        run_cascade(map_of(), books, parse_shock("level:100"), quick)


@pytest.mark.parametrize("level", ["level:30", "level:60000"])
def test_a_level_beyond_what_books_are_followed_to_is_refused(
    books: Books, quick: CascadeSettings, level: str
) -> None:
    with pytest.raises(InputError, match=r"too far from the price 100.*followed from 49\.6\d+ to 201\.3\d+"):
        run_cascade(map_of(), books, parse_shock(level), quick)


@pytest.mark.parametrize(("move", "target"), [("190%", "290"), ("-60%", "40"), ("+102%", "202")])
def test_a_move_beyond_what_books_are_followed_to_is_refused(
    books: Books, quick: CascadeSettings, move: str, target: str
) -> None:
    with pytest.raises(
        InputError, match=rf"move of .* to {target}.* is too far from the price 100.*−50 % to"
    ):
        run_cascade(map_of(), books, parse_shock(move), quick)


@pytest.mark.parametrize("move", ["-50%", "+101%"])
def test_a_move_to_the_end_of_the_books_is_computed(books: Books, quick: CascadeSettings, move: str) -> None:
    assert run_cascade(map_of(), books, parse_shock(move), quick).table.reach.min() > 0.69


def test_stress_reaches_further_than_calm(books: Books, quick: CascadeSettings) -> None:
    calm, stress = (
        run_cascade(map_of(), books, parse_shock("-10M"), replace(quick, regime=name))
        for name in ("calm", "october-2025")
    )
    assert np.median(stress.table.reach) > np.median(calm.table.reach)


def test_an_endless_book_amplifies_nothing(quick: CascadeSettings) -> None:
    deep = {v: assumed_book(v, "X", 1e12, as_of_ns=AS_OF) for v in ("binance", "hyperliquid")}
    out = run_cascade(map_of(), deep, parse_shock("-5%"), quick)
    assert out.table.liquidated.min() > 0
    assert out.amplification == pytest.approx(np.ones(300), abs=1e-3)


def test_a_gap_beyond_the_backstop_is_taken_over_on_hyperliquid_alone() -> None:
    deep = {v: assumed_book(v, "X", 1e12, as_of_ns=AS_OF) for v in ("binance", "hyperliquid")}
    settings = CascadeSettings(runs=100)
    slow = msgspec.structs.replace(settings.beliefs, large_share=0.0)
    out = run_cascade(map_of(), deep, parse_shock("-5%"), replace(settings, beliefs=slow))
    # the shock moves 0.085 % a round: less than the 0.13 % to the backstop, so nothing is taken over
    assert out.table.of("taken").max() == 0
    sudden = msgspec.structs.replace(slow, shock_s=5.0)
    gap = run_cascade(map_of(), deep, parse_shock("-5%"), replace(settings, beliefs=sudden))
    assert (gap.table.of("taken") + gap.table.of("adl")).min() > 0
