"""The exchange itself: one pass over time in which marks are published, levels touched, positions opened and closed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liqatlas.base.jit import kernel
from liqatlas.simulate.kernels_accounts import NOBODY, set_leg, settle_account, trigger_cross
from liqatlas.simulate.kernels_margin import highest_leverage
from liqatlas.simulate.kernels_state import (
    ADL,
    ADL_OPPOSITE,
    CLOSE,
    LIQUIDATION,
    MARK_STEPS_PER_TICK,
    NEVER_MS,
    OPEN,
    PARTIAL,
    STOP,
    argument,
)
from liqatlas.simulate.kernels_steps import (
    end,
    fill_ticks,
    forced_ticks,
    last_price,
    level_of,
    queue_position,
    size_of,
    tick_clock,
    unqueue,
    write_change,
    write_fill,
)

if TYPE_CHECKING:
    from liqatlas.simulate.kernels_state import World

NONE = argument(0)


@kernel
def publish(world: World, step: int) -> None:
    """Publish the mark of every coin and add up how far marks have travelled in all."""
    venue = world.venue[0]
    widest = 0.0
    for coin in range(len(world.coins)):
        c = world.coins[coin]
        c["impact"] *= venue["keep"]
        unit = c["ticks_per_quote"] * MARK_STEPS_PER_TICK
        calm = world.calm[coin, step]
        mark = math.floor(calm * (1.0 + venue["pass_through"] * c["impact"]) * unit + 0.5) / unit
        world.mark[coin, step] = mark
        c["calm_last"] = calm * (1.0 + world.gap[coin, step])
        if step > 0:
            widest = max(widest, abs(mark - world.mark[coin, step - 1]) / c["first_mark"])
    venue["variation"] += widest


@kernel
def reduce_by_tiers(world: World, i: int, step: int) -> bool:
    """Sell a position down tier by tier; return whether what remains is safe at the present mark."""
    p = world.positions[i]
    coin, direction = p["coin"], p["direction"]
    c, mark = world.coins[coin], world.mark[coin, step]
    for tier in range(len(world.tiers) - 1, 0, -1):
        keep = math.floor(world.tiers[tier]["floor"] / mark * c["lots_per_coin"])
        cut = p["lots"] - keep
        if cut <= 0 or keep <= 0:
            continue
        tick_clock(world, i, step)
        size = cut / c["lots_per_coin"]
        ticks = forced_ticks(world, i, size, PARTIAL)
        write_fill(world, i, cut, ticks, PARTIAL)
        p["margin"] += direction * size * (ticks / c["ticks_per_quote"] - p["entry"])
        p["lots"] = keep
        p["level"] = level_of(world, i)
        write_change(world, i, step * world.venue[0]["step_ms"])
        if p["margin"] > 0.0 and direction * (mark - p["level"]) > 0.0:
            queue_position(world, i, p["level"])
            return True
    return False


@kernel
def best_opposite(world: World, i: int, opened: int, price: float) -> int:
    """Return the isolated position on the other side with the highest profit times leverage, -1 where none profits."""
    me = world.positions[i]
    best, found = 0.0, -1
    for j in range(opened):
        p = world.positions[j]
        if (
            p["lots"] == 0
            or p["account"] >= 0
            or p["coin"] != me["coin"]
            or p["direction"] == me["direction"]
        ):
            continue
        score = p["direction"] * (price - p["entry"]) / p["entry"] * p["leverage"]
        if score > best:
            best, found = score, j
    return found


@kernel
def deleverage(world: World, i: int, step: int, opened: int) -> None:
    """Close a position off the book against profitable opposite ones at its bankruptcy price, as far as they reach."""
    p = world.positions[i]
    per_quote = world.coins[p["coin"]]["ticks_per_quote"]
    bankruptcy = p["entry"] - p["direction"] * p["margin"] / size_of(world, i)
    ticks = max(math.floor(bankruptcy * per_quote + 0.5), 1)
    now = step * world.venue[0]["step_ms"]
    left = p["lots"]
    while left > 0:
        j = best_opposite(world, i, opened, ticks / per_quote)
        if j < 0:
            break
        other = world.positions[j]
        take = min(left, other["lots"])
        write_fill(world, j, take, ticks, ADL_OPPOSITE)
        left -= take
        if take == other["lots"]:
            end(world, j, now, ADL_OPPOSITE)
        else:
            other["margin"] *= (other["lots"] - take) / other["lots"]
            other["lots"] -= take
            other["level"] = level_of(world, j)
            queue_position(world, j, other["level"])
            write_change(world, j, now)
    taken = p["lots"] - left
    if taken > 0:
        write_fill(world, i, taken, ticks, ADL)
        p["margin"] *= left / p["lots"]
        p["lots"] = left


@kernel
def liquidate(world: World, i: int, step: int, opened: int) -> None:
    """Close an isolated position whose level the mark has touched."""
    venue, p = world.venue[0], world.positions[i]
    coin, direction = p["coin"], p["direction"]
    if venue["partial"] and reduce_by_tiers(world, i, step):
        return
    tick_clock(world, i, step)
    rest = p["margin"] + direction * size_of(world, i) * (last_price(world, coin) - p["entry"])
    kind = LIQUIDATION
    if venue["adl"] and venue["fund"] + rest < 0.0:
        deleverage(world, i, step, opened)
        kind = ADL
    if p["lots"] > 0:
        kind = LIQUIDATION
        size = size_of(world, i)
        ticks = forced_ticks(world, i, size, LIQUIDATION)
        write_fill(world, i, p["lots"], ticks, LIQUIDATION)
        price = ticks / world.coins[coin]["ticks_per_quote"]
        venue["fund"] += p["margin"] + direction * size * (price - p["entry"])
    end(world, i, step * venue["step_ms"], kind)


@kernel
def close(world: World, i: int, kind: int) -> None:
    """Close a position by its owner's order at the venue's clock."""
    p = world.positions[i]
    coin, direction = p["coin"], p["direction"]
    ticks = fill_ticks(world, i, last_price(world, coin), kind)
    write_fill(world, i, p["lots"], ticks, kind)
    if p["account"] >= 0:
        price = ticks / world.coins[coin]["ticks_per_quote"]
        world.accounts[p["account"]]["wallet"] += direction * size_of(world, i) * (price - p["entry"])
        set_leg(world, p["account"], coin, NOBODY)
    end(world, i, world.venue[0]["clock_ms"], kind)


@kernel
def trigger_isolated(world: World, step: int, opened: int) -> None:
    """Serve every isolated position whose stop or liquidation level the mark has reached, nearest levels first."""
    for coin in range(len(world.coins)):
        mark = world.mark[coin, step]
        for side in range(2):
            direction = 1 - 2 * side
            heap = 2 * coin + side
            while world.heap_size[heap] > 0 and world.heaps[heap, 0]["key"] <= -direction * mark:
                i = unqueue(world, heap)
                p = world.positions[i]
                if p["lots"] == 0:
                    continue
                if direction * (mark - p["level"]) <= 0.0:
                    liquidate(world, i, step, opened)
                elif p["stop"] > 0.0:
                    tick_clock(world, i, step)
                    close(world, i, STOP)
                    p["ended_ms"] = step * world.venue[0]["step_ms"]


@kernel
def open_position(world: World, i: int, step: int) -> None:
    """Open a position at the venue's clock with its order's size and leverage."""
    p = world.positions[i]
    c = world.coins[p["coin"]]
    ticks = fill_ticks(world, i, last_price(world, p["coin"]), OPEN)
    entry = ticks / c["ticks_per_quote"]
    p["entry"] = entry
    p["lots"] = max(math.floor(p["notional_usd"] / entry * c["lots_per_coin"] + 0.5), 1)
    notional = size_of(world, i) * entry
    p["leverage"] = min(p["leverage"], highest_leverage(notional, world.tiers))
    p["margin"] = notional / p["leverage"]
    write_fill(world, i, p["lots"], ticks, OPEN)
    if p["account"] >= 0:
        world.accounts[p["account"]]["wallet"] += p["margin"]
        set_leg(world, p["account"], p["coin"], i)
        settle_account(world, p["account"], step)
    else:
        p["level"] = level_of(world, i)
        trigger = entry + p["stop"] * (p["level"] - entry) if p["stop"] > 0.0 else p["level"]
        queue_position(world, i, trigger)
        write_change(world, i, world.venue[0]["clock_ms"])


@kernel
def run(world: World) -> None:
    """Live through all steps: publish marks, serve what they touch, then what traders do before the next mark."""
    venue, positions = world.venue[0], world.positions
    count, steps = len(positions), world.calm.shape[1]
    opened, closed = NONE, NONE
    for step in range(steps):
        now = step * venue["step_ms"]
        venue["clock_ms"] = now
        publish(world, step)
        trigger_isolated(world, step, opened)
        trigger_cross(world, step)
        for coin in range(len(world.coins)):
            world.last[coin, step] = last_price(world, coin)
        if step == steps - 1:
            break
        while True:
            open_ms = positions[opened]["open_ms"] if opened < count else NEVER_MS
            close_ms = positions[world.close_order[closed]]["close_ms"] if closed < count else NEVER_MS
            if min(open_ms, close_ms) >= now + venue["step_ms"]:
                break
            if open_ms <= close_ms:
                venue["clock_ms"] = open_ms
                open_position(world, opened, step)
                opened += 1
            else:
                p, i = positions[world.close_order[closed]], world.close_order[closed]
                closed += 1
                if p["lots"] > 0:
                    venue["clock_ms"] = close_ms
                    close(world, i, CLOSE)
                    if p["account"] >= 0:
                        settle_account(world, p["account"], step)
