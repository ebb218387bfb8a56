"""Measure how often each signal was right, and write the dated file that reports print beside it.

    python scripts/measure_signals.py FOLDER_OF_binance_btc_5m_oi [OUT]

Every six hours of the months a map of the last 7 days is built as of that moment and clusters are found. What then counts as right:

* magnet: within 24 h the named cluster's peak is touched before its mirror level at the same log distance. Balanced maps do not count.
* asymmetry: within 24 h the level half a daily volatility away on the heavier side is touched before its mirror.
* liquidation_peak: within 7 days the heaviest level is touched before its mirror.
* cascade_risk_down, cascade_risk_up: where the nearest cluster's peak was touched, did the price run on by another 2 % within the 24 h?
  Maps graded high, against those graded low or moderate, matched by the distance of the nearest cluster (terciles).
* post_liquidation: the price left a level by half a daily volatility and came back to it within 7 days: was it held (that distance away
  again) before it was broken (that distance through)? Placebo: swings of the same price that no wipe-out made.
* washout: within 72 h the price is a daily volatility higher before it is one lower.
* scenarios, one map a day: after a touch of the nearest cluster's near edge within 24 h, which comes first in the 24 h after it: a quarter of a daily
  volatility back outside (rebound), the next cluster or a daily volatility past the far edge (cascade), or neither (controlled).
* hunts: after a cluster was touched and left again, within 24 h the price goes half a daily volatility further away before that much back.

The path is five-minute marks: a touch between two of them is not seen. Intervals resample whole days (weeks where the horizon is seven
days). Clusters and volatility know nothing after the map's moment; the mixture prior was shaped by later data.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
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
from liqatlas.signals.event_signals import scaled_threshold, stop_hunts, washout_signal, wipe_levels
from liqatlas.signals.map_signals import asymmetry, cascade_risk, liquidation_peaks, magnet
from liqatlas.signals.metrics import asset_scale
from liqatlas.signals.settings import load_settings
from liqatlas.signals.signal import HIT_RATE_FILE
from liqatlas.signals.volatility import hourly_bars, realised_volatility
from scripts.signal_outcomes import Case, Course, course, first_touch, held, race
from scripts.signal_outcomes import Path as PricePath

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.clusters import ClusterSet

STEP_NS, WEEK_NS = 6 * HOUR_NS, 7 * DAY_NS
RUN_ON, HALF, SWING_H, LEAST_BLOCKS = 0.02, 0.5, 24, 10
FIRST, LAST = "2025-12-12T00:00Z", "2026-03-30T00:00Z"
SETTINGS = load_settings()
EVENTS = {
    "magnet": "the named cluster touched within 24 h before the mirror level at its own distance on the other side",
    "asymmetry": "a level half a daily volatility away on the heavier side touched within 24 h before its mirror level",
    "liquidation_peak": "the heaviest level touched within 7 days before its mirror level",
    "cascade_risk_down": "after a touch of the nearest cluster the price ran on by 2 % within 24 h of the map; graded high, against low and moderate at like distance",
    "cascade_risk_up": "after a touch of the nearest cluster the price ran on by 2 % within 24 h of the map; graded high, against low and moderate at like distance",
    "post_liquidation": "the level held before it broke, each by half a daily volatility, when the price came back to it within 7 days",
    "washout": "the price a daily volatility higher within 72 h before it was one lower",
    "hunts": "the price half a daily volatility further away from the cluster within 24 h before it was that much back",
}
WEEKLY = {"liquidation_peak", "post_liquidation"}


@dataclass
class Judged:
    """Cases by signal; cascade rows are (day, grade, distance, ran on), hunts are told apart by hour and side."""

    cases: dict[str, list[Case]] = field(default_factory=lambda: defaultdict(list))
    cascades: dict[str, list[tuple[int, str, float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    placebo: list[Case] = field(default_factory=list)
    hunts: set[tuple[str, int]] = field(default_factory=set)
    courses: list[tuple[int, Course]] = field(default_factory=list)

    def add(self, name: str, case: Case | None) -> None:
        """Keep a case that was decided."""
        if case:
            self.cases[name].append(case)


def main() -> None:
    """Build the maps, judge them, write the file."""
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("src/liqatlas/signals/data") / HIT_RATE_FILE
    (recording,) = read(Path(sys.argv[1]), asset="BTC")
    path = PricePath(recording.marks["ts_event_ns"].to_numpy(), recording.marks["mark_price"].to_numpy())
    judged = Judged()
    for as_of in range(parse_time(FIRST), parse_time(LAST), STEP_NS):
        try:
            result = build_map(Request(asset="BTC", as_of_ns=as_of), [recording])
            daily = realised_volatility(recording, as_of_ns=as_of, days=SETTINGS.plan.volatility_days).daily
        except NotEnoughDataError:
            continue
        clusters = find_clusters(result, SETTINGS, daily_volatility=daily)
        judge_map(judged, result, clusters, path)
        judge_cascades(judged, clusters, path)
        judge_washout(judged, recording, clusters, path)
        judge_hunts(judged, recording, clusters, path)
        if as_of % DAY_NS == 0:
            judge_courses(judged, clusters, path)
    judge_wipes(judged, recording, path)
    rates = {name: entry(name, judged) for name in EVENTS}
    tree = {
        "made_on": "2026-11-22",
        "made_by": "scripts/measure_signals.py",
        "data": f"binance_btc_5m_oi, maps every 6 h, {FIRST} to {LAST}",
        "settings": SETTINGS.name,
        "hit_rates": {name: rate for name, rate in rates.items() if isinstance(rate, dict)},
        "reasons": {name: rate for name, rate in rates.items() if isinstance(rate, str)},
        "scenarios": scenario_rates(judged.courses),
    }
    out.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(tree, indent=1))


def judge_map(judged: Judged, result: LiquidationMap, clusters: ClusterSet, path: PricePath) -> None:
    """Judge what is read off the map alone: magnet, asymmetry, heaviest level."""
    price, as_of, daily = result.head.price, result.head.as_of_ns, clusters.daily_volatility
    day, ahead = as_of // DAY_NS, path.after(as_of, DAY_NS)
    below, above = clusters.below, clusters.above
    value = magnet(above[0].usd if above else None, below[0].usd if below else None, SETTINGS.signals)
    if value in {"upward_magnet", "downward_magnet"}:
        judged.add(
            "magnet", race(ahead, (above if value == "upward_magnet" else below)[0].peak_price, price, day)
        )
    leaning = asymmetry(result, SETTINGS)[-1].leaning
    if leaning in {"long", "short"}:
        way = -1.0 if leaning == "long" else 1.0
        judged.add("asymmetry", race(ahead, price * np.exp(way * HALF * daily), price, day))
    peaks = liquidation_peaks(result, clusters.smoothing)
    long_usd, short_usd = (peaks[f"{side}_liquidation_peak_usd"] or 0.0 for side in ("long", "short"))
    level = peaks["long_liquidation_peak_price" if long_usd >= short_usd else "short_liquidation_peak_price"]
    if level:
        judged.add("liquidation_peak", race(path.after(as_of, WEEK_NS), level, price, day))


def judge_cascades(judged: Judged, clusters: ClusterSet, path: PricePath) -> None:
    """Judge the cascade grades of both sides where the nearest cluster was touched."""
    price, as_of = clusters.head.price, clusters.head.as_of_ns
    ahead = path.after(as_of, DAY_NS)
    for way, side in (("down", clusters.below), ("up", clusters.above)):
        if not side:
            continue
        grade, _ = cascade_risk([c.peak_price for c in side], price, SETTINGS.signals)
        level = side[0].peak_price
        at = first_touch(ahead, level, price)
        if at < len(ahead):
            beyond = level * (1 - RUN_ON if way == "down" else 1 + RUN_ON)
            ran = first_touch(ahead[at:], beyond, price) < len(ahead) - at
            judged.cascades[f"cascade_risk_{way}"].append(
                (as_of // DAY_NS, grade, abs(side[0].distance), float(ran))
            )


def judge_washout(judged: Judged, recording: Recording, clusters: ClusterSet, path: PricePath) -> None:
    """Judge a wash-out by what the price did in the three days after."""
    price, as_of = clusters.head.price, clusters.head.as_of_ns
    if washout_signal(recording, SETTINGS, as_of_ns=as_of).value in {"yes", "deep"}:
        higher = price * np.exp(clusters.daily_volatility)
        judged.add("washout", race(path.after(as_of, 3 * DAY_NS), higher, price, as_of // DAY_NS))


def judge_hunts(judged: Judged, recording: Recording, clusters: ClusterSet, path: PricePath) -> None:
    """Judge clusters of this map that were touched and left again within the next day; each hour and side counts once."""
    as_of, daily = clusters.head.as_of_ns, clusters.daily_volatility
    found = stop_hunts(
        recording, clusters.all, SETTINGS, as_of_ns=as_of + DAY_NS, since_ns=as_of, daily_volatility=daily
    )
    for hunt in found:
        key = (hunt.position, hunt.touched_ns)
        if key in judged.hunts:
            continue
        judged.hunts.add(key)
        way = 1.0 if hunt.position == "long" else -1.0
        further = hunt.back_price * np.exp(way * HALF * daily)
        judged.add(
            "hunts", race(path.after(hunt.back_ns, DAY_NS), further, hunt.back_price, hunt.back_ns // DAY_NS)
        )


def judge_courses(judged: Judged, clusters: ClusterSet, path: PricePath) -> None:
    """Judge what became of touches of the nearest cluster of each side."""
    price, as_of, daily = clusters.head.price, clusters.head.as_of_ns, clusters.daily_volatility
    for side in (clusters.below, clusters.above):
        if not side:
            continue
        way = -1.0 if side[0].position == "long" else 1.0
        near, far = side[0].near_price, side[0].far_price
        if way * near <= way * price:
            continue
        ahead = path.after(as_of, 2 * DAY_NS)
        at = first_touch(ahead, near, price)
        day = round(len(ahead) / 2)
        if at >= day:
            continue
        onward = side[1].near_price if len(side) > 1 else far * np.exp(way * daily)
        back = near * np.exp(-way * SETTINGS.signals.hunt_reversal_vols * daily)
        judged.courses.append((as_of // DAY_NS, course(ahead[at : at + day], near, back=back, onward=onward)))


def scenario_rates(rows: list[tuple[int, Course]]) -> dict[str, Any]:
    """Return how often each course followed a touch, with its interval over whole days."""
    days = np.array([day for day, _ in rows], dtype=np.int64)
    out: dict[str, Any] = {}
    for name in ("controlled", "cascade", "rebound"):
        seen = block_mean(np.array([float(one == name) for _, one in rows]), days)
        out[name] = {
            "asset": "BTC", "first_day": isoformat(int(days.min()) * DAY_NS)[:10], "last_day": isoformat(int(days.max()) * DAY_NS)[:10],
            "share": seen.mean, "low": seen.low, "high": seen.high, "cases": len(rows), "blocks": len(np.unique(days)),
        }  # fmt: skip
    return out


def judge_wipes(judged: Judged, recording: Recording, path: PricePath) -> None:
    """Judge levels left by wipe-outs, and the placebo: swings without one. Each day sees only what was known then."""
    levels: dict[tuple[str, int], tuple[float, int]] = {}
    for as_of in range(parse_time(FIRST), parse_time(LAST), DAY_NS):
        scale, _ = asset_scale([recording], SETTINGS, as_of_ns=as_of, open_interest_usd=float("nan"))
        threshold = scaled_threshold(SETTINGS, scale)
        for one in wipe_levels([recording], SETTINGS, as_of_ns=as_of, days=3, threshold_usd=threshold):
            if one.end_ns > as_of - DAY_NS:
                levels[(one.type, one.start_ns)] = (one.price, one.end_ns)
    judge_levels(judged.cases["post_liquidation"], levels, recording, path)
    wiped = {start for _, start in levels}
    bars = hourly_bars(
        recording, as_of_ns=parse_time(LAST), days=(parse_time(LAST) - parse_time(FIRST)) / DAY_NS
    )
    opens, low, high = (bars[c].to_numpy() for c in ("ts_open_ns", "low", "high"))
    swings: dict[tuple[str, int], tuple[float, int]] = {}
    for i in range(SWING_H, len(opens) - SWING_H):
        near = slice(i - SWING_H, i + SWING_H + 1)
        if any(abs(int(opens[i]) - start) < DAY_NS for start in wiped):
            continue
        known = int(opens[i]) + (SWING_H + 1) * HOUR_NS
        if low[i] <= low[near].min():
            swings[("support", int(opens[i]))] = (float(low[i]), known)
        if high[i] >= high[near].max():
            swings[("resistance", int(opens[i]))] = (float(high[i]), known)
    judge_levels(judged.placebo, swings, recording, path)
    print(f"{len(levels)} wipe-outs, {len(swings)} swings without one")


def judge_levels(
    cases: list[Case], levels: dict[tuple[str, int], tuple[float, int]], recording: Recording, path: PricePath
) -> None:
    """Judge whether levels held, from the moment each is known."""
    for (kind, _), (price, known) in levels.items():
        daily = realised_volatility(recording, as_of_ns=known, days=SETTINGS.plan.volatility_days).daily
        case = held(
            path.after(known, WEEK_NS),
            price,
            support=kind == "support",
            distance=HALF * daily,
            day=known // DAY_NS,
        )
        if case:
            cases.append(case)


def entry(name: str, judged: Judged) -> dict[str, Any] | str:
    """Return a signal's hit rate with its interval, or why there is none."""
    if name.startswith("cascade_risk"):
        return matched(name, judged.cascades[name])
    cases = judged.cases[name]
    hit, control = (np.array([getattr(c, which) for c in cases]) for which in ("hit", "control"))
    days = np.array([c.day for c in cases], dtype=np.int64)
    tree = rate(name, (hit, control), days)
    if name != "post_liquidation" or not judged.placebo:
        return tree
    held_swings = float(np.sum([c.hit for c in judged.placebo]))
    if isinstance(tree, str):
        return f"{tree}; swings without a wipe-out held in {held_swings:.0f} of {len(judged.placebo)}"
    return tree | {"placebo": held_swings / len(judged.placebo), "placebo_cases": len(judged.placebo)}


def matched(name: str, rows: list[tuple[int, str, float, float]]) -> dict[str, Any] | str:
    """Return high grades against the rest, each high case minus the mean of the rest in its tercile of distance."""
    high = np.array([r[1] == "high" for r in rows], dtype=bool)
    if not high.any():
        return too_few(name, np.empty(0), 0)
    days = np.array([r[0] for r in rows], dtype=np.int64)
    distance, ran = np.array([r[2] for r in rows]), np.array([r[3] for r in rows])
    tercile = np.searchsorted(np.quantile(distance, [1 / 3, 2 / 3]), distance)
    control = np.full(len(rows), np.nan)
    for k in range(3):
        rest = (tercile == k) & ~high
        if rest.any():
            control[tercile == k] = ran[rest].mean()
    usable = high & np.isfinite(control)
    return rate(name, (ran[usable], control[usable]), days[usable])


def too_few(name: str, hit: NDArray[np.float64], blocks: int) -> str:
    """Return why a rate is withheld, with what was seen."""
    if not len(hit):
        return "no case of it was decided in the months measured"
    unit = "weeks" if name in WEEKLY else "days"
    return f"right in {hit.sum():.0f} of {len(hit)} cases, too few to rate ({blocks} separate {unit}, {LEAST_BLOCKS} are needed)"


def rate(
    name: str, both: tuple[NDArray[np.float64], NDArray[np.float64]], days: NDArray[np.int64]
) -> dict[str, Any] | str:
    """Return one hit rate with its interval over whole days, or weeks where the horizon is one."""
    blocks = days // 7 if name in WEEKLY else days
    count = len(np.unique(blocks))
    print(name, "cases", len(days), "blocks", count)
    hit, control = both
    if count < LEAST_BLOCKS:
        return too_few(name, hit, count)
    interval = block_mean(hit - control, blocks)
    return {
        "asset": "BTC", "venue": "binance", "first_day": isoformat(int(days.min()) * DAY_NS)[:10], "last_day": isoformat(int(days.max()) * DAY_NS)[:10],
        "event": EVENTS[name], "rate": float(hit.mean()), "control": float(control.mean()),
        "difference": interval.mean, "low": interval.low, "high": interval.high, "cases": len(days), "blocks": count,
    }  # fmt: skip


if __name__ == "__main__":
    main()
