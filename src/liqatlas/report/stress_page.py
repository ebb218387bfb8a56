"""The answer of a stress test as one page a person can act on, and as a table of rows."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.report.blocks import Block, Document, Heading, Lines, Note, Table
from liqatlas.report.words.numbers import chance, count, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEVELS = (
    "line",
    "position",
    "price",
    "liquidated at",
    "away",
    "bankrupt at",
    "tier",
    "P(1h/24h/7d)",
    "on the way",
    "state",
)
HELPS = (
    "line",
    "10 % away",
    "20 % away",
    "level with half closed",
    "stop clear of clusters",
    "hedge in futures",
    "hedge in options",
)
TOGETHER = ("all coins at once", "profit", "liquidated lines")
CSV_COLUMNS = ("line", "venue", "symbol", "position", "size", "entry_price", "margin_mode", "account", "price", "liquidation_price",
               "bankruptcy_price", "tier", "maintenance_rate", "distance", "state", "error")  # fmt: skip
#: Moves shown on the page.
SHOWN_MOVES = (-0.2, -0.1, -0.05, -0.01, 0.01, 0.05, 0.1, 0.2)
#: Rows of the reliability table shown on the page [daily volatilities].
SHOWN_DISTANCES = (0.5, 1.0, 2.0)
#: A level nearer than this is named first.
NEAR = 0.1
PAST = ("bankrupt", "below maintenance")
WORDS = {
    "below maintenance": "PAST ITS LEVEL NOW",
    "bankrupt": "PAST ZERO EQUITY NOW",
    "never liquidated": "no price liquidates it",
    "unknown": "price not known",
    "not computed": "NOT COMPUTED",
}


def stress_csv(tree: Mapping[str, Any]) -> str:
    """Return one row a position."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for entry in tree["positions"]:
        writer.writerow(["" if entry.get(c) is None else entry[c] for c in CSV_COLUMNS])
    return out.getvalue()


def stress_document(tree: Mapping[str, Any]) -> Document:
    """Return the page: what needs attention, levels, what helps, all positions together, accounts, what to know."""
    entries = list(tree["positions"])
    blocks: list[Block] = [
        Lines(tuple(_attention(entries)), lead=True),
        Heading("Levels"),
        Table(LEVELS, tuple(_row(e) for e in entries), (2, 3, 4, 5)),
    ]
    helped = [e for e in _urgent(entries) if e["what_if"]]
    if helped:
        blocks += [
            Heading("What helps, the nearest level first"),
            Table(HELPS, tuple(_help_row(e) for e in helped)),
        ]
    both = (*((m["move"], m) for m in tree["portfolio"]["moves"] if m["move"] in SHOWN_MOVES), *((None, c) for c in tree["portfolio"]["crashes"]))  # fmt: skip
    rows = tuple(
        (format_change(move) if move is not None else f"{one['name']} again", *_outcome(one))
        for move, one in both
    )
    blocks += [Heading("All positions together"), Table(TOGETHER, rows, (1,))]
    left_out = sorted({line for _, one in both for line in one["left_out_lines"]})
    if left_out:
        lines = ", ".join(map(str, left_out))
        blocks.append(Lines((f"Not counted, as a price is not known: line {lines}.",)))
    if tree["accounts"]:
        blocks += [Heading("Cross accounts"), Lines(tuple(_account(one) for one in tree["accounts"]))]
    failed = tuple(f"Line {e['line']}: {e['error']}." for e in entries if e["error"])
    if failed:
        blocks += [Heading("Not computed"), Lines(failed)]
    notes = tuple(_notes(entries, tree))
    blocks += [Heading("Worth knowing"), Lines(notes)] if notes else []
    blocks.append(Note(str(tree["disclaimer"])))
    return Document(
        f"Stress of {count(len(entries), 'position')}", f"as of {moment(str(tree['as_of']))}", tuple(blocks)
    )


def _price(value: float | None) -> str:
    return "–" if value is None else format_price(value, digits=7)


def _name(entry: Mapping[str, Any]) -> str:
    return f"{entry['position']} {entry['symbol']} on {venue_name(str(entry['venue']))}"


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    touch, between = entry["touch_probability"], entry["clusters_between"]
    met = (
        "–"
        if between is None
        else f"{count(len(between), 'cluster')}, {format_usd(sum(c['usd'] for c in between))}"
        if between
        else "no cluster"
    )
    return (
        str(entry["line"]),
        _name(entry),
        _price(entry.get("price")),
        _price(entry["liquidation_price"]),
        "–" if entry["distance"] is None else format_change(entry["distance"]),
        _price(entry["bankruptcy_price"]),
        "–" if entry["tier"] is None else str(entry["tier"]),
        "–" if touch is None else " / ".join(chance(p) for p in touch.values()),
        met,
        WORDS.get(entry["state"], str(entry["state"])),
    )


def _urgent(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the computed positions with a level, those past it first, then the nearest."""
    known = [e for e in entries if e["error"] is None and e["distance"] is not None]
    return sorted(known, key=lambda e: (e["state"] not in PAST, abs(e["distance"])))


def _attention(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence for each position that is past its level or near it, and a count of what was not computed."""
    out = []
    for entry in _urgent(entries):
        name = f"Line {entry['line']}, {_name(entry)}"
        at = _price(entry["liquidation_price"])
        if entry["state"] in PAST:
            out.append(f"{name}: the price {_price(entry['price'])} is already past its level {at}.")
        elif abs(entry["distance"]) <= NEAR:
            forced = "sell" if entry["position"] == "long" else "buy"
            out.append(
                f"{name}: {format_share(abs(entry['distance']))} from {at}, where the venue would {forced}.{_inside(entry)}"
            )
    failed = sum(e["error"] is not None for e in entries)
    unpriced = sum(e["error"] is None and e["state"] == "unknown" for e in entries)
    if not out and failed + unpriced < len(entries):
        whose = "of those with a known price " if unpriced else ""
        out.append(f"No position {whose}is past its level or within {format_share(NEAR)} of it.")
    if unpriced:
        out.append(
            f"{count(unpriced, 'position')} without a known price: how near the level is cannot be said."
        )
    if failed:
        out.append(f"{count(failed, 'position')} could not be computed: see below.")
    return out


def _inside(entry: Mapping[str, Any]) -> str:
    """Return a warning where the level lies in a cluster: then many are liquidated with it."""
    at = entry["liquidation_price"]
    for cluster in entry["clusters_between"] or ():
        if cluster["price_low"] <= at < cluster["price_high"]:
            return f" The level lies inside a {cluster['position']} cluster of {format_usd(cluster['usd'])}."
    return ""


def _help_row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    whats = entry["what_if"]
    far = {w["share"]: w for w in whats if w["change"] == "margin for distance"}
    half = next((w for w in whats if w["change"] == "reduce size" and w["share"] == 0.5), None)
    stop, cover = entry["stop"], entry["hedge"]
    return (
        str(entry["line"]),
        *(_added(far.get(share), entry, share) for share in (0.1, 0.2)),
        "–"
        if half is None
        else "no level left"
        if half["liquidation_price"] is None
        else _price(half["liquidation_price"]),
        f"{_price(stop['price'])}, {stop['reason']}"
        if stop
        else f"none: {entry['missing'].get('stop', 'not known')}",
        f"{cover['position']} {cover['coins']:.6g} coins, or {format_usd(cover['inverse_face_usd'])} inverse"
        if cover
        else "–",
        f"{cover['option_coins']:.6g} {cover['option']}s at delta {cover['option_delta']:g}"
        if cover
        else "–",
    )


def _added(what: Mapping[str, Any] | None, entry: Mapping[str, Any], share: float) -> str:
    """Return the margin to add for a distance, or that the level lies further already."""
    if what is None:
        return "is further" if entry["state"] == "open" and abs(entry["distance"]) >= share else "–"
    return f"add {what['amount']:,.6g} {entry['settle']}: {_price(what['liquidation_price'])}"


def _outcome(one: Mapping[str, Any]) -> tuple[str, str]:
    if one["profit_usd"] is None:
        return "–", "not known"
    return format_usd(one["profit_usd"]), ", ".join(map(str, one["liquidated_lines"])) or "none"


def _account(one: Mapping[str, Any]) -> str:
    lines = ", ".join(map(str, one["lines"]))
    name = f"{venue_name(one['venue'])} {one['account'] or 'default'} ({one['wallet_balance']:,.6g} {one['settle']}, lines {lines})"
    if one["reason"]:
        return f"{name}: {one['reason']}."
    moves = [
        f"{'falls' if key == 'common_fall' else 'rises'} {format_share(abs(one[key]))} together"
        for key in ("common_fall", "common_rise")
        if one[key] is not None
    ]
    if not moves:
        return f"{name}: no common move up to 95 % liquidates it."
    return f"{name}: liquidated if every coin {' or '.join(moves)}."


def _notes(entries: Sequence[Mapping[str, Any]], tree: Mapping[str, Any]) -> list[str]:
    """Return what the probabilities are worth, then warnings and what is missing, each once with its lines."""
    out = []
    if any(e["touch_probability"] for e in entries):
        out.append(
            f"P: that the price touches the level within 1 h, 24 h, 7 d; {tree['touch_model']}.{_reliability(tree)}"
        )
    out.append(
        "Isolated positions lose their margin at most, an account its wallet; stops and hedges are levels and sizes, not orders."
    )
    texts: dict[str, list[int]] = {}
    for entry in entries:
        shown = (v for k, v in entry.get("missing", {}).items() if k != "stop")
        for text in [*entry.get("warnings", ()), *shown]:
            found = texts.setdefault(text, [])
            if entry["line"] not in found:
                found.append(entry["line"])
    out += [
        f"{text[:1].upper()}{text[1:]} (line {', '.join(map(str, lines))})." for text, lines in texts.items()
    ]
    return [*out, *tree["notes"]]


def _reliability(tree: Mapping[str, Any]) -> str:
    """Return how often such probabilities held where that was measured."""
    if not tree["touch_calibrated"]:
        return ""
    shown = [
        r for r in tree["touch_reliability"] if r["horizon_h"] == 24 and r["distance_vols"] in SHOWN_DISTANCES
    ]
    parts = ", ".join(f"{chance(r['stated'])} stated {chance(r['observed'])} seen" for r in shown)
    return f" A day ahead: {parts}."
