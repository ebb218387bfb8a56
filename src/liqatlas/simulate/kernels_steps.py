"""The smallest steps of the exchange: prices, queues and what is written down. Each changes the world in place.

Only additions, multiplications, divisions and comparisons of doubles happen in a world's kernels, so that the compiled and
the interpreted run agree to the last bit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liqatlas.base.jit import kernel
from liqatlas.simulate.kernels_heap import pop, push
from liqatlas.simulate.kernels_margin import liquidation_price
from liqatlas.simulate.kernels_state import CLOSE, OPEN

if TYPE_CHECKING:
    from liqatlas.simulate.kernels_state import World


@kernel
def queue(world: World, heap: int, key: float, item: int) -> None:
    """Put a position or an account on one of the world's heaps."""
    push(world.heaps[heap], world.heap_size[heap], key, item)
    world.heap_size[heap] += 1


@kernel
def unqueue(world: World, heap: int) -> int:
    """Take the first item off one of the world's heaps."""
    item = world.heaps[heap, 0]["item"]
    pop(world.heaps[heap], world.heap_size[heap])
    world.heap_size[heap] -= 1
    return int(item)


@kernel
def last_price(world: World, coin: int) -> float:
    """Return the last price: the undisturbed one, displaced by liquidations."""
    c = world.coins[coin]
    return float(c["calm_last"] * (1.0 + c["impact"]))


@kernel
def taker_buys(world: World, i: int, kind: int) -> bool:
    """Return whether the taker buys in a fill of this kind; forced orders and stops are takers themselves."""
    p = world.positions[i]
    buys = (p["direction"] > 0) == (kind == OPEN)
    passive = (kind == OPEN and p["open_passive"]) or (kind == CLOSE and p["close_passive"])
    return bool(buys != passive)


@kernel
def fill_ticks(world: World, i: int, price: float, kind: int) -> int:
    """Return the tick just above a price for a buying taker, just below for a selling one, at least 1."""
    per_quote: float = world.coins[world.positions[i]["coin"]]["ticks_per_quote"]
    below = math.floor(price * per_quote)
    return max(below + 1 if taker_buys(world, i, kind) else below, 1)


@kernel
def size_of(world: World, i: int) -> float:
    """Return a position's present size in coins."""
    p = world.positions[i]
    return float(p["lots"] / world.coins[p["coin"]]["lots_per_coin"])


@kernel
def level_of(world: World, i: int) -> float:
    """Return the liquidation price of an isolated position as it stands."""
    p = world.positions[i]
    return liquidation_price(p["direction"], size_of(world, i), p["entry"], p["margin"], world.tiers)


@kernel
def queue_position(world: World, i: int, trigger: float) -> None:
    """Queue an isolated position to be served when the mark reaches its trigger."""
    p = world.positions[i]
    queue(world, 2 * p["coin"] + (1 if p["direction"] < 0 else 0), -p["direction"] * trigger, i)


@kernel
def write_fill(world: World, i: int, lots: int, ticks: int, kind: int) -> None:
    """Write one fill at the venue's clock, before the position's size is changed."""
    venue, p = world.venue[0], world.positions[i]
    fill = world.fills[venue["fills"]]
    venue["fills"] += 1
    fill["ms"] = venue["clock_ms"]
    fill["position"] = i
    fill["lots"] = lots
    fill["ticks"] = ticks
    fill["kind"] = kind
    fill["taker_buy"] = taker_buys(world, i, kind)
    fill["level"] = p["level"]
    fill["bankruptcy"] = p["entry"] - p["direction"] * p["margin"] / size_of(world, i)


@kernel
def write_change(world: World, i: int, ms: int) -> None:
    """Write a position's present size, level and margin, valid from a moment."""
    venue, p = world.venue[0], world.positions[i]
    change = world.changes[venue["changes"]]
    venue["changes"] += 1
    change["ms"] = ms
    change["position"] = i
    change["lots"] = p["lots"]
    change["level"] = p["level"]
    change["margin"] = p["margin"]


@kernel
def end(world: World, i: int, ms: int, kind: int) -> None:
    """Mark a position as gone."""
    p = world.positions[i]
    p["lots"] = 0
    p["ended_ms"] = ms
    p["ended_kind"] = kind


@kernel
def forced_ticks(world: World, i: int, size: float, kind: int) -> int:
    """Return the average price of a forced closing in ticks and displace the book by it.

    The book is linear: ``Q`` USD move the last price by ``Q / depth`` of its undisturbed value.
    """
    direction, coin = world.positions[i]["direction"], world.positions[i]["coin"]
    c = world.coins[coin]
    shift = min(size * last_price(world, coin) / world.venue[0]["depth"], 0.5)
    average = c["calm_last"] * max(1.0 + c["impact"] - direction * 0.5 * shift, 0.05)
    c["impact"] = max(c["impact"] - direction * shift, -0.9)
    return fill_ticks(world, i, average, kind)


@kernel
def tick_clock(world: World, i: int, step: int) -> None:
    """Advance the clock to the next liquidation order inside the step."""
    venue = world.venue[0]
    last_ms = (step + 1) * venue["step_ms"] - 1
    venue["clock_ms"] = min(venue["clock_ms"] + world.positions[i]["gap_ms"], last_ms)
