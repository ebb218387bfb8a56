"""An evaluation as JSON, as a page of Markdown and as plain text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import orjson

from liqatlas.base.errors import InputError
from liqatlas.evaluate.hours import SCORE_UNIT_USD
from liqatlas.flows.evaluation_more import depth_table, evaluation_picture, horizon_table, secondary_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.evaluate.comparison import Gain
    from liqatlas.evaluate.evaluation import Scores
    from liqatlas.flows.evaluate import EvaluationReport

SCHEMA_VERSION = 1


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _gain_tree(one: Gain) -> dict[str, Any]:
    return {
        "nats_per_hour_and_position": _number(one.per_row.mean),
        "low": _number(one.per_row.low),
        "high": _number(one.per_row.high),
        "nats_per_million_usd": _number(one.per_million_usd),
        "rows": one.rows,
    }


def _gains(gains: dict[str, Gain]) -> dict[str, Any]:
    return {name: _gain_tree(one) for name, one in gains.items()}


def _score_tree(scores: Scores) -> dict[str, Any]:
    return {
        "name": scores.name,
        "rows": scores.rows,
        "rank_ic": _number(scores.rank_ic),
        "predicted_over_realised": _number(scores.predicted_over_realised),
        "auc": _number(scores.auc),
        "spatial_test_quantile": _number(scores.spatial_quantile),
        "inside_50_percent_interval": _number(scores.coverage_50),
        "inside_90_percent_interval": _number(scores.coverage_90),
        "gain_over": _gains(scores.gains),
        "gain_over_on_calm_days": _gains(scores.calm),
        "gain_over_on_wild_days": _gains(scores.wild),
        "reliability": [
            {
                "predicted_usd": _number(b.predicted * SCORE_UNIT_USD),
                "realised_usd": _number(b.realised * SCORE_UNIT_USD),
                "rows": b.rows,
            }
            for b in scores.reliability
        ],
    }


def evaluation_tree(report: EvaluationReport) -> dict[str, Any]:
    """Return an evaluation as JSON-ready data (docs/reference/evaluation.md)."""
    result, calibration = report.evaluation, report.calibration
    return {
        "schema_version": SCHEMA_VERSION,
        "asset": report.asset,
        "instrument": report.instrument,
        "prints_scope": report.prints_scope,
        "score": "negative binomial log-likelihood in units of 10,000 USD; gains in nats per hour and position",
        "interval": "95 %, day-block bootstrap",
        "train": {"from": report.train[0], "until": report.train[1], "hours": result.train_hours},
        "test": {
            "from": report.test[0],
            "until": report.test[1],
            "hours": result.test_hours,
            "days": result.test_days,
            "printed_usd": _number(result.printed_usd),
        },
        "predictions": [_score_tree(s) for s in result.scores],
        "horizons": [
            {
                "hours": h.hours,
                "rows": h.rows,
                "rank_ic": _number(h.rank_ic),
                "predicted_over_realised": _number(h.predicted_over_realised),
                "gain_over": _gains(h.gains),
            }
            for h in report.horizons
        ],
        "frozen_above_placebo": _gains(report.placebos),
        "gain_by_adding_frozen_to": _gains(report.added),
        "calibration": {
            "hazard_scale": calibration.hazard_scale,
            "bucket_edges": list(calibration.settings.bucket_edges),
            "weight": [_number(math.exp(w)) for w in calibration.running.log_weight],
            "log_weight_sd": [_number(float(s)) for s in calibration.log_weight_sd],
            "identified_distance": calibration.identified_distance,
            "events": [_number(e) for e in calibration.events],
            "settings": calibration.settings.name,
            "settings_data_until": calibration.settings.data_until,
        },
        "warnings": list(report.warnings),
    }


def evaluation_page(
    reports: Sequence[EvaluationReport], form: Literal["term", "json", "md", "png", "svg"]
) -> bytes:
    """Return evaluations in a form; several as one list or one page after the other.

    Raises
    ------
    InputError
        If several are to be one picture.
    """
    if form in ("png", "svg"):
        if len(reports) != 1:
            raise InputError(
                "a picture shows one instrument: choose it with --venue in place of --each-venue"
            )
        return evaluation_picture(reports[0], "png" if form == "png" else "svg")
    if form == "json":
        if len(reports) == 1:
            return evaluation_json(reports[0])
        trees = [evaluation_tree(one) for one in reports]
        return orjson.dumps(trees, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)
    write = evaluation_markdown if form == "md" else evaluation_text
    return "\n".join(write(one) for one in reports).encode()


def evaluation_json(report: EvaluationReport) -> bytes:
    """Return the JSON of an evaluation."""
    return orjson.dumps(evaluation_tree(report), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)


def _cell(one: Gain | None) -> str:
    return "n/a" if one is None else str(one.per_row)


def evaluation_markdown(report: EvaluationReport) -> str:
    """Return a page of Markdown."""
    result = report.evaluation
    names = [s.name for s in result.scores]
    over = list(dict.fromkeys(name for s in result.scores for name in s.gains))
    about = (
        f"{report.instrument}. Prints: {report.prints_scope}. Fitted on {report.train[0]} to {report.train[1]}, "
        f"tested on {report.test[0]} to {report.test[1]}: {result.test_hours:,} hours on {result.test_days} days, "
        f"{result.printed_usd / 1e6:,.1f} million USD printed."
    )
    lines = [
        f"# {report.asset}: how good is the map",
        "",
        about,
        "",
        "Gain in nats per hour and position over each baseline, 95 % interval by day-block bootstrap.",
        "",
        "| over | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    lines += [f"| {b} | " + " | ".join(_cell(s.gains.get(b)) for s in result.scores) + " |" for b in over]
    lines += [
        "| rank-IC | " + " | ".join(f"{s.rank_ic:.3f}" for s in result.scores) + " |",
        "| predicted / realised | "
        + " | ".join(f"{s.predicted_over_realised:.2f}" for s in result.scores)
        + " |",
        *secondary_rows(result.scores),
        "",
        *depth_table(report),
        "",
        *horizon_table(report),
        "",
        "| calm and wild days apart | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for b in over:
        lines.append(f"| {b}, calm | " + " | ".join(_cell(s.calm.get(b)) for s in result.scores) + " |")
        lines.append(f"| {b}, wild | " + " | ".join(_cell(s.wild.get(b)) for s in result.scores) + " |")
    lines += ["", "| frozen above itself with | gain |", "|---|---|"]
    lines += [f"| {name} | {one.per_row} |" for name, one in report.placebos.items()]
    lines += ["", "| frozen added to | gain |", "|---|---|"]
    lines += [f"| {name} | {one.per_row} |" for name, one in report.added.items()]
    lines += ["", *_reliability(result.scores), "", *_buckets(report), ""]
    lines += [f"* {w}" for w in report.warnings]
    return "\n".join(lines) + "\n"


def _reliability(scores: tuple[Scores, ...]) -> list[str]:
    """Return predicted and realised means by decile of the prediction [thousand USD]."""
    usable = [s for s in scores if s.reliability]
    if not usable:
        return ["Too few hours for a reliability table."]
    lines = [
        "| thousand USD by decile | " + " | ".join(str(i + 1) for i in range(10)) + " |",
        "|---|" + "---|" * 10,
    ]
    thousand = SCORE_UNIT_USD / 1e3
    for s in usable:
        predicted = " | ".join(f"{b.predicted * thousand:,.0f}" for b in s.reliability)
        realised = " | ".join(f"{b.realised * thousand:,.0f}" for b in s.reliability)
        lines += [f"| {s.name} predicted | {predicted} |", f"| {s.name} realised | {realised} |"]
    return lines


def _buckets(report: EvaluationReport) -> list[str]:
    """Return the weights with what is known of them."""
    calibration = report.calibration
    edges = calibration.settings.bucket_edges
    lines = [
        f"Closing hazard scale {calibration.hazard_scale:g}; identified out to {calibration.identified_distance:.2%}.",
        "",
        "| distance | weight | s.d. of its log | hours that speak about it | |",
        "|---|---|---|---|---|",
    ]
    rows = zip(
        edges,
        edges[1:],
        calibration.running.log_weight,
        calibration.log_weight_sd,
        calibration.events,
        strict=False,
    )
    for low, high, log_weight, sd, events in rows:
        grey = "" if sd < calibration.settings.identified_sd else "not identified"
        lines.append(
            f"| {low:.2%} to {high:.2%} | {math.exp(log_weight):.2e} | {sd:.2f} | {events:,.0f} | {grey} |"
        )
    return lines


def evaluation_text(report: EvaluationReport) -> str:
    """Return the page for a terminal: the Markdown with its tables in columns."""
    out: list[str] = []
    block: list[list[str]] = []
    for line in [*evaluation_markdown(report).splitlines(), ""]:
        if line.startswith("|"):
            cells = [c.strip() for c in line.strip("|").split("|")]
            if not set("".join(cells)) <= {"-"}:
                block.append(cells)
            continue
        out += _columns(block)
        block = []
        out.append(line.removeprefix("# "))
    return "\n".join(out).rstrip("\n") + "\n"


def _columns(rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, width, strict=True))
        ).rstrip()
        for row in rows
    ]
