"""Hyperliquid position samples (Parquet), and the official 2023 sample of users' fills, which is no tape.

One row a position and snapshot: ``snap`` is the snapshot's moment, ``direction`` Long or Short, ``size`` in coins. The file's
``account_value`` is a leaderboard's figure and not the equity that backs the position, so it is not taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.venues.importers.pieces import Counts, Piece, judge
from liqatlas.venues.importers.recognition import Format, found

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_VENUE = "hyperliquid"
_NEEDS = {"snap", "address", "coin", "direction", "size", "entrypx", "leverage", "liquidationpx", "mark"}
_SAMPLES = {
    ("time", "user", "coin", "side", "px", "sz", "crossed"): "fills of a sample of users, not all trades",
    (
        "time",
        "user",
        "liquidated_ntl_pos",
        "liquidated_account_value",
        "leverage_type",
    ): "liquidations without coin and price",
    ("time", "user", "delta_usd"): "transfers of a sample of users",
}


def _match(head: Head) -> Recognised | None:
    if head.schema and set(head.schema) >= _NEEDS:
        return found(
            head, format="hyperliquid_positions", title="Hyperliquid position sample", venue=_VENUE, tables=("positions",),
            how="by columns", details={"several": True},
        )  # fmt: skip
    if head.columns in _SAMPLES:
        return found(
            head, format="hyperliquid_2023", title="Hyperliquid user sample of 2023", venue=_VENUE, tables=(),
            how="by columns", unused=_SAMPLES[head.columns], details={"several": True},
        )  # fmt: skip
    return None


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    if known.unused or not wanted.takes_table("positions"):
        return []
    frame = pl.read_parquet(source.path)
    rows = frame.select(
        pl.col("snap")
        .str.to_datetime("%Y%m%dT%H%M%SZ", time_unit="ns", strict=False)
        .dt.epoch("ns")
        .alias("ts_event_ns"),
        pl.col("address").alias("account"),
        "coin",
        pl.col("direction").str.to_lowercase().alias("position"),
        pl.col("size").alias("qty_native"),
        pl.col("entryPx").alias("entry_price"),
        pl.col("mark").alias("mark_price"),
        "leverage",
        pl.col("leverageType").alias("margin_mode"),
        pl.col("liquidationPx").alias("liquidation_price"),
        pl.col("unrealizedPnl").alias("unrealised_pnl_usd"),
    )
    sound = rows.filter(
        pl.col("ts_event_ns").is_not_null()
        & pl.col("position").is_in(["long", "short"])
        & (pl.col("qty_native") > 0)
        & (pl.col("entry_price") > 0)
    )
    bad = rows.height - sound.height
    counts = Counts(
        sound.height, bad, bad_reason="time, direction, size or entry price cannot be" if bad else ""
    )
    warnings = judge(source, counts)
    pieces = [
        Piece(
            venue=_VENUE,
            symbol=str(coin),
            table="positions",
            frame=mine.drop("coin"),
            title=known.title,
            label=source.label,
            counts=counts,
        )
        for (coin,), mine in sound.group_by(["coin"], maintain_order=True)
    ]
    pieces[0] = pieces[0].told(warnings)
    return pieces


FORMATS = (Format("hyperliquid_positions", "Hyperliquid position samples", _match, _read),)
