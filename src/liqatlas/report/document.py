"""A report as blocks, and the one place that decides which section shows which block; renderers only draw blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.report import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, one a bullet."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``numeric`` columns are set right-aligned."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with the words that describe it."""

    png: bytes
    description: str


@dataclass(frozen=True, slots=True)
class Note:
    """A warning that stands out."""

    text: str


Block = Heading | Lines | Table | Picture | Note


@dataclass(frozen=True, slots=True)
class Document:
    """A title and blocks in reading order."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]


LEVEL_COLUMNS = ("price level", "type", "est. volume", "distance", "vols", "intensity", "risk", "P(touch 24 h)*", "priority", "also there")  # fmt: skip


def document(tree: Mapping[str, Any], pictures: Sequence[Picture] = ()) -> Document:
    """Return a report's tree as a document."""
    blocks: list[Block] = []
    if tree["simulated"]:
        blocks.append(Note("SIMULATED data: nothing here is a real market."))
    blocks.append(Note(str(tree["disclaimer"])))
    overview = tree["overview"]
    blocks += [Heading("Overview of the last 24 hours"), Lines(tuple(words.overview(overview)))]
    if overview["by_venue"]:
        rows = tuple((_names(v), format_usd(usd)) for v, usd in overview["by_venue"].items())
        blocks.append(Table(("liquidated on", "24 h"), rows, (1,)))
    blocks += [Heading("What changed"), Lines(tuple(words.changes(tree["changes"], str(tree["asset"]))))]
    blocks += _levels(tree)
    blocks += list(pictures)
    blocks += [Heading("Map summary and curves"), Lines(tuple(words.summary(tree["map_summary"])))]
    blocks += [
        Heading("Signals, each with its hit rate"),
        Lines(tuple(words.signal(s) for s in tree["signals"]["signals"])),
    ]
    hunts = tree["signals"]["hunts"]
    if hunts:
        texts = [
            f"Touched and left again: the {h['position']} cluster at {format_price(h['touched_price'])}; a close came back to {format_price(h['back_price'])}."
            for h in hunts
        ]
        blocks.append(Lines(tuple(texts)))
    blocks += [Heading("Confirmation signs"), _panel(overview), Lines((words.phase(overview),))]
    blocks += _venues(tree)
    blocks += [Heading("Cascade"), Lines(tuple(words.cascade(tree["cascade"])))]
    blocks += [Heading("Scenarios"), Lines(tuple(words.scenarios(tree["scenarios"])))]
    magnet = next(s for s in tree["signals"]["signals"] if s["name"] == "magnet")
    blocks += [
        Heading("Plan: levels, not advice"),
        Lines(tuple(words.plan(tree["plan"], magnet["parameters"]["factor"]))),
        _zones(tree),
    ]
    blocks += [Heading("Data quality and accuracy"), Lines(tuple(words.quality(tree["data_quality"], tree)))]
    blocks.append(Note(str(tree["disclaimer"])))
    tag = "SIMULATED " if tree["simulated"] else ""
    subtitle = f"{words.moment(tree['as_of'])} · price {format_price(tree['price'])} ({tree['reference']}) · {tree['kind']} {tree['quantity']} levels of the last {tree['window']} [USD]"
    return Document(f"{tag}{tree['asset']} liquidation report", subtitle, tuple(blocks))


def _names(scope: str) -> str:
    return ", ".join(venue_name(v.strip()) for v in scope.split(","))


def _levels(tree: Mapping[str, Any]) -> list[Block]:
    part = tree["key_levels"]
    blocks: list[Block] = [Heading("Key levels")]
    for title, key in (
        ("Above: shorts, liquidated by buying", "above"),
        ("Below: longs, liquidated by selling", "below"),
    ):
        rows = tuple(level_row(level) for level in part[key])
        blocks += (
            [Lines((f"{title}, nearest first.",)), Table(LEVEL_COLUMNS, rows, (2, 3, 4, 7))]
            if rows
            else [Lines((f"{title}: no cluster stands out.",))]
        )
    notes = [n[0].upper() + n[1:] + "." for n in part["notes"]]
    blocks.append(
        Lines(
            (*notes, f"* {part['probabilities']}; the amount's spread under other smoothings is in the JSON.")
        )
    )
    return blocks


def level_row(level: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one key level's cells."""
    return (
        f"{format_price(level['price_low'])}–{format_price(level['price_high'])}",
        level["type"],
        format_usd(level["usd"]),
        format_change(level["distance"]),
        f"{level['distance_vols']:.1f}",
        level["intensity"] or f"– ({level['missing'].get('intensity', 'not known')})",
        level["risk"] or f"– ({level['missing'].get('risk', 'not known')})",
        words.chance(level["touch_probability"]),
        level["priority"],
        "; ".join(level["confluence"]) or "–",
    )


def _panel(overview: Mapping[str, Any]) -> Table:
    rows = []
    for sign in overview["panel"]:
        shown = (
            "–"
            if sign["value"] is None
            else f"{sign['value']:.3g}"
            if sign["name"] != "funding"
            else words.small_change(sign["value"])
        )
        state = "yes" if sign["on"] else "no" if sign["on"] is False else f"not known ({sign['missing']})"
        rows.append((sign["title"], state, shown, f"{sign['threshold']:g}", sign["unit"]))
    return Table(("sign", "there", "value", "threshold", "unit"), tuple(rows), (2, 3))


def _venues(tree: Mapping[str, Any]) -> list[Block]:
    rows = []
    for one in tree["venues"]["venues"]:
        top = (
            "; ".join(
                f"{format_price(c['peak_price'])} {c['position']} {format_usd(c['usd'])}"
                for c in one["clusters"]
            )
            or "none stands out"
        )
        rows.append((venue_name(one["venue"]), format_share(one["share"]), top, one["engine"]))
    table = Table(
        ("venue", "share of levels", "its heaviest clusters", "how it liquidates"), tuple(rows), (1,)
    )
    return [Heading("Venues"), table]


def _zones(tree: Mapping[str, Any]) -> Table:
    zones = tree["plan"]["volatility_zones"]
    rows = []
    for key, name in (("high", "high"), ("moderate", "moderate"), ("low", "low (clean gaps)")):
        text = ", ".join(
            f"{format_price(z['price_low'])}–{format_price(z['price_high'])}" for z in zones[key]
        )
        rows.append((name, text or "none"))
    return Table(("volatility if reached", "prices"), tuple(rows))
