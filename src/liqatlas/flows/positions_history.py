"""Rebuild liquidated accounts from a sample of fills and say how well our formula names the price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from liqatlas.base.clock import isoformat
from liqatlas.base.format import format_price, format_share
from liqatlas.flows.positions_report import columns, finite, short
from liqatlas.maps.measured_rebuild import CLASSES, classified, rebuild

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """All liquidations of a sample, rebuilt; ``events`` as in ``maps.measured_rebuild``, ``bad_rows`` by file."""

    events: pl.DataFrame
    bad_rows: dict[str, int]

    def from_takeover(self) -> pl.DataFrame:
        """Return the events whose take-over price names the level: the account's own margin, tiers of that time."""
        return self.events.filter(
            (pl.col("takeover_gap").abs() < 1e-4)
            & (pl.col("class") != "tiers_not_known_then")
            & ((pl.col("margin_mode") == "cross") | (pl.col("published_overshoot") >= 0))
        )


def rebuild_accounts(paths: Sequence[Path | str]) -> Rebuilt:
    """Return the liquidated accounts of Hyperliquid's sample of 2023; raises FormatError where a file is missing."""
    from liqatlas.venues.importers.positions_2023 import read_user_sample

    sample = read_user_sample(paths)
    return Rebuilt(classified(rebuild(sample.fills, sample.ledger, sample.liquidations)), sample.bad_rows)


def rebuilt_json(result: Rebuilt) -> bytes:
    """Return the events and their summary as JSON."""
    return orjson.dumps(
        {
            "schema_version": 1,
            **_summary(result),
            "events": [
                finite({**row, "time": isoformat(row.pop("ts_event_ns"))})
                for row in result.events.iter_rows(named=True)
            ],
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _summary(result: Rebuilt) -> dict[str, Any]:
    events, named = result.events, result.from_takeover()
    errors = events.filter(pl.col("class").is_in(["reproduced", "quick_market", "costs"]))["error"].abs()
    return {
        "liquidations": events.height,
        "accounts": events["account"].n_unique(),
        "position_closed_exactly": int(events["symbol"].is_not_null().sum()),
        "by_takeover_price": {
            "events": named.height,
            "mark_beyond_our_level": int((named["overshoot"] >= -1e-6).sum()),
            "overshoot_median": _quantile(named["overshoot"], 0.5),
            "overshoot_90": _quantile(named["overshoot"], 0.9),
            "overshoot_max": _quantile(named["overshoot"], 1.0),
        },
        "by_rebuilt_equity": {
            "events": len(errors),
            "error_median": _quantile(errors, 0.5),
            "error_90": _quantile(errors, 0.9),
            "error_max": _quantile(errors, 1.0),
        },
        "classes": [
            {"class": name, "count": count, "meaning": CLASSES[name]}
            for name, count in events.group_by("class").len().sort("len", descending=True).iter_rows()
        ],
        "bad_rows": result.bad_rows,
    }


def _quantile(values: pl.Series, q: float) -> float | None:
    return float(np.quantile(values.to_numpy(), q)) if values.len() else None


def rebuilt_text(result: Rebuilt) -> str:
    """Return the summary and the events for a terminal."""
    told = _summary(result)
    taken, equity = told["by_takeover_price"], told["by_rebuilt_equity"]
    lines = [
        (
            f"{told['liquidations']} liquidations of {told['accounts']} accounts rebuilt from their fills; "
            f"{told['position_closed_exactly']} close exactly the position we rebuilt"
        ),
        (
            f"level from the take-over price ({taken['events']} events): the mark lay at or beyond it in "
            f"{taken['mark_beyond_our_level']}, by {_share(taken['overshoot_median'])} in the median, {_share(taken['overshoot_max'])} at most"
        ),
        (
            f"level from fills and deposits alone ({equity['events']} events of complete accounts): off by "
            f"{_share(equity['error_median'])} in the median, {_share(equity['error_max'])} at most"
        ),
        *(f"  {c['count']:4}  {c['class']}: {c['meaning']}" for c in told["classes"]),
        "",
    ]
    head = (
        "account",
        "time",
        "mode",
        "coin",
        "side",
        "mark then",
        "our level",
        "off",
        "rebuilt",
        "off",
        "class",
    )
    rows = [
        (
            short(r["account"]), isoformat(r["ts_event_ns"])[:16], r["margin_mode"], r["symbol"] or "–", r["position"] or "–",
            _price(r["mark"]), _price(r["level_from_takeover"]), _share(r["overshoot"]), _price(r["level_rebuilt"]),
            _share(r["error"]), r["class"],
        )
        for r in result.events.iter_rows(named=True)
    ]  # fmt: skip
    return "\n".join([*lines, *columns(head, rows)]) + "\n"


def _price(value: float | None) -> str:
    return format_price(value) if value else "–"


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2%}" if abs(value) < 0.1 else format_share(value)
