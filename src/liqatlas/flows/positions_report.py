"""The positions table and the self-test as JSON, tables and text for a terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
import polars as pl

from liqatlas.base.clock import isoformat
from liqatlas.base.format import format_change, format_duration, format_price, format_share, format_usd
from liqatlas.base.symbols import parse_symbol
from liqatlas.maps.measured_check import TOLERANCE
from liqatlas.maps.measured_table import (
    changes,
    margin_split,
    pnl_cohorts,
    positions_table,
    size_cohorts,
    snapshot_count,
)
from liqatlas.maps.serialise import coverage_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.flows.positions import Snapshot
    from liqatlas.maps.head import Head
    from liqatlas.maps.measured_check import SelfTest
    from liqatlas.maps.measured_table import SortKey

SCHEMA_VERSION = 1
View = Literal["table", "cohorts", "changes"]
#: Distance from the price that the table calls near.
_NEAR = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRequest:
    """Which positions to show and how; ``position`` None shows both, ``top`` 0 shows all."""

    as_of_ns: int
    window_ns: int
    asset: str = ""
    sort: SortKey = "size"
    position: Literal["long", "short"] | None = None
    top: int = 20


@dataclass(frozen=True, slots=True)
class PositionsReport:
    """The table with its cohorts and changes, before anything is cut off; ``head`` tells the share of the market, of one asset."""

    request: TableRequest
    table: pl.DataFrame
    sizes: pl.DataFrame
    profits: pl.DataFrame
    margins: pl.DataFrame
    changed: pl.DataFrame
    snapshots: int
    warnings: tuple[str, ...]
    head: Head | None = None

    def shown(self) -> pl.DataFrame:
        """Return the rows asked for."""
        return _top(self.table, self.request.top)


def report_positions(snapshot: Snapshot, request: TableRequest, head: Head | None = None) -> PositionsReport:
    """Return the positions of each account's newest snapshot, as asked for.

    Raises
    ------
    NotEnoughDataError
        If no snapshot lies in the window.
    """
    frame = snapshot.holdings.frame
    asset = parse_symbol(request.asset).asset if request.asset else ""
    span = {"as_of_ns": request.as_of_ns, "window_ns": request.window_ns}
    table = positions_table(snapshot.holdings, asset=asset, sort=request.sort, **span)
    if request.position:
        table = table.filter(pl.col("position") == request.position)
    return PositionsReport(
        request,
        table,
        size_cohorts(table),
        pnl_cohorts(table),
        margin_split(table),
        changes(snapshot.holdings, asset=asset, **span),
        snapshot_count(frame),
        snapshot.holdings.warnings,
        head,
    )


def report_json(report: PositionsReport) -> bytes:
    """Return the report as JSON (docs/reference/positions_json.md)."""
    request = report.request
    tree = {
        "schema_version": SCHEMA_VERSION,
        "kind": "measured",
        "unit": "USD",
        "as_of": isoformat(request.as_of_ns),
        "asset": request.asset or None,
        "account_snapshots": report.snapshots,
        "positions_seen": report.table.height,
        "accounts_seen": report.table["account"].n_unique(),
        "positions": [_position(row) for row in report.shown().iter_rows(named=True)],
        "by_account_size": [finite(row) for row in report.sizes.iter_rows(named=True)],
        "by_pnl": [finite(row) for row in report.profits.iter_rows(named=True)],
        "by_margin_mode": [finite(row) for row in report.margins.iter_rows(named=True)],
        "changes": [_change(row) for row in _top(report.changed, request.top).iter_rows(named=True)],
        "changes_total": report.changed.height,
        "coverage": coverage_tree(report.head.coverage) if report.head else None,
        "grade": report.head.model.parameters["grade"] if report.head else None,
        "grade_reasons": report.head.model.parameters["grade_reasons"] if report.head else None,
        "warnings": list(report.warnings),
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE)


def finite(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row fit for JSON: what is not finite is null."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def _position(row: dict[str, Any]) -> dict[str, Any]:
    return finite(
        {k: v for k, v in row.items() if k != "ts_event_ns"} | {"time": isoformat(row["ts_event_ns"])}
    )


def _top(frame: pl.DataFrame, count: int) -> pl.DataFrame:
    return frame.head(count) if count else frame


def _change(row: dict[str, Any]) -> dict[str, Any]:
    times = {
        "time_before": isoformat(row.pop("ts_before_ns")),
        "time_after": isoformat(row.pop("ts_after_ns")),
    }
    return finite(row | times)


def check_json(test: SelfTest) -> bytes:
    """Return the self-test as JSON."""
    tree = {
        "schema_version": SCHEMA_VERSION,
        "checked": test.checked,
        "within_0_1_percent": test.share if test.checked else None,
        "tolerance": TOLERANCE,
        "account_snapshots": test.accounts,
        "with_remembered_tables": {
            "positions": test.remembered,
            "within_0_1_percent": test.remembered_within / test.checked if test.checked else None,
        },
        "error_quantiles": test.error_quantiles,
        "disagreements": [
            {"class": d.name, "count": d.count, "meaning": d.meaning, "example": finite(d.example)}
            for d in test.disagreements
        ],
        "not_checked": test.apart,
        "without_level": {"checked": test.no_level_checked, "agreed": test.no_level_agreed},
        "margin_tables": test.tables,
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE)


def check_text(test: SelfTest) -> str:
    """Return the self-test for a terminal."""
    if not test.checked:
        return "no published liquidation price could be checked: no account shows what backs its positions\n"
    lines = [
        (
            f"{test.checked:,} published liquidation prices of {test.accounts:,} account snapshots checked, the margin taken from the "
            "account's own statement or its OTHER positions"
        ),
        f"  within 0.1 %: {test.within:,} ({test.share:.2%})   |error| at 50/90/95/99 %: "
        + " / ".join(f"{v:.2g}" for v in test.error_quantiles.values()),
        (
            f"  {test.remembered:,} of them under the margin table that the position's earlier snapshot names: "
            f"{test.remembered_within:,} ({test.remembered_within / test.checked:.2%}) within 0.1 %"
        ),
        f"  no level published and none found by us: {test.no_level_agreed:,} of {test.no_level_checked:,}",
        f"  margin tables of: {', '.join(f'{day} ({count:,})' for day, count in test.tables.items())}",
        f"disagreements ({test.checked - test.within:,})",
    ]
    for d in test.disagreements:
        lines.append(f"  {d.count:7,}  {d.name}: {d.meaning}")
        e = d.example
        ours = format_price(e["ours"]) if e["ours"] is not None and e["ours"] > 0 else "none"
        lines.append(
            f"           e.g. {short(e['account'])} {e['time']} {e['symbol']} {e['position']}: published "
            f"{format_price(e['published'])}, ours {ours}"
        )
    lines.append("not checked")
    lines += [f"  {count:7,}  {name.replace('_', ' ')}" for name, count in test.apart.items() if count]
    return "\n".join(lines) + "\n"


def report_text(report: PositionsReport, view: View) -> str:
    """Return the table, the cohorts or the changes for a terminal."""
    request = report.request
    what = request.asset or "all coins"
    lines = [
        f"public positions · MEASURED · {what} · as of {isoformat(request.as_of_ns)}",
        (
            f"{report.table['account'].n_unique():,} accounts, {report.table.height:,} positions, "
            f"{format_usd(float(report.table['notional_usd'].sum()))} of notional; sorted by {request.sort}; a sample, never the book"
        ),
        *_share_lines(report.head),
    ]
    lines += {"table": _table_lines, "cohorts": _cohort_lines, "changes": _change_lines}[view](report)
    lines += [f"! {warning}" for warning in report.warnings]
    return "\n".join(lines) + "\n"


def _share_lines(head: Head | None) -> list[str]:
    """Return what share of the market was seen, in all and near the price, and the grade."""
    if head is None or head.coverage is None:
        return []
    known = head.model.parameters
    seen, near = head.coverage, [b for b in head.coverage.by_distance if b.high <= _NEAR]
    told = (
        f"{format_share(seen.observed_share)} of open interest {format_usd(head.open_interest_usd)} (one-sided)"
        if math.isfinite(seen.observed_share)
        else "an unknown share of open interest (give --open-interest)"
    )
    longs, shorts = (format_usd(sum(getattr(b, name) for b in near)) for name in ("long_usd", "short_usd"))
    near_words = f"within {format_share(_NEAR)} of the price {longs} of longs and {shorts} of shorts"
    return [f"seen: {told}; {near_words}", f"grade {known['grade']}: {', '.join(known['grade_reasons'])}"]


def _table_lines(report: PositionsReport) -> list[str]:
    head = (
        "account",
        "coin",
        "side",
        "notional",
        "lever",
        "mode",
        "entry",
        "mark",
        "liq. price",
        "away",
        "PnL",
        "age",
    )
    rows = []
    for r in report.shown().iter_rows(named=True):
        level, away = r["liquidation_price"], r["distance"]
        rows.append((
            short(r["account"]) + (" ◆" if r["whale"] else ""), r["symbol"], r["position"], format_usd(r["notional_usd"]),
            f"{r['leverage']:g}x" if r["leverage"] else "–", r["margin_mode"] or "–", format_price(r["entry_price"]),
            format_price(r["mark_price"]), format_price(level) if level else "none",
            (format_change(level / r["mark_price"] - 1) if away is not None else "–") + (" †" if r["passed"] else ""), format_usd(r["unrealised_pnl_usd"]),
            format_duration(int(r["age_s"] * 1e9)),
        ))  # fmt: skip
    notes = ["◆ an account of $10M or more"]
    if any(report.shown()["passed"]):
        notes.append("† the price has passed this level since the snapshot")
    return [*columns(head, rows), *notes]


def _cohort_lines(report: PositionsReport) -> list[str]:
    head = ("accounts of", "accounts", "positions", "long", "short", "within 10 % of its level")
    sizes = [(_bounds(r["low_usd"], r["high_usd"]), *_counted(r)) for r in report.sizes.iter_rows(named=True)]
    profits = [(r["cohort"], *_counted(r)) for r in report.profits.iter_rows(named=True)]
    margins = [(r["margin_mode"], *_counted(r)) for r in report.margins.iter_rows(named=True)]
    return [
        *columns(head, sizes), "", *columns(("unrealised", *head[1:]), profits), "",
        *columns(("margin", *head[1:]), margins),
    ]  # fmt: skip


def _change_lines(report: PositionsReport) -> list[str]:
    head = ("account", "coin", "side", "change", "before", "after", "level before", "level after", "since")
    shown = _top(report.changed, report.request.top)
    rows = [
        (
            short(r["account"]), r["symbol"], r["position"], r["change"], format_usd(r["before_usd"]),
            format_usd(r["after_usd"]), format_price(r["level_before"]) if r["level_before"] else "–",
            format_price(r["level_after"]) if r["level_after"] else "–",
            format_duration(r["ts_after_ns"] - r["ts_before_ns"]),
        )
        for r in shown.iter_rows(named=True)
    ]  # fmt: skip
    counts = dict(report.changed.group_by("change").len().sort("change").iter_rows())
    total = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return [f"between each account's last two snapshots: {total or 'nothing'}", *columns(head, rows)]


def _counted(r: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{r['accounts']:,}", f"{r['positions']:,}", format_usd(r["long_usd"]), format_usd(r["short_usd"]),
        format_usd(r["near_usd"]) + _of(r["near_usd"], r["long_usd"] + r["short_usd"]),
    )  # fmt: skip


def _of(part: float, whole: float) -> str:
    return f" ({format_share(part / whole)})" if whole else ""


def _bounds(low: float, high: float) -> str:
    if math.isinf(high):
        return f"{format_usd(low)} or more"
    return f"{format_usd(low)} to {format_usd(high)}" if low else f"under {format_usd(high)}"


def columns(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return aligned lines: the first column to the left, the others to the right."""
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    out = []
    for row in [head, *rows]:
        cells = [
            str(row[0]).ljust(widths[0]),
            *(str(c).rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
        ]
        out.append("  ".join(cells))
    return [out[0], "─" * len(out[0]), *out[1:]]


def short(account: str) -> str:
    """Return an address as people read it."""
    return f"{account[:6]}…{account[-4:]}" if len(account) > 14 else account
