"""What changed since the last report, and what became of the levels it named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat, parse_time
from liqatlas.report.record import track_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.report.facts import Facts

#: A move of this many daily volatilities (over the stretch's own length) is named a fall or a rise.
NAMED_VOLS = 1.5


def changes_section(facts: Facts) -> dict[str, Any]:
    """Return the changes, or why there are none to tell."""
    previous = facts.previous
    if previous is None:
        return {"since": None, "reason": "no earlier report to compare with"}
    since = parse_time(str(previous["as_of"]))
    now = facts.map.head.as_of_ns
    if since >= now:
        return {
            "since": None,
            "reason": f"the report before is of {previous['as_of']}, not earlier than this one",
        }
    bars = facts.bars.filter(pl.col("ts_open_ns") >= since)
    return {
        "since": str(previous["as_of"]),
        "reason": "",
        "price": _price(facts, previous, bars, now - since),
        "liquidated": _liquidated(facts, since),
        "open_interest": _pair(previous["open_interest_usd"], facts.map.head.open_interest_usd),
        "state": {"before": previous["overview"].get("state"), "now": facts.metrics.state},
        "funding_8h": {"before": previous["overview"].get("funding_8h"), "now": facts.metrics.funding_8h},
        "signals": _signals(facts, previous),
        "said": _said(previous, bars),
        "record": track_record(facts.archive, facts.bars, now_ns=now),
    }


def _pair(before: float | None, now: float | None) -> dict[str, Any]:
    known = before and now and np.isfinite(now)
    return {"before": before, "now": now, "change": now / before - 1.0 if known and before and now else None}


def _price(facts: Facts, previous: Mapping[str, Any], bars: pl.DataFrame, length_ns: int) -> dict[str, Any]:
    """Return the move with its extremes, its name, and its rank among all moves of that length in the data."""
    before, now = float(previous["price"]), facts.map.head.price
    low = high = low_at = high_at = None
    if bars.height:
        at_low, at_high = int(bars["low"].arg_min() or 0), int(bars["high"].arg_max() or 0)
        low, high = float(bars["low"][at_low]), float(bars["high"][at_high])
        low_at, high_at = (isoformat(int(bars["ts_open_ns"][i])) for i in (at_low, at_high))
    down = (low / before - 1.0) if low else 0.0
    up = (high / before - 1.0) if high else 0.0
    worst = down if abs(down) >= abs(up) else up
    usual = float(previous["overview"]["daily_volatility"]) * np.sqrt(length_ns / DAY_NS)
    name = (
        ("fall" if worst < 0 else "rise")
        if usual > 0 and abs(np.log1p(worst)) >= NAMED_VOLS * usual
        else None
    )
    started = _started(bars, before, worst) if name else None
    rank, stretches = _rank(facts.bars, length_ns, worst)
    return {
        "before": before, "now": now, "change": now / before - 1.0, "low": low, "low_at": low_at, "high": high, "high_at": high_at,
        "name": name, "started_at": started, "extreme_change": worst, "extreme_vols": float(abs(np.log1p(worst)) / usual) if usual > 0 else None,
        "larger_before": rank, "stretches_compared": stretches,
    }  # fmt: skip


def _started(bars: pl.DataFrame, before: float, worst: float) -> str | None:
    """Return the last hour before the extreme in which less than a tenth of the move was done."""
    down = worst < 0
    at = int((bars["low"].arg_min() if down else bars["high"].arg_max()) or 0)
    edge = before * (1.0 + 0.1 * worst)
    prices = bars["high" if down else "low"].to_numpy()[: at + 1]
    still = np.flatnonzero(prices >= edge if down else prices <= edge)
    return isoformat(int(bars["ts_open_ns"][int(still[-1]) if len(still) else 0]))


def _rank(bars: pl.DataFrame, length_ns: int, worst: float) -> tuple[int | None, int]:
    """Return how many earlier stretches of that length had a larger move the same way, from open to extreme, and of how many."""
    hours = max(1, round(length_ns / HOUR_NS))
    if bars.height < 3 * hours:
        return None, 0
    low, high, start = (bars[c].to_numpy() for c in ("low", "high", "open"))
    view = np.lib.stride_tricks.sliding_window_view
    extreme = view(low, hours).min(axis=1) if worst < 0 else view(high, hours).max(axis=1)
    moves = (extreme / start[: len(extreme)] - 1.0)[: len(extreme) - hours : hours]
    return int(np.count_nonzero(moves < worst if worst < 0 else moves > worst)), len(moves)


def _liquidated(facts: Facts, since: int) -> dict[str, Any] | None:
    rows = facts.hours.filter(pl.col("ts_open_ns") >= since)
    if rows.is_empty():
        return None
    total = (rows["long_usd"] + rows["short_usd"]).to_numpy()
    worst = int(np.argmax(total))
    return {
        "long_usd": float(rows["long_usd"].sum()),
        "short_usd": float(rows["short_usd"].sum()),
        "worst_hour": isoformat(int(rows["ts_open_ns"][worst])),
        "worst_hour_usd": float(total[worst]),
    }


def _signals(facts: Facts, previous: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the signals that say something else than before; marks of touched clusters are events, not states."""
    before = {s["name"]: s["value"] for s in previous["signals"]["signals"]}
    return [
        {"name": s.name, "title": s.title, "before": before.get(s.name), "now": s.value}
        for s in facts.signals
        if before.get(s.name) != s.value and s.name != "hunts"
    ]


def _said(previous: Mapping[str, Any], bars: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what became of each level the report before named: touched, and passed to its far edge."""
    out = []
    lowest = float(bars["low"].to_numpy().min()) if bars.height else None
    highest = float(bars["high"].to_numpy().max()) if bars.height else None
    for side in ("above", "below"):
        for level in previous["key_levels"][side]:
            long = level["position"] == "long"
            near, far = (
                (level["price_high"], level["price_low"])
                if long
                else (level["price_low"], level["price_high"])
            )
            extreme = lowest if long else highest
            known = extreme is not None
            touched = bool(known and (extreme <= near if long else extreme >= near))
            passed = bool(known and (extreme <= far if long else extreme >= far))
            out.append(
                {"position": level["position"], "price_low": level["price_low"], "price_high": level["price_high"], "usd": level["usd"],
                 "touch_probability": level["touch_probability"], "touched": touched if known else None, "passed": passed if known else None}
            )  # fmt: skip
    return out
