"""Reports of many states: every sentence is held against the numbers of the tree, and bad input stays readable."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.format import format_price, format_share, format_usd
from liqatlas.flows.clusters import ClusterResult
from liqatlas.flows.report import _facts
from liqatlas.report import words
from liqatlas.report.blocks import Document, Heading, Lines, Note, Picture, Table
from liqatlas.report.document import document
from liqatlas.report.html import html
from liqatlas.report.pdf import pdf
from liqatlas.report.text import markdown, terminal
from liqatlas.report.tree import SECTIONS, report_tree
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.settings import load_settings
from tests.unit.signals.scenes import Density, hill, make_map, recording

if TYPE_CHECKING:
    from liqatlas.base.recording import Recording
    from liqatlas.maps.liquidation_map import LiquidationMap

SETTINGS = load_settings()
BOTH: tuple[Density, ...] = (
    hill(-0.05, 0.004, 3e7),
    hill(-0.12, 0.004, 2e7),
    hill(0.04, 0.004, 1e7),
    hill(0.2, 0.006, 4e7),
)


def tree_of(result: LiquidationMap, one: Recording, previous: Any = None) -> dict[str, Any]:
    clusters = find_clusters(result, SETTINGS, daily_volatility=0.03)
    facts = _facts(ClusterResult(result, clusters, (one,), None, None), SETTINGS)
    return report_tree(replace(facts, previous=previous))


def sentences(tree: dict[str, Any]) -> list[str]:
    return [item for block in document(tree).blocks if isinstance(block, Lines) for item in block.items]


def busy(
    *,
    long: float = 4e6,
    short: float = 1e6,
    funding: float = 0.0001,
    interest: float = 900.0,
    prices: Any = None,
) -> Recording:
    path = [100.0] * 80 if prices is None else prices
    return recording(
        path,
        open_interest=[1000.0] * (len(path) - 1) + [interest],
        funding=[0.0001] * 40 + [funding],
        liquidated=[(0, long, short), (5, 1e4, 1e4)],
        prints=[(1, "short", 101.0, 12e6)],
    )


amounts = st.floats(0.0, 1e9)


@given(
    long=amounts,
    short=amounts,
    funding=st.floats(-0.01, 0.01),
    interest=st.floats(1.0, 5000.0),
    last=st.floats(60.0, 140.0),
)
def test_overview_says_what_the_numbers_say(
    long: float, short: float, funding: float, interest: float, last: float
) -> None:
    one = busy(
        long=long,
        short=short,
        funding=funding,
        interest=interest,
        prices=[*np.linspace(100.0, last, 79), 100.0],
    )
    part = tree_of(make_map(BOTH), one)["overview"]
    text = " ".join(words.overview(part))
    assert format_usd(part["total_usd"]) in text
    assert part["total_usd"] == pytest.approx(part["long_usd"] + part["short_usd"])
    assert ("longs squeezed" in text) == (part["long_usd"] > 2 * part["short_usd"])
    assert ("shorts squeezed" in text) == (part["long_usd"] < 0.5 * part["short_usd"])
    assert ("longs pay shorts" in text) == (part["funding_8h"] > 0)
    assert ("shorts pay longs" in text) == (part["funding_8h"] < 0)
    assert ("Open interest fell" in text) == (part["oi_change"] < 0)
    assert f"Market state: {part['state']} " in text


@given(
    masses=st.lists(st.floats(1e6, 1e8), min_size=4, max_size=4),
    price=st.floats(1e-5, 1e6),
)
def test_levels_magnets_and_plan_agree_with_the_tree(masses: list[float], price: float) -> None:
    places = (-0.05, -0.12, 0.04, 0.2)
    result = make_map([hill(p, 0.004, m) for p, m in zip(places, masses, strict=True)], price=price)
    tree = tree_of(result, busy(prices=[price] * 80))
    lines = sentences(tree)
    text = " ".join(lines)
    above, below = tree["key_levels"]["above"], tree["key_levels"]["below"]
    assert all(c["distance"] > 0 and c["forced_orders"] == "buy" for c in above)
    assert all(c["distance"] < 0 and c["forced_orders"] == "sell" for c in below)
    bias = next(line for line in lines if line.startswith("Bias"))
    magnet = tree["plan"]["bias"]["magnet"]
    assert bias.startswith(f"Bias: {str(magnet).removesuffix('_magnet')}")
    ratio = above[0]["usd"] / below[0]["usd"]
    assert magnet == ("upward_magnet" if ratio > 2 else "downward_magnet" if ratio < 0.5 else "balanced")
    key = tree["plan"]["key_level"]
    best = max((*above, *below), key=lambda c: c["expected_usd"])
    assert (key["position"], key["usd"]) == (best["position"], best["usd"])
    assert f"Key level: {format_price(key['price'])}" in text
    for plan, way in (("long", -1), ("short", 1)):
        entry, targets, invalid = (tree["plan"][plan][k] for k in ("entry", "targets", "invalidation"))
        assert (entry - price) * way > 0
        assert (invalid - entry) * way > 0
        assert all((t - price) * way < 0 for t in targets)


FORBIDDEN = (
    r"shorts?,? (which )?sell", r"longs?,? (which )?buy", r"\bwill (rise|fall|reach|go)\b", r"\bguarantee", r"\bmagnets? (pull|attract)",
    r"\bshould (buy|sell)\b",
)  # fmt: skip


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param(tree_of(make_map(BOTH), busy()), id="everything"),
        pytest.param(tree_of(make_map(BOTH, simulated=True), busy()), id="simulated"),
        pytest.param(
            tree_of(make_map(BOTH, venues=("binance", "okx", "dydx", "nowhere")), busy()), id="several venues"
        ),
        pytest.param(tree_of(make_map(BOTH), recording([100.0] * 80)), id="no prints, no book"),
        pytest.param(tree_of(make_map(BOTH[:2]), busy()), id="only longs"),
        pytest.param(tree_of(make_map(BOTH[2:]), busy()), id="only shorts"),
        pytest.param(tree_of(make_map([]), busy()), id="empty map"),
        pytest.param(
            tree_of(make_map([lambda x: np.full_like(x, 1e6)], reach=0.9), recording([100.0] * 80)), id="flat"
        ),
        pytest.param(tree_of(make_map(BOTH), busy(long=0.0, short=0.0)), id="nothing liquidated"),
        pytest.param(
            tree_of(make_map(BOTH), busy(), tree_of(make_map(BOTH), busy())), id="compared with itself"
        ),
    ],
)
def test_any_state_stays_readable_and_honest(tree: dict[str, Any]) -> None:
    assert set(SECTIONS) <= set(tree)
    assert all({"unit", "as_of"} <= set(tree[s]) for s in SECTIONS)
    doc = document(tree)
    blocks = [b for b in doc.blocks if not isinstance(b, Note | Picture)]
    text = " ".join(sentences(tree))
    for pattern in FORBIDDEN:
        assert not re.search(pattern, text, re.IGNORECASE), pattern
    for leak in (r"\bNone\b", r"\bnan\b", r"\binf\b", r"[{}]"):
        assert not re.search(leak, text), leak
    notes = [b.text for b in doc.blocks if isinstance(b, Note)]
    assert sum("not advice" in n for n in notes) == 2
    assert any("SIMULATED" in n for n in notes) == tree["simulated"]
    assert all(not isinstance(a, Heading) or not isinstance(b, Heading) for a, b in pairwise(blocks))
    for table in (b for b in doc.blocks if isinstance(b, Table)):
        assert all(len(row) == len(table.header) for row in table.rows)
    # no probability of a scenario or cascade without a calibration
    assert "No probability of one is given" in text
    assert all(s["probability"] is None for side in ("down", "up") for s in tree["scenarios"][side])
    for signal in tree["signals"]["signals"]:
        assert signal["hit_rate"] or signal["hit_rate_reason"]
    assert max(map(len, terminal(doc, 100).splitlines())) <= 160
    assert doc.title in markdown(doc)


def test_missing_things_are_named() -> None:
    text = " ".join(sentences(tree_of(make_map(BOTH), recording([100.0] * 80))))
    for lack in ("no liquidation prints", "no book", "no funding rates", "Nothing to compare"):
        assert lack in text
    assert "no short cluster" not in text
    one_side = " ".join(sentences(tree_of(make_map(BOTH[:2]), busy())))
    assert "The map holds no short levels." in one_side
    assert "Bias: none" in one_side


def test_a_hit_rate_is_told_with_its_interval_and_verdict() -> None:
    rate = {"event": "e", "rate": 0.52, "control": 0.5, "difference": 0.02, "low": -0.03, "high": 0.07, "cases": 99, "asset": "BTC",
            "first_day": "2026-01-01", "last_day": "2026-02-01"}  # fmt: skip
    signal = {"title": "T", "value": "balanced", "missing": "", "hit_rate": rate, "hit_rate_reason": ""}
    assert words.hit_rate_cells(signal) == (
        "52 %",
        "50 %",
        "+2.0 (−3.0 to +7.0)",
        "no different from its control; 99 cases",
    )
    for change, verdict in (({"low": 0.01}, "better than"), ({"high": -0.01}, "worse than")):
        assert words.hit_rate_cells(signal | {"hit_rate": rate | change})[3].startswith(verdict)
    assert (
        "placebo 40 % of 30"
        in words.hit_rate_cells(signal | {"hit_rate": rate | {"placebo": 0.4, "placebo_cases": 30}})[3]
    )
    unknown = signal | {"hit_rate": None, "hit_rate_reason": "nobody looked"}
    assert words.hit_rate_cells(unknown) == ("–", "–", "–", "none: nobody looked")


def moved(prices: list[float]) -> tuple[dict[str, Any], list[str]]:
    """Return the changes of a report whose prices moved since the one 24 steps earlier."""
    before = tree_of(make_map(BOTH, price=prices[-25]), busy(prices=prices[:-24]))
    before["as_of"] = "2026-02-01T02:40:00Z"
    tree = tree_of(make_map(BOTH, price=prices[-1]), busy(prices=prices), before)
    return tree["changes"], words.changes(tree["changes"], "ABC")


def test_a_fall_is_named_with_its_numbers() -> None:
    calm = [100.0 + 0.2 * (-1) ** i for i in range(200)]
    part, lines = moved([*calm, *np.linspace(100.0, 80.0, 23), 82.0])
    assert part["price"]["name"] == "fall"
    assert lines[0].startswith("The fall of 2026-02-0")
    assert f"fell {format_share(abs(part['price']['extreme_change']))}" in lines[0]
    assert part["price"]["low"] == 80.0
    assert "no fall as large" in lines[0]
    said = {(s["position"], s["passed"]) for s in part["said"]}
    assert said == {("long", True), ("short", False)}
    assert "of 4 clusters named then, 2 were touched and 2 passed" in " ".join(lines)


def test_a_small_move_is_not_called_a_fall() -> None:
    part, lines = moved([100.0 + 0.2 * (-1) ** i for i in range(224)])
    assert part["price"]["name"] is None
    assert "fall" not in lines[0]
    assert "moved" in lines[0]


NASTY = Document(
    '<script>alert("x")</script> #panic("y")',
    "a & b",
    (
        Heading("<b>h</b>"),
        Lines(('*not bold* #eval("1") $x$ `c`', "back\\slash")),
        Table(("a|b", "n"), (("x|y", "1"),), (1,)),
        Note("<i>note</i>"),
    ),
)


def test_content_is_never_markup() -> None:
    page = html(NASTY)
    assert "<script>" not in page
    assert "&lt;b&gt;h&lt;/b&gt;" in page
    assert "x\\|y" in markdown(NASTY)
    assert pdf(NASTY).startswith(b"%PDF")


def test_html_is_self_contained() -> None:
    pixel = Picture(b"\x89PNG fake", 'a "picture"')
    page = html(document(tree_of(make_map(BOTH), busy()), (pixel,)))
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "http" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert 'alt="a &quot;picture&quot;"' in page
