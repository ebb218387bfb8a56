"""Maps and heatmaps as JSON-ready trees and tables: a stable, documented schema (docs/reference/json.md)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import NS_PER_S, format_window, isoformat
from liqatlas.maps.head import LONG, SHORT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.head import Coverage, Head, SideCoverage
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap

SCHEMA_VERSION = 1


def _number(value: float) -> float | None:
    """Return a number fit for JSON: NaN and infinity are null; 10 significant digits are kept."""
    return float(f"{value:.10g}") if math.isfinite(value) else None


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [_number(float(v)) for v in values]


def _side(side: SideCoverage) -> dict[str, float | None]:
    return {
        "open_interest_usd": _number(side.open_interest_usd),
        "explained_usd": _number(side.explained_usd),
        "outside_window_usd": _number(side.outside_window_usd),
        "older_than_history_usd": _number(side.older_usd),
        "no_reachable_level_usd": _number(side.unreachable_usd),
        "unseen_usd": _number(side.unseen_usd),
        "observed_usd": _number(side.observed_usd),
    }


def coverage_tree(coverage: Coverage | None) -> dict[str, Any] | None:
    """Return how much of open interest a result explains or has seen."""
    if coverage is None:
        return None
    return {
        "share": _number(coverage.share),
        "observed_share": _number(coverage.observed_share),
        "long": _side(coverage.long),
        "short": _side(coverage.short),
        "by_distance": [
            {
                "low": b.low,
                "high": _number(b.high),
                "long_share": _number(b.long_share),
                "short_share": _number(b.short_share),
                "long_usd": _number(b.long_usd),
                "short_usd": _number(b.short_usd),
                "accounts": b.accounts,
            }
            for b in coverage.by_distance
        ],
    }


def head_tree(head: Head) -> dict[str, Any]:
    """Return the head that every JSON result begins with."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": head.kind,
        "quantity": head.quantity,
        "simulated": head.simulated,
        "unit": head.unit,
        "asset": head.asset,
        "as_of": isoformat(head.as_of_ns),
        "window": format_window(head.window_ns),
        "price": _number(head.price),
        "reference": head.reference,
        "open_interest_usd": _number(head.open_interest_usd),
        "coverage": coverage_tree(head.coverage),
        "lookahead": head.lookahead,
        "prints_scope": head.prints_scope,
        "identified_distance": _number(head.identified_distance),
        "venues": [
            {
                "venue": v.venue,
                "symbol": v.symbol,
                "quote": v.quote,
                "settle": v.settle,
                "unit": v.unit,
                "price": _number(v.price),
                "price_source": v.price_source,
                "open_interest_usd": _number(v.open_interest_usd),
                "last_ts": isoformat(v.last_ts_ns),
                "age_s": _number((head.as_of_ns - v.last_ts_ns) / NS_PER_S),
                "mark_source": v.mark_source,
                "entry_source": v.entry_source,
            }
            for v in head.venues
        ],
        "model": {
            "name": head.model.name,
            "version": head.model.version,
            "calibration": head.model.calibration,
            "parameters": head.model.parameters,
        },
        "warnings": list(head.warnings),
    }


def map_tree(result: LiquidationMap) -> dict[str, Any]:
    """Return a map as JSON-ready data: head, ``bins`` and ``cumulative``; bins without mass are kept."""
    by_venue, by_leverage = result.by_venue(), result.by_leverage()
    long_usd, short_usd, edges = result.long_usd, result.short_usd, result.price_edges

    def split(parts: dict[str, NDArray[np.float64]], i: int) -> dict[str, Any]:
        return {
            name: {"long_usd": _number(float(a[LONG, i])), "short_usd": _number(float(a[SHORT, i]))}
            for name, a in parts.items()
            if a[LONG, i] > 0 or a[SHORT, i] > 0
        }

    curve, band = result.cumulative(), result.cumulative_band
    uncertainty = (
        {}
        if band is None
        else {
            "cumulative_band": {
                "share": band.share,
                "price": _numbers(band.price),
                "long_low_usd": _numbers(band.long_low),
                "long_high_usd": _numbers(band.long_high),
                "short_low_usd": _numbers(band.short_low),
                "short_high_usd": _numbers(band.short_high),
            }
        }
    )
    return {
        **head_tree(result.head),
        "totals": {"long_usd": _number(float(long_usd.sum())), "short_usd": _number(float(short_usd.sum()))},
        "bins": [
            {
                "price_low": _number(float(edges[i])),
                "price_high": _number(float(edges[i + 1])),
                "long_usd": _number(float(long_usd[i])),
                "short_usd": _number(float(short_usd[i])),
                "by_venue": split(by_venue, i),
                "by_leverage": split(by_leverage, i),
            }
            for i in range(len(edges) - 1)
        ],
        "cumulative": {
            "price": _numbers(curve.price),
            "long_usd": _numbers(curve.long_usd),
            "short_usd": _numbers(curve.short_usd),
        },
        **uncertainty,
    }


def heatmap_tree(result: Heatmap, *, cells: bool = True) -> dict[str, Any]:
    """Return a heatmap as JSON-ready data; ``long_usd[t][b]`` follows ``times`` and ``price_edges``, where cells are wanted."""
    amounts = {
        "long_usd": np.round(result.long_usd, 2).tolist(),
        "short_usd": np.round(result.short_usd, 2).tolist(),
    } if cells else {}  # fmt: skip
    return {
        **head_tree(result.head),
        "times": [isoformat(int(t)) for t in result.times_ns],
        "price_edges": _numbers(result.price_edges),
        **amounts,
        "candles": [
            {
                "time_open": isoformat(row["ts_open_ns"]),
                "time_close": isoformat(row["ts_close_ns"]),
                **{k: _number(row[k]) for k in ("open", "high", "low", "close")},
            }
            for row in result.candles.iter_rows(named=True)
        ],
        "prints": [
            {
                "time": isoformat(row["ts_event_ns"]),
                "venue": row["venue"],
                "liquidated": row["liquidated"],
                "price": _number(row["price"]),
                "notional_usd": _number(row["notional_usd"]),
            }
            for row in result.prints.iter_rows(named=True)
        ],
    }


def heatmap_table(result: Heatmap) -> pl.DataFrame:
    """Return one row per cell that holds mass: ``ts_ns, price_low, price_high, long_usd, short_usd``."""
    time, row = np.nonzero((result.long_usd > 0) | (result.short_usd > 0))
    return pl.DataFrame(
        {
            "ts_ns": result.times_ns[time],
            "price_low": result.price_edges[row],
            "price_high": result.price_edges[row + 1],
            "long_usd": result.long_usd[time, row],
            "short_usd": result.short_usd[time, row],
        }
    )
