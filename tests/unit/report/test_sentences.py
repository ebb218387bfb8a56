"""No number without its source: whatever a report prints stands in its tree, over many states of the market."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqatlas.base.format import format_change, format_duration, format_price, format_share, format_usd
from liqatlas.book.depth import assumed_book
from liqatlas.cascade.outlook import find_calibration, make_outlook
from liqatlas.cascade.shock import Shock
from liqatlas.cascade.simulation import CascadeResult, CascadeSettings, run_cascade
from liqatlas.flows.clusters import ClusterResult
from liqatlas.flows.report import _facts
from liqatlas.report import words
from liqatlas.report.blocks import Lines, Table
from liqatlas.report.document import document
from liqatlas.report.engine import Engine
from liqatlas.report.tree import report_tree
from liqatlas.report.words.cascade import cascade, odds, reach_cells
from liqatlas.report.words.numbers import points
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.grades import with_risk
from tests.unit.report.test_report import BOTH, SETTINGS, busy
from tests.unit.signals.scenes import AS_OF, hill, make_map, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from liqatlas.book.depth import Direction

NUMBER = re.compile(r"[−+<>]?\$?\d+(?:,\d{3})*(?:\.\d+)?(?:e[−+-]?\d+)?(?:[KMBTQ]\b)?(?: %)?")
#: Numbers of the templates themselves: horizons, ranges and thresholds that the sentence names as such.
CONSTANTS = {"24", "8", "5 %", "20 %", "95 %", "5", "7", "2"}


def leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from leaves(value)
    elif isinstance(tree, list | tuple):
        yield len(tree)
        for value in tree:
            yield from leaves(value)
    elif tree is not None and not isinstance(tree, bool):
        yield tree


def forms(value: float) -> set[str]:
    """Return every way a report writes a number."""
    plain = {f"{value:g}", f"{value:.3g}", f"{value:.1f}", f"{value:.2f}", f"{value:.0f}", f"{value * 1e4:.2f}", f"{value * 100:g} %", f"{value:,.0f}"}  # fmt: skip
    made = {format_price(abs(value)) if value else "0", format_usd(value), format_share(abs(value)), format_share(1 - value), format_change(value), points(value), words.small_change(value)}  # fmt: skip
    if 0 <= value <= 1:
        made.add(words.chance(value))
    if value > 0:
        made.add(format_duration(round(value * 1e9)))
    return {text.replace("-", "−") for text in plain | made}


def allowed(tree: dict[str, Any]) -> set[str]:
    """Return every number that may be printed: the tree's own in all their forms, and those inside its texts."""
    out = set(CONSTANTS)
    overview = tree["overview"]
    known = [v for v in leaves(tree) if isinstance(v, int | float)]
    if overview["total_usd"]:
        known += [overview["long_usd"] / overview["total_usd"], overview["short_usd"] / overview["total_usd"]]
    said = tree["changes"].get("said", [])
    known += [sum(bool(s[key]) for s in said) for key in ("touched", "passed")]
    for value in known:
        for text in forms(float(value)):
            out |= set(NUMBER.findall(text))
    for text in (v for v in leaves(tree) if isinstance(v, str)):
        out |= set(NUMBER.findall(text))
        if re.match(r"\d{4}-\d\d-\d\dT", text):
            out |= set(NUMBER.findall(words.moment(text)))
    return out


def printed(tree: dict[str, Any]) -> Iterator[str]:
    for block in document(tree).blocks:
        if isinstance(block, Lines):
            yield from block.items
        if isinstance(block, Table):
            yield from (cell for row in block.rows for cell in row)


def assert_sourced(tree: dict[str, Any]) -> int:
    """Fail on a number that the tree does not hold; return how many were looked at."""
    fine, seen = allowed(tree), 0
    for text in printed(tree):
        for number in NUMBER.findall(text):
            seen += 1
            bare = number.lstrip("<>+")
            assert {number, bare, bare.removesuffix(" %")} & fine, f"{number!r} in {text!r}"
    return seen


#: Where the hills of the engine's market lie: far from the price, and within the distances that were judged.
FAR, NEAR = (-0.05, -0.12, 0.04, 0.2), (-0.01, -0.025, 0.012, 0.027)


@cache
def engine_of(masses: tuple[float, ...], depth: float, places: tuple[float, ...]) -> tuple[Any, Any, Engine]:
    wide = abs(places[0]) * 0.08
    result = make_map([hill(p, wide, m) for p, m in zip(places, masses, strict=True)])
    clusters = find_clusters(result, SETTINGS, daily_volatility=abs(places[0]))
    books = {"binance": assumed_book("binance", "ABCUSDT", depth, as_of_ns=AS_OF)}

    def run(move: float) -> CascadeResult:
        return run_cascade(result, books, Shock("move", move), CascadeSettings(runs=200))

    return (
        result,
        clusters,
        Engine(run(-0.05), run(0.05), books, "1y", undrawn=dict.fromkeys(WAYS, "no past hours")),
    )


WAYS: dict[Direction, float] = {"down": -1.0, "up": 1.0}


def drawn(result: Any, engine: Engine, *, in_scope: bool) -> Engine:
    """Return the engine with what may come by itself, at the middle of the judged volatilities.

    The map of these scenes is outside of what was calibrated; ``in_scope`` takes it to be inside.
    """
    settings = CascadeSettings(runs=200)
    settings = replace(settings, beliefs=settings.beliefs.lasting(horizon_s=3600.0, shock_s=None))
    found: dict[str, CascadeResult] = {}
    for way, sign in WAYS.items():
        middle = np.array(find_calibration("binance:BTCUSDT", way, 3600.0)[0].law.centre)
        outlook = make_outlook(result.head, "binance:BTCUSDT", way, middle, horizon_s=3600.0)
        assert outlook.reasons
        outlook = replace(outlook, reasons=()) if in_scope else outlook
        found[way] = run_cascade(result, engine.books, Shock("drawn", sign), settings, outlook)
    return replace(engine, drawn=found, undrawn={})


def tree_with(
    masses: tuple[float, ...] = (3e7, 2e7, 1e7, 4e7),
    depth: float = 5e7,
    *,
    places: tuple[float, ...] = FAR,
    in_scope: bool | None = None,
) -> dict[str, Any]:
    result, clusters, engine = engine_of(masses, depth, places)
    if in_scope is not None:
        engine = drawn(result, engine, in_scope=in_scope)
    graded = with_risk(clusters, result, SETTINGS, lambda _, away: (depth * 100 * away, "assumed"))
    facts = _facts(ClusterResult(result, graded, (busy(),), None, None), SETTINGS)
    return report_tree(replace(facts, engine=engine))


def tree_of(result: Any, one: Any, *, previous: Any = None, archive: Any = ()) -> dict[str, Any]:
    clusters = find_clusters(result, SETTINGS, daily_volatility=0.03)
    facts = _facts(ClusterResult(result, clusters, (one,), None, None), SETTINGS)
    return report_tree(replace(facts, previous=previous, archive=archive))


def fallen(depth: float) -> dict[str, Any]:
    """Return a report a day after another one, the price having moved to a share of what it was."""
    calm = [100.0 + 0.2 * (-1) ** i for i in range(200)]
    path = [*calm, *np.linspace(100.0, 100.0 * depth, 24)]
    before = tree_of(make_map(BOTH), busy(prices=calm))
    before["as_of"] = "2026-02-01T02:40:00Z"
    now = make_map(BOTH, price=path[-1])
    return tree_of(now, busy(prices=path), previous=before, archive=[before])


STATES: dict[str, Callable[[], dict[str, Any]]] = {
    "everything": lambda: tree_of(make_map(BOTH), busy()),
    "engine": tree_with,
    "engine in a thin book": lambda: tree_with(depth=1e6),
    "by itself": lambda: tree_with(in_scope=True),
    "by itself, close": lambda: tree_with(places=NEAR, in_scope=True),
    "by itself, uncalibrated": lambda: tree_with(places=NEAR, in_scope=False),
    "several venues": lambda: tree_of(make_map(BOTH, venues=("binance", "okx", "dydx")), busy()),
    "no prints, no book": lambda: tree_of(make_map(BOTH), recording([100.0] * 80)),
    "only longs": lambda: tree_of(make_map(BOTH[:2]), busy()),
    "only shorts": lambda: tree_of(make_map(BOTH[2:]), busy()),
    "empty": lambda: tree_of(make_map([]), busy()),
    "nothing liquidated": lambda: tree_of(make_map(BOTH), busy(long=0.0, short=0.0)),
    "a fall": lambda: fallen(0.82),
    "a rise": lambda: fallen(1.23),
    "a small move": lambda: fallen(1.001),
    "a cheap coin": lambda: tree_of(make_map(BOTH, price=1.234e-5), busy(prices=[1.234e-5] * 80)),
}


@pytest.mark.parametrize("state", STATES)
def test_every_number_printed_stands_in_the_tree(state: str) -> None:
    assert assert_sourced(STATES[state]()) > 20


def test_a_number_that_is_not_in_the_tree_is_found() -> None:
    """The test itself can fail: a probability out of the air is noticed."""
    tree = tree_of(make_map(BOTH), busy())
    fine = allowed(tree)
    assert not {"85 %", "$123.456M", "77.7"} & fine


@settings(max_examples=25)
@given(
    masses=st.lists(st.floats(1e5, 1e9), min_size=4, max_size=4),
    price=st.floats(1e-5, 1e6),
    long=st.floats(0.0, 1e10),
    short=st.floats(0.0, 1e10),
    funding=st.floats(-0.01, 0.01),
)
def test_every_number_of_any_market_stands_in_the_tree(
    masses: list[float], price: float, long: float, short: float, funding: float
) -> None:
    places = (-0.05, -0.12, 0.04, 0.2)
    result = make_map([hill(p, 0.004, m) for p, m in zip(places, masses, strict=True)], price=price)
    assert_sourced(tree_of(result, busy(long=long, short=short, funding=funding, prices=[price] * 80)))


def test_the_engine_s_numbers_are_told_as_bands_until_it_is_calibrated() -> None:
    tree = tree_with()
    engine = tree["cascade"]["engine"]
    text = " ".join(cascade(tree["cascade"]))
    assert "Shares of runs are not probabilities" in text
    assert format_price(engine["down"]["reached"]["p50"]) in text
    assert engine["down"]["reached"]["p50"] < tree["price"] < engine["up"]["reached"]["p50"]
    needed = [
        level["shock_needed_usd"]
        for level in engine["down"]["levels"]
        if level["shock_needed_usd"] is not None
    ]
    assert all(a <= b for a, b in pairwise(needed))
    assert all(s["probability"] is None for side in ("down", "up") for s in tree["scenarios"][side])
    assert "NOT" not in text
    assert "is not forecast: no past hours" in text
    assert "one daily volatility starts, uncalibrated" in text


def test_what_comes_by_itself_is_a_probability_only_where_it_is_calibrated() -> None:
    """The word stands at every entry that is none, in sentences and tables; a scenario has one only where its entry has."""
    known, bands = (tree_with(places=NEAR, in_scope=scope) for scope in (True, False))
    told, other = (" ".join(cascade(tree["cascade"])) for tree in (known, bands))
    assert "are calibrated probabilities" in told
    assert "with a probability of" in told
    assert "with a probability of" not in other
    assert "of runs, uncalibrated: " in other
    for way in ("down", "up"):
        side, rest = known["cascade"]["engine"][way], bands["cascade"]["engine"][way]
        chained = next(s for s in known["scenarios"][way] if s["name"] == "cascade")
        assert 0 < chained["probability"] == side["levels"][1]["by_itself"]["probability"] < 1
        assert side["levels"][0]["by_itself"]["probability"] > chained["probability"]
        assert all(s["probability"] is None for s in bands["scenarios"][way])
        for one in (side["forecast"], *side["forecast"]["exceeded"]):
            assert one["calibrated"]
            assert 0 <= one["probability"] <= 1
        entries = [level["by_itself"] for level in rest["levels"]]
        for one in (rest["forecast"], *rest["forecast"]["exceeded"], *entries):
            assert not one["calibrated"]
            assert one["probability"] is None
            assert odds(one).endswith("of runs, uncalibrated")
    assert "by itself within 60 min, calibrated" in " ".join(printed(known))
    assert "nothing of the cascade is calibrated here" in " ".join(printed(bands))


def test_levels_further_than_was_judged_have_a_bound_and_no_scenario_a_probability() -> None:
    tree = tree_with(in_scope=True)
    engine = tree["cascade"]["engine"]
    for way in ("down", "up"):
        far = [level["by_itself"] for level in engine[way]["levels"]]
        assert all(one["probability"] is None and odds(one).startswith("at most ") for one in far)
        assert all(s["probability"] is None for s in tree["scenarios"][way])
    assert "outside the distances that were judged" in tree["scenarios"]["probability_reason"]


def test_a_level_that_is_reached_by_itself_needs_nothing() -> None:
    level = {
        "shock_needed_usd": 0.0,
        "branching_ratio": 1.5,
        "reached_band": [0.5, 0.9],
        "reached_share": 0.7,
        "by_itself": None,
    }
    band = "50 % to 90 % of runs, uncalibrated"
    assert reach_cells(level) == ("nothing: it goes by itself", "1.50", band)
    known = {"probability": 0.7, "at_most": None, "band": [0.5, 0.9], "calibrated": True}
    assert reach_cells(level | {"shock_needed_usd": None, "by_itself": known}) == ("–", "1.50", "70 %")


def test_the_record_counts_what_became_of_every_level() -> None:
    part = fallen(0.82)["changes"]["record"]
    assert (part["reports"], part["levels"]) == (1, 4)
    assert part["touched"] == 2
    assert part["expected"] == pytest.approx(sum(c["expected"] for c in part["classes"]))
    assert sum(c["touched"] for c in part["classes"]) == 2
    assert fallen(1.001)["changes"]["record"]["touched"] == 0


def test_hit_rates_that_knew_later_days_are_called_so() -> None:
    """The scenes stand in February 2026, inside the months that were measured."""
    tree = tree_of(make_map(BOTH), busy())
    assert any("they knew days after this report's moment" in w for w in tree["data_quality"]["warnings"])
    shares = [one["measured"]["share"] for one in tree["scenarios"]["down"]]
    assert sum(shares) == pytest.approx(1.0)
