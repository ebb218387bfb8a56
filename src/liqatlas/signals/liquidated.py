"""Liquidations per hour over several recordings: vendor totals where there are any, else single prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import DAY_NS, HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording

_SCHEMA = {
    "ts_open_ns": pl.Int64(),
    "long_usd": pl.Float64(),
    "short_usd": pl.Float64(),
    "venue": pl.String(),
}


def hourly_liquidations(recordings: Sequence[Recording], *, as_of_ns: int, days: float) -> pl.DataFrame:
    """Return ``ts_open_ns, long_usd, short_usd`` per UTC hour with any liquidation, all recordings together."""
    rows = per_venue(recordings, as_of_ns=as_of_ns, days=days)
    return (
        rows.group_by("ts_open_ns")
        .agg(pl.col("long_usd").sum(), pl.col("short_usd").sum())
        .sort("ts_open_ns")
    )


def per_venue(recordings: Sequence[Recording], *, as_of_ns: int, days: float) -> pl.DataFrame:
    """Return ``ts_open_ns, long_usd, short_usd, venue``; a vendor's totals carry the venues they are of as their name."""
    parts = [pl.DataFrame(schema=_SCHEMA)]
    start = as_of_ns - round(days * DAY_NS)
    for recording in recordings:
        known, scope = recording.until(as_of_ns), recording.prints_scope or recording.instrument.venue
        if known.liquidation_bars.height:
            bars = known.liquidation_bars.filter(pl.col("ts_close_ns") > start)
            hour = (pl.col("ts_close_ns") - 1) // HOUR_NS * HOUR_NS
            parts.append(
                bars.select(hour.alias("ts_open_ns"), "long_usd", "short_usd", pl.lit(scope).alias("venue"))
            )
        elif known.liquidations.height:
            prints = known.liquidations.filter(pl.col("ts_event_ns") > start)
            long = pl.col("liquidated") == "long"
            parts.append(
                prints.select(
                    (pl.col("ts_event_ns") // HOUR_NS * HOUR_NS).alias("ts_open_ns"),
                    pl.when(long).then("notional_usd").otherwise(0.0).alias("long_usd"),
                    pl.when(long).then(0.0).otherwise(pl.col("notional_usd")).alias("short_usd"),
                    pl.lit(scope).alias("venue"),
                )
            )
    return pl.concat(parts, how="vertical_relaxed")


def has_liquidations(recordings: Sequence[Recording]) -> bool:
    """Return whether any recording holds prints or totals at all."""
    return any(r.liquidation_bars.height or r.liquidations.height for r in recordings)
