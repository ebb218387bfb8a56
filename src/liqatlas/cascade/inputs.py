"""From ladder, rules, shock and beliefs to the arrays the engine runs on."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.errors import InputError
from liqatlas.cascade.shock_needed import shock_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.book.beliefs import BookRegime
    from liqatlas.cascade.beliefs import CascadeBeliefs
    from liqatlas.cascade.kernels_state import Market, Runs
    from liqatlas.cascade.ladder import Ladder
    from liqatlas.cascade.shock import Shock


#: A depth factor at which no order moves anything.
NO_FEEDBACK = 1e12


def venue_weights(ladder: Ladder) -> NDArray[np.float64]:
    """Return each venue's share in the depth within one percent, ``(V,)``."""
    depth = np.array([float(d.cumulative(0.01)) for d in ladder.depths])
    return np.asarray(depth / depth.sum())


def pass_through(weights: NDArray[np.float64], own: float) -> NDArray[np.float64]:
    """Return how marks follow books, ``(V, V)``: ``own`` of the own book, the rest of all books by weight; rows sum to 1.

    Raises
    ------
    InputError
        If ``own`` is not in [0, 1].
    """
    if not 0 <= own <= 1:
        raise InputError(f"own mark weight {own} is not in [0, 1]")
    return np.asarray(own * np.eye(len(weights)) + (1 - own) * weights[None, :])


def stream_of(venue: str) -> int:
    """Return a venue's own random stream, the same in whatever order venues come."""
    return zlib.crc32(venue.encode())


def make_market(
    ladder: Ladder,
    rules: NDArray[Any],
    *,
    own_mark_weight: float = 0.0,
    size_usd: float | Sequence[float] = 0.0,
    sizes: Sequence[float] = (1.0,),
) -> Market:
    """Return what is the same for all runs; each run takes one of the ladder's draws, where it has any.

    Parameters
    ----------
    rules
        One row per venue, see ``venue_rules``.
    size_usd
        Mean liquidation order, for all venues or each [USD]; 0 takes the map's amounts as they are.
    """
    from liqatlas.cascade.kernels_state import Market

    weights = venue_weights(ladder)
    at, depth = ladder.depth_table()
    fuel = ladder.fuel[None] if ladder.draws is None else ladder.draws
    return Market(
        np.ascontiguousarray(ladder.level),
        np.ascontiguousarray(fuel, dtype=np.float64),
        at,
        np.ascontiguousarray(depth),
        pass_through(weights, own_mark_weight),
        weights,
        rules,
        np.array([stream_of(v) for v in ladder.venues], dtype=np.int64),
        np.broadcast_to(np.asarray(size_usd, dtype=np.float64), len(weights)).copy(),
        np.asarray(sizes, dtype=np.float64),
        np.array([np.mean(np.square(sizes))]),
    )


def make_runs(
    ladder: Ladder,
    shock: Shock,
    count: int,
    seed: int,
    *,
    regime: BookRegime,
    beliefs: CascadeBeliefs,
    release: NDArray[np.float64] | None = None,
) -> Runs:
    """Return each run's shock, depth, release and recovery, drawn from their distributions by counter.

    Parameters
    ----------
    release
        float64 ``(R,)``: by default :func:`released_shares` of an outstanding map.
    """
    from liqatlas.cascade.kernels_state import Runs

    draws = np.random.Generator(np.random.Philox(key=seed)).standard_normal((count, 3))
    factor = regime.depth_factor_median * np.exp(regime.depth_factor_sigma * draws[:, 0])
    if release is None:
        release = released_shares(beliefs, count, seed)
    half_life = regime.recovery_half_life_s * np.exp(regime.recovery_sigma * draws[:, 2])
    order, move = shock_arrays(
        ladder, shock, count, release=float(np.median(release)), depth_factor=float(np.median(factor))
    )
    return Runs(order, move, factor, release, 0.5 ** (beliefs.round_s / half_life))


def drawn_runs(excursion: NDArray[np.float64], release: NDArray[np.float64], venues: int) -> Runs:
    """Return runs whose excursions are given and hold the books' feedback already: the books move nothing on top.

    Parameters
    ----------
    excursion, release
        float64 ``(R,)``: how far the mark goes [log distance], and the share of fuel that is closed by force.
    """
    from liqatlas.cascade.kernels_state import Runs

    one = np.ones(len(excursion))
    return Runs(np.zeros((len(excursion), venues)), excursion, NO_FEEDBACK * one, release, one)


def released_shares(beliefs: CascadeBeliefs, count: int, seed: int) -> NDArray[np.float64]:
    """Return each run's share of outstanding fuel that is closed by force, ``(R,)``."""
    z = np.random.Generator(np.random.Philox(key=seed)).standard_normal((count, 3))[:, 1]
    return np.asarray(np.minimum(beliefs.release_median * np.exp(beliefs.release_sigma * z), 1.0))


def printed_shares(beliefs: CascadeBeliefs, count: int, seed: int) -> NDArray[np.float64]:
    """Return what is printed over what a model expected, 1 in the mean, ``(R,)``.

    The spread was found on totals of single hours: it belongs to excursions of such size, not to a fall through a whole map.
    """
    z = np.random.Generator(np.random.Philox(key=seed)).standard_normal((count, 3))[:, 1]
    return np.asarray(np.exp(beliefs.expected_sigma * (z - 0.5 * beliefs.expected_sigma)))


def fixed_runs(
    ladder: Ladder,
    shock: Shock,
    count: int = 1,
    *,
    depth_factor: float = 1.0,
    release: float = 1.0,
    keep: float = 1.0,
) -> Runs:
    """Return runs that share one depth factor, release and recovery: nothing is drawn."""
    from liqatlas.cascade.kernels_state import Runs

    order, move = shock_arrays(ladder, shock, count, release=release, depth_factor=depth_factor)
    return Runs(order, move, np.full(count, depth_factor), np.full(count, release), np.full(count, keep))


def shock_arrays(
    ladder: Ladder, shock: Shock, count: int, *, release: float, depth_factor: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return orders ``(R, V)`` [USD], split so that all books move alike, and moves ``(R,)`` [log distance].

    Raises
    ------
    InputError
        If a level lies at the price itself.
    """
    order, move = np.zeros((count, len(ladder.venues))), np.zeros(count)
    if shock.kind == "move":
        move[:] = abs(np.log1p(shock.amount))
        return order, move
    total = abs(shock.amount)
    if shock.kind == "level":
        distance = ladder.distance_of_price(shock.amount)
        if distance <= 0:
            raise InputError(
                f"level {shock.amount:g} is where the price is: name one away from {ladder.price:g}"
            )
        total = order_for(ladder, distance, release=release, depth_factor=depth_factor)
    order[:] = split_order(ladder, total, depth_factor)
    return order, move


def order_for(ladder: Ladder, distance: float, *, release: float, depth_factor: float) -> float:
    """Return the smallest order that makes the mark reach a distance, between levels too [USD]."""
    before = release * float(ladder.fuel[:, ladder.level < distance].sum())
    here = depth_factor * float(ladder.depth(np.array([distance]))[0]) - before
    on_the_way = shock_needed(ladder, release=release, depth_factor=depth_factor)
    passed = on_the_way.usd[on_the_way.distance < distance]
    return max(here, float(passed[-1]) if len(passed) else 0.0, 0.0)


def split_order(ladder: Ladder, total: float, depth_factor: float = 1.0) -> NDArray[np.float64]:
    """Return an order's parts per venue for which every book moves the same distance [USD]."""
    at, depth = ladder.depth_table()
    reached = np.interp(total / depth_factor, depth.sum(axis=0), at)
    parts = np.array([np.interp(reached, at, row) for row in depth])
    return np.asarray(total * parts / parts.sum()) if parts.sum() > 0 else parts
