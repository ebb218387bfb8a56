"""Many runs over threads: each run's numbers follow from the seed and its own number alone, whatever the workers."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.cascade.kernels_state import Market, Plan, Runs

#: Runs that one worker takes at a time.
BLOCK = 250
MOST_RUNS = 1_000_000


@dataclass(frozen=True, slots=True)
class RunTable:
    """What every run came to.

    Attributes
    ----------
    reach, alone
        float64 ``(R,)``: furthest mark, and where the shock alone would have led [log distance].
    rounds, end
        int64 ``(R,)``: rounds until the end, and which bound ended it (index of ``kernels_state.ENDS``).
    triggered, book, taken, adl, fund, fund_low, slippage, mark
        float64 ``(R, V)``: liquidated, sold to the book, taken over, deleveraged [USD]; what the fund earned and its lowest
        point against its start [USD]; fill minus level [USD times log distance]; furthest mark [log distance].
    trace
        float64 ``(T, rounds)``: mark displacement round by round of the first runs [log distance].
    """

    reach: NDArray[np.float64]
    alone: NDArray[np.float64]
    rounds: NDArray[np.int64]
    end: NDArray[np.int64]
    venues: NDArray[Any]
    trace: NDArray[np.float64]

    def of(self, name: str) -> NDArray[np.float64]:
        """Return one tally, ``(R, V)``."""
        return np.ascontiguousarray(self.venues[name])

    @property
    def liquidated(self) -> NDArray[np.float64]:
        """Liquidated in each run over all venues, ``(R,)`` [USD]."""
        return np.asarray(self.venues["triggered"].sum(axis=1))


def run_many(market: Market, runs: Runs, plan: Plan, *, workers: int = 0) -> RunTable:
    """Return the outcome of every run.

    Parameters
    ----------
    workers
        Threads; 0 takes all cores. The answer does not depend on it.

    Raises
    ------
    InputError
        If the number of runs or a run's inputs cannot be used.
    """
    from liqatlas.cascade.kernels_engine import many_runs
    from liqatlas.cascade.kernels_state import RUN, TALLY, Output

    count = len(runs.move)
    _check(market, runs, plan)
    output = Output(
        np.zeros(count, RUN),
        np.zeros((count, len(market.weight)), TALLY),
        np.zeros((min(plan.traced, count), plan.most_rounds)),
    )
    spans = [(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    threads = min(workers or os.cpu_count() or 1, len(spans))
    world = (market, _tables(market))
    # compile, or load, in one thread
    many_runs(world, runs, (0, 0), plan, (_scratch(market), output))
    if threads == 1:
        many_runs(world, runs, (0, count), plan, (_scratch(market), output))
    else:
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(many_runs, world, runs, s, plan, (_scratch(market), output)) for s in spans]
            for job in jobs:
                job.result()
    out = output.runs
    reach, alone, rounds, end = (np.ascontiguousarray(out[n]) for n in ("reach", "alone", "rounds", "end"))
    return RunTable(reach, alone, rounds, end, output.venues, output.trace)


def _check(market: Market, runs: Runs, plan: Plan) -> None:
    count = len(runs.move)
    if not 1 <= count <= MOST_RUNS:
        raise InputError(f"{count} runs were asked for; wanted 1 to {MOST_RUNS:,}")
    if not (1 <= plan.shock_rounds <= plan.most_rounds):
        raise InputError(
            f"the shock takes {plan.shock_rounds} rounds of {plan.most_rounds}; wanted 1 to all of them"
        )
    sound = (
        (runs.depth_factor > 0).all() and (runs.release >= 0).all() and (runs.keep >= 0).all() and (runs.keep <= 1).all()
        and (runs.order >= 0).all() and (runs.move >= 0).all()
    )  # fmt: skip
    if not sound or not all(np.isfinite(part).all() for part in runs):
        raise InputError("a run's shock, depth factor, release or recovery is negative or not finite")
    if (np.diff(market.depth, axis=1) <= 0).any():
        raise InputError("cumulative depth must rise with distance")


def _scratch(market: Market) -> Any:
    from liqatlas.cascade.kernels_state import VENUE_STATE, Scratch

    shape = (len(market.weight), len(market.level))
    return Scratch(np.zeros(shape[0], VENUE_STATE), np.zeros(shape), np.zeros(shape, np.int32))


def _tables(market: Market) -> Any:
    from liqatlas.cascade.kernels_engine import fill_tables
    from liqatlas.cascade.kernels_state import Tables

    venues, points = market.depth.shape
    tables = Tables(np.empty((venues, points - 1)), np.empty(market.fuel.shape))
    fill_tables(market, tables)
    return tables
