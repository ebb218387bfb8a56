"""The answer of a stress test as one page a person can act on, and as a table."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = ("line", "venue", "symbol", "position", "price", "liquidated at", "away", "bankrupt at", "tier", "P(1h/24h/7d)", "clusters on the way", "state")  # fmt: skip
CSV_COLUMNS = ("line", "venue", "symbol", "position", "size", "entry_price", "margin_mode", "account", "price", "liquidation_price",
               "bankruptcy_price", "tier", "maintenance_rate", "distance", "state", "error")  # fmt: skip
#: Moves shown on the page.
SHOWN_MOVES = (-0.2, -0.1, -0.05, -0.01, 0.01, 0.05, 0.1, 0.2)
#: Rows of the reliability table shown on the page [daily volatilities].
SHOWN_DISTANCES = (0.5, 1.0, 2.0)
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


def stress_page(tree: Mapping[str, Any], *, markdown: bool, moment: str) -> str:
    """Return the page: the table of levels, what needs attention first, moves, crashes, accounts."""
    mark = "## " if markdown else ""
    entries = list(tree["positions"])
    lines = [f"{'# ' if markdown else ''}Stress of {len(entries)} positions, as of {moment}", ""]
    lines += table([COLUMNS, *(_row(e) for e in entries)], markdown=markdown)
    for title, part in (
        ("What to look at first", _first(entries)),
        (
            "All coins move together (liquidated isolated positions lose their margin)",
            _moves(tree["portfolio"]["moves"]),
        ),
        ("Past crashes, repeated", _crashes(tree["portfolio"]["crashes"])),
        ("Cross accounts", _accounts(tree["accounts"])),
        ("Not computed", [f"line {e['line']}: {e['error']}" for e in entries if e["error"]]),
        ("Worth knowing", _notes(entries, tree)),
    ):
        if part:
            lines += ["", f"{mark}{title}", *(f"- {line}" for line in part)]
    return "\n".join([*lines, "", str(tree["disclaimer"])]) + "\n"


def table(rows: Sequence[Sequence[str]], *, markdown: bool) -> list[str]:
    """Return rows as Markdown or as aligned columns, the first row being the header."""
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _price(value: float | None) -> str:
    return "–" if value is None else format_price(value, digits=7)


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    touch, between = entry["touch_probability"], entry["clusters_between"]
    met = (
        "–"
        if between is None
        else f"{len(between)}, {format_usd(sum(c['usd'] for c in between))}"
        if between
        else "none"
    )
    return (
        str(entry["line"]),
        venue_name(str(entry["venue"])),
        str(entry["symbol"]),
        str(entry["position"]),
        _price(entry.get("price")),
        _price(entry["liquidation_price"]),
        "–" if entry["distance"] is None else format_change(entry["distance"]),
        _price(entry["bankruptcy_price"]),
        "–" if entry["tier"] is None else str(entry["tier"]),
        "–" if touch is None else "/".join(chance(p) for p in touch.values()),
        met,
        WORDS.get(entry["state"], str(entry["state"])),
    )


def chance(probability: float) -> str:
    """Return a probability as percent; what rounds to nothing is shown as small, not as none."""
    if 0 < probability < 0.001:
        return "<0.1 %"
    return ">99.9 %" if 0.999 < probability < 1 else format_share(probability)


def _first(entries: Sequence[Mapping[str, Any]], most: int = 5) -> list[str]:
    """Return sentences on the positions nearest to their levels, those past them first."""
    known = [e for e in entries if e["error"] is None and e["distance"] is not None]
    urgent = sorted(
        known, key=lambda e: (e["state"] not in {"bankrupt", "below maintenance"}, abs(e["distance"]))
    )
    out = []
    for entry in urgent[:most]:
        name = f"line {entry['line']}, {entry['position']} {entry['symbol']} on {venue_name(entry['venue'])}"
        if entry["state"] in {"bankrupt", "below maintenance"}:
            out.append(
                f"{name}: the price {_price(entry['price'])} is already past its level {_price(entry['liquidation_price'])}"
            )
        else:
            forced = "SELLS" if entry["position"] == "long" else "BUYS"
            out.append(
                f"{name}: {format_share(abs(entry['distance']))} from liquidation at {_price(entry['liquidation_price'])}, which {forced}"
            )
        helps = [_help(w, entry) for w in entry["what_if"] if w["change"] == "margin for distance"][:2]
        if entry["stop"]:
            helps.append(
                f"a stop clear of clusters: {_price(entry['stop']['price'])} ({entry['stop']['reason']})"
            )
        if entry["hedge"]:
            h = entry["hedge"]
            helps.append(
                f"hedge {format_share(h['share'])}: {h['position']} {h['coins']:.6g} coins, or {format_usd(h['inverse_face_usd'])} of an inverse "
                f"contract, or {h['option']}s on {h['option_coins']:.6g} coins at delta {h['option_delta']:g}"
            )
        out += [f"… {text}" for text in helps]
    return out


def _help(what: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    return f"add {what['amount']:,.6g} {entry['settle']} to be liquidated {format_share(what['share'])} away, at {_price(what['liquidation_price'])}"


def _moves(moves: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{format_change(one['move'])}: {_outcome(one)}" for one in moves if one["move"] in SHOWN_MOVES]


def _crashes(crashes: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{one['name']}: {_outcome(one)}" for one in crashes]


def _outcome(one: Mapping[str, Any]) -> str:
    lines = ", ".join(map(str, one["liquidated_lines"]))
    gone = f"; liquidated: line {lines}" if lines else "; none liquidated"
    return f"profit {format_usd(one['profit_usd'])}{gone}"


def _accounts(accounts: Sequence[Mapping[str, Any]]) -> list[str]:
    out = []
    for one in accounts:
        name = f"{venue_name(one['venue'])} {one['account'] or 'default'} ({one['wallet_balance']:,.6g} {one['settle']}, lines {', '.join(map(str, one['lines']))})"
        if one["reason"]:
            out.append(f"{name}: {one['reason']}")
            continue
        moves = [
            f"{'falls' if key == 'common_fall' else 'rises'} {format_share(abs(one[key]))} together"
            for key in ("common_fall", "common_rise")
            if one[key] is not None
        ]
        out.append(
            f"{name}: liquidated if every coin {' or '.join(moves)}"
            if moves
            else f"{name}: no common move up to 95 % liquidates it"
        )
    return out


def _notes(entries: Sequence[Mapping[str, Any]], tree: Mapping[str, Any]) -> list[str]:
    """Return warnings and what is missing, each once with its lines."""
    texts: dict[str, list[int]] = {}
    for entry in entries:
        for text in [*entry.get("warnings", ()), *entry.get("missing", {}).values()]:
            found = texts.setdefault(text, [])
            if entry["line"] not in found:
                found.append(entry["line"])
    out = [f"{text} (line {', '.join(map(str, lines))})" for text, lines in texts.items()]
    if any(e["touch_probability"] for e in entries):
        out.append(
            f"P: probability that the price touches the level, {tree['touch_model']}{_reliability(tree)}"
        )
    return [*out, *tree["notes"]]


def _reliability(tree: Mapping[str, Any]) -> str:
    """Return how often such probabilities held where that was measured."""
    if not tree["touch_calibrated"]:
        return ""
    shown = [
        r for r in tree["touch_reliability"] if r["horizon_h"] == 24 and r["distance_vols"] in SHOWN_DISTANCES
    ]
    parts = ", ".join(f"{chance(r['stated'])} stated {chance(r['observed'])} seen" for r in shown)
    return f" (a day ahead: {parts})"
