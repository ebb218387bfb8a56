"""The one place that decides which section of a report shows which block, and in which order."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.report import words
from liqatlas.report.blocks import Block, Document, Heading, Lines, Note, Picture, Table
from liqatlas.report.words.cascade import (
    exceeded_rows,
    forecast_horizon,
    reach_cells,
    scenario_cells,
    scenario_notes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEVEL_COLUMNS = ("price level", "type", "est. volume", "distance", "vols", "intensity", "risk", "P(24 h)", "priority", "also there")  # fmt: skip
SIDES = (
    ("above", "Above: shorts, liquidated by buying; nearest first"),
    ("below", "Below: longs, liquidated by selling; nearest first"),
)


def document(tree: Mapping[str, Any], pictures: Sequence[Picture] = ()) -> Document:
    """Return a report's tree as a document; each picture stands at its part."""
    blocks: list[Block] = []
    if tree["simulated"]:
        blocks.append(Note("SIMULATED data: nothing here is a real market."))
    overview, asset = tree["overview"], str(tree["asset"])
    blocks += [
        Heading("In short"),
        Lines(tuple(words.glance(tree)), lead=True),
        Note(str(tree["disclaimer"])),
    ]
    blocks += [*_of(pictures, "map"), Heading("Key levels"), *_levels(tree)]
    blocks += [Heading("Plan: levels, not advice"), *_plan(tree)]
    blocks += [Heading("What changed"), Lines(tuple(words.changes(tree["changes"], asset)))]
    blocks += [Heading("Overview of the last 24 hours"), Lines(tuple(words.overview(overview)))]
    if len(overview["by_venue"]) > 0:
        rows = tuple((_names(v), format_usd(usd)) for v, usd in overview["by_venue"].items())
        blocks.append(Table(("liquidated on", "24 h"), rows, (1,)))
    blocks += [
        Heading("Map summary and curves"),
        Lines(tuple(words.summary(tree["map_summary"]))),
        *_of(pictures, "curves"),
    ]
    blocks += [Heading("Cascade"), *_cascade(tree), *_of(pictures, "cascade")]
    blocks += [Heading("Scenarios: what would tell them apart"), *_scenarios(tree)]
    blocks += [Heading("Signals, each with its hit rate"), *_signals(tree)]
    blocks += [Heading("Confirmation signs"), _panel(overview), Lines((words.phase(overview),))]
    blocks += [Heading("Venues"), _venues(tree)]
    blocks += [Heading("Data quality and accuracy"), Lines(tuple(words.quality(tree["data_quality"], tree)))]
    blocks.append(Note(str(tree["disclaimer"])))
    tag = "SIMULATED " if tree["simulated"] else ""
    subtitle = f"{words.moment(tree['as_of'])} · price {format_price(tree['price'])} ({tree['reference']}) · {tree['kind']} {tree['quantity']} levels of the last {tree['window']} [USD]"
    return Document(f"{tag}{asset} liquidation report", subtitle, tuple(blocks))


def _of(pictures: Sequence[Picture], part: str) -> list[Block]:
    return [picture for picture in pictures if picture.part == part]


def _names(scope: str) -> str:
    return ", ".join(venue_name(v.strip()) for v in scope.split(","))


def _levels(tree: Mapping[str, Any]) -> list[Block]:
    part = tree["key_levels"]
    dropped = [i for i, key in ((5, "intensity"), (6, "risk")) if _lacking(part, key)]
    kept = [i for i in range(len(LEVEL_COLUMNS)) if i not in dropped]
    blocks: list[Block] = []
    for key, title in SIDES:
        cells = [level_row(level) for level in part[key]]
        rows = tuple(tuple(row[i] for i in kept) for row in cells)
        numeric = tuple(kept.index(i) for i in (2, 3, 4, 7))
        header = tuple(LEVEL_COLUMNS[i] for i in kept)
        blocks.append(
            Table(header, rows, numeric, title)
            if rows
            else Lines((f"{title.partition(';')[0]}: no cluster stands out.",))
        )
    return [*blocks, Lines(tuple(words.level_notes(part)))]


def _lacking(part: Mapping[str, Any], key: str) -> bool:
    """Return whether no level has a grade, so that its column would be empty."""
    return all(level[key] is None for level in (*part["above"], *part["below"]))


def level_row(level: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one key level's cells."""
    risk = level["risk"] or "–"
    return (
        f"{format_price(level['price_low'])}–{format_price(level['price_high'])}",
        str(level["type"]),
        format_usd(level["usd"]),
        format_change(level["distance"]),
        f"{level['distance_vols']:.1f}",
        level["intensity"] or "–",
        f"{risk}~" if level["risk"] and level["risk_basis"] != "seen" else risk,
        words.chance(level["touch_probability"]),
        level["priority"],
        _few(level["confluence"]),
    )


def _few(texts: Sequence[str], most: int = 2) -> str:
    """Return the first texts and how many more there are."""
    more = f" (+{len(texts) - most})" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more if texts else "–"


def _plan(tree: Mapping[str, Any]) -> list[Block]:
    part = tree["plan"]
    rows = tuple(words.side_plan(part[side], side) for side in ("long", "short"))
    zones = []
    for key, name in (("high", "high"), ("moderate", "moderate"), ("low", "low (clean gaps)")):
        text = ", ".join(
            f"{format_price(z['price_low'])}–{format_price(z['price_high'])}"
            for z in part["volatility_zones"][key]
        )
        zones.append((name, text or "none"))
    return [
        Table(("plan", "entry", "levels ahead", "invalid past"), rows),
        Lines(
            (
                "An entry is the far edge of the nearest cluster behind, once its forced orders are done; a plan is invalid past the next one.",
                words.sizing(part["sizing"]),
            )
        ),
        Table(("volatility if reached", "prices"), tuple(zones)),
    ]


def _signals(tree: Mapping[str, Any]) -> list[Block]:
    part = tree["signals"]
    rows = [(one["title"], words.says(one), *words.hit_rate_cells(one)) for one in part["signals"]]
    blocks: list[Block] = [
        Table(("signal", "says", "hit rate", "control", "difference (95 %)", "verdict"), tuple(rows), (2, 3))
    ]
    rated = [one for one in part["signals"] if one["hit_rate"]]
    events = [f"{one['title']} is right where: {one['hit_rate']['event']} ({one['hit_rate']['asset']}, {one['hit_rate']['first_day']} to {one['hit_rate']['last_day']})." for one in rated]  # fmt: skip
    events += [
        f"Touched and left again: the {h['position']} cluster at {format_price(h['touched_price'])}; a close came back to {format_price(h['back_price'])}."
        for h in part["hunts"]
    ]
    return [*blocks, Lines(tuple(events))] if events else blocks


def _panel(overview: Mapping[str, Any]) -> Table:
    rows = []
    for sign in overview["panel"]:
        value = sign["value"]
        shown = (
            "–"
            if value is None
            else words.small_change(value)
            if sign["name"] == "funding"
            else f"{value:.3g}".replace("-", "−")
        )
        state = "yes" if sign["on"] else "no" if sign["on"] is False else f"not known ({sign['missing']})"
        rows.append((sign["title"], state, shown, f"{sign['threshold']:g}", sign["unit"]))
    return Table(("sign", "there", "value", "threshold", "unit"), tuple(rows), (2, 3))


def _venues(tree: Mapping[str, Any]) -> Table:
    rows = []
    for one in tree["venues"]["venues"]:
        top = "; ".join(
            f"{format_price(c['peak_price'])} {c['position']} {format_usd(c['usd'])}" for c in one["clusters"]
        )
        rows.append(
            (venue_name(one["venue"]), format_share(one["share"]), top or "none stands out", one["engine"])
        )
    return Table(
        ("venue", "share of levels", "its heaviest clusters", "how it liquidates"), tuple(rows), (1,)
    )


def _cascade(tree: Mapping[str, Any]) -> list[Block]:
    part = tree["cascade"]
    blocks: list[Block] = [Lines(tuple(words.cascade(part)))]
    engine = part["engine"]
    if engine is None:
        return blocks
    for key, verb in (("down", "sale"), ("up", "purchase")):
        side = engine[key]
        if side and side["levels"]:
            rows = tuple((format_price(level["near_price"]), *reach_cells(level)) for level in side["levels"])
            within = forecast_horizon(engine) if side["forecast"] else ""
            header = (
                "cluster begins at",
                f"smallest {verb} that reaches it",
                "forced orders per USD of depth",
                f"reached by itself within {within}" if within else "reached after one daily volatility",
            )
            title = f"{'Down' if key == 'down' else 'Up'}: what it takes to reach each cluster"
            blocks.append(Table(header, rows, (0, 1, 2, 3), title))
    amounts = exceeded_rows(engine)
    if amounts:
        by_way = ("more than", "of longs, on a fall", "of shorts, on a rise")
        title = f"Liquidated by itself within {forecast_horizon(engine)}"
        blocks.append(Table(by_way, amounts, (0, 1, 2), title))
    return blocks


def _scenarios(tree: Mapping[str, Any]) -> list[Block]:
    """Return one row a course, both directions beside each other."""
    part = tree["scenarios"]
    if not part["down"] and not part["up"]:
        return [Lines(("No cluster on either side: no scenario starts at a level.",))]
    rows = tuple(scenario_cells(*pair) for pair in zip_longest(part["down"], part["up"], fillvalue=None))
    table = Table(("scenario", "on a fall", "on a rise", "seen", "would show by"), rows)
    return [table, Lines(tuple(scenario_notes(part)))]
