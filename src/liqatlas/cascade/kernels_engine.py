"""The event loop: mark, trigger, close by the venue's rule, recover, again; one function for one run, one for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.jit import bare_inline, bare_kernel
from liqatlas.cascade.kernels_book import depth_to, distance_of, segment_of_distance
from liqatlas.cascade.kernels_random import compound_poisson, key_of, spread_of, uniform
from liqatlas.cascade.kernels_serve import serve
from liqatlas.cascade.kernels_state import BOOK, DUST, FUEL, QUIET, ROUNDS

if TYPE_CHECKING:
    from liqatlas.cascade.kernels_state import Market, Output, Plan, Runs, Scratch, Tables

#: Stream numbers beside the venues' own.
_DRAW = 0x7FFF0001


@bare_kernel
def fill_tables(market: Market, tables: Tables) -> None:
    """Work out what all runs share."""
    for v in range(market.depth.shape[0]):
        for i in range(market.depth.shape[1] - 1):
            taken = market.depth[v, i + 1] - market.depth[v, i]
            tables.slope[v, i] = (market.depth_at[i + 1] - market.depth_at[i]) / taken
    for s in range(market.fuel.shape[0]):
        for v in range(market.fuel.shape[1]):
            for k in range(market.fuel.shape[2]):
                tables.spread[s, v, k] = spread_of(market.fuel[s, v, k], market.size[v], market.square[0])


@bare_inline
def publish(world: tuple[Market, Tables], runs: Runs, run: int, scratch: Scratch) -> float:
    """Move books and marks; return the marks' weighted mean."""
    market, tables = world
    walk = (market.depth_at, market.depth, tables.slope)
    state, factor = scratch.venue, runs.depth_factor[run]
    venues = len(state)
    for v in range(venues):
        one = state[v]
        one["shift"] = distance_of((one["base"] + one["pressure"]) / factor, walk, v, one["hint"])
        one["hint"] = segment_of_distance(one["shift"], market.depth_at, one["hint"])
    mean = 0.0
    for v in range(venues):
        mark = 0.0
        for u in range(venues):
            mark += market.pass_through[v, u] * state[u]["shift"]
        state[v]["mark"] = mark
        state[v]["peak"] = max(state[v]["peak"], mark)
        mean += market.weight[v] * mark
    return mean


@bare_inline
def amount_of(world: tuple[Market, Tables], draw: int, v: int, k: int, key: int) -> float:
    """Return what a level holds in this run [USD], before release."""
    market, tables = world
    law = (tables.spread[draw, v, k], market.sizes)
    return compound_poisson(market.fuel[draw, v, k], market.size[v], law, key, k)


@bare_inline
def serve_venue(
    world: tuple[Market, Tables], runs: Runs, memory: tuple[Scratch, Output], where: tuple[Any, ...]
) -> bool:
    """Close what the mark has touched on one venue; return whether something still waits that the mark has reached."""
    market, tables = world
    scratch, output = memory
    run, v, draw, key, now = where
    state, rule, tally = scratch.venue[v], market.rules[v], output.venues[run, v]
    desk = (rule, state, tally)
    walk = (market.depth_at, market.depth, tables.slope)
    book = (walk, runs.depth_factor[run], v)
    release, levels = runs.release[run], len(market.level)
    state["ordered"] = 0.0
    if state["inventory"] > DUST and rule["unwind"] > 0.0:
        sold = min(state["inventory"], state["inventory_peak"] * rule["unwind"])
        state["inventory"] -= sold
        state["added"] += sold
        tally["book"] += sold
    before = state["base"] + state["pressure"] + state["added"]
    state["front"] = distance_of(before / runs.depth_factor[run], walk, v, state["hint"])
    waits = False
    while state["first_waiting"] < state["next"]:
        k = state["first_waiting"]
        usd = scratch.waiting[v, k]
        if usd > DUST:
            if state["peak"] < market.level[k] + rule["relief"]:
                break
            if now < scratch.due[v, k]:
                waits = True
                break
            serve(usd, market.level[k] + rule["relief"], False, desk, book)
        scratch.waiting[v, k] = 0.0
        state["first_waiting"] += 1
    while state["next"] < levels and market.level[state["next"]] <= state["peak"]:
        k = state["next"]
        if state["drawn"] <= k:
            state["left"] = amount_of(world, draw, v, k, key) * release
            state["drawn"] = k + 1
        usd = state["left"]
        if usd > DUST:
            allowed = min(usd, rule["cap"] - state["ordered"])
            if allowed < usd:
                waits = True
            if allowed <= DUST:
                break
            large = allowed * rule["large_share"]
            first = large * rule["first_share"]
            rest = usd - allowed
            at_once = allowed - large
            if rule["fill_or_kill"] == 0:
                at_once += first
            elif first > DUST:
                rest += serve(first, market.level[k], True, desk, book)
            if at_once > DUST:
                rest += serve(at_once, market.level[k], False, desk, book)
            scratch.waiting[v, k] += large - first
            scratch.due[v, k] = now + rule["wait"]
            state["left"] = rest
            state["ordered"] += usd - rest
            if rest > DUST:
                waits = True
                break
        state["next"] = k + 1
    return waits or (state["inventory"] > DUST and rule["unwind"] > 0.0)


@bare_kernel
def begin(world: tuple[Market, Tables], runs: Runs, run: int, memory: tuple[Scratch, Output]) -> None:
    """Put a run's state back to its start, and note what the shock alone reaches."""
    market, tables = world
    walk = (market.depth_at, market.depth, tables.slope)
    scratch, output = memory
    venues = len(scratch.venue)
    alone = 0.0
    for v in range(venues):
        state = scratch.venue[v]
        for k in range(state["next"] + 1 if state["next"] < len(market.level) else len(market.level)):
            scratch.waiting[v, k] = 0.0
        state["moved"] = state["pressure"] = state["base"] = state["added"] = state["shift"] = state[
            "mark"
        ] = state["peak"] = 0.0
        state["next"] = state["first_waiting"] = state["drawn"] = 0
        state["fund"] = state["fund_peak"] = market.rules[v]["fund"]
        state["inventory"] = state["inventory_peak"] = state["ordered"] = 0.0
        state["hint"] = 0
        shift = distance_of(runs.order[run, v] / runs.depth_factor[run], walk, v, 0)
        if runs.move[run] > 0.0:
            shift = runs.move[run]
        for u in range(venues):
            alone += market.weight[u] * market.pass_through[u, v] * shift
    output.runs[run]["alone"] = alone


@bare_inline
def shock(market: Market, runs: Runs, run: int, scratch: Scratch, share: float) -> None:
    """Add a round's part of the exogenous orders, or move the base with the exogenous move."""
    for v in range(len(scratch.venue)):
        state = scratch.venue[v]
        state["pressure"] += runs.order[run, v] * share
    if runs.move[run] > 0.0:
        for v in range(len(scratch.venue)):
            state = scratch.venue[v]
            state["moved"] += runs.move[run] * share
            state["base"] = runs.depth_factor[run] * depth_to(
                state["moved"], market.depth_at, market.depth, v, state["hint"]
            )


@bare_kernel
def one_run(
    world: tuple[Market, Tables], runs: Runs, run: int, plan: Plan, memory: tuple[Scratch, Output]
) -> None:
    """Let one cascade run until nothing is left to trigger, or a bound is met; the bound is stated."""
    market, _ = world
    scratch, output = memory
    venues, levels = len(scratch.venue), len(market.level)
    begin(world, runs, run, memory)
    draw = int(uniform(key_of(plan.seed, run, _DRAW), 0, 0) * market.fuel.shape[0])
    out, reach, end, now = output.runs[run], 0.0, ROUNDS, 0
    while now < plan.most_rounds:
        if now < plan.shock_rounds:
            shock(market, runs, run, scratch, 1.0 / plan.shock_rounds)
        mean = publish(world, runs, run, scratch)
        reach = max(reach, mean)
        if run < plan.traced:
            output.trace[run, now] = mean
        flow, spent = False, True
        for v in range(venues):
            scratch.venue[v]["pressure"] *= runs.keep[run]
        for v in range(venues):
            state = scratch.venue[v]
            touched = state["next"] < levels and market.level[state["next"]] <= state["peak"]
            if not touched and state["first_waiting"] == state["next"] and state["inventory"] <= DUST:
                spent = spent and state["next"] == levels
                continue
            key = key_of(plan.seed, run, market.streams[v])
            if serve_venue(world, runs, memory, (run, v, draw, key, now)):
                flow = True
            if state["added"] > DUST:
                flow = True
            state["pressure"] += state["added"]
            state["added"] = 0.0
            if state["next"] < levels:
                spent = False
        now += 1
        if not flow and now >= plan.shock_rounds:
            end = FUEL if spent else QUIET
            break
    if run < plan.traced:
        last = output.trace[run, now - 1]
        for i in range(now, output.trace.shape[1]):
            last *= runs.keep[run] if runs.move[run] <= 0.0 else 1.0
            output.trace[run, i] = last
    for v in range(venues):
        output.venues[run, v]["mark"] = scratch.venue[v]["peak"]
        # a mark is a weighted mean of books: rounding can leave it a hair before the end
        if scratch.venue[v]["peak"] >= market.depth_at[-1] * (1.0 - 1e-9):
            end = BOOK
    out["reach"], out["rounds"], out["end"] = reach, now, end


@bare_kernel
def many_runs(
    world: tuple[Market, Tables],
    runs: Runs,
    span: tuple[int, int],
    plan: Plan,
    memory: tuple[Scratch, Output],
) -> None:
    """Run a span of run numbers; each writes only its own rows."""
    for run in range(span[0], span[1]):
        one_run(world, runs, run, plan, memory)
