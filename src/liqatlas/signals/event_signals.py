"""Signals read off what happened: levels left by wipe-outs, leverage washed out, clusters touched and left again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat
from liqatlas.base.format import format_price
from liqatlas.signals.liquidated import hourly_liquidations
from liqatlas.signals.signal import Signal, measured
from liqatlas.signals.volatility import hourly_bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.signals.clusters import Cluster
    from liqatlas.signals.settings import Settings


@dataclass(frozen=True, slots=True)
class WipeLevel:
    """A level left by a wipe-out: wiped longs leave support, wiped shorts resistance.

    Attributes
    ----------
    price
        Lowest price of the event for longs, highest for shorts [quote].
    strength_usd
        Liquidated in it [USD].
    start_ns, end_ns
        The hours it lasted, ``[start, end)``.
    """

    type: Literal["support", "resistance"]
    price: float
    strength_usd: float
    start_ns: int
    end_ns: int


def scaled_threshold(settings: Settings, scale: float | None) -> float:
    """Return the threshold of an event for an asset [USD]: the whole market's times the asset's scale; unscaled without one."""
    rules = settings.signals
    return rules.event_usd if scale is None else max(rules.event_usd * min(scale, 1.0), rules.event_least_usd)


def wipe_levels(
    recordings: Sequence[Recording], settings: Settings, *, as_of_ns: int, days: float, threshold_usd: float
) -> tuple[WipeLevel, ...]:
    """Return the levels left by wipe-outs above a threshold, the newest first.

    An event is a run of hours in which one side lost at least a quarter of the threshold each, joined over gaps of up to two
    hours and cut after ``event_hours``; it counts where its sum exceeds the threshold.
    """
    hours = hourly_liquidations(recordings, as_of_ns=as_of_ns, days=days)
    if hours.is_empty():
        return ()
    bars = hourly_bars(recordings[0], as_of_ns=as_of_ns, days=days + 1)
    found = []
    for side, column in (("support", "long_usd"), ("resistance", "short_usd")):
        for start, end, total in _events(hours, column, threshold_usd, settings.signals.event_hours):
            inside = bars.filter((pl.col("ts_open_ns") >= start) & (pl.col("ts_open_ns") < end))
            if inside.is_empty() or total <= threshold_usd:
                continue
            extreme = float(
                inside["low"].to_numpy().min() if side == "support" else inside["high"].to_numpy().max()
            )
            found.append(
                WipeLevel("support" if side == "support" else "resistance", float(extreme), total, start, end)
            )
    return tuple(sorted(found, key=lambda level: -level.end_ns))


def _events(hours: pl.DataFrame, column: str, threshold: float, longest: int) -> list[tuple[int, int, float]]:
    """Return runs of heavy hours as (start, end, sum)."""
    heavy = hours.filter(pl.col(column) >= threshold / 4)
    out: list[tuple[int, int, float]] = []
    for start, amount in zip(heavy["ts_open_ns"], heavy[column], strict=True):
        if out and start - out[-1][1] <= 2 * HOUR_NS and start + HOUR_NS - out[-1][0] <= longest * HOUR_NS:
            out[-1] = (out[-1][0], start + HOUR_NS, out[-1][2] + amount)
        else:
            out.append((start, start + HOUR_NS, amount))
    return out


def wipe_signal(levels: Sequence[WipeLevel], *, as_of_ns: int, threshold_usd: float, known: bool) -> Signal:
    """Return post-liquidation support and resistance as a signal."""
    support = next((level for level in levels if level.type == "support"), None)
    resistance = next((level for level in levels if level.type == "resistance"), None)
    parts = [
        f"{name} {format_price(level.price)} ({isoformat(level.end_ns)[:10]})"
        for name, level in (("support", support), ("resistance", resistance))
        if level
    ]
    rate, reason = measured("post_liquidation")
    return Signal(
        name="post_liquidation",
        title="Post-liquidation support and resistance",
        value=", ".join(parts) or ("none formed" if known else None),
        as_of_ns=as_of_ns,
        unit="quote, USD",
        detail={
            "levels": [
                asdict(level) | {"start": isoformat(level.start_ns), "end": isoformat(level.end_ns)}
                for level in levels
            ]
        },
        parameters={"threshold_usd": threshold_usd},
        hit_rate=rate,
        hit_rate_reason=reason,
        missing="" if known else "no liquidation prints or totals",
    )


def washout(fall: float | None, funding_rate: float | None, settings: Settings) -> str | None:
    """Return whether leverage was washed out: open interest down by the threshold from its recent high, funding negative.

    Parameters
    ----------
    fall
        Fall of open interest in contracts from its highest in the last days, as a fraction >= 0.
    funding_rate
        Newest rate; longs pay where positive.
    """
    rules = settings.signals
    if fall is None or funding_rate is None:
        return None
    if fall < rules.washout_fall:
        return "no"
    if funding_rate >= 0:
        return "open interest fell, funding has not turned"
    return "deep" if fall >= rules.washout_deep_fall else "yes"


def washout_signal(recording: Recording, settings: Settings, *, as_of_ns: int) -> Signal:
    """Return the wash-out of one instrument; open interest counts in contracts, so that a fall of the price is none."""
    start = as_of_ns - settings.signals.washout_days * DAY_NS
    known = recording.until(as_of_ns)
    interest = known.open_interest.filter(pl.col("ts_event_ns") >= start)["oi_native"].to_numpy()
    funding = known.funding
    fall = float(1.0 - interest[-1] / interest.max()) if len(interest) and interest.max() > 0 else None
    rate = (
        float(funding[-1, "funding_rate"]) * 8.0 / float(funding[-1, "interval_h"])
        if funding.height
        else None
    )
    value = washout(fall, rate, settings)
    lacks = [name for name, part in (("open interest", fall), ("funding", rate)) if part is None]
    hit_rate, reason = measured("washout")
    return Signal(
        name="washout",
        title="Leverage wash-out",
        value=value,
        as_of_ns=as_of_ns,
        unit="fraction; funding per 8 h",
        detail={"open_interest_fall": fall, "funding_8h": rate, "days": settings.signals.washout_days},
        parameters={"fall": settings.signals.washout_fall, "deep": settings.signals.washout_deep_fall},
        hit_rate=hit_rate,
        hit_rate_reason=reason,
        missing=f"no {' and no '.join(lacks)}" if lacks else "",
    )


@dataclass(frozen=True, slots=True)
class Hunt:
    """A zone touched and left again: the price went into it and came back within hours.

    Attributes
    ----------
    touched_price, touched_ns
        Extreme of the hour that reached the zone, and when that hour began.
    back_price, back_ns
        The close that lay outside again, and the end of its hour.
    """

    position: Literal["long", "short"]
    touched_price: float
    touched_ns: int
    back_price: float
    back_ns: int


def stop_hunts(
    recording: Recording,
    past: Sequence[Cluster],
    settings: Settings,
    *,
    as_of_ns: int,
    since_ns: int,
    daily_volatility: float,
) -> tuple[Hunt, ...]:
    """Return the clusters of an earlier map that were touched since and left again.

    Touched: an hour reached into the band. Left: within ``hunt_hours`` a close lay ``hunt_reversal_vols`` daily volatilities
    outside the edge that was met first. It says what the price did, not that anybody wanted it.
    """
    rules = settings.signals
    bars = hourly_bars(recording, as_of_ns=as_of_ns, days=rules.hunt_days + 1).filter(
        pl.col("ts_open_ns") >= since_ns
    )
    low, high, close = (bars[c].to_numpy() for c in ("low", "high", "close"))
    moments = bars["ts_open_ns"].to_numpy()
    found = []
    for cluster in past:
        long = cluster.position == "long"
        hit = np.flatnonzero((low <= cluster.near_price) if long else (high >= cluster.near_price))
        if not len(hit):
            continue
        first = int(hit[0])
        away = daily_volatility * rules.hunt_reversal_vols
        back = close[first : first + rules.hunt_hours + 1]
        left = (
            back >= cluster.near_price * np.exp(away) if long else back <= cluster.near_price * np.exp(-away)
        )
        if left.any():
            extreme = float(low[first]) if long else float(high[first])
            at = first + int(np.argmax(left))
            found.append(
                Hunt(
                    cluster.position,
                    extreme,
                    int(moments[first]),
                    float(close[at]),
                    int(moments[at]) + HOUR_NS,
                )
            )
    return tuple(found)


def hunt_signal(hunts: Sequence[Hunt] | None, settings: Settings, *, as_of_ns: int) -> Signal:
    """Return the marks of touched and reversed clusters as a signal; None where there was no earlier map to look from."""
    rules = settings.signals
    hit_rate, reason = measured("hunts")
    places = [f"{h.position} cluster at {format_price(h.touched_price)}" for h in hunts or ()]
    return Signal(
        name="hunts",
        title="Touched and left again (stop hunt)",
        value=None if hunts is None else ", ".join(places) or "none",
        as_of_ns=as_of_ns,
        unit="quote",
        detail={"marks": [asdict(h) for h in hunts or ()]},
        parameters={
            "hours": rules.hunt_hours,
            "reversal_vols": rules.hunt_reversal_vols,
            "days": rules.hunt_days,
        },
        hit_rate=hit_rate,
        hit_rate_reason=reason,
        missing="no earlier map to look from" if hunts is None else "",
    )
