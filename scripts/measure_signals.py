"""Measure how often the magnet, the cascade-risk grade and touch probabilities were right, and write the dated file.

    python scripts/measure_signals.py FOLDER_OF_binance_btc_5m_oi [OUT]

Every six hours of the months a map of the last 7 days is built as of that moment and clusters are found. Then, over the 24 hours after it:

* magnet: was the named cluster's peak touched before the mirror level at the same log distance on the other side? The control is the
  mirror level itself: without drift and skill both are touched first equally often. Balanced maps do not count.
* cascade_risk_down, cascade_risk_up: where the nearest cluster's peak was touched, did the price run on by another 2 %? Cases are
  maps graded high, the control those graded low or moderate, matched by the distance of the nearest cluster (terciles).
* touch reliability: stated probability against observed share, per horizon, for levels at fixed multiples of the volatility.

The path is five-minute marks: a touch between two of them is not seen, which lowers the observed share most at one hour. Intervals
resample whole days (weeks for the longest horizon). Clusters and volatility know nothing after the map's moment; the mixture prior was shaped by later data.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat, parse_time
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.bootstrap import block_mean
from liqatlas.flows.build import build_map
from liqatlas.flows.read import read
from liqatlas.flows.request import Request
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.map_signals import cascade_risk, magnet
from liqatlas.signals.settings import load_settings
from liqatlas.signals.signal import HIT_RATE_FILE
from liqatlas.signals.volatility import realised_volatility, touch_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_NS, AHEAD_NS = 6 * HOUR_NS, DAY_NS
RUN_ON = 0.02
FIRST, LAST = "2025-12-12T00:00Z", "2026-03-30T00:00Z"
HORIZONS_H = (1, 24, 168)
MULTIPLES = (0.5, 1.0, 1.5, 2.0)
TOO_FEW = "measured, but on fewer than ten days that the grade was high and the nearest cluster touched"


def first_touch(path: NDArray[np.float64], level: float, price: float) -> int:
    """Return the index of the first price at or beyond a level, or the length of the path."""
    hit = np.flatnonzero(path <= level) if level < price else np.flatnonzero(path >= level)
    return int(hit[0]) if len(hit) else len(path)


def main() -> None:
    """Build the maps, judge them, write the file."""
    folder = Path(sys.argv[1])
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("src/liqatlas/signals/data") / HIT_RATE_FILE
    settings = load_settings()
    (recording,) = read(folder, asset="BTC")
    moments = recording.marks["ts_event_ns"].to_numpy()
    marks = recording.marks["mark_price"].to_numpy()
    magnets: list[tuple[int, float, float]] = []
    cascades: dict[str, list[tuple[int, str, float, float]]] = {"down": [], "up": []}
    touches: dict[int, list[tuple[int, float, float]]] = {h: [] for h in HORIZONS_H}
    for as_of in range(parse_time(FIRST), parse_time(LAST), STEP_NS):
        try:
            result = build_map(Request(asset="BTC", as_of_ns=as_of), [recording])
            daily = realised_volatility(recording, as_of_ns=as_of, days=settings.plan.volatility_days).daily
        except NotEnoughDataError:
            continue
        price, day = result.head.price, as_of // DAY_NS
        ahead = marks[(moments > as_of) & (moments <= as_of + AHEAD_NS)]
        clusters = find_clusters(result, settings, daily_volatility=daily)
        below, above = clusters.below, clusters.above
        value = magnet(above[0].usd if above else None, below[0].usd if below else None, settings.signals)
        if value in {"upward_magnet", "downward_magnet"}:
            level = (above if value == "upward_magnet" else below)[0].peak_price
            own, mirror = (first_touch(ahead, p, price) for p in (level, price * price / level))
            if min(own, mirror) < len(ahead):
                magnets.append((day, float(own < mirror), float(mirror < own)))
        for way, side in (("down", below), ("up", above)):
            if not side:
                continue
            grade, _ = cascade_risk([c.peak_price for c in side], price, settings.signals)
            level = side[0].peak_price
            at = first_touch(ahead, level, price)
            if at < len(ahead):
                beyond = level * (1 - RUN_ON if way == "down" else 1 + RUN_ON)
                ran = first_touch(ahead[at:], beyond, price) < len(ahead) - at
                cascades[way].append((day, grade, abs(side[0].distance), float(ran)))
        for hours in HORIZONS_H:
            later = marks[(moments > as_of) & (moments <= as_of + hours * HOUR_NS)]
            for multiple in MULTIPLES:
                for sign in (-1, 1):
                    level = price * np.exp(sign * multiple * daily * np.sqrt(hours / 24))
                    stated = float(touch_probability(level, price=price, daily_volatility=daily, hours=hours))
                    touches[hours].append((day, stated, float(first_touch(later, level, price) < len(later))))
    measured = dict(_rates(magnets, cascades))
    rates = {name: rate for name, rate in measured.items() if rate}
    tree = {
        "made_on": "2026-11-22",
        "made_by": "scripts/measure_signals.py",
        "data": f"binance_btc_5m_oi, maps every 6 h, {FIRST} to {LAST}",
        "settings": settings.name,
        "hit_rates": rates,
        "reasons": {name: TOO_FEW for name, rate in measured.items() if rate is None},
        "touch_reliability": _reliability(touches),
    }
    out.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(tree, indent=1))


def _rates(
    magnets: list[tuple[int, float, float]], cascades: dict[str, list[tuple[int, str, float, float]]]
) -> list[tuple[str, dict[str, Any] | None]]:
    """Return the hit rates by signal."""
    out: list[tuple[str, dict[str, Any] | None]] = []
    days = np.array([m[0] for m in magnets], dtype=np.int64)
    hit, control = (np.array([m[i] for m in magnets]) for i in (1, 2))
    event = (
        "the named cluster touched within 24 h before the mirror level at its own distance on the other side"
    )
    out.append(("magnet", _entry(event, (float(hit.mean()), float(control.mean())), hit - control, days)))
    for way, rows in cascades.items():
        event = "after a touch of the nearest cluster the price ran on by 2 % within 24 h of the map; graded high, against low and moderate at like distance"
        out.append((f"cascade_risk_{way}", _matched(event, rows)))
    return out


def _matched(event: str, rows: list[tuple[int, str, float, float]]) -> dict[str, Any] | None:
    """Return high grades against the rest, each high case minus the mean of the rest in its tercile of distance."""
    if not rows:
        return None
    days = np.array([r[0] for r in rows], dtype=np.int64)
    high = np.array([r[1] == "high" for r in rows])
    distance, ran = np.array([r[2] for r in rows]), np.array([r[3] for r in rows])
    tercile = np.searchsorted(np.quantile(distance, [1 / 3, 2 / 3]), distance)
    print("cascade cases", len(rows), "high", int(high.sum()))
    control = np.full(len(rows), np.nan)
    for k in range(3):
        rest = (tercile == k) & ~high
        if rest.any():
            control[tercile == k] = ran[rest].mean()
    usable = high & np.isfinite(control)
    if len(np.unique(days[usable])) < 10:
        return None
    return _entry(
        event,
        (float(ran[usable].mean()), float(control[usable].mean())),
        (ran - control)[usable],
        days[usable],
    )


def _entry(
    event: str, rates: tuple[float, float], difference: NDArray[np.float64], days: NDArray[np.int64]
) -> dict[str, Any]:
    """Return one hit rate with its interval over whole days."""
    interval = block_mean(difference, days)
    return {
        "asset": "BTC", "venue": "binance", "first_day": isoformat(int(days.min()) * DAY_NS)[:10], "last_day": isoformat(int(days.max()) * DAY_NS)[:10],
        "event": event, "rate": rates[0], "control": rates[1], "difference": interval.mean, "low": interval.low, "high": interval.high,
        "cases": len(difference), "blocks": len(np.unique(days)),
    }  # fmt: skip


def _reliability(touches: dict[int, list[tuple[int, float, float]]]) -> list[dict[str, Any]]:
    """Return stated against observed touches per horizon and multiple; weeks are the blocks where the horizon is one."""
    out = []
    for hours, rows in touches.items():
        stated = np.array([r[1] for r in rows])
        for value in np.unique(stated.round(4)):
            chosen = stated.round(4) == value
            days = np.array([r[0] for r in rows], dtype=np.int64)[chosen]
            seen = np.array([r[2] for r in rows])[chosen]
            interval = block_mean(seen, days // 7 if hours > 24 else days)
            out.append(
                {"horizon_h": hours, "stated": float(value), "observed": interval.mean, "low": interval.low, "high": interval.high, "cases": int(chosen.sum())}
            )  # fmt: skip
    return out


if __name__ == "__main__":
    main()
