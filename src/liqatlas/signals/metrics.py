"""Metrics of the last 24 hours and the market state, with the thresholds guides use, scaled to the asset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.signals.grades import grade
from liqatlas.signals.liquidated import has_liquidations, per_venue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.signals.book_view import BookView
    from liqatlas.signals.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMetrics:
    """What happened in the 24 hours before a moment; None with a reason in ``missing`` where the data do not say.

    Attributes
    ----------
    total_usd, long_usd, short_usd
        Liquidated [USD]; longs sold, shorts bought.
    ratio, ratio_word
        Longs over shorts; ``longs squeezed`` above 2, ``shorts squeezed`` below 0.5.
    largest_usd, largest_venue, largest_position, whale
        Largest single print, and whether it is above the whale size.
    by_venue
        Totals by venue, or by the venues a vendor's total is of [USD].
    state, state_scale, state_scale_source
        Market state by the table, the factor on the whole market's thresholds, and what that is from.
    oi_change_native, oi_change
        Change of open interest in contracts since the hour before the heaviest one, and as a share.
    funding_8h, funding_spike
        Newest rate per 8 hours (fraction), and whether it is extreme in its own history.
    spread, depth_usd
        Of the book: fraction of the middle; ``{distance: (bid, ask)}`` [USD], None beyond what was seen.
    price_change
        Of the reference price over the 24 hours.
    """

    as_of_ns: int
    total_usd: float | None = None
    long_usd: float | None = None
    short_usd: float | None = None
    ratio: float | None = None
    ratio_word: str | None = None
    largest_usd: float | None = None
    largest_venue: str | None = None
    largest_position: str | None = None
    whale: bool | None = None
    by_venue: dict[str, float] = field(default_factory=dict)
    state: str | None = None
    state_scale: float | None = None
    state_scale_source: str = ""
    oi_change_native: float | None = None
    oi_change: float | None = None
    funding_8h: float | None = None
    funding_spike: bool | None = None
    spread: float | None = None
    depth_usd: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def market_state(total_usd: float, settings: Settings, *, scale: float = 1.0) -> str:
    """Return calm, normal, elevated, high or extreme; ``scale`` is the asset's share of the whole market.

    Examples
    --------
    >>> from liqatlas.signals.settings import load_settings
    >>> market_state(120e6, load_settings()), market_state(120e6, load_settings(), scale=0.1)
    ('normal', 'extreme')
    """
    bounds = tuple(b * scale for b in settings.states.bounds_usd)
    return grade(total_usd, bounds, settings.states.names)


def ratio_word(long_usd: float, short_usd: float, settings: Settings) -> tuple[float | None, str]:
    """Return longs over shorts and what guides call it; None where no short was liquidated."""
    rules = settings.states
    if short_usd <= 0:
        return None, "longs squeezed" if long_usd > 0 else "nothing liquidated"
    ratio = long_usd / short_usd
    word = (
        "longs squeezed"
        if ratio > rules.ratio_longs_squeezed
        else "shorts squeezed"
        if ratio < rules.ratio_shorts_squeezed
        else "both sides"
    )
    return ratio, word


def day_metrics(
    recordings: Sequence[Recording],
    settings: Settings,
    *,
    as_of_ns: int,
    open_interest_usd: float,
    book: BookView | None,
) -> DayMetrics:
    """Return the metrics of the 24 hours before a moment."""
    missing: dict[str, str] = {}
    values: dict[str, Any] = {}
    values |= _liquidated(recordings, settings, as_of_ns, open_interest_usd, missing)
    values |= _largest(recordings, settings, as_of_ns, missing)
    values |= _interest(recordings, as_of_ns, missing)
    values |= _funding(recordings, settings, as_of_ns, missing)
    if book is None:
        missing |= {"spread": "no book", "depth_usd": "no book"}
    else:
        values["spread"] = book.spread
        values["depth_usd"] = {f"{d:g}": _depth(book, d) for d in settings.states.depth_distances}
    return DayMetrics(as_of_ns=as_of_ns, missing=missing, **values)


def asset_scale(
    recordings: Sequence[Recording], settings: Settings, *, as_of_ns: int, open_interest_usd: float
) -> tuple[float | None, str]:
    """Return the factor on the whole market's thresholds for an asset, and where it is from; None where nothing gives one.

    The asset's own past decides: its median day of liquidations over the whole market's. With fewer than ``scale_least_days``
    past days its share of open interest stands in.
    """
    rules = settings.states
    rows = per_venue(recordings, as_of_ns=as_of_ns - DAY_NS, days=rules.scale_days)
    day = (as_of_ns - DAY_NS - 1 - pl.col("ts_open_ns")) // DAY_NS
    days = (
        rows.group_by(day.alias("day"))
        .agg((pl.col("long_usd") + pl.col("short_usd")).sum().alias("usd"))["usd"]
        .to_numpy()
    )
    if len(days) >= rules.scale_least_days and np.median(days) > 0:
        return float(np.median(days)) / rules.median_day_usd, f"the median of its own {len(days)} past days"
    if open_interest_usd > 0:
        return min(1.0, open_interest_usd / rules.reference_open_interest_usd), "its share of open interest"
    return None, ""


def _depth(book: BookView, distance: float) -> tuple[float | None, float | None]:
    bid, ask = book.within("long", distance), book.within("short", distance)
    return (bid[0] if bid[1] else None), (ask[0] if ask[1] else None)


def _liquidated(
    recordings: Sequence[Recording],
    settings: Settings,
    as_of_ns: int,
    open_interest_usd: float,
    missing: dict[str, str],
) -> dict[str, Any]:
    if not has_liquidations(recordings):
        missing["total_usd"] = "no liquidation prints or totals in the data"
        return {}
    rows = per_venue(recordings, as_of_ns=as_of_ns, days=1.0)
    long_usd, short_usd = float(rows["long_usd"].sum()), float(rows["short_usd"].sum())
    ratio, word = ratio_word(long_usd, short_usd, settings)
    by = (
        rows.group_by("venue")
        .agg((pl.col("long_usd") + pl.col("short_usd")).sum().alias("usd"))
        .sort("usd", descending=True)
    )
    scale, source = asset_scale(recordings, settings, as_of_ns=as_of_ns, open_interest_usd=open_interest_usd)
    if scale is None:
        missing["state"] = "no past days and no open interest to scale the thresholds by"
    return {
        "total_usd": long_usd + short_usd, "long_usd": long_usd, "short_usd": short_usd, "ratio": ratio, "ratio_word": word,
        "by_venue": dict(zip(by["venue"].to_list(), by["usd"].to_list(), strict=True)), "state_scale": scale, "state_scale_source": source,
        "state": None if scale is None else market_state(long_usd + short_usd, settings, scale=scale),
    }  # fmt: skip


def _largest(
    recordings: Sequence[Recording], settings: Settings, as_of_ns: int, missing: dict[str, str]
) -> dict[str, Any]:
    best: tuple[float, str, str] | None = None
    for recording in recordings:
        prints = recording.liquidations.filter(
            (pl.col("ts_event_ns") > as_of_ns - DAY_NS) & (pl.col("ts_event_ns") <= as_of_ns)
        )
        if prints.height:
            row = prints.sort("notional_usd")[-1]
            found = (float(row["notional_usd"][0]), recording.instrument.venue, str(row["liquidated"][0]))
            best = max(best, found) if best else found
    if best is None:
        missing["largest_usd"] = "no single prints in the last 24 hours"
        return {}
    return {
        "largest_usd": best[0],
        "largest_venue": best[1],
        "largest_position": best[2],
        "whale": best[0] > settings.states.whale_usd,
    }


def _interest(recordings: Sequence[Recording], as_of_ns: int, missing: dict[str, str]) -> dict[str, Any]:
    """Return the change of open interest in contracts since the hour before the heaviest hour of the day."""
    rows = per_venue(recordings, as_of_ns=as_of_ns, days=1.0)
    held = next((r for r in recordings if r.open_interest.height), None)
    if held is None or rows.is_empty():
        missing["oi_change"] = "no open interest" if held is None else "no liquidations in the last 24 hours"
        return {}
    hours = (
        rows.group_by("ts_open_ns")
        .agg((pl.col("long_usd") + pl.col("short_usd")).sum().alias("usd"))
        .sort("usd")
    )
    start = int(hours[-1, "ts_open_ns"])
    interest = held.open_interest
    before = interest.filter(pl.col("ts_event_ns") <= start)
    now = interest.filter(
        (pl.col("ts_event_ns") <= as_of_ns) & (pl.col("ts_event_ns") >= start + HOUR_NS // 2)
    )
    if before.is_empty() or now.is_empty() or not before[-1, "oi_native"] > 0:
        missing["oi_change"] = "no open interest before and after the heaviest hour"
        return {}
    change = float(now[-1, "oi_native"] - before[-1, "oi_native"])
    return {"oi_change_native": change, "oi_change": change / float(before[-1, "oi_native"])}


def _funding(
    recordings: Sequence[Recording], settings: Settings, as_of_ns: int, missing: dict[str, str]
) -> dict[str, Any]:
    held = next((r for r in recordings if r.funding.height), None)
    known = held.until(as_of_ns).funding if held else None
    if known is None or known.is_empty():
        missing["funding_8h"] = "no funding rates"
        return {}
    rates = (known["funding_rate"] * 8.0 / known["interval_h"]).to_numpy()
    rules = settings.panel
    if len(rates) <= rules.funding_least_history:
        missing["funding_spike"] = (
            f"{len(rates)} rates are known, {rules.funding_least_history} past ones are needed"
        )
        return {"funding_8h": float(rates[-1])}
    bound = float(np.quantile(np.abs(rates[:-1]), rules.funding_quantile))
    return {"funding_8h": float(rates[-1]), "funding_spike": bool(abs(rates[-1]) > bound)}
