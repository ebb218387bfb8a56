"""The records the engine's kernel reads and writes: structured arrays, the same compiled and interpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.config import SimulatedVenue, SimulationConfig, Tiers
    from liqatlas.simulate.population import Traders

OPEN, CLOSE, STOP, LIQUIDATION, PARTIAL, ADL, ADL_OPPOSITE = range(7)
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
    [("ticks_per_quote", "f8"), ("lots_per_coin", "f8"), ("first_mark", "f8"), ("impact", "f8"), ("calm_last", "f8")]
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


def make_world(
    config: SimulationConfig,
    venue: SimulatedVenue,
    traders: Traders,
    *,
    gap_ms: NDArray[np.int64],
    calm: NDArray[np.float64],
    last_gap: NDArray[np.float64],
) -> World:
    """Return a venue before its first moment; large arrays are reserved, their untouched pages cost nothing."""
    engine, count = venue.engine, len(traders)
    accounts = int(traders.account.max(initial=-1)) + 1
    tiers = len(engine.tiers.rates)
    fills = count * (2 + (tiers if engine.partial_steps else 0) + (5 if engine.adl else 0)) + 1
    changes = fills + 2 * int(np.count_nonzero(traders.account >= 0))
    # A position may be queued a second time when deleveraging made it smaller; an account with each of its trades.
    width = max(2 * count, 4 * accounts) + 1
    return World(
        positions=_positions(traders, gap_ms),
        close_order=np.argsort(traders.close_ms, kind="stable"),
        coins=_coins(config, calm),
        tiers=tier_table(engine.tiers),
        venue=_venue(config, venue),
        accounts=np.full(accounts, np.array((0.0, 0.0, -1, -1), dtype=ACCOUNT)),
        heaps=np.empty((5, width), HEAP_ENTRY),
        heap_size=np.zeros(5, np.int64),
        calm=calm,
        gap=last_gap,
        mark=np.empty_like(calm),
        last=np.empty_like(calm),
        fills=np.empty(fills, FILL),
        changes=np.empty(changes, CHANGE),
    )


def _positions(traders: Traders, gap_ms: NDArray[np.int64]) -> NDArray[Any]:
    out = np.zeros(len(traders), POSITION)
    for name in (
        "open_ms", "close_ms", "coin", "direction", "account", "notional_usd", "leverage", "stop", "open_passive",
        "close_passive",
    ):  # fmt: skip
        out[name] = getattr(traders, name)
    out["gap_ms"] = gap_ms
    out["level"] = out["entry"] = np.nan
    out["ended_ms"], out["ended_kind"] = NEVER_MS, -1
    return out


def _coins(config: SimulationConfig, calm: NDArray[np.float64]) -> NDArray[Any]:
    out = np.zeros(len(config.coins), COIN)
    out["ticks_per_quote"] = [float(1 / coin.tick_size) for coin in config.coins]
    out["lots_per_coin"] = [float(1 / coin.lot_size) for coin in config.coins]
    out["first_mark"] = calm[:, 0]
    return out


def tier_table(tiers: Tiers) -> NDArray[Any]:
    """Return maintenance tiers as the kernels read them."""
    return np.array(list(zip(tiers.floors, tiers.rates, tiers.deductions, strict=True)), dtype=TIER)


def _venue(config: SimulationConfig, venue: SimulatedVenue) -> NDArray[Any]:
    engine, out = venue.engine, np.zeros(1, VENUE)
    out["step_ms"] = config.step_ms
    out["depth"] = 100.0 * engine.depth_usd_per_percent
    out["keep"] = 0.5 ** (config.mark_step_s / engine.recovery_s)
    out["pass_through"] = engine.pass_through
    out["partial"], out["adl"] = engine.partial_steps, engine.adl
    out["fund"] = engine.insurance_fund_usd
    return out
