"""The exchange itself: one pass over time in which marks are published, levels touched, positions opened and closed.

Only additions, multiplications, divisions and comparisons of doubles happen here, so that the compiled and the
interpreted run agree to the last bit. Every function of a world changes it in place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.jit import kernel
from liqatlas.simulate.state import (
    ADL,
    ADL_OPPOSITE,
    CLOSE,
    LIQUIDATION,
    MARK_STEPS_PER_TICK,
    NEVER_MS,
    OPEN,
    PARTIAL,
    STOP,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.state import World

CROSS_HEAP = 4
#: Keeps rounding from ever delaying the check of a cross account.
CAUTION = 1.0 - 1e-9


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
def push(heap: NDArray[Any], size: int, key: float, item: int) -> None:
    """Put an item on a heap of so many entries whose smallest key is on top."""
    i = size
    while i > 0:
        parent = (i - 1) // 2
        if heap[parent]["key"] <= key:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i]["key"] = key
    heap[i]["item"] = item


@kernel
def pop(heap: NDArray[Any], size: int) -> None:
    """Take the entry with the smallest key off a heap of so many entries."""
    key, item = heap[size - 1]["key"], heap[size - 1]["item"]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and heap[child + 1]["key"] < heap[child]["key"]:
            child += 1
        if heap[child]["key"] >= key:
            break
        heap[i] = heap[child]
        i = child
    heap[i]["key"] = key
    heap[i]["item"] = item


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


# Stands in for the closed form of ``liqatlas.rules`` until a compiled one is offered there.
@kernel
def liquidation_price(
    direction: int, quantity: float, entry: float, margin: float, tiers: NDArray[Any]
) -> float:
    """Return the mark at which a linear position's equity equals its maintenance margin; 0 where none is positive.

    ``P = (W + c - s q E) / (q (m - s))`` per tier. The schedule is convex in notional, so maintenance is the largest over
    tiers of ``m N - c``, and the price reached first, the highest for a long, the lowest for a short, is the answer.
    """
    best = 0.0
    for tier in range(len(tiers)):
        scale = quantity * (tiers[tier]["rate"] - direction)
        price = (margin + tiers[tier]["deduction"] - direction * quantity * entry) / scale
        if tier == 0 or (direction > 0 and price > best) or (direction < 0 and price < best):
            best = price
    return max(best, 0.0)


@kernel
def maintenance(notional: float, tiers: NDArray[Any]) -> float:
    """Return the maintenance margin of a notional [USD]."""
    best = 0.0
    for tier in range(len(tiers)):
        best = max(best, notional * tiers[tier]["rate"] - tiers[tier]["deduction"])
    return best


@kernel
def liquidation_prices(
    direction: NDArray[np.int64],
    quantity: NDArray[np.float64],
    entry: NDArray[np.float64],
    margin: NDArray[np.float64],
    tiers: NDArray[Any],
) -> NDArray[np.float64]:
    """Return the liquidation price of many positions, shape ``(n,)``."""
    out = np.empty(len(entry))
    for i in range(len(entry)):
        out[i] = liquidation_price(direction[i], quantity[i], entry[i], margin[i], tiers)
    return out


@kernel
def maintenance_margins(notional: NDArray[np.float64], tiers: NDArray[Any]) -> NDArray[np.float64]:
    """Return the maintenance margin of many notionals [USD], shape ``(n,)``."""
    out = np.empty(len(notional))
    for i in range(len(notional)):
        out[i] = maintenance(notional[i], tiers)
    return out


@kernel
def last_price(world: World, coin: int) -> float:
    """Return the last price: the undisturbed one, displaced by liquidations."""
    c = world.coins[coin]
    return c["calm_last"] * (1.0 + c["impact"])


@kernel
def taker_ticks(world: World, coin: int, price: float, taker_buys: bool) -> int:
    """Return the tick just above a price for a buying taker, just below for a selling one, at least 1."""
    below = int(math.floor(price * world.coins[coin]["ticks_per_quote"]))
    return max(below + 1 if taker_buys else below, 1)


@kernel
def size_of(world: World, i: int) -> float:
    """Return a position's present size in coins."""
    p = world.positions[i]
    return p["lots"] / world.coins[p["coin"]]["lots_per_coin"]


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
def write_fill(world: World, i: int, lots: int, ticks: int, kind: int, taker_buys: bool) -> None:
    """Write one fill at the venue's clock, before the position's size is changed."""
    venue, p = world.venue[0], world.positions[i]
    fill = world.fills[venue["fills"]]
    venue["fills"] += 1
    fill["ms"] = venue["clock_ms"]
    fill["position"] = i
    fill["lots"] = lots
    fill["ticks"] = ticks
    fill["kind"] = kind
    fill["taker_buy"] = taker_buys
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
def forced_ticks(world: World, i: int, size: float) -> int:
    """Return the average price of a forced closing in ticks and displace the book by it.

    The book is linear: ``Q`` USD move the last price by ``Q / depth`` of its undisturbed value.
    """
    direction, coin = world.positions[i]["direction"], world.positions[i]["coin"]
    c = world.coins[coin]
    shift = min(size * last_price(world, coin) / world.venue[0]["depth"], 0.5)
    average = c["calm_last"] * max(1.0 + c["impact"] - direction * 0.5 * shift, 0.05)
    c["impact"] = max(c["impact"] - direction * shift, -0.9)
    return taker_ticks(world, coin, average, direction < 0)


@kernel
def tick_clock(world: World, i: int, step: int) -> None:
    """Advance the clock to the next liquidation order inside the step."""
    venue = world.venue[0]
    last_ms = (step + 1) * venue["step_ms"] - 1
    venue["clock_ms"] = min(venue["clock_ms"] + world.positions[i]["gap_ms"], last_ms)


@kernel
def reduce_by_tiers(world: World, i: int, step: int) -> bool:
    """Sell a position down tier by tier; return whether what remains is safe at the present mark."""
    p = world.positions[i]
    coin, direction = p["coin"], p["direction"]
    c, mark = world.coins[coin], world.mark[coin, step]
    for tier in range(len(world.tiers) - 1, 0, -1):
        keep = int(math.floor(world.tiers[tier]["floor"] / mark * c["lots_per_coin"]))
        cut = p["lots"] - keep
        if cut <= 0 or keep <= 0:
            continue
        tick_clock(world, i, step)
        size = cut / c["lots_per_coin"]
        ticks = forced_ticks(world, i, size)
        write_fill(world, i, cut, ticks, PARTIAL, direction < 0)
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
        if p["lots"] == 0 or p["account"] >= 0 or p["coin"] != me["coin"] or p["direction"] == me["direction"]:
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
    ticks = max(int(math.floor(bankruptcy * per_quote + 0.5)), 1)
    now = step * world.venue[0]["step_ms"]
    left = p["lots"]
    while left > 0:
        j = best_opposite(world, i, opened, ticks / per_quote)
        if j < 0:
            break
        other = world.positions[j]
        take = min(left, other["lots"])
        write_fill(world, j, take, ticks, ADL_OPPOSITE, p["direction"] < 0)
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
        write_fill(world, i, taken, ticks, ADL, p["direction"] < 0)
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
        ticks = forced_ticks(world, i, size)
        write_fill(world, i, p["lots"], ticks, LIQUIDATION, direction < 0)
        price = ticks / world.coins[coin]["ticks_per_quote"]
        venue["fund"] += p["margin"] + direction * size * (price - p["entry"])
    end(world, i, step * venue["step_ms"], kind)


@kernel
def leg(world: World, account: int, coin: int) -> int:
    """Return a cross account's position in a coin, -1 where it has none."""
    return world.accounts[account]["leg0"] if coin == 0 else world.accounts[account]["leg1"]


@kernel
def set_leg(world: World, account: int, coin: int, i: int) -> None:
    """Write down a cross account's position in a coin."""
    if coin == 0:
        world.accounts[account]["leg0"] = i
    else:
        world.accounts[account]["leg1"] = i


@kernel
def close(world: World, i: int, kind: int, passive: bool) -> None:
    """Close a position by its owner's order at the venue's clock."""
    p = world.positions[i]
    coin, direction = p["coin"], p["direction"]
    taker_buys = (direction < 0) != passive
    ticks = taker_ticks(world, coin, last_price(world, coin), taker_buys)
    write_fill(world, i, p["lots"], ticks, kind, taker_buys)
    if p["account"] >= 0:
        price = ticks / world.coins[coin]["ticks_per_quote"]
        world.accounts[p["account"]]["wallet"] += direction * size_of(world, i) * (price - p["entry"])
        set_leg(world, p["account"], coin, -1)
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
                    close(world, i, STOP, False)
                    p["ended_ms"] = step * world.venue[0]["step_ms"]


@kernel
def account_slack(world: World, account: int, step: int) -> tuple[float, float, float]:
    """Return a cross account's equity less maintenance, its equity, and what one unit of price variation can cost it."""
    equity, needed, reach = world.accounts[account]["wallet"], 0.0, 0.0
    steepest = world.tiers[len(world.tiers) - 1]["rate"]
    for coin in range(len(world.coins)):
        i = leg(world, account, coin)
        if i >= 0:
            p, mark, size = world.positions[i], world.mark[coin, step], size_of(world, i)
            equity += p["direction"] * size * (mark - p["entry"])
            needed += maintenance(size * mark, world.tiers)
            reach += size * world.coins[coin]["first_mark"] * (1.0 + steepest)
    return equity - needed, equity, reach


@kernel
def queue_account(world: World, account: int, step: int) -> None:
    """Queue a cross account to be looked at when prices have travelled as far as could hurt it."""
    a = world.accounts[account]
    slack, _, reach = account_slack(world, account, step)
    if reach > 0.0:
        a["key"] = world.venue[0]["variation"] + max(slack, 0.0) / reach * CAUTION
        queue(world, CROSS_HEAP, a["key"], account)
    else:
        a["key"] = -1.0
        a["wallet"] = 0.0


@kernel
def settle_account(world: World, account: int, step: int) -> None:
    """After a cross account's position was opened or closed: write its wallet to its positions and queue it anew."""
    for coin in range(len(world.coins)):
        i = leg(world, account, coin)
        if i >= 0:
            world.positions[i]["margin"] = world.accounts[account]["wallet"]
            write_change(world, i, world.venue[0]["clock_ms"])
    queue_account(world, account, step)


@kernel
def liquidate_account(world: World, account: int, step: int) -> None:
    """Close all positions of a cross account; its equity is shared by them in proportion to notional."""
    a = world.accounts[account]
    _, equity, _ = account_slack(world, account, step)
    total = 0.0
    for coin in range(len(world.coins)):
        i = leg(world, account, coin)
        if i >= 0:
            total += size_of(world, i) * world.mark[coin, step]
    for coin in range(len(world.coins)):
        i = leg(world, account, coin)
        if i < 0:
            continue
        p, mark, size = world.positions[i], world.mark[coin, step], size_of(world, i)
        p["margin"] = p["direction"] * size * (p["entry"] - mark) + equity * size * mark / total
        p["level"] = mark
        tick_clock(world, i, step)
        ticks = forced_ticks(world, i, size)
        write_fill(world, i, p["lots"], ticks, LIQUIDATION, p["direction"] < 0)
        a["wallet"] += p["direction"] * size * (ticks / world.coins[coin]["ticks_per_quote"] - p["entry"])
        set_leg(world, account, coin, -1)
        end(world, i, step * world.venue[0]["step_ms"], LIQUIDATION)
    world.venue[0]["fund"] += a["wallet"]
    a["wallet"] = 0.0
    a["key"] = -1.0


@kernel
def trigger_cross(world: World, step: int) -> None:
    """Look at every cross account that the travelled prices could have hurt."""
    while (
        world.heap_size[CROSS_HEAP] > 0
        and world.heaps[CROSS_HEAP, 0]["key"] <= world.venue[0]["variation"]
    ):
        key = world.heaps[CROSS_HEAP, 0]["key"]
        account = unqueue(world, CROSS_HEAP)
        if key != world.accounts[account]["key"]:
            continue
        slack, _, _ = account_slack(world, account, step)
        if slack <= 0.0:
            liquidate_account(world, account, step)
        else:
            queue_account(world, account, step)


@kernel
def open_position(world: World, i: int, step: int) -> None:
    """Open a position at the venue's clock with its order's size and leverage."""
    p = world.positions[i]
    coin, direction = p["coin"], p["direction"]
    c = world.coins[coin]
    taker_buys = (direction > 0) != p["open_passive"]
    ticks = taker_ticks(world, coin, last_price(world, coin), taker_buys)
    entry = ticks / c["ticks_per_quote"]
    p["entry"] = entry
    p["lots"] = max(int(math.floor(p["notional_usd"] / entry * c["lots_per_coin"] + 0.5)), 1)
    p["margin"] = size_of(world, i) * entry / p["leverage"]
    write_fill(world, i, p["lots"], ticks, OPEN, taker_buys)
    if p["account"] >= 0:
        world.accounts[p["account"]]["wallet"] += p["margin"]
        set_leg(world, p["account"], coin, i)
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
    opened, closed = 0, 0
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
                    close(world, i, CLOSE, p["close_passive"])
                    if p["account"] >= 0:
                        settle_account(world, p["account"], step)


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
