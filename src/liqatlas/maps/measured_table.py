"""The positions table: who holds what, how far from liquidation, in which cohort, and what changed since the snapshot before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from liqatlas.base.clock import NS_PER_S
from liqatlas.maps.measured_holdings import ACCOUNT

if TYPE_CHECKING:
    from liqatlas.maps.measured_holdings import Holdings

SortKey = Literal["size", "distance", "leverage", "position", "pnl", "age"]
#: Bounds of an account's notional [USD] over all its coins.
SIZE_BOUNDS = (0.0, 1e5, 1e6, 1e7, 1e8, float("inf"))
#: From this notional [USD] an account is called a whale.
WHALE_USD = 1e7
#: A level counts as moved where it is this much further away or nearer.
MOVED = 0.02

_SORT: dict[str, tuple[str, bool]] = {
    "size": ("notional_usd", True),
    "distance": ("distance", False),
    "leverage": ("leverage", True),
    "position": ("position", False),
    "pnl": ("unrealised_pnl_usd", True),
    "age": ("age_s", True),
}


def positions_table(
    holdings: Holdings, *, as_of_ns: int, window_ns: int, asset: str = "", sort: SortKey = "size"
) -> pl.DataFrame:
    """Return one row per position of each account's newest snapshot.

    Columns: ``account, venue, symbol, asset, position, notional_usd`` (at the snapshot's mark), ``account_usd`` (over all coins),
    ``qty_native, entry_price, mark_price, liquidation_price, distance`` (share of the mark, null where no level is reachable),
    ``leverage, margin_mode, unrealised_pnl_usd, age_s, ts_event_ns, whale, passed`` (the newest mark of the coin lies beyond the
    level, so the position is gone or its level has moved since its snapshot).
    """
    seen = holdings.newest(as_of_ns=as_of_ns, window_ns=window_ns)
    level = pl.when(pl.col("level").is_finite() & ~pl.col("wrong_side")).then(pl.col("level"))
    rows = (
        seen.with_columns(
            notional_usd=pl.col("qty_native") * pl.col("mark_price"),
            liquidation_price=level,
            age_s=(as_of_ns - pl.col("ts_event_ns")) / NS_PER_S,
            unrealised_pnl_usd=pl.coalesce(
                "unrealised_pnl_usd",
                pl.col("direction") * pl.col("qty_native") * (pl.col("mark_price") - pl.col("entry_price")),
            ),
        )
        .with_columns(
            account_usd=pl.col("notional_usd").sum().over("venue", "account"),
            distance=(pl.col("liquidation_price") / pl.col("mark_price") - 1).abs(),
        )
        .with_columns(
            whale=pl.col("account_usd") >= WHALE_USD,
            passed=(pl.col("direction") * (_newest_mark() - pl.col("liquidation_price")) <= 0).fill_null(
                value=False
            ),
        )
    )
    if asset:
        rows = rows.filter(pl.col("asset") == asset)
    column, descending = _SORT[sort]
    return rows.sort([column, "notional_usd"], descending=[descending, True], nulls_last=True).select(
        "account", "venue", "symbol", "asset", "position", "notional_usd", "account_usd", "qty_native", "entry_price",
        "mark_price", "liquidation_price", "distance", "leverage", "margin_mode", "unrealised_pnl_usd", "age_s", "ts_event_ns",
        "whale", "passed",
    )  # fmt: skip


def _newest_mark() -> pl.Expr:
    return pl.col("mark_price").sort_by("ts_event_ns").last().over("venue", "symbol")


def size_cohorts(table: pl.DataFrame) -> pl.DataFrame:
    """Return amounts by the size of the account: ``low_usd, high_usd, accounts, positions, long_usd, short_usd, near_usd``.

    ``near_usd`` is what lies within 10 % of its liquidation price.
    """
    bounds = pl.DataFrame({"low_usd": SIZE_BOUNDS[:-1], "high_usd": SIZE_BOUNDS[1:]})
    cohort = pl.lit(0)
    for i, low in enumerate(SIZE_BOUNDS[1:-1], start=1):
        cohort = pl.when(pl.col("account_usd") >= low).then(i).otherwise(cohort)
    counted = table.with_columns(cohort=cohort).group_by("cohort").agg(*_amounts())
    return (
        bounds.with_row_index("cohort").with_columns(pl.col("cohort").cast(pl.Int32))
        .join(counted.with_columns(pl.col("cohort").cast(pl.Int32)), on="cohort", how="left")
        .drop("cohort").fill_null(0)
    )  # fmt: skip


def pnl_cohorts(table: pl.DataFrame) -> pl.DataFrame:
    """Return amounts by the unrealised profit as a share of entry value: losing much, losing, even, winning, winning much."""
    share = pl.col("unrealised_pnl_usd") / (pl.col("qty_native") * pl.col("entry_price"))
    named = (
        pl.when(share < -0.2).then(pl.lit("loss over 20 %"))
        .when(share < -0.02).then(pl.lit("loss 2 to 20 %"))
        .when(share <= 0.02).then(pl.lit("within 2 %"))
        .when(share <= 0.2).then(pl.lit("profit 2 to 20 %"))
        .otherwise(pl.lit("profit over 20 %"))
    )  # fmt: skip
    order = ["loss over 20 %", "loss 2 to 20 %", "within 2 %", "profit 2 to 20 %", "profit over 20 %"]
    counted = table.with_columns(cohort=named).group_by("cohort").agg(*_amounts())
    return (
        pl.DataFrame({"cohort": order})
        .join(counted, on="cohort", how="left", maintain_order="left")
        .fill_null(0)
    )


def margin_split(table: pl.DataFrame) -> pl.DataFrame:
    """Return amounts by margin mode; ``not told`` where the source does not say."""
    return (
        table.with_columns(margin_mode=pl.col("margin_mode").fill_null("not told"))
        .group_by("margin_mode").agg(*_amounts()).sort("margin_mode")
    )  # fmt: skip


def _amounts() -> tuple[pl.Expr, ...]:
    usd, long = pl.col("notional_usd"), pl.col("position") == "long"
    return (
        pl.struct("venue", "account").n_unique().alias("accounts"),
        pl.len().alias("positions"),
        usd.filter(long).sum().alias("long_usd"),
        usd.filter(~long).sum().alias("short_usd"),
        usd.filter(pl.col("distance") <= 0.1).sum().alias("near_usd"),
    )


def changes(holdings: Holdings, *, as_of_ns: int, window_ns: int, asset: str = "") -> pl.DataFrame:
    """Return what changed in each account between its newest snapshot and the one before it.

    Columns: ``account, venue, symbol, position, change`` (opened, closed, turned, grown, shrunk, level moved), ``before_usd,
    after_usd, level_before, level_after, ts_before_ns, ts_after_ns``; largest change first. Accounts with one snapshot are not
    in it: nothing is known of them before. A snapshot without a position of the asset, or of any coin, still counts as one.
    """
    inside = pl.col("ts_event_ns").is_between(as_of_ns - window_ns, as_of_ns, closed="right")
    rows = holdings.frame.filter(inside)
    moments = pl.concat(
        [rows.select("venue", "account", "ts_event_ns"), holdings.emptied.filter(inside)]
    ).unique()
    ranked = moments.with_columns(
        age=pl.col("ts_event_ns").rank("dense", descending=True).over("venue", "account")
    ).filter(pl.col("age") <= 2)
    both = ranked.filter(pl.col("age").max().over("venue", "account") == 2)
    when = both.group_by("venue", "account").agg(
        pl.col("ts_event_ns").min().alias("ts_before_ns"), pl.col("ts_event_ns").max().alias("ts_after_ns")
    )
    columns = ("venue", "account", "symbol", "asset", "position", "qty_native", "mark_price", "level")
    keyed = both.join(rows, on=["venue", "account", "ts_event_ns"], how="inner")
    after, before = (keyed.filter(pl.col("age") == age).select(columns) for age in (1, 2))
    keys = ["venue", "account", "symbol"]
    pairs = before.join(after, on=keys, how="full", suffix="_after", coalesce=True).join(
        when, on=["venue", "account"], how="left"
    )
    if asset:
        pairs = pairs.filter(pl.coalesce("asset_after", "asset") == asset)
    return _described(pairs)


def _described(pairs: pl.DataFrame) -> pl.DataFrame:
    """Name the change of each pair and keep those that changed."""
    size, size_after = pl.col("qty_native"), pl.col("qty_native_after")
    change = (
        pl.when(size.is_null()).then(pl.lit("opened"))
        .when(size_after.is_null()).then(pl.lit("closed"))
        .when(pl.col("position") != pl.col("position_after")).then(pl.lit("turned"))
        .when(size_after > size * 1.001).then(pl.lit("grown"))
        .when(size_after < size * 0.999).then(pl.lit("shrunk"))
        .when((pl.col("level_after") / pl.col("level") - 1).abs() >= MOVED).then(pl.lit("level moved"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    return (
        pairs.with_columns(
            change=change,
            before_usd=(size * pl.col("mark_price")).fill_null(0.0),
            after_usd=(size_after * pl.col("mark_price_after")).fill_null(0.0),
            position=pl.coalesce("position_after", "position"),
            level_before=pl.col("level").fill_nan(None),
            level_after=pl.col("level_after").fill_nan(None),
        )
        .filter(pl.col("change") != "")
        .sort((pl.col("after_usd") - pl.col("before_usd")).abs(), descending=True)
        .select(
            "account", "venue", "symbol", "position", "change", "before_usd", "after_usd", "level_before", "level_after",
            "ts_before_ns", "ts_after_ns",
        )
    )  # fmt: skip


def snapshot_count(frame: pl.DataFrame) -> int:
    """Return how many account snapshots a frame holds."""
    return frame.select(ACCOUNT).n_unique()
