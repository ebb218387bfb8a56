"""What files of positions say of accounts, for the lake's registry: whom they hold, how large, how near, who holds nothing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.account_tables import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.store import Lake


def note_accounts(lake: Lake, recordings: Sequence[Recording]) -> None:
    """Note the accounts of recordings in the registry, each by its newest snapshot; what a later scan found stays."""
    of_accounts = [r for r in recordings if not (r.positions.is_empty() and r.emptied.is_empty())]
    by_venue = groupby(
        sorted(of_accounts, key=lambda r: r.instrument.venue), key=lambda r: r.instrument.venue
    )
    for venue, group in by_venue:
        mine = list(group)
        emptied = pl.concat([r.emptied for r in mine]).unique()
        lake.accounts.put(venue, _accounts(mine, emptied), emptied)


def _accounts(recordings: Sequence[Recording], emptied: pl.DataFrame) -> pl.DataFrame:
    """Return the newest state of every account in the schema of the registry."""
    usd = pl.col("qty_native") * pl.col("mark_price")
    away = (pl.col("liquidation_price") / pl.col("mark_price") - 1).abs()
    every = pl.concat([r.positions.select("ts_event_ns", "account", usd=usd, away=away) for r in recordings])
    held = every.group_by("ts_event_ns", "account").agg(
        pl.col("usd").sum().alias("notional_usd"),
        pl.col("away").min().fill_null(float("inf")).alias("distance"),
    )
    nothing = emptied.select("ts_event_ns", "account").with_columns(
        notional_usd=pl.lit(0.0), distance=pl.lit(float("inf"))
    )
    newest = (
        pl.concat([held.select(nothing.columns), nothing])
        .sort("ts_event_ns", "account")
        .unique("account", keep="last", maintain_order=True)
    )
    outcome = (
        pl.when(pl.col("notional_usd") > 0)
        .then(pl.lit("holds positions"))
        .otherwise(pl.lit("holds no position"))
    )
    return ACCOUNTS.conform(
        newest.with_columns(
            found_in=pl.lit("states"),
            outcome=outcome,
            last_seen_ns="ts_event_ns",
            last_tried_ns="ts_event_ns",
            traded_ns=pl.lit(0),
            failures=pl.lit(0),
            hint_usd=pl.lit(0.0),
        )
    )
