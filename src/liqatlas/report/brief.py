"""The daily brief: several assets' reports in one page, with public figures of the market beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.report import words
from liqatlas.report.document import Block, Document, Heading, Lines, Note, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.report.public_facts import Fact

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
    trees: Sequence[Mapping[str, Any]], facts: Sequence[Fact], missing: Mapping[str, str]
) -> dict[str, Any]:
    """Return the brief as a tree: its assets' reports, their sum, the public figures, and the assets that could not be told."""
    known = [t["overview"]["total_usd"] for t in trees if t["overview"]["total_usd"] is not None]
    return {
        "schema_version": 1,
        "as_of": max((str(t["as_of"]) for t in trees), default=None),
        "unit": "as each report says",
        "total_liquidated_usd": sum(known) if known else None,
        "total_of": [t["asset"] for t in trees if t["overview"]["total_usd"] is not None],
        "public_figures": [
            {"name": f.name, "value": f.value, "as_of": f.as_of or None, "source": f.source} for f in facts
        ],
        "reports": [dict(t) for t in trees],
        "missing": dict(missing),
        "disclaimer": trees[0]["disclaimer"] if trees else "",
    }


def brief_document(tree: Mapping[str, Any]) -> Document:
    """Return the brief as a document."""
    blocks: list[Block] = []
    if any(t["simulated"] for t in tree["reports"]):
        blocks.append(Note("SIMULATED data: nothing here is a real market."))
    blocks.append(Note(str(tree["disclaimer"])))
    total = tree["total_liquidated_usd"]
    line = (
        "not known"
        if total is None
        else f"{format_usd(total)} of {', '.join(tree['total_of'])} together, in the data given"
    )
    blocks += [Heading("The market"), Lines((f"Liquidated in 24 h: {line}.",))]
    figures = tuple(
        (f["name"], f["value"], words.moment(f["as_of"]) if f["as_of"] else "no moment given", f["source"])
        for f in tree["public_figures"]
    )
    blocks.append(
        Table(("figure", "value", "as of", "source"), figures)
        if figures
        else Lines(("Public figures: none given (--facts FILE).",))
    )
    blocks += [Heading("Assets"), Table(COLUMNS, tuple(_row(t) for t in tree["reports"]), (1, 2, 3))]
    for one in tree["reports"]:
        blocks += [
            Heading(f"{one['asset']}: what changed"),
            Lines(tuple(words.changes(one["changes"], str(one["asset"])))),
        ]
    if tree["missing"]:
        blocks += [
            Heading("Left out"),
            Lines(tuple(f"{asset}: {why}" for asset, why in tree["missing"].items())),
        ]
    blocks.append(Note(str(tree["disclaimer"])))
    return Document("Daily liquidation brief", words.moment(tree["as_of"]), tuple(blocks))


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
