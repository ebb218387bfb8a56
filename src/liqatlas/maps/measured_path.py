"""Levels of cross accounts along a common path: the asset moves by a share x, coin j by beta_j x.

    equity(x)      = A + sum_j s_j q_j M_j beta_j x
    maintenance(x) = sum_j owed_j(q_j M_j (1 + beta_j x))

Both are piecewise linear in x: between two points at which some position passes a tier floor (or a coin reaches zero) they are
straight, so the first crossing is solved exactly, without iteration. The betas come from the data and are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.maps.measured_equity import account_equity, named_equity
from liqatlas.maps.measured_holdings import ACCOUNT
from liqatlas.maps.measured_memory import EXPLAINED, candidates, with_named_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.maps.measured_holdings import Holdings
    from liqatlas.rules import TierTable

#: Fewest common price changes for a beta; below it the coin is taken to move like the asset.
LEAST_CHANGES = 10
#: A coin can fall to nothing, not below.
_FLOOR = 0.0
#: A coin with a smaller beta does not move on the range of x searched.
_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class Leg:
    """One position of an account on the path: signed size at the mark [USD], its beta and margin table."""

    signed_usd: float
    beta: float
    table: TierTable


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where an account is liquidated on the path; NaN where it is not, on the way down and up."""

    down: float
    up: float


def first_crossings(
    equity: float, legs: Sequence[Leg], *, lowest: float = -0.999, highest: float = 19.0
) -> Crossing:
    """Return the moves x of the asset nearest to 0 at which equity meets maintenance.

    Parameters
    ----------
    equity
        Account value A at x = 0 [USD].
    legs
        All cross positions of the account.
    lowest, highest
        Range of x searched.
    """
    breaks = np.unique(np.concatenate([_breaks(leg) for leg in legs] + [np.array([lowest, 0.0, highest])]))
    breaks = breaks[(breaks >= lowest) & (breaks <= highest)]
    room = np.array([_room(equity, legs, x) for x in breaks])
    zero = int(np.searchsorted(breaks, 0.0))
    if room[zero] <= 0:
        return Crossing(0.0, 0.0)
    return Crossing(_outward(breaks[zero::-1], room[zero::-1]), _outward(breaks[zero:], room[zero:]))


def _breaks(leg: Leg) -> NDArray[np.float64]:
    """Return the x at which a leg's slope changes: tier floors and the coin at zero."""
    if abs(leg.beta) < _STILL:
        return np.empty(0)
    size = abs(leg.signed_usd)
    return np.append((leg.table.floors[1:] / size - 1) / leg.beta, (_FLOOR - 1) / leg.beta)


def _room(equity: float, legs: Sequence[Leg], x: float) -> float:
    """Return equity - maintenance at x; a coin stays at zero once there."""
    total = equity
    for leg in legs:
        level = max(1 + leg.beta * x, _FLOOR)
        total += leg.signed_usd * (level - 1) - float(
            leg.table.maintenance_amount(abs(leg.signed_usd) * level)
        )
    return total


def _outward(breaks: NDArray[np.float64], room: NDArray[np.float64]) -> float:
    """Return the first x on the way out where straight pieces reach zero."""
    under = np.flatnonzero(room <= 0)
    if not under.size:
        return float("nan")
    i = int(under[0])
    before, after = room[i - 1], room[i]
    return float(breaks[i - 1] + (breaks[i] - breaks[i - 1]) * before / (before - after))


def betas(frame: pl.DataFrame, asset: str) -> tuple[dict[str, float], dict[str, int]]:
    """Return each coin's beta to the asset and the price changes it rests on, from the marks of the snapshots themselves.

    beta_j = cov(r_j, r_asset) / var(r_asset) over the moments both are known; a coin with fewer than :data:`LEAST_CHANGES`
    changes gets 1. Keys are symbols.
    """
    marks = (
        frame.group_by("ts_event_ns", "symbol").agg(pl.col("mark_price").median())
        .pivot("symbol", index="ts_event_ns", values="mark_price").sort("ts_event_ns")
    )  # fmt: skip
    own = frame.filter(pl.col("asset") == asset)["symbol"].unique().sort()
    found: dict[str, float] = {}
    counts: dict[str, int] = {}
    base = np.log(marks[own[0]].to_numpy().astype(np.float64))
    for symbol in marks.columns[1:]:
        price = np.log(marks[symbol].to_numpy().astype(np.float64))
        both = np.isfinite(base) & np.isfinite(price)
        mine, other = np.diff(base[both]), np.diff(price[both])
        counts[symbol] = len(mine)
        enough = len(mine) >= LEAST_CHANGES and float(np.var(mine)) > 0
        found[symbol] = float(np.cov(other, mine)[0, 1] / np.var(mine, ddof=1)) if enough else 1.0
    found |= dict.fromkeys(own.to_list(), 1.0)
    return found, counts


def levels_on_common_path(
    holdings: Holdings, seen: pl.DataFrame, mine: pl.DataFrame, *, asset: str
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the asset's positions with their level on the common path, and the parameters that shaped it.

    Isolated positions keep their own level. ``apart`` becomes ``no_equity`` where nothing tells the account's equity or a coin
    has no table, ``no_level`` where the path never meets maintenance, ``other_side`` where only a move in the position's favour does.
    """
    beta, counts = betas(holdings.frame, asset)
    cross = seen.filter(~(pl.col("margin_mode") == "isolated").fill_null(value=False))
    wanted = mine.select(ACCOUNT).unique()
    rows = cross.join(wanted, on=ACCOUNT, how="semi").with_columns(named=named_equity())
    rows, tables, own = with_named_tables(
        rows, holdings.tables, candidates(holdings.tables), closely=EXPLAINED
    )
    crossings = {key: _account_crossing(part, tables, beta) for key, part in _accounts(rows)}
    levels, apart = [], []
    for row in mine.iter_rows(named=True):
        level, why = row["level"], ""
        if row["margin_mode"] != "isolated":
            crossing = crossings.get(tuple(row[c] for c in ACCOUNT))
            level, why = _own_level(row, crossing)
        levels.append(level)
        apart.append(why)
    shaped = mine.with_columns(
        level=pl.Series(levels, dtype=pl.Float64),
        apart=pl.Series(apart, dtype=pl.String),
        wrong_side=pl.lit(value=False),
    )
    worth = rows.group_by("symbol").agg((pl.col("qty_native") * pl.col("mark_price")).sum().alias("usd"))
    held = worth.sort("usd", "symbol", descending=[True, False])[
        "symbol"
    ].to_list()  # those that matter most first
    shown = {symbol: round(beta[symbol], 4) for symbol in held}
    parameters = {"betas": shown, "betas_price_changes": {s: counts[s] for s in held}}
    return shaped, parameters | {"positions_under_a_table_of_their_own": own}


def _accounts(rows: pl.DataFrame) -> list[tuple[tuple[Any, ...], pl.DataFrame]]:
    return [(key, part) for key, part in rows.group_by(ACCOUNT, maintain_order=True)]


def _account_crossing(
    part: pl.DataFrame, tables: Sequence[TierTable], beta: dict[str, float]
) -> Crossing | None:
    """Return where an account is liquidated; None where its equity or a margin table is unknown."""
    if (part["table"] < 0).any():
        return None
    stated = part["account_value_usd"].drop_nulls()
    owed = float(part["owed"].sum())
    if stated.len():
        equity = float(stated[0])
    else:
        named = part["named"].drop_nans().to_numpy()
        free, _ = account_equity(named)
        equity = free + owed
    if not np.isfinite(equity):
        return None
    legs = [
        Leg(direction * quantity * mark, beta[symbol], tables[index])
        for direction, quantity, mark, symbol, index in part.select(
            "direction", "qty_native", "mark_price", "symbol", "table"
        ).iter_rows()
    ]
    return first_crossings(equity, legs)


def _own_level(row: dict[str, Any], crossing: Crossing | None) -> tuple[float, str]:
    """Return the level of a position on its account's path and why it has none."""
    if crossing is None:
        return float("nan"), "no_equity"
    against, favour = (crossing.down, crossing.up) if row["direction"] > 0 else (crossing.up, crossing.down)
    if np.isfinite(against):
        return float(row["mark_price"] * (1 + against)), ""
    return float("nan"), "other_side" if np.isfinite(favour) else "no_level"
