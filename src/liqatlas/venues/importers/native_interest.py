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
    if interest is None or "oi_native" in interest.columns:
        return []
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
        del tables["open_interest"]
        return [
            f"open_interest: {interest.height:,} samples in USD are left out, as no price turns them into coins"
        ]
    joined = interest.sort("ts_event_ns").join_asof(
        pl.concat(prices).sort("ts_event_ns"), on="ts_event_ns", strategy="backward", tolerance=_REACH_NS
    )
    native = (pl.col("oi_usd") / pl.col("_price")).alias("oi_native")
    filled = joined.filter(pl.col("_price").is_not_null()).with_columns(
        native, (native * sides).alias("oi_published")
    )
    tables["open_interest"] = filled.drop("_price")
    lost = interest.height - filled.height
    told = ["open_interest: the source gives USD; coins are USD divided by the latest price"]
    return (
        [*told, f"open_interest: {lost:,} samples without a price near them are left out"] if lost else told
    )
