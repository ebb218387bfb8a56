"""What the cascade's kernels read and write, as plain arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

#: How a venue closes what is triggered.
WHOLE, LIMITED, BACKSTOPPED, FILLABLE = 0, 1, 2, 3
#: Which bound ended a run.
QUIET, ROUNDS, FUEL, BOOK = 0, 1, 2, 3
ENDS = ("nothing left to trigger", "horizon", "every level of the map was reached", "end of the book")
#: The smallest order that counts as flow [USD]: rounding must not keep a run alive.
DUST = 1e-6

RULE = np.dtype(
    [
        ("kind", np.int64),
        ("bankruptcy", np.float64),  # log distance from a level to its bankruptcy price
        ("backstop", np.float64),  # log distance from a level to where the backstop takes it
        ("large_share", np.float64),  # part of a level in positions that are closed in steps
        ("first_share", np.float64),  # part of such a position in the first order
        ("relief", np.float64),  # log distance further that the rest of it has to be touched
        ("wait", np.int64),  # rounds before the rest may follow
        ("fill_or_kill", np.int64),
        ("spread", np.float64),  # most that a fillable order gives beyond the mark [log distance]
        ("cap", np.float64),  # most that is ordered in one round [USD]
        ("fund", np.float64),  # insurance fund at the start [USD]
        ("keeps_gain", np.int64),  # whether the fund earns what fills beat bankruptcy by
        (
            "adl_drop",
            np.float64,
        ),  # deleverages once the fund fell by this share of its peak; 1: when it is empty
        ("unwind", np.float64),  # sold each round by a fund: this part of the most it held
    ]
)
#: Totals of one venue in one run, all USD but ``slippage`` (USD times log distance).
TALLY = np.dtype(
    [
        ("triggered", np.float64),
        ("book", np.float64),
        ("taken", np.float64),
        ("adl", np.float64),
        ("fund", np.float64),
        ("fund_low", np.float64),
        ("slippage", np.float64),
        ("mark", np.float64),
    ]
)
RUN = np.dtype(
    [
        ("reach", np.float64),  # furthest mark, weighted over venues [log distance]
        ("alone", np.float64),  # what the shock reaches without a liquidation
        ("rounds", np.int64),
        ("end", np.int64),
    ]
)


class Market(NamedTuple):
    """What is the same for all runs; V venues, K levels, N points of depth, S draws of the map.

    ``level`` (K,) [log distance, ascending], ``fuel`` (S, V, K) [USD], ``depth_at`` (N,), ``depth`` (V, N) cumulative [USD],
    both from zero; ``pass_through`` (V, V): own mark (row) by book (column); ``weight`` (V,); ``rules`` (V,) of RULE;
    ``streams`` (V,): each venue's own random stream; ``size`` (V,) mean print [USD], ``sizes`` (T,) and
    ``square`` (1,): prints over that mean, and the mean of their squares.
    """

    level: np.ndarray[Any, np.dtype[np.float64]]
    fuel: np.ndarray[Any, np.dtype[np.float64]]
    depth_at: np.ndarray[Any, np.dtype[np.float64]]
    depth: np.ndarray[Any, np.dtype[np.float64]]
    pass_through: np.ndarray[Any, np.dtype[np.float64]]
    weight: np.ndarray[Any, np.dtype[np.float64]]
    rules: np.ndarray[Any, Any]
    streams: np.ndarray[Any, np.dtype[np.int64]]
    size: np.ndarray[Any, np.dtype[np.float64]]
    sizes: np.ndarray[Any, np.dtype[np.float64]]
    square: np.ndarray[Any, np.dtype[np.float64]]


class Runs(NamedTuple):
    """What differs between runs; R runs.

    ``order`` (R, V): market orders [USD]; ``move`` (R,): exogenous move [log distance]; ``depth_factor`` (R,);
    ``release`` (R,): share of fuel that is closed by force; ``keep`` (R,): share of pressure left after a round.
    """

    order: np.ndarray[Any, np.dtype[np.float64]]
    move: np.ndarray[Any, np.dtype[np.float64]]
    depth_factor: np.ndarray[Any, np.dtype[np.float64]]
    release: np.ndarray[Any, np.dtype[np.float64]]
    keep: np.ndarray[Any, np.dtype[np.float64]]


class Plan(NamedTuple):
    """``seed``; rounds over which the shock is spread, rounds at most, and how many runs leave a trace."""

    seed: int
    shock_rounds: int
    most_rounds: int
    traced: int


class Output(NamedTuple):
    """``runs`` (R,) of RUN, ``venues`` (R, V) of TALLY, ``trace`` (traced, rounds + 1) weighted mark displacement."""

    runs: np.ndarray[Any, Any]
    venues: np.ndarray[Any, Any]
    trace: np.ndarray[Any, np.dtype[np.float64]]


class Tables(NamedTuple):
    """What follows from the market once for all runs.

    ``slope`` (V, N - 1): distance per USD of each segment of depth; ``spread`` (S, V, K): sigma of the log-normal amount of a
    level of many orders, below 0 where orders are few and drawn one by one.
    """

    slope: np.ndarray[Any, np.dtype[np.float64]]
    spread: np.ndarray[Any, np.dtype[np.float64]]


class Scratch(NamedTuple):
    """One worker's memory for a run: state per venue, and what waits per venue and level until which round."""

    venue: np.ndarray[Any, Any]
    waiting: np.ndarray[Any, np.dtype[np.float64]]
    due: np.ndarray[Any, np.dtype[np.int32]]


VENUE_STATE = np.dtype(
    [
        ("pressure", np.float64),  # forced and exogenous orders the book still feels [USD]
        ("base", np.float64),  # depth up to the exogenous move [USD]
        ("moved", np.float64),  # exogenous move so far [log distance]
        ("added", np.float64),  # ordered in this round
        ("shift", np.float64),  # displacement of the own book
        ("mark", np.float64),
        ("peak", np.float64),  # furthest mark so far
        ("next", np.int64),  # first level not served
        ("first_waiting", np.int64),
        ("drawn", np.int64),  # levels whose amount is drawn
        ("left", np.float64),  # what is not yet ordered of the first level not served
        ("front", np.float64),  # where the own book stands within the round
        ("fund", np.float64),
        ("fund_peak", np.float64),
        ("inventory", np.float64),  # what the fund took and has not sold
        ("inventory_peak", np.float64),
        ("ordered", np.float64),  # of this round, against the cap
        ("hint", np.int64),  # segment of the depth table where the price stands
    ]
)
