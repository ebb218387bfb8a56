"""Liquidation prints: all that happened, and what a venue lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import NS_PER_S
from liqatlas.simulate.kernels_state import ADL, FILL_KINDS, LIQUIDATION, PARTIAL
from liqatlas.simulate.tape import coin_fills, labels, moment_ns

if TYPE_CHECKING:
    from liqatlas.simulate.config import PrintRule, SimulatedVenue, SimulationConfig
    from liqatlas.simulate.kernels_state import World

#: What each rule publishes, in the words of ``Recording.prints_scope``.
PRINT_SCOPES: dict[PrintRule, str] = {
    "all": "all liquidation orders of this venue",
    "last_per_second": "the last liquidation order of each second (as Binance publishes)",
    "first_per_second": "at most one liquidation order per second (as OKX publishes)",
}


def true_prints(config: SimulationConfig, venue: SimulatedVenue, world: World, *, coin: int) -> pl.DataFrame:
    """Return every liquidation order of the recording before any thinning, in order of time.

    Columns of ``schemas.LIQUIDATIONS`` and ``position_id``, ``method`` (liquidation, partial_liquidation or adl),
    ``liquidation_price`` [quote].
    """
    fills = coin_fills(world, coin)
    recorded = fills["ms"] >= config.warmup_steps * config.step_ms
    fills = fills[recorded & np.isin(fills["kind"], (LIQUIDATION, PARTIAL, ADL))]
    fills = fills[np.argsort(fills["ms"], kind="stable")]
    what = config.coins[coin]
    per_quote, per_coin = float(1 / what.tick_size), float(1 / what.lot_size)
    off_book = fills["kind"] == ADL
    at_bankruptcy = off_book | np.full(len(fills), venue.print_price == "bankruptcy")
    bankruptcy = np.maximum(np.rint(fills["bankruptcy"] * per_quote), 1.0)
    price = np.where(at_bankruptcy, bankruptcy, fills["ticks"]) / per_quote
    quantity = fills["lots"] / per_coin
    long = world.positions["direction"][fills["position"]] > 0
    return pl.DataFrame(
        {
            "ts_event_ns": moment_ns(config, fills["ms"]),
            "liquidated": labels(~long, schemas.POSITION),
            "price": price,
            "price_kind": labels(at_bankruptcy, schemas.PRINT_PRICE_KIND),
            "qty_native": quantity,
            "notional_usd": quantity * price,
            "mark_price": world.mark[coin, fills["ms"] // config.step_ms],
            "position_id": fills["position"],
            "method": labels(fills["kind"], pl.Enum(FILL_KINDS)),
            "liquidation_price": fills["level"],
        }
    )


def published(prints: pl.DataFrame, rule: PrintRule) -> pl.DataFrame:
    """Return the prints of one symbol that a venue lets through, as ``schemas.LIQUIDATIONS``.

    Seconds are those of the clock. Binance pushes the newest order of each symbol and 1000 ms; OKX's older guide spoke of at
    most one order per contract and second without saying which, here it is the first.

    Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Liquidation-Order-Streams,
    read 2026-11-22; the older OKX text is known from third parties only.
    """
    if rule != "all":
        second = pl.col("ts_event_ns") // NS_PER_S
        chosen = pl.int_range(pl.len()).over(second) == (
            pl.len().over(second) - 1 if rule == "last_per_second" else 0
        )
        prints = prints.filter(chosen)
    return schemas.LIQUIDATIONS.conform(prints)
