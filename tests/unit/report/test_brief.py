"""Public figures as their sources answer them, and the brief around them."""

from __future__ import annotations

import json

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.report.brief import brief_document, brief_tree
from liqatlas.report.public_facts import parse_facts
from liqatlas.report.text import markdown
from tests.unit.report.test_report import BOTH, busy, tree_of
from tests.unit.signals.scenes import make_map, recording

GLOBAL = {"data": {"total_market_cap": {"usd": 3.754e12}, "total_volume": {"usd": 1.4018e11}, "market_cap_percentage": {"btc": 61.0, "eth": 9.4},
                   "market_cap_change_percentage_24h_usd": -1.7, "updated_at": 1_749_600_000}}  # fmt: skip
FEAR = {
    "name": "Fear and Greed Index",
    "data": [{"value": "68", "value_classification": "Greed", "timestamp": "1749600000"}],
}
STABLE = {"peggedAssets": [{"pegType": "peggedUSD", "circulating": {"peggedUSD": 2.5e11}}, {"pegType": "peggedEUR", "circulating": {"peggedEUR": 1e9}},
                           {"pegType": "peggedUSD", "circulating": {"peggedUSD": 4e9}}]}  # fmt: skip


def test_each_source_is_recognised_and_dated() -> None:
    facts = {f.name: f for tree in (GLOBAL, FEAR, STABLE) for f in parse_facts(json.dumps(tree), "f.json")}
    assert facts["Total market cap"].value == "$3.75T"
    assert facts["Market cap over 24 h"].value == "−1.7 %"
    assert facts["Dominance"].value == "BTC 61.0 %, ETH 9.4 %"
    assert (facts["Fear and greed"].value, facts["Fear and greed"].as_of) == (
        "68 (Greed)",
        "2025-06-11T00:00:00Z",
    )
    assert facts["Stablecoins pegged to USD"].value == "$254B"
    assert facts["Stablecoins pegged to USD"].as_of == ""


def test_csv_of_anything_else() -> None:
    (gas, flow) = parse_facts(
        "ts,name,value,unit,source\n2025-06-11,Gas,1.62,gwei,node\n,ETF flow,-12,M USD,\n", "f.csv"
    )
    assert (gas.value, gas.as_of, gas.source) == ("1.62 gwei", "2025-06-11T00:00:00Z", "node")
    assert (flow.as_of, flow.source) == ("", "the user's file")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{", "not valid JSON"),
        ('{"x": 1}', "no answer known"),
        ('{"data": {"total_market_cap": {}}}', "lacks a field"),
        ("a,b\n1,2\n", "lacks the columns ts, name, value"),
        ("ts,name,value\nyesterday,a,1\n", "cannot be read"),
    ],
)
def test_files_that_are_none(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        parse_facts(text, "f")


def test_total_counts_only_what_is_known_and_says_of_what() -> None:
    known, blind = (
        tree_of(make_map(BOTH), busy()),
        tree_of(make_map(BOTH, asset="XYZ"), recording([100.0] * 80, asset="XYZ")),
    )
    tree = brief_tree([known, blind], [], {"NOPE": "unknown symbol"})
    assert tree["total_liquidated_usd"] == known["overview"]["total_usd"]
    text = markdown(brief_document(tree))
    assert "of ABC together" in text
    assert "NOPE: unknown symbol" in text
    assert "Public figures: none asked for" in text
    nothing = brief_tree([blind], [], {})
    assert nothing["total_liquidated_usd"] is None
    assert "Liquidated in 24 h: not known." in markdown(brief_document(nothing))


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Lab notes</title>
<entry><title> Two\n lines </title><link href="https://example.org/2"/><updated>2026-01-08T07:00:00+01:00</updated></entry></feed>"""


def test_an_atom_feed_is_read_like_rss() -> None:
    (one,) = parse_facts(ATOM, "lab.xml")
    assert (one.kind, one.name, one.value) == ("headline", "Two lines", "https://example.org/2")
    assert (one.as_of, one.source) == ("2026-01-08T06:00:00Z", "Lab notes")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><rss/>', "declares a document type"),
        ("<rss><channel>", "not well-formed"),
        ("<html></html>", "neither RSS nor Atom"),
        ("<rss><channel><item><title>a</title><pubDate>soon</pubDate></item></channel></rss>", "RFC 822"),
    ],
)
def test_feeds_that_are_none(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        parse_facts(text, "f.xml")
