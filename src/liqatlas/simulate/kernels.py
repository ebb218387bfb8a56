"""The exchange itself: one pass over time in which marks are published, levels touched, positions opened and closed.

Only additions, multiplications, divisions and comparisons of doubles happen here, so that the compiled and the
interpreted run agree to the last bit. Every function changes the state it is given.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.jit import kernel
from liqatlas.simulate.state import (
    ADL,
    ADL_OPPOSITE,
    CLOSE,
    LIQUIDATION,
    MARK_STEPS_PER_TICK,
    OPEN,
    PARTIAL,
    STOP,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.state import Book, Market, World

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
def push(book: Book, heap: int, key: float, item: int) -> None:
    """Put an item on a heap whose smallest key is on top."""
    keys, items = book.heap_key[heap], book.heap_id[heap]
    i = book.heap_size[heap]
    book.heap_size[heap] += 1
    while i > 0:
        parent = (i - 1) // 2
        if keys[parent] <= key:
            break
        keys[i], items[i] = keys[parent], items[parent]
        i = parent
    keys[i], items[i] = key, item


@kernel
def pop(book: Book, heap: int) -> int:
    """Take the item with the smallest key off a heap that is not empty."""
    keys, items = book.heap_key[heap], book.heap_id[heap]
    top = items[0]
    book.heap_size[heap] -= 1
    size = book.heap_size[heap]
    key, item = keys[size], items[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i], items[i] = keys[child], items[child]
        i = child
    keys[i], items[i] = key, item
    return int(top)


# Stands in for the closed form of ``liqatlas.rules`` until a compiled one is offered there.
@kernel
def liquidation_price(
    direction: int,
    quantity: float,
    entry: float,
    margin: float,
    rates: NDArray[np.float64],
    deductions: NDArray[np.float64],
) -> float:
    """Return the mark at which a linear position's equity equals its maintenance margin; 0 where none is positive.

    ``P = (W + c - s q E) / (q (m - s))`` per tier. The schedule is convex in notional, so maintenance is the largest over
    tiers of ``m N - c``, and the price reached first, the highest for a long, the lowest for a short, is the answer.
    """
    best = 0.0
    for tier in range(len(rates)):
        scale = quantity * (rates[tier] - direction)
        price = (margin + deductions[tier] - direction * quantity * entry) / scale
        if tier == 0 or (direction > 0 and price > best) or (direction < 0 and price < best):
            best = price
    return max(best, 0.0)


@kernel
def maintenance(notional: float, rates: NDArray[np.float64], deductions: NDArray[np.float64]) -> float:
    """Return the maintenance margin of a notional [USD]."""
    best = 0.0
    for tier in range(len(rates)):
        best = max(best, notional * rates[tier] - deductions[tier])
    return best


@kernel
def liquidation_prices(
    direction: NDArray[np.int64],
    quantities: NDArray[np.float64],
    entry: NDArray[np.float64],
    margin: NDArray[np.float64],
    rates: NDArray[np.float64],
    deductions: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the liquidation price of many positions, shape ``(n,)``."""
    out = np.empty(len(entry))
    for i in range(len(entry)):
        out[i] = liquidation_price(direction[i], quantities[i], entry[i], margin[i], rates, deductions)
    return out


@kernel
def maintenance_margins(
    notional: NDArray[np.float64], rates: NDArray[np.float64], deductions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the maintenance margin of many notionals [USD], shape ``(n,)``."""
    out = np.empty(len(notional))
    for i in range(len(notional)):
        out[i] = maintenance(notional[i], rates, deductions)
    return out


@kernel
def level_of(world: World, i: int) -> float:
    """Return the liquidation price of an isolated position as it stands."""
    market, book, orders = world.market, world.book, world.orders
    return liquidation_price(
        orders.direction[i], quantity(world, i), book.entry[i], book.margin[i], market.tier_rate, market.tier_deduction
    )


@kernel
def last_price(world: World, coin: int) -> float:
    """Return the last price: the undisturbed one, displaced by liquidations."""
    return world.book.last[coin] * (1.0 + world.book.impact[coin])


@kernel
def taker_ticks(world: World, coin: int, price: float, taker_buys: bool) -> int:
    """Return the tick just above a price for a buying taker, just below for a selling one, at least 1."""
    below = int(math.floor(price * world.market.ticks_per_quote[coin]))
    return max(below + 1 if taker_buys else below, 1)


@kernel
def quantity(world: World, i: int) -> float:
    """Return a position's present size in coins."""
    return float(world.book.lots[i] / world.market.lots_per_coin[world.orders.coin[i]])


@kernel
def write_fill(world: World, i: int, lots: int, ticks: int, kind: int, taker_buys: bool) -> None:
    """Write one fill at the book's clock, before the position's size is changed."""
    book, record = world.book, world.record
    n = record.count[0]
    record.count[0] += 1
    record.fill_ms[n] = book.clock_ms[0]
    record.fill_position[n] = i
    record.fill_lots[n] = lots
    record.fill_ticks[n] = ticks
    record.fill_kind[n] = kind
    record.fill_taker_buy[n] = taker_buys
    record.fill_level[n] = book.level[i]
    record.fill_bankruptcy[n] = book.entry[i] - world.orders.direction[i] * book.margin[i] / quantity(world, i)


@kernel
def write_change(world: World, i: int, ms: int) -> None:
    """Write a position's present size, level and margin, valid from a moment."""
    book, record = world.book, world.record
    n = record.count[1]
    record.count[1] += 1
    record.change_ms[n] = ms
    record.change_position[n] = i
    record.change_lots[n] = book.lots[i]
    record.change_level[n] = book.level[i]
    record.change_margin[n] = book.margin[i]


@kernel
def end(world: World, i: int, ms: int, kind: int) -> None:
    """Mark a position as gone."""
    world.book.lots[i] = 0
    world.book.ended_ms[i] = ms
    world.book.ended_kind[i] = kind


@kernel
def publish(world: World, step: int) -> None:
    """Publish the mark of every coin and add up how far marks have travelled in all."""
    book, market, record = world.book, world.market, world.record
    widest = 0.0
    for coin in range(market.mark.shape[0]):
        book.impact[coin] *= world.rules.keep
        unit = market.ticks_per_quote[coin] * MARK_STEPS_PER_TICK
        calm = market.mark[coin, step]
        mark = math.floor(calm * (1.0 + world.rules.pass_through * book.impact[coin]) * unit + 0.5) / unit
        record.mark[coin, step] = mark
        book.last[coin] = calm * (1.0 + market.last_gap[coin, step])
        if step > 0:
            widest = max(widest, abs(mark - record.mark[coin, step - 1]) / market.mark[coin, 0])
    book.variation[0] += widest


@kernel
def forced_ticks(world: World, coin: int, direction: int, amount: float) -> int:
    """Return the average price of a forced closing in ticks and displace the book by it.

    The book is linear: ``Q`` USD move the last price by ``Q / depth`` of its undisturbed value.
    """
    book = world.book
    shift = min(amount * last_price(world, coin) / world.rules.depth, 0.5)
    average = book.last[coin] * max(1.0 + book.impact[coin] - direction * 0.5 * shift, 0.05)
    book.impact[coin] = max(book.impact[coin] - direction * shift, -0.9)
    return taker_ticks(world, coin, average, direction < 0)


@kernel
def tick_clock(world: World, i: int, step: int) -> None:
    """Advance the clock to the next liquidation order inside the step."""
    last_ms = (step + 1) * world.rules.step_ms - 1
    world.book.clock_ms[0] = min(world.book.clock_ms[0] + world.orders.gap_ms[i], last_ms)


@kernel
def reduce_by_tiers(world: World, i: int, step: int) -> bool:
    """Sell a position down tier by tier; return whether what remains is safe at the present mark."""
    orders, market, book = world.orders, world.market, world.book
    coin, direction = orders.coin[i], orders.direction[i]
    mark, per_coin = world.record.mark[coin, step], market.lots_per_coin[coin]
    for tier in range(len(market.tier_rate) - 1, 0, -1):
        keep = int(math.floor(market.tier_floor[tier] / mark * per_coin))
        cut = book.lots[i] - keep
        if cut <= 0 or keep <= 0:
            continue
        tick_clock(world, i, step)
        ticks = forced_ticks(world, coin, direction, cut / per_coin)
        write_fill(world, i, cut, ticks, PARTIAL, direction < 0)
        price = ticks / market.ticks_per_quote[coin]
        book.margin[i] += direction * (cut / per_coin) * (price - book.entry[i])
        book.lots[i] = keep
        book.level[i] = level_of(world, i)
        write_change(world, i, step * world.rules.step_ms)
        if book.margin[i] > 0.0 and direction * (mark - book.level[i]) > 0.0:
            push(book, 2 * coin + (direction < 0), -direction * book.level[i], i)
            return True
    return False


@kernel
def best_opposite(world: World, i: int, opened: int, price: float) -> int:
    """Return the isolated position on the other side with the highest profit times leverage, -1 where none profits."""
    orders, book = world.orders, world.book
    best, found = 0.0, -1
    for j in range(opened):
        if book.lots[j] == 0 or orders.account[j] >= 0 or orders.coin[j] != orders.coin[i]:
            continue
        if orders.direction[j] == orders.direction[i]:
            continue
        score = orders.direction[j] * (price - book.entry[j]) / book.entry[j] * orders.leverage[j]
        if score > best:
            best, found = score, j
    return found


@kernel
def deleverage(world: World, i: int, step: int, opened: int) -> None:
    """Close a position off the book against profitable opposite ones at its bankruptcy price, as far as they reach."""
    orders, market, book = world.orders, world.market, world.book
    coin, direction = orders.coin[i], orders.direction[i]
    bankruptcy = book.entry[i] - direction * book.margin[i] / quantity(world, i)
    ticks = max(int(math.floor(bankruptcy * market.ticks_per_quote[coin] + 0.5)), 1)
    now = step * world.rules.step_ms
    left = book.lots[i]
    while left > 0:
        j = best_opposite(world, i, opened, ticks / market.ticks_per_quote[coin])
        if j < 0:
            break
        take = min(left, book.lots[j])
        write_fill(world, j, take, ticks, ADL_OPPOSITE, direction < 0)
        left -= take
        if take == book.lots[j]:
            end(world, j, now, ADL_OPPOSITE)
        else:
            book.margin[j] *= (book.lots[j] - take) / book.lots[j]
            book.lots[j] -= take
            book.level[j] = level_of(world, j)
            push(book, 2 * coin + (direction > 0), direction * book.level[j], j)
            write_change(world, j, now)
    taken = book.lots[i] - left
    if taken > 0:
        write_fill(world, i, taken, ticks, ADL, direction < 0)
        book.margin[i] *= left / book.lots[i]
        book.lots[i] = left


@kernel
def liquidate(world: World, i: int, step: int, opened: int) -> None:
    """Close an isolated position whose level the mark has touched."""
    orders, market, book = world.orders, world.market, world.book
    coin, direction = orders.coin[i], orders.direction[i]
    now = step * world.rules.step_ms
    if world.rules.partial and reduce_by_tiers(world, i, step):
        return
    tick_clock(world, i, step)
    rest = book.margin[i] + direction * quantity(world, i) * (last_price(world, coin) - book.entry[i])
    kind = LIQUIDATION
    if world.rules.adl and book.fund[0] + rest < 0.0:
        deleverage(world, i, step, opened)
        kind = ADL
    if book.lots[i] > 0:
        kind = LIQUIDATION
        size = quantity(world, i)
        ticks = forced_ticks(world, coin, direction, size)
        write_fill(world, i, book.lots[i], ticks, LIQUIDATION, direction < 0)
        book.fund[0] += book.margin[i] + direction * size * (ticks / market.ticks_per_quote[coin] - book.entry[i])
    end(world, i, now, kind)


@kernel
def close(world: World, i: int, kind: int, passive: bool) -> None:
    """Close a position by its owner's order at the book's clock."""
    orders, market, book = world.orders, world.market, world.book
    coin, direction = orders.coin[i], orders.direction[i]
    taker_buys = (direction < 0) != passive
    ticks = taker_ticks(world, coin, last_price(world, coin), taker_buys)
    write_fill(world, i, book.lots[i], ticks, kind, taker_buys)
    account = orders.account[i]
    if account >= 0:
        price = ticks / market.ticks_per_quote[coin]
        book.wallet[account] += direction * quantity(world, i) * (price - book.entry[i])
        book.leg[account, coin] = -1
    end(world, i, book.clock_ms[0], kind)


@kernel
def trigger_isolated(world: World, step: int, opened: int) -> None:
    """Serve every isolated position whose stop or liquidation level the mark has reached, nearest levels first."""
    orders, book = world.orders, world.book
    for coin in range(world.market.mark.shape[0]):
        mark = world.record.mark[coin, step]
        for side in range(2):
            direction = 1 - 2 * side
            heap = 2 * coin + side
            while book.heap_size[heap] > 0 and book.heap_key[heap, 0] <= -direction * mark:
                i = pop(book, heap)
                if book.lots[i] == 0:
                    continue
                if direction * (mark - book.level[i]) <= 0.0:
                    liquidate(world, i, step, opened)
                elif orders.stop[i] > 0.0:
                    tick_clock(world, i, step)
                    close(world, i, STOP, False)
                    book.ended_ms[i] = step * world.rules.step_ms


@kernel
def account_slack(world: World, account: int, step: int) -> tuple[float, float, float]:
    """Return a cross account's equity less maintenance, its equity, and what one unit of price variation can cost it."""
    market, book = world.market, world.book
    equity, needed, reach = book.wallet[account], 0.0, 0.0
    for coin in range(market.mark.shape[0]):
        i = book.leg[account, coin]
        if i >= 0:
            mark, size = world.record.mark[coin, step], quantity(world, i)
            equity += world.orders.direction[i] * size * (mark - book.entry[i])
            needed += maintenance(size * mark, market.tier_rate, market.tier_deduction)
            reach += size * market.mark[coin, 0] * (1.0 + market.tier_rate[-1])
    return equity - needed, equity, reach


@kernel
def queue_account(world: World, account: int, step: int) -> None:
    """Queue a cross account to be looked at when prices have travelled as far as could hurt it."""
    book = world.book
    slack, _, reach = account_slack(world, account, step)
    if reach > 0.0:
        key = book.variation[0] + max(slack, 0.0) / reach * CAUTION
        book.account_key[account] = key
        push(book, CROSS_HEAP, key, account)
    else:
        book.account_key[account] = -1.0
        book.wallet[account] = 0.0


@kernel
def settle_account(world: World, account: int, step: int) -> None:
    """After a cross account's position was opened or closed: write its wallet to its positions and queue it anew."""
    book = world.book
    for coin in range(world.market.mark.shape[0]):
        i = book.leg[account, coin]
        if i >= 0:
            book.margin[i] = book.wallet[account]
            write_change(world, i, book.clock_ms[0])
    queue_account(world, account, step)


@kernel
def liquidate_account(world: World, account: int, step: int) -> None:
    """Close all positions of a cross account; its deficit is shared by them in proportion to notional."""
    orders, market, book = world.orders, world.market, world.book
    _, equity, _ = account_slack(world, account, step)
    coins = market.mark.shape[0]
    total = 0.0
    for coin in range(coins):
        if book.leg[account, coin] >= 0:
            total += quantity(world, book.leg[account, coin]) * world.record.mark[coin, step]
    for coin in range(coins):
        i = book.leg[account, coin]
        if i < 0:
            continue
        direction, size, mark = orders.direction[i], quantity(world, i), world.record.mark[coin, step]
        book.margin[i] = direction * size * (book.entry[i] - mark) + equity * size * mark / total
        book.level[i] = mark
        tick_clock(world, i, step)
        ticks = forced_ticks(world, coin, direction, size)
        write_fill(world, i, book.lots[i], ticks, LIQUIDATION, direction < 0)
        book.wallet[account] += direction * size * (ticks / market.ticks_per_quote[coin] - book.entry[i])
        book.leg[account, coin] = -1
        end(world, i, step * world.rules.step_ms, LIQUIDATION)
    book.fund[0] += book.wallet[account]
    book.wallet[account] = 0.0
    book.account_key[account] = -1.0


@kernel
def trigger_cross(world: World, step: int) -> None:
    """Look at every cross account that the travelled prices could have hurt."""
    book = world.book
    while book.heap_size[CROSS_HEAP] > 0 and book.heap_key[CROSS_HEAP, 0] <= book.variation[0]:
        key = book.heap_key[CROSS_HEAP, 0]
        account = pop(book, CROSS_HEAP)
        if key != book.account_key[account]:
            continue
        slack, _, _ = account_slack(world, account, step)
        if slack <= 0.0:
            liquidate_account(world, account, step)
        else:
            queue_account(world, account, step)


@kernel
def open_position(world: World, i: int, step: int) -> None:
    """Open a position at the book's clock with its order's size and leverage."""
    orders, market, book = world.orders, world.market, world.book
    coin, direction = orders.coin[i], orders.direction[i]
    taker_buys = (direction > 0) != orders.open_passive[i]
    ticks = taker_ticks(world, coin, last_price(world, coin), taker_buys)
    entry = ticks / market.ticks_per_quote[coin]
    book.entry[i] = entry
    book.lots[i] = max(int(math.floor(orders.notional_usd[i] / entry * market.lots_per_coin[coin] + 0.5)), 1)
    size = quantity(world, i)
    book.margin[i] = size * entry / orders.leverage[i]
    account = orders.account[i]
    if account < 0:
        level = level_of(world, i)
        book.level[i] = level
        trigger = entry + orders.stop[i] * (level - entry) if orders.stop[i] > 0.0 else level
        push(book, 2 * coin + (direction < 0), -direction * trigger, i)
    else:
        book.wallet[account] += book.margin[i]
        book.leg[account, coin] = i
        settle_account(world, account, step)
    write_fill(world, i, book.lots[i], ticks, OPEN, taker_buys)
    if account < 0:
        write_change(world, i, book.clock_ms[0])


@kernel
def run(world: World) -> None:
    """Live through all steps: publish marks, serve what they touch, then what traders do before the next mark."""
    orders, book, record = world.orders, world.book, world.record
    count, steps = len(orders.open_ms), world.market.mark.shape[1]
    never = np.iinfo(np.int64).max
    opened, closed = 0, 0
    for step in range(steps):
        now = step * world.rules.step_ms
        book.clock_ms[0] = now
        publish(world, step)
        trigger_isolated(world, step, opened)
        trigger_cross(world, step)
        for coin in range(world.market.mark.shape[0]):
            record.last[coin, step] = last_price(world, coin)
        if step == steps - 1:
            break
        while True:
            open_ms = orders.open_ms[opened] if opened < count else never
            close_ms = orders.close_ms[orders.close_order[closed]] if closed < count else never
            if min(open_ms, close_ms) >= now + world.rules.step_ms:
                break
            if open_ms <= close_ms:
                book.clock_ms[0] = open_ms
                open_position(world, opened, step)
                opened += 1
            else:
                i = orders.close_order[closed]
                closed += 1
                if book.lots[i] > 0:
                    book.clock_ms[0] = close_ms
                    close(world, i, CLOSE, orders.close_passive[i])
                    if orders.account[i] >= 0:
                        settle_account(world, orders.account[i], step)


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
