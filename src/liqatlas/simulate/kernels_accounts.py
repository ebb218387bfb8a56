"""Cross accounts: one wallet behind a position in each coin, watched without looking at all of them at every mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.jit import kernel
from liqatlas.simulate.kernels_margin import maintenance
from liqatlas.simulate.kernels_state import LIQUIDATION, argument
from liqatlas.simulate.kernels_steps import (
    end,
    forced_ticks,
    queue,
    size_of,
    tick_clock,
    unqueue,
    write_change,
    write_fill,
)

if TYPE_CHECKING:
    from liqatlas.simulate.kernels_state import World

CROSS_HEAP = argument(4)
NOBODY = argument(-1)
#: Keeps rounding from ever delaying the check of a cross account.
CAUTION = 1.0 - 1e-9


@kernel
def leg(world: World, account: int, coin: int) -> int:
    """Return a cross account's position in a coin, -1 where it has none."""
    return int(world.accounts[account]["leg0"] if coin == 0 else world.accounts[account]["leg1"])


@kernel
def set_leg(world: World, account: int, coin: int, i: int) -> None:
    """Write down a cross account's position in a coin."""
    if coin == 0:
        world.accounts[account]["leg0"] = i
    else:
        world.accounts[account]["leg1"] = i


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
        ticks = forced_ticks(world, i, size, LIQUIDATION)
        write_fill(world, i, p["lots"], ticks, LIQUIDATION)
        a["wallet"] += p["direction"] * size * (ticks / world.coins[coin]["ticks_per_quote"] - p["entry"])
        set_leg(world, account, coin, NOBODY)
        end(world, i, step * world.venue[0]["step_ms"], LIQUIDATION)
    world.venue[0]["fund"] += a["wallet"]
    a["wallet"] = 0.0
    a["key"] = -1.0


@kernel
def trigger_cross(world: World, step: int) -> None:
    """Look at every cross account that the travelled prices could have hurt."""
    while (
        world.heap_size[CROSS_HEAP] > 0 and world.heaps[CROSS_HEAP, 0]["key"] <= world.venue[0]["variation"]
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
