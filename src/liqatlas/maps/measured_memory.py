"""What an account's earlier snapshot tells of a position's margin table: learned there, used here, never from the row itself.

A position keeps the table of when it was opened, and some accounts (protocol vaults) have tables of their own; no dated table of the
venue says so. But the earlier snapshot of the same position named its table by its price, so the next one can be predicted with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.rules import Positions, tiered_liquidation_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.rules import TierTable

#: What makes two rows the same position at two moments.
POSITION = ("venue", "account", "symbol", "position")


def best_table(rows: pl.DataFrame, tables: Sequence[TierTable], *, closely: float) -> NDArray[np.int64]:
    """Return for each row the first table that reproduces its price from the equity the others name, -1 where none does.

    Parameters
    ----------
    rows
        With ``qty_native``, ``mark_price``, ``level``, ``direction`` and ``others`` [USD].
    closely
        Largest relative difference of the prices.
    """
    best = np.full(rows.height, -1, np.int64)
    level = rows["level"].to_numpy()
    for number, table in enumerate(tables):
        mine = np.flatnonzero(best < 0)
        price = predicted(rows[mine], table)
        best[mine[np.abs(price / level[mine] - 1) < closely]] = number
    return best


def predicted(rows: pl.DataFrame, table: TierTable) -> NDArray[np.float64]:
    """Return our prices of rows under one table, backed by the equity the others name; NaN where they name none."""
    quantity, mark = rows["qty_native"].to_numpy(), rows["mark_price"].to_numpy()
    others = rows["others"].to_numpy()
    price = np.full(rows.height, np.nan)
    known = np.flatnonzero(np.isfinite(others))
    if not known.size:
        return price
    margin = others[known] + table.maintenance_amount(quantity[known] * mark[known])
    held = Positions.of(
        rows["direction"].to_numpy()[known], quantity[known], entry=mark[known], margin=margin
    )
    price[known] = tiered_liquidation_price(held, table)
    return price


def with_memory(
    tested: pl.DataFrame, tables: Sequence[TierTable], *, tolerance: float, closely: float
) -> tuple[int, int]:
    """Return how many rows an earlier snapshot lends a table to, and how many rows are then reproduced in all.

    Parameters
    ----------
    tested
        Rows of the self-test with their ``error`` under the dated tables.
    tables
        Those a position may be under.
    """
    off = ~(tested["error"].to_numpy() < tolerance)
    learned = np.full(tested.height, -1, np.int64)
    rows = np.flatnonzero(off)
    learned[rows] = best_table(tested[rows], tables, closely=closely)
    before = (
        tested.select(*POSITION, "ts_event_ns", learned=pl.Series(learned))
        .with_row_index("row")
        .sort("ts_event_ns", maintain_order=True)
        .with_columns(pl.col("learned").shift(1).over(*POSITION).fill_null(-1))
        .sort("row")["learned"]
        .to_numpy()
    )
    error = tested["error"].to_numpy().copy()
    for number in np.unique(before[before >= 0]):
        mine = np.flatnonzero(before == number)
        part = tested[mine]
        error[mine] = np.abs(predicted(part, tables[int(number)]) / part["level"].to_numpy() - 1)
    return int((before >= 0).sum()), int((error < tolerance).sum())
