"""What open positions would print if the price went straight against them: the quantity that a map of expected prints estimates.

It differs from what is open in two ways. A position with a stop order leaves before its level and prints nothing. A position that
is reduced in steps prints part of itself at its level and the rest further on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.rules import direction_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.engine import Engine

#: More rounds of steps than any schedule of tiers asks for.
_ROUNDS = 12


def releases(positions: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    """Return every print that the positions would make, without impact or deleveraging.

    Parameters
    ----------
    positions
        Rows of ``MarketTruth.positions``; those without a level of their own (cross accounts) or with a stop are left out.

    Returns
    -------
    ``row`` (of the frame given), ``position``, ``entry_price``, ``price`` [quote] and ``qty`` [coins], each position's in the
    order in which it prints.
    """
    printing = positions.with_row_index("row").filter(
        pl.col("liquidation_price").is_not_null() & pl.col("stop").is_null()
    )
    if not engine.partial_steps:
        return printing.select("row", "position", "entry_price", price="liquidation_price", qty="qty")
    pieces = _step_by_step(printing, engine)
    made = pl.DataFrame({"at": pieces[0], "price": pieces[1], "qty": pieces[2]})
    columns = printing.select("row", "position", "entry_price").with_row_index("at")
    return made.join(columns.cast({"at": pl.Int64}), on="at", how="left", maintain_order="left").select(
        "row", "position", "entry_price", "price", "qty"
    )


def _step_by_step(
    positions: pl.DataFrame, engine: Engine
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return place, price and quantity of every print where positions are reduced tier by tier."""
    table = engine.tiers.table()
    entry = positions["entry_price"].to_numpy()
    way = direction_of((positions["position"] == "long").to_numpy())
    held, margin = positions["qty"].to_numpy().copy(), positions["margin_usd"].to_numpy().copy()
    level = positions["liquidation_price"].to_numpy().copy()
    alive = np.ones(len(held), np.bool_)
    out: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]] = []
    for _ in range(_ROUNDS):
        mark, safe = level.copy(), np.zeros(len(held), np.bool_)
        for floor in table.floors[:0:-1]:
            keep = floor / mark
            cut = alive & ~safe & (held > keep)
            out.append((np.flatnonzero(cut), mark[cut], (held - keep)[cut]))
            margin = np.where(cut, margin + way * (held - keep) * (mark - entry), margin)
            held = np.where(cut, keep, held)
            level = np.where(cut, _level(held, margin, entry, way, engine), level)
            safe |= cut & (margin > 0) & (way * (mark - level) > 0)
        whole = alive & ~safe
        out.append((np.flatnonzero(whole), mark[whole], held[whole]))
        alive = safe
        if not alive.any():
            break
    at, price, quantity = (np.concatenate(parts) for parts in zip(*out, strict=True))
    order = np.argsort(at, kind="stable")
    return at[order], price[order], quantity[order]


def _level(
    held: NDArray[np.float64],
    margin: NDArray[np.float64],
    entry: NDArray[np.float64],
    way: NDArray[np.float64],
    engine: Engine,
) -> NDArray[np.float64]:
    """Return liquidation prices; the schedule is convex, so the price reached first over all tiers is the one."""
    table = engine.tiers.table()
    price = (margin[:, None] + table.deductions - (way * held * entry)[:, None]) / (
        held[:, None] * (table.rates - way[:, None])
    )
    first: NDArray[np.float64] = np.where(way > 0, price.max(axis=1), price.min(axis=1))
    return first
