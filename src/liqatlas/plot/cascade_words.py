"""A cascade in words: headline, sentences under the picture, and the whole as terminal text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import NS_PER_S
from liqatlas.base.format import format_change, format_duration, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.plot import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.cascade.sequence import Step
    from liqatlas.cascade.simulation import CascadeResult

UNCALIBRATED = "uncalibrated"


def headline(result: CascadeResult) -> str:
    """Return the headline."""
    return f"{words.title(result.head, 'cascade')} · {result.shock.describe(result.head.price)}"


def chance(share: float, band: tuple[float, float], *, calibrated: bool) -> str:
    """Return a probability where it is calibrated; else the band of beliefs and the word for it."""
    if calibrated:
        return format_share(share)
    low, high = format_share(band[0]), format_share(band[1])
    return f"{low} to {high} of runs" if low != high else f"{low} of runs"


def prices(values: NDArray[np.float64]) -> str:
    """Return the middle and the 5 to 95 % range of prices."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{format_price(middle)} ({format_price(low)} to {format_price(high)})"


def amounts(values: NDArray[np.float64]) -> str:
    """Return the middle and the 5 to 95 % range of amounts."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{format_usd(middle)} ({format_usd(low)} to {format_usd(high)})"


def sentences(result: CascadeResult) -> list[str]:
    """Return what happened, in sentences; every number is read from the result."""
    table, ladder = result.table, result.ladder
    liquidated, act = ("longs", "sell") if ladder.direction == "down" else ("shorts", "buy")
    middle = float(np.median(result.reached_prices))
    reached = f"{_begin(result.shock.describe(result.head.price))} takes the mark to {prices(result.reached_prices)}"
    change = format_change(middle / result.head.price - 1)
    alone = prices(ladder.price_at(table.alone))
    times = f"{np.median(result.amplification):.2f} times what the shock alone makes"
    runs = f"{reached}, {change} in the middle of {len(table.reach):,} runs (5 to 95 % in brackets)"
    burnt = f"{amounts(table.liquidated)} of {liquidated} are liquidated and {act}"
    if result.shock.kind == "drawn":
        lines = [f"{runs}.", f"{burnt}; what they add to the move is in the past hours it is drawn from."]
    else:
        lines = [f"{runs}; alone it would reach {alone}.", f"{burnt}; the move is {times}."]
    adl, taken = table.of("adl").sum(axis=1), table.of("taken").sum(axis=1)
    if np.quantile(taken, 0.95) > 0 or np.quantile(adl, 0.95) > 0:
        lines.append(
            f"Funds take over {amounts(taken)}; {amounts(adl)} are deleveraged off the book against profitable positions."
        )
    zones = result.branching.zones
    if zones:
        named = ", ".join(f"{format_price(a)} to {format_price(b)}" for a, b in zones[:3])
        lines.append(f"Where forced orders exceed depth (r above 1) a move feeds itself: {named}.")
    else:
        lines.append(
            "Nowhere in the map do forced orders exceed depth (r stays below 1): no stretch feeds itself."
        )
    lines.append(level_sentence(result))
    lines.append(
        "Single percentages are calibrated probabilities; ranges of runs are not."
        if result.calibrated
        else f"All shares of runs are {UNCALIBRATED}: bands, not probabilities."
    )
    return [line for line in lines if line]


def level_sentence(result: CascadeResult) -> str:
    """Return how likely a named level is by itself, where that is known; empty for another shock."""
    level = result.level
    if level is None:
        return ""
    within = format_duration(int(result.settings.beliefs.horizon_s * NS_PER_S))
    begin = f"By itself the mark gets to {format_price(result.shock.amount)} within {within} "
    if level.probability is not None:
        return f"{begin}with a probability of {format_share(level.probability)} (calibrated)."
    if level.at_most is not None:
        return f"{begin}with a probability of at most {format_share(level.at_most)} (calibrated; {level.reasons[0]})."
    return f"How likely the level is by itself is {UNCALIBRATED}: {level.reasons[0]}."


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]


def execution_sentence(result: CascadeResult) -> str:
    """Return what a large order costs, what it sets off, and what would fill it instead; empty for another shock."""
    order = result.execution
    if order is None:
        return ""
    low, middle, high = (format_share(float(q)) for q in np.quantile(order.slippage, [0.05, 0.5, 0.95]))
    moved = np.abs(result.ladder.price_at(result.table.alone) / result.head.price - 1)
    forced = np.abs(result.reached_prices / result.head.price - 1)
    down = result.ladder.direction == "down"
    act, other, forced_act = ("sale", "shorts", "buying") if down else ("purchase", "longs", "selling")
    lines = [
        (
            f"The {act} fills {middle} from the price in the mean ({low} to {high}) and moves it {format_share(float(np.median(moved)))}; "
            f"with the liquidations it sets off {format_share(float(np.median(forced)))}: {amounts(result.table.liquidated)} that push the same way."
        )
    ]
    if np.isfinite(order.filled_at):
        change = format_change(order.filled_at / result.head.price - 1)
        lines.append(
            f"Forced {forced_act} would fill it as well: {format_usd(order.usd)} of {other} are liquidated on the way to {format_price(order.filled_at)} "
            f"({change}, mean {format_price(order.mean_price)}); getting there takes {format_usd(order.needed_usd)} of {forced_act}, or news."
        )
    else:
        lines.append(
            f"Forced {forced_act} would not fill it: that of all {other} in the map comes to {format_usd(order.opposite_usd)}."
        )
    return " ".join(lines)


def step_line(step: Step, result: CascadeResult) -> str:
    """Return one level of the sequence."""
    distance = format_change(step.price / result.head.price - 1)
    how = chance(step.share, step.band, calibrated=step.calibrated)
    then = f"; then the next in {format_share(step.then_share)}" if np.isfinite(step.then_share) else ""
    beyond = (
        f"; {format_usd(step.beyond_usd)} liquidated where it breaks" if np.isfinite(step.beyond_usd) else ""
    )
    return f"{format_price(step.price):>10} {distance:>8}  {format_usd(step.usd):>8} there, reached in {how}{then}{beyond}"


def cascade_text(result: CascadeResult, *, width: int = 100) -> str:
    """Return the whole result for a terminal."""
    head = result.head
    lines = [headline(result), f"{words.when(head)} · {words.price_words(head)} · unit {head.unit}", ""]
    for sentence in (*sentences(result), execution_sentence(result)):
        lines += textwrap.wrap(sentence, width)
    mark = "" if result.calibrated else f" ({UNCALIBRATED})"
    lines += ["", f"First … then …{mark}"]
    lines += [step_line(s, result) for s in result.steps] or ["  no level of the map within reach"]
    lines += ["", f"Liquidated more than{mark}"] if result.exceeded else []
    lines += [
        f"{format_usd(e.usd):>10}  {chance(e.share, e.band, calibrated=e.calibrated)}"
        for e in result.exceeded
    ]
    factor = result.depth_factor
    lines += [
        "",
        f"Smallest order that reaches, in books at {factor:.2f} times their depth (middle of the runs)",
    ]
    lines += _needed_lines(result)
    lines += ["", "By venue"]
    for i, venue in enumerate(result.ladder.venues):
        depth = float(result.ladder.depths[i].cumulative(0.01))
        lines.append(
            f"  {venue_name(venue)}: liquidated {amounts(result.table.of('triggered')[:, i])}; "
            f"{format_usd(depth)} of depth within 1 % before the factor, {format_usd(factor * depth)} at {factor:.2f} times"
        )
    return "\n".join(lines)


def _needed_lines(result: CascadeResult) -> list[str]:
    lines = []
    for distance in (0.005, 0.01, 0.02, 0.03, 0.05, 0.1):
        at = int(np.searchsorted(result.needed.distance, distance))
        if at < len(result.needed.usd):
            price, ratio = float(result.needed.price[at]), float(result.branching.ratio[at])
            change = format_change(price / result.head.price - 1)
            lines.append(
                f"{format_price(price):>10} {change:>8}  {format_usd(float(result.needed.usd[at])):>8}   r = {ratio:.2f}"
            )
    return lines
