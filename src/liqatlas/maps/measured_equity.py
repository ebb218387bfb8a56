"""What backs a cross account, told by its own published levels.

All positions of one cross account are backed by the same free equity F = account value - maintenance of all of them. A published
liquidation price P* gives it back: from the mark M to P* the account loses exactly F and the change in what the position owes,

    F = owed(P*) - owed(M) - s q (P* - M)

so every position of a snapshot names F, and the others' F predicts the price of the one left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.maps.measured_holdings import ACCOUNT

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Two positions agree on F where they differ by less than this share (published prices carry some nine digits).
AGREEMENT = 1e-6
#: And by less than this [USD], for accounts whose F is nearly nothing.
AGREEMENT_USD = 1e-3


def named_equity() -> pl.Expr:
    """Return the expression of the free equity [USD] that a position's published level names; NaN where it names none."""
    return (
        pl.col("owed_at_level")
        - pl.col("owed")
        - pl.col("direction") * pl.col("qty_native") * (pl.col("level") - pl.col("mark_price"))
    )


@dataclass(frozen=True, slots=True)
class OthersEquity:
    """For each row, the free equity that the account's other positions name.

    Attributes
    ----------
    equity
        float64 (n,) [USD]: the value most of the others agree on; NaN where there is no other.
    votes
        int64 (n,): how many of the others agree on it; 1 means that no two agree (then the others' median is taken).
    others
        int64 (n,): how many others there are.
    """

    equity: NDArray[np.float64]
    votes: NDArray[np.int64]
    others: NDArray[np.int64]


def others_equity(frame: pl.DataFrame, named: NDArray[np.float64]) -> OthersEquity:
    """Return what the other positions of each row's account snapshot name; the row itself never enters.

    Parameters
    ----------
    frame
        n rows with the columns of :data:`ACCOUNT`; every row is one that may vote.
    named
        float64 (n,) [USD]: the F each names.
    """
    group = frame.select(pl.struct(ACCOUNT).rank("dense")).to_series().to_numpy().astype(np.int64)
    order = np.lexsort((named, group))
    equity, votes, others = (
        np.full(len(named), np.nan),
        np.zeros(len(named), np.int64),
        np.zeros(len(named), np.int64),
    )
    if not len(order):
        return OthersEquity(equity, votes, others)
    sorted_group = group[order]
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]])
    for low, high in zip(starts, np.r_[starts[1:], len(order)], strict=True):
        rows = order[low:high]
        equity[rows], votes[rows] = _leave_one_out(named[rows])
        others[rows] = len(rows) - 1
    return OthersEquity(equity, votes, others)


def account_equity(named: NDArray[np.float64]) -> tuple[float, int]:
    """Return the F most positions of one account agree on, and how many do."""
    values = np.sort(named)
    if not values.size:
        return float("nan"), 0
    label = _clusters(values)
    sizes = np.bincount(label)
    if sizes.max() == 1:
        return float(np.median(values)), 1
    return float(values[label == int(sizes.argmax())].mean()), int(sizes.max())


def _clusters(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number sorted values so that neighbours which agree share a number."""
    tolerance = AGREEMENT * np.abs(values[:-1]) + AGREEMENT_USD
    return np.concatenate(([0], np.cumsum(np.diff(values) > tolerance)))


def _leave_one_out(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return for each of sorted values what the rest agree on: the mean of the rest's largest cluster."""
    count = len(values)
    if count == 1:
        return np.array([np.nan]), np.zeros(1, np.int64)
    label = _clusters(values)
    sizes, sums = np.bincount(label), np.bincount(label, weights=values)
    found, votes = np.empty(count), np.empty(count, np.int64)
    ranked = np.argsort(-sizes, kind="stable")
    for own in np.unique(label):
        left = sizes.copy()
        left[own] -= 1
        best = int(ranked[0]) if ranked[0] != own else int(np.argmax(left))
        mine = label == own
        votes[mine] = left[best]
        if left[best] > 1:
            found[mine] = (sums[best] - values[mine]) / left[best] if best == own else sums[best] / left[best]
            continue
        for i in np.flatnonzero(mine):
            found[i] = np.median(np.delete(values, i))
    return found, votes
