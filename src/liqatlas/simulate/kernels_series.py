"""Loops over time that are not the exchange: mean-reverting noise before it, the makers after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def autoregress(shocks: NDArray[np.float64], keep: float, scale: float) -> NDArray[np.float64]:
    """Return ``x[0] = shocks[0]``, ``x[i] = keep * x[i - 1] + scale * shocks[i]``."""
    out = np.empty_like(shocks)
    value = 0.0
    for i in range(len(shocks)):
        value = keep * value + scale * shocks[i] if i > 0 else shocks[0]
        out[i] = value
    return out


@kernel
def match(
    lots: NDArray[np.int64],
    trader_sells: NDArray[np.int64],
    candidates: NDArray[np.int64],
    inventory: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Let makers take the other side of trades in order of time.

    Parameters
    ----------
    lots
        int64, shape ``(n,)``.
    trader_sells
        int64, shape ``(n,)``: 1 where a trader sells to a maker, 0 where one buys, 2 where two makers trade, -1 where no
        maker takes part.
    candidates
        int64, shape ``(n, 2)``, two different makers: of them the one with more inventory sells, the one with less buys.
    inventory
        int64, shape ``(makers,)``, changed in place [lots].

    Returns
    -------
    int64, shape ``(n, 4)``: longs opened, shorts opened, longs closed, shorts closed by makers [lots].
    """
    out = np.zeros((len(lots), 4), np.int64)
    for n in range(len(lots)):
        if trader_sells[n] < 0:
            continue
        rich, poor = candidates[n, 0], candidates[n, 1]
        if inventory[rich] < inventory[poor]:
            rich, poor = poor, rich
        if trader_sells[n] != 1:
            held = max(min(inventory[rich], lots[n]), 0)
            out[n, 2] += held
            out[n, 1] += lots[n] - held
            inventory[rich] -= lots[n]
        if trader_sells[n] != 0:
            owed = max(min(-inventory[poor], lots[n]), 0)
            out[n, 3] += owed
            out[n, 0] += lots[n] - owed
            inventory[poor] += lots[n]
    return out
