"""The measured heatmap: how the published levels lay at each snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import DAY_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.maps.binning import default_range, edges_by_count
from liqatlas.maps.heatmap import Heatmap
from liqatlas.maps.measured import MeasuredTerms, measured_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.maps.columns import HeatmapSize
    from liqatlas.maps.measured_holdings import Holdings

#: In a column an account counts by its newest snapshot of this long before.
COLUMN_REACH_NS = DAY_NS


def measured_heatmap(
    holdings: Holdings, instruments: Sequence[Instrument], terms: MeasuredTerms, size: HeatmapSize
) -> Heatmap:
    """Return one column per snapshot moment of the window, at most ``size.columns``, the newest kept.

    Each column is the map as of its moment from what was known then; the candle of a column is the mark between it and the one
    before, as far as the snapshots show it.

    Raises
    ------
    NotEnoughDataError
        If the window holds fewer than two snapshot moments.
    """
    frame = holdings.frame
    inside = frame.filter(
        pl.col("ts_event_ns").is_between(terms.as_of_ns - terms.window_ns, terms.as_of_ns, closed="right")
        & pl.struct("venue", "symbol").is_in([{"venue": o.venue, "symbol": o.symbol} for o in instruments])
    )
    moments = inside["ts_event_ns"].unique().sort().to_numpy()
    if len(moments) < 2:
        raise NotEnoughDataError(
            f"a heatmap needs two snapshots in the window and there are {len(moments)}; ask for a longer --window"
        )
    kept = moments[
        np.unique(np.linspace(0, len(moments) - 1, min(size.columns, len(moments))).round().astype(int))
    ]
    owners = inside.select("venue", "account").unique()  # nobody else changes a column
    holdings = replace(
        holdings, frame=frame.join(owners, on=["venue", "account"], how="semi", maintain_order="left")
    )
    maps = [
        measured_map(
            holdings.until(int(moment)),
            instruments,
            replace(terms, as_of_ns=int(moment), window_ns=min(terms.window_ns, COLUMN_REACH_NS)),
        )
        for moment in kept
    ]
    prices = np.array([one.head.price for one in maps])
    low, high = default_range(maps[-1])
    edges = edges_by_count(
        float(prices[-1]), min(low, prices.min() * 0.9), max(high, prices.max() * 1.1), size.rows
    )
    columns = [one.rebin(edges) for one in maps]
    newest = maps[-1].head
    note = (
        "columns are snapshots, not equally spaced; an account counts in a column by its snapshot of at most a day before",
        *newest.warnings,
    )
    return Heatmap(
        replace(newest, window_ns=terms.window_ns, warnings=note),
        kept.astype(np.int64),
        edges,
        np.array([one.long_usd for one in columns]),
        np.array([one.short_usd for one in columns]),
        _candles(kept, prices),
        _no_prints(),
    )


def _candles(moments: np.ndarray, prices: np.ndarray) -> pl.DataFrame:
    """Return one candle per column: from the mark of the column before to its own; nothing is known in between."""
    before = np.concatenate((prices[:1], prices[:-1]))
    start = np.concatenate((moments[:1] - (moments[1] - moments[0]), moments[:-1]))
    return pl.DataFrame(
        {
            "ts_open_ns": start.astype(np.int64), "ts_close_ns": moments.astype(np.int64), "open": before,
            "high": np.maximum(before, prices), "low": np.minimum(before, prices), "close": prices,
        }
    )  # fmt: skip


def _no_prints() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "ts_event_ns": pl.Int64(), "liquidated": pl.String(), "price": pl.Float64(), "notional_usd": pl.Float64(),
            "venue": pl.String(),
        }
    )  # fmt: skip
