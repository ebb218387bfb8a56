"""Open interest given in USD alone → native quantity, by the price at hand."""

from __future__ import annotations

import polars as pl

from liqatlas.base.clock import HOUR_NS

_REACH_NS = 3 * HOUR_NS


def with_native(tables: dict[str, pl.DataFrame], sides: int = 1) -> list[str]:
    """Fill ``oi_native`` and ``oi_published`` of samples that have only ``oi_usd``, in place; return what to say of it.

    ``oi_usd`` is one-sided, ``oi_published`` counts as many sides as the venue does. The price is the latest bar's close, mark or mark of a position at most three hours before the sample; a sample without one is left out.
    """
    interest = tables.get("open_interest")
    if interest is None:
        return []
    counted = interest.filter(pl.col("oi_native").is_not_null()) if "oi_native" in interest.columns else None
    valued = interest if counted is None else interest.filter(pl.col("oi_native").is_null())
    if valued.is_empty():
        return []
    filled = _filled(valued, tables, sides)
    lost = valued.height - filled.height
    parts = [part for part in (counted, filled) if part is not None and part.height]
    if parts:
        tables["open_interest"] = pl.concat(parts, how="diagonal_relaxed").sort(
            "ts_event_ns", maintain_order=True
        )
    else:
        del tables["open_interest"]
    told = []
    if filled.height:
        told.append("open_interest: the source gives USD; coins are USD divided by the latest price")
    if lost and filled.height:
        told.append(f"open_interest: {lost:,} samples without a price near them are left out")
    elif lost:
        told.append(f"open_interest: {lost:,} samples in USD are left out, as no price turns them into coins")
    return told


def _filled(valued: pl.DataFrame, tables: dict[str, pl.DataFrame], sides: int) -> pl.DataFrame:
    """Return the samples in USD that have a price near them, with their native quantity."""
    prices = []
    sources = (
        ("bars", "ts_close_ns", "close"),
        ("marks", "ts_event_ns", "mark_price"),
        ("positions", "ts_event_ns", "mark_price"),
    )
    for name, time, column in sources:
        frame = tables.get(name)
        if frame is not None and not frame.is_empty():
            prices.append(frame.select(pl.col(time).alias("ts_event_ns"), pl.col(column).alias("_price")))
    if not prices:
        return valued.clear()
    joined = valued.sort("ts_event_ns").join_asof(
        pl.concat(prices).sort("ts_event_ns"), on="ts_event_ns", strategy="backward", tolerance=_REACH_NS
    )
    native = (pl.col("oi_usd") / pl.col("_price")).alias("oi_native")
    return (
        joined.filter(pl.col("_price").is_not_null())
        .with_columns(native, (native * sides).alias("oi_published"))
        .drop("_price")
    )
