"""The records the engine's kernel reads and writes: structured arrays, the same compiled and interpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def argument(value: int) -> int:
    """Return a constant as a NumPy integer: Numba compiles a function anew for each plain integer it is given."""
    return cast("int", np.int64(value))


OPEN, CLOSE, STOP, LIQUIDATION, PARTIAL, ADL, ADL_OPPOSITE = map(argument, range(7))
#: Names of the numbers above, in their order.
FILL_KINDS = ("open", "close", "stop", "liquidation", "partial_liquidation", "adl", "adl_opposite")
#: Marks rest on a grid this much finer than the tick, as venues publish them.
MARK_STEPS_PER_TICK = 100.0
#: The end of what has not ended.
NEVER_MS = int(np.iinfo(np.int64).max)

#: One position: what its owner will do (see ``population.Traders``), then its state. ``lots`` is zero before and after.
POSITION = np.dtype(
    [
        ("open_ms", "i8"), ("close_ms", "i8"), ("coin", "i8"), ("direction", "i8"), ("account", "i8"),
        ("notional_usd", "f8"), ("leverage", "f8"), ("stop", "f8"), ("open_passive", "?"), ("close_passive", "?"),
        ("gap_ms", "i8"),
        ("lots", "i8"), ("entry", "f8"), ("margin", "f8"), ("level", "f8"), ("ended_ms", "i8"), ("ended_kind", "i8"),
    ],
    align=True,
)  # fmt: skip
#: One coin's steps, its first undisturbed mark, the displacement by liquidations and the undisturbed last price.
COIN = np.dtype(
    [
        ("ticks_per_quote", "f8"),
        ("lots_per_coin", "f8"),
        ("first_mark", "f8"),
        ("impact", "f8"),
        ("calm_last", "f8"),
    ]
)
TIER = np.dtype([("floor", "f8"), ("rate", "f8"), ("deduction", "f8")])
#: The venue's switches (``depth`` in USD per unit of relative price, ``keep`` per mark step), then its state:
#: insurance fund, total variation of marks, clock, numbers of fills and of changes written.
VENUE = np.dtype(
    [
        ("step_ms", "i8"), ("depth", "f8"), ("keep", "f8"), ("pass_through", "f8"), ("partial", "?"), ("adl", "?"),
        ("fund", "f8"), ("variation", "f8"), ("clock_ms", "i8"), ("fills", "i8"), ("changes", "i8"),
    ],
    align=True,
)  # fmt: skip
#: A cross account's wallet, the variation it is queued at, and its position in each coin or -1.
ACCOUNT = np.dtype([("wallet", "f8"), ("key", "f8"), ("leg0", "i8"), ("leg1", "i8")])
#: One fill of a trader's order; ``level`` and ``bankruptcy`` of the position before it.
FILL = np.dtype(
    [
        ("ms", "i8"), ("position", "i8"), ("lots", "i8"), ("ticks", "i8"), ("kind", "i8"), ("taker_buy", "?"),
        ("level", "f8"), ("bankruptcy", "f8"),
    ],
    align=True,
)  # fmt: skip
#: A position's size, level and margin from a moment on.
CHANGE = np.dtype([("ms", "i8"), ("position", "i8"), ("lots", "i8"), ("level", "f8"), ("margin", "f8")])
HEAP_ENTRY = np.dtype([("key", "f8"), ("item", "i8")])


class World(NamedTuple):
    """One venue; ``positions``, ``coins``, ``venue``, ``accounts``, ``fills`` and ``changes`` have the types above.

    ``calm`` and ``gap`` are the undisturbed mark and last price over it, ``mark`` and ``last`` what came of them, all of
    shape ``(coins, steps + 1)``. ``heaps`` holds four heaps (coin × direction) of isolated positions by trigger price and,
    last, one of cross accounts by the price variation that they can surely bear.
    """

    positions: NDArray[Any]
    close_order: NDArray[np.int64]
    coins: NDArray[Any]
    tiers: NDArray[Any]
    venue: NDArray[Any]
    accounts: NDArray[Any]
    heaps: NDArray[Any]
    heap_size: NDArray[np.int64]
    calm: NDArray[np.float64]
    gap: NDArray[np.float64]
    mark: NDArray[np.float64]
    last: NDArray[np.float64]
    fills: NDArray[Any]
    changes: NDArray[Any]
