"""The daily brief: several assets' reports in one page, with public figures of the market beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.report import words
from liqatlas.report.blocks import Block, Document, Heading, Lines, Note, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.report.blocks import Picture
    from liqatlas.report.fact import Fact

COLUMNS = (
    "asset",
    "price",
    "24 h",
    "liquidated 24 h",
    "state",
    "strongest zone up",
    "strongest zone down",
    "cascade risk down / up",
)


def brief_tree(
    trees: Sequence[Mapping[str, Any]],
    facts: Sequence[Fact],
    missing: Mapping[str, str],
    public_missing: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the brief as a tree.

    Parameters
    ----------
    trees
        Reports of the assets.
    facts
        Public figures and headlines.
    missing, public_missing
        Why an asset could not be reported, why a source gave nothing.
    """
    known = [t["overview"]["total_usd"] for t in trees if t["overview"]["total_usd"] is not None]
    return {
        "schema_version": 1,
        "as_of": max((str(t["as_of"]) for t in trees), default=None),
        "unit": "as each report says",
        "total_liquidated_usd": sum(known) if known else None,
        "total_of": [t["asset"] for t in trees if t["overview"]["total_usd"] is not None],
        "public_figures": [_fact(f) for f in facts if f.kind == "figure"],
        "headlines": [_fact(f) for f in facts if f.kind == "headline"],
        "public_missing": dict(public_missing or {}),
        "reports": [dict(t) for t in trees],
        "missing": dict(missing),
        "disclaimer": trees[0]["disclaimer"] if trees else "",
    }


def _fact(fact: Fact) -> dict[str, Any]:
    return {"name": fact.name, "value": fact.value, "as_of": fact.as_of or None, "source": fact.source}


def brief_document(tree: Mapping[str, Any], pictures: Sequence[Picture] = ()) -> Document:
    """Return the brief as a document; each asset's picture stands with its changes."""
    blocks: list[Block] = []
    if any(t["simulated"] for t in tree["reports"]):
        blocks.append(Note("SIMULATED data: nothing here is a real market."))
    blocks += [Heading("The market"), Lines((_total(tree),), lead=True), *_public(tree)]
    blocks += [Heading("Assets"), Table(COLUMNS, tuple(_row(t) for t in tree["reports"]), (1, 2, 3))]
    for i, one in enumerate(tree["reports"]):
        blocks += [
            Heading(str(one["asset"])),
            Lines(tuple(words.glance(one)), lead=True),
            *pictures[i : i + 1],
        ]
        blocks += [
            Heading(f"{one['asset']}: what changed"),
            Lines(tuple(words.changes(one["changes"], str(one["asset"])))),
        ]
    if tree["headlines"]:
        rows = tuple((_when(h), h["name"], h["source"]) for h in tree["headlines"])
        blocks += [Heading("Headlines"), Table(("as of", "headline", "feed"), rows)]
    left = [f"{what}: {why}." for what, why in (*tree["missing"].items(), *tree["public_missing"].items())]
    if left:
        blocks += [Heading("Left out"), Lines(tuple(left))]
    blocks.append(Note(str(tree["disclaimer"])))
    return Document("Daily liquidation brief", words.moment(tree["as_of"]), tuple(blocks))


def _total(tree: Mapping[str, Any]) -> str:
    total = tree["total_liquidated_usd"]
    if total is None:
        return "Liquidated in 24 h: not known."
    return f"Liquidated in 24 h: {format_usd(total)} of {', '.join(tree['total_of'])} together, in the data given."


def _public(tree: Mapping[str, Any]) -> list[Block]:
    """Return the table of public figures, and a warning where some are of another day than the brief."""
    figures = tree["public_figures"]
    if not figures:
        return [Lines(("Public figures: none asked for (--public SOURCE, --facts FILE).",))]
    rows = tuple((f["name"], f["value"], _when(f), f["source"]) for f in figures)
    days = {f["as_of"][:10] for f in figures if f["as_of"]}
    table = Table(("figure", "value", "as of", "source"), rows)
    if any(day > str(tree["as_of"])[:10] for day in days):
        return [
            table,
            Lines(("Some of these figures are younger than this brief: they were not known at its moment.",)),
        ]
    if any(day < str(tree["as_of"])[:10] for day in days):
        return [table, Lines(("Some of these figures are of an earlier day than this brief.",))]
    return [table]


def _when(fact: Mapping[str, Any]) -> str:
    return words.moment(fact["as_of"]) if fact["as_of"] else "no moment given"


def _row(tree: Mapping[str, Any]) -> tuple[str, ...]:
    overview, summary, cascade = tree["overview"], tree["map_summary"], tree["cascade"]
    total, change = overview["total_usd"], overview["price_change_24h"]
    zones = [
        f"{format_price(z['peak_price'])} ({format_change(z['distance'])}, {format_usd(z['usd'])})"
        if z
        else "none"
        for z in (summary["upside"], summary["downside"])
    ]
    return (
        str(tree["asset"]),
        format_price(tree["price"]),
        "–" if change is None else format_change(change),
        "not known" if total is None else format_usd(total),
        overview["state"] or "not known",
        *zones,
        f"{cascade['down']['grade']} / {cascade['up']['grade']}",
    )
