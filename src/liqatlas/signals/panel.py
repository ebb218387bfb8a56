"""Confirmation signs as a small panel, and the phase of a cascade they speak for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.signals.book_view import book_view
from liqatlas.signals.liquidated import has_liquidations, hourly_liquidations
from liqatlas.signals.volatility import hourly_bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.signals.clusters import ClusterSet
    from liqatlas.signals.metrics import DayMetrics
    from liqatlas.signals.settings import Settings

Phase = Literal["before", "during", "after", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One confirmation sign.

    Attributes
    ----------
    name, title
        Key and words.
    on
        Whether it is there; None where the data do not say, with the reason in ``missing``.
    value, threshold, unit
        The number it was decided by.
    """

    name: str
    title: str
    on: bool | None
    value: float | None
    threshold: float
    unit: str
    missing: str = ""


_KEYS = {
    "liquidation heat rising": "heat", "open interest surging": "open_interest", "spread widening": "spread",
    "book thinning": "thinning", "lower highs into a long cluster": "lower_highs", "higher lows into a short cluster": "higher_lows",
}  # fmt: skip


def confirmation_panel(
    recordings: Sequence[Recording], clusters: ClusterSet, metrics: DayMetrics, settings: Settings
) -> tuple[Sign, ...]:
    """Return the signs that a move into a cluster has begun or is being prepared."""
    as_of = metrics.as_of_ns
    return (
        _heat(recordings, settings, as_of),
        _surge(recordings, settings, as_of),
        _funding(metrics, settings),
        *_book(recordings, settings, as_of),
        *_trends(recordings[0], clusters, settings, as_of),
    )


def _decided(
    title: str, value: float | None, threshold: float, *, unit: str, missing: str, least: bool = True
) -> Sign:
    """Return a sign that is on at or beyond its threshold."""
    on = None if value is None else bool(value >= threshold if least else value <= threshold)
    return Sign(_KEYS[title], title, on, value, threshold, unit, missing if value is None else "")


def _heat(recordings: Sequence[Recording], settings: Settings, as_of: int) -> Sign:
    """Liquidations of the last hour against the mean hour of the day before."""
    value, missing = None, "no liquidation prints or totals"
    if has_liquidations(recordings):
        hours = hourly_liquidations(recordings, as_of_ns=as_of, days=1.0)
        total = pl.col("long_usd") + pl.col("short_usd")
        last = float(hours.filter(pl.col("ts_open_ns") >= as_of - HOUR_NS).select(total.sum()).item() or 0.0)
        before = float(hours.filter(pl.col("ts_open_ns") < as_of - HOUR_NS).select(total.sum()).item() or 0.0)
        value = last / (before / 23.0) if before > 0 else None
        missing = "nothing was liquidated in the day before"
    return _decided(
        "liquidation heat rising",
        value,
        settings.panel.heat_factor,
        unit="times the mean hour",
        missing=missing,
    )


def _surge(recordings: Sequence[Recording], settings: Settings, as_of: int) -> Sign:
    held = next((r for r in recordings if r.open_interest.height), None)
    value = None
    if held is not None:
        interest = held.open_interest.filter(pl.col("ts_event_ns") <= as_of)
        past = interest.filter(pl.col("ts_event_ns") <= as_of - DAY_NS)
        if past.height and float(past[-1, "oi_native"]) > 0:
            value = float(interest[-1, "oi_native"]) / float(past[-1, "oi_native"]) - 1.0
    return _decided("open interest surging", value, settings.panel.surge_share, unit="change of contracts in 24 h", missing="no open interest 24 h ago")  # fmt: skip


def _funding(metrics: DayMetrics, settings: Settings) -> Sign:
    return Sign(
        "funding",
        "funding spiking",
        metrics.funding_spike,
        metrics.funding_8h,
        settings.panel.funding_quantile,
        "per 8 h; threshold is a quantile of its own past",
        metrics.missing.get("funding_8h") or metrics.missing.get("funding_spike", ""),
    )


def _book(recordings: Sequence[Recording], settings: Settings, as_of: int) -> tuple[Sign, Sign]:
    """Spread and depth within the seen part of the book against their medians of the day."""
    spread = thin = None
    held = next((r for r in recordings if r.book_levels.height), None)
    if held is not None:
        moments = held.book_levels.filter(
            (pl.col("ts_event_ns") <= as_of) & (pl.col("ts_event_ns") > as_of - DAY_NS)
        )["ts_event_ns"]
        sampled = moments.unique().sort()
        step = max(1, len(sampled) // 48)
        age = settings.grades.book_most_age_h
        views = [v for ts in sampled[::step] if (v := book_view(held, int(ts), most_age_h=age))]
        now = book_view(held, as_of, most_age_h=age)
        if now and len(views) >= 12:
            reach = min(min(v.bid_distance[-1], v.ask_distance[-1]) for v in [*views, now])
            depths = [v.within("long", reach)[0] + v.within("short", reach)[0] for v in views]
            spread = now.spread / float(np.median([v.spread for v in views]))
            thin = (now.within("long", reach)[0] + now.within("short", reach)[0]) / float(np.median(depths))
    return (
        _decided("spread widening", spread, settings.panel.spread_factor, unit="times its median of 24 h", missing="no book"),
        _decided("book thinning", thin, settings.panel.thinning_factor, unit="of its median depth of 24 h", missing="no book", least=False),
    )  # fmt: skip


def _trends(recording: Recording, clusters: ClusterSet, settings: Settings, as_of: int) -> tuple[Sign, Sign]:
    """Lower highs toward a long cluster below, higher lows toward a short cluster above."""
    rules = settings.panel
    bars = hourly_bars(recording, as_of_ns=as_of, days=rules.trend_hours * (rules.trend_count + 1) / 24)
    block = (pl.lit(as_of) - pl.col("ts_open_ns") - 1) // (rules.trend_hours * HOUR_NS)
    grouped = (
        bars.with_columns(block=block)
        .group_by("block")
        .agg(pl.col("high").max(), pl.col("low").min())
        .sort("block", descending=True)
    )
    last = grouped.tail(rules.trend_count)
    known = last.height == rules.trend_count
    highs, lows = np.diff(last["high"].to_numpy()), np.diff(last["low"].to_numpy())
    unit = f"falling steps in {rules.trend_count} blocks of {rules.trend_hours} h"
    down = float(np.count_nonzero(highs < 0)) if known else None
    up = float(np.count_nonzero(lows > 0)) if known else None
    wanted = float(rules.trend_count - 1)
    missing = "too few hours of prices"
    below, above = bool(clusters.below), bool(clusters.above)
    return (
        _decided("lower highs into a long cluster", down if below else 0.0 if known else None, wanted, unit=unit, missing=missing),
        _decided("higher lows into a short cluster", up if above else 0.0 if known else None, wanted, unit=unit.replace("falling", "rising"), missing=missing),
    )  # fmt: skip


def cascade_phase(
    signs: Sequence[Sign], metrics: DayMetrics, washout_value: str | None, settings: Settings
) -> tuple[Phase, str]:
    """Return the phase of a cascade and the sentence that says why.

    ``after``: leverage is washed out, or the day was high or extreme and the last hour is quiet again. ``during``: the day is
    elevated or more and heat is rising. ``before``: at least ``before_signs`` of open interest, funding, spread, thinning and trend.
    """
    on = {s.name for s in signs if s.on}
    rank = settings.states.names.index(metrics.state) if metrics.state else None
    if all(s.on is None for s in signs) and rank is None:
        return "unknown", "no sign can be computed from the data"
    if rank is not None and rank >= 2 and "heat" in on:
        return "during", f"the day is {metrics.state} and the last hour burns faster than the day"
    if washout_value in {"yes", "deep"}:
        return "after", "open interest has fallen and funding is negative"
    if rank is not None and rank >= 3:
        return "after", f"the day was {metrics.state} and the last hour is quieter than it"
    early = on - {"heat"}
    if len(early) >= settings.panel.before_signs:
        titles = [s.title for s in signs if s.name in early]
        return "before", "signs: " + ", ".join(titles)
    return "none", "fewer signs than a phase needs"
