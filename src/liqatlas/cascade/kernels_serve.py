"""One order of one triggered level: book first, then the venue's fund, then deleveraging off the book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.jit import bare_inline, bare_kernel
from liqatlas.cascade.kernels_book import depth_to, distance_of
from liqatlas.cascade.kernels_state import BACKSTOPPED, DUST, FILLABLE, LIMITED

if TYPE_CHECKING:
    import numpy as np


@bare_kernel
def serve(usd: float, level: float, part: bool, desk: tuple[Any, ...], book: tuple[Any, ...]) -> float:
    """Close an amount whose level the mark has touched; return what has to wait for another round [USD].

    Parameters
    ----------
    usd, level
        Amount [USD] and its trigger distance.
    part
        Whether this is the first step of a large position.
    desk
        ``(rule, state, tally)`` of the venue; the state's ``front`` is where its book stands before this order.
    book
        ``((depth_at, depth, slope), depth factor, venue)``.
    """
    rule, state, tally = desk
    walk, factor, v = book
    at, depth, _ = walk
    kind = rule["kind"]
    bankruptcy = level + rule["bankruptcy"]
    if kind == BACKSTOPPED and state["mark"] > level + rule["backstop"]:
        tally["triggered"] += usd
        take_over(usd, bankruptcy, rule, state, tally)
        return 0.0
    before = state["base"] + state["pressure"] + state["added"]
    start = state["front"]
    end = distance_of((before + usd) / factor, walk, v, state["hint"])
    filled = usd
    if kind in (LIMITED, FILLABLE):
        worst = bankruptcy
        if kind == FILLABLE:
            worst = state["mark"] + rule["spread"] * min(
                max((state["mark"] - level) / rule["bankruptcy"], 0.0), 1.0
            )
        if end > worst:
            filled = min(usd, max(factor * depth_to(worst, at, depth, v, state["hint"]) - before, 0.0))
            end = worst
            if part and rule["fill_or_kill"] == 1:
                filled = 0.0
    if filled > DUST:
        price = 0.5 * (start + end)
        state["added"] += filled
        state["front"] = end
        tally["triggered"] += filled
        tally["book"] += filled
        tally["slippage"] += filled * (price - level)
        gain = filled * (bankruptcy - price)
        if gain < 0.0 or rule["keeps_gain"] == 1:
            pay(gain, rule, state, tally)
    rest = usd - filled
    if rest <= DUST:
        return 0.0
    if kind == FILLABLE:
        if state["mark"] <= bankruptcy or state["fund"] > 0.0:
            return rest
        tally["triggered"] += rest
        tally["adl"] += rest
        return 0.0
    tally["triggered"] += rest
    take_over(rest, bankruptcy, rule, state, tally)
    return 0.0


@bare_inline
def pay(gain: float, rule: np.void, state: np.void, tally: np.void) -> None:
    """Book a gain or loss of the fund."""
    if rule["kind"] == 0:
        return
    state["fund"] += gain
    tally["fund"] += gain
    state["fund_peak"] = max(state["fund_peak"], state["fund"])
    tally["fund_low"] = min(tally["fund_low"], tally["fund"])


@bare_inline
def take_over(usd: float, bankruptcy: float, rule: np.void, state: np.void, tally: np.void) -> None:
    """Let the fund take a position at its bankruptcy price, or deleverage where it cannot."""
    loss = usd * max(state["mark"] - bankruptcy, 0.0)
    low = state["fund_peak"] * (1.0 - rule["adl_drop"])
    if loss > 0.0 and state["fund"] - loss < low:
        tally["adl"] += usd
        return
    pay(-loss, rule, state, tally)
    tally["taken"] += usd
    state["inventory"] += usd
    state["inventory_peak"] = max(state["inventory_peak"], state["inventory"])
