"""What an account's earlier snapshot tells of a position's margin table: learned there, used here, never from the row itself.

A position keeps the table of when it was opened, and some accounts (protocol vaults) have tables of their own; no dated table of the
venue says so. But the earlier snapshot of the same position named its table by its price, so the next one can be predicted with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.maps.measured_equity import named_equity, others_equity
from liqatlas.rules import Positions, tiered_liquidation_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.rules import TierTable

#: Another margin table explains a price only where it hits it this closely; chance would need luck of one in ten thousand.
EXPLAINED = 1e-5
#: What makes two rows the same position at two moments.
POSITION = ("venue", "account", "symbol", "position")


def candidates(tables: Sequence[TierTable]) -> list[TierTable]:
    """Return the margin tables a position may be under: each different one, and a single tier at each leverage they name.

    The venue's tables with an id below 50 are one tier at that leverage; such a table may be in force without being listed now.
    """
    found = {(t.floors.tobytes(), t.rates.tobytes()): t for t in tables}
    for leverage in sorted({float(cap) for t in tables for cap in t.max_leverages}):
        first, rate = tables[0], np.array([0.5 / leverage])
        flat = replace(
            first, symbol=f"single tier at {leverage:g}x", floors=np.zeros(1), rates=rate, deductions=np.zeros(1),
            max_leverages=np.array([leverage]), warning="",
        )  # fmt: skip
        found.setdefault((flat.floors.tobytes(), flat.rates.tobytes()), flat)
    return list(found.values())


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


def with_named_tables(
    rows: pl.DataFrame, tables: Sequence[TierTable], more: Sequence[TierTable], *, closely: float
) -> tuple[pl.DataFrame, tuple[TierTable, ...], int]:
    """Return cross positions under the margin table that their own price names where the dated one does not fit it.

    For a map, not for a score: the table is learned from the row itself.

    Parameters
    ----------
    rows
        Cross positions with ``named`` (the equity each names under its dated table), ``table``, ``owed`` and ``owed_at_level``.
    tables, more
        The dated tables that ``table`` counts, and those a position may be under beside them.

    Returns
    -------
    The rows with ``table``, ``owed``, ``owed_at_level`` and ``named`` changed where another table is named, all tables, and how many
    rows that concerns.
    """
    voting = np.flatnonzero(np.isfinite(rows["named"].to_numpy()) & (rows["table"].to_numpy() >= 0))
    part = rows[voting]
    found = others_equity(part, part["named"].to_numpy())
    part = part.with_columns(others=pl.Series(np.where(found.votes > 1, found.equity, np.nan)))
    dated = np.full(part.height, np.nan)
    for number in part["table"].unique().to_list():
        mine = np.flatnonzero(part["table"].to_numpy() == number)
        dated[mine] = predicted(part[mine], tables[number])
    off = np.abs(dated / part["level"].to_numpy() - 1) >= closely
    off &= np.isfinite(part["others"].to_numpy())
    best = np.full(part.height, -1, np.int64)
    best[off] = best_table(part.filter(pl.Series(off)), more, closely=closely)
    changed = np.flatnonzero(best >= 0)
    table, owed, at_level = (rows[c].to_numpy().copy() for c in ("table", "owed", "owed_at_level"))
    quantity, mark, level = (rows[c].to_numpy() for c in ("qty_native", "mark_price", "level"))
    for i in changed:
        row, own = voting[i], more[int(best[i])]
        table[row] = len(tables) + int(best[i])
        owed[row] = own.maintenance_amount(quantity[row] * mark[row])
        at_level[row] = own.maintenance_amount(quantity[row] * level[row])
    shaped = rows.with_columns(
        table=pl.Series(table), owed=pl.Series(owed), owed_at_level=pl.Series(at_level)
    ).with_columns(named=named_equity())
    return shaped, (*tables, *more), len(changed)
