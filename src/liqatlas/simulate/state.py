"""The records the engine's kernel reads and writes: named tuples of arrays, the same compiled and interpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.config import SimulatedVenue, SimulationConfig
    from liqatlas.simulate.population import Traders

OPEN, CLOSE, STOP, LIQUIDATION, PARTIAL, ADL, ADL_OPPOSITE = range(7)
#: Names of the numbers above, in their order.
FILL_KINDS = ("open", "close", "stop", "liquidation", "partial_liquidation", "adl", "adl_opposite")
#: Marks rest on a grid this much finer than the tick, as venues publish them.
MARK_STEPS_PER_TICK = 100.0


class Orders(NamedTuple):
    """What every trader will do, by position number in order of opening; see ``population.Traders``."""

    open_ms: NDArray[np.int64]
    close_ms: NDArray[np.int64]
    close_order: NDArray[np.int64]
    coin: NDArray[np.int64]
    direction: NDArray[np.int64]
    account: NDArray[np.int64]
    notional_usd: NDArray[np.float64]
    leverage: NDArray[np.float64]
    stop: NDArray[np.float64]
    open_passive: NDArray[np.bool_]
    close_passive: NDArray[np.bool_]
    gap_ms: NDArray[np.int64]


class Market(NamedTuple):
    """Undisturbed prices ``(coins, steps + 1)``, steps of price and size per coin, and the maintenance tiers."""

    mark: NDArray[np.float64]
    last_gap: NDArray[np.float64]
    ticks_per_quote: NDArray[np.float64]
    lots_per_coin: NDArray[np.float64]
    tier_floor: NDArray[np.float64]
    tier_rate: NDArray[np.float64]
    tier_deduction: NDArray[np.float64]


class Rules(NamedTuple):
    """Switches of one venue; ``depth`` in USD per unit of log price, ``keep`` per mark step."""

    step_ms: int
    depth: float
    keep: float
    pass_through: float
    partial: bool
    adl: bool


class Book(NamedTuple):
    """Everything that changes while the world runs.

    ``lots`` is zero before opening and after the end. ``heap_key``/``heap_id`` hold four heaps (coin × direction) of
    isolated positions by trigger price and, last, one of cross accounts by the price variation they can surely bear.
    """

    lots: NDArray[np.int64]
    entry: NDArray[np.float64]
    margin: NDArray[np.float64]
    level: NDArray[np.float64]
    ended_ms: NDArray[np.int64]
    ended_kind: NDArray[np.int64]
    heap_key: NDArray[np.float64]
    heap_id: NDArray[np.int64]
    heap_size: NDArray[np.int64]
    wallet: NDArray[np.float64]
    leg: NDArray[np.int64]
    account_key: NDArray[np.float64]
    impact: NDArray[np.float64]
    last: NDArray[np.float64]
    variation: NDArray[np.float64]
    fund: NDArray[np.float64]
    clock_ms: NDArray[np.int64]


class Record(NamedTuple):
    """What is written down: marks and last prices per step, fills, and each change of a position's size and level.

    ``count`` holds the numbers of fills and of changes written so far.
    """

    mark: NDArray[np.float64]
    last: NDArray[np.float64]
    count: NDArray[np.int64]
    fill_ms: NDArray[np.int64]
    fill_position: NDArray[np.int64]
    fill_lots: NDArray[np.int64]
    fill_ticks: NDArray[np.int64]
    fill_kind: NDArray[np.int64]
    fill_taker_buy: NDArray[np.bool_]
    fill_level: NDArray[np.float64]
    fill_bankruptcy: NDArray[np.float64]
    change_ms: NDArray[np.int64]
    change_position: NDArray[np.int64]
    change_lots: NDArray[np.int64]
    change_level: NDArray[np.float64]
    change_margin: NDArray[np.float64]


class World(NamedTuple):
    """One venue, ready to run."""

    orders: Orders
    market: Market
    rules: Rules
    book: Book
    record: Record


def make_orders(traders: Traders, gap_ms: NDArray[np.int64]) -> Orders:
    """Return the traders as the kernel reads them; ``gap_ms`` is each liquidation's distance from the one before."""
    return Orders(
        traders.open_ms,
        traders.close_ms,
        np.argsort(traders.close_ms, kind="stable"),
        traders.coin,
        traders.direction,
        traders.account,
        traders.notional_usd,
        traders.leverage,
        traders.stop,
        traders.open_passive,
        traders.close_passive,
        gap_ms,
    )


def make_market(
    config: SimulationConfig, venue: SimulatedVenue, marks: NDArray[np.float64], gaps: NDArray[np.float64]
) -> Market:
    """Return prices, steps and tiers of one venue as the kernel reads them."""
    tiers = venue.engine.tiers
    return Market(
        marks,
        gaps,
        np.array([float(1 / coin.tick_size) for coin in config.coins]),
        np.array([float(1 / coin.lot_size) for coin in config.coins]),
        np.array(tiers.floors),
        np.array(tiers.rates),
        np.array(tiers.deductions),
    )


def make_rules(config: SimulationConfig, venue: SimulatedVenue) -> Rules:
    """Return the switches of one venue as the kernel reads them."""
    engine = venue.engine
    return Rules(
        config.step_ms,
        100.0 * engine.depth_usd_per_percent,
        float(0.5 ** (config.mark_step_s / engine.recovery_s)),
        engine.pass_through,
        engine.partial_steps,
        engine.adl,
    )


def make_book(orders: Orders, coins: int, fund_usd: float) -> Book:
    """Return the empty state of a venue."""
    count = len(orders.open_ms)
    accounts = int(orders.account.max(initial=-1)) + 1
    width = max(2 * count, 4 * accounts) + 1  # a position may be queued again when deleveraging made it smaller
    return Book(
        lots=np.zeros(count, np.int64),
        entry=np.full(count, np.nan),
        margin=np.zeros(count),
        level=np.full(count, np.nan),
        ended_ms=np.full(count, np.iinfo(np.int64).max),
        ended_kind=np.full(count, -1),
        heap_key=np.empty((5, width)),
        heap_id=np.empty((5, width), np.int64),
        heap_size=np.zeros(5, np.int64),
        wallet=np.zeros(accounts),
        leg=np.full((accounts, 2), -1),
        account_key=np.zeros(accounts),
        impact=np.zeros(coins),
        last=np.zeros(coins),
        variation=np.zeros(1),
        fund=np.array([fund_usd]),
        clock_ms=np.zeros(1, np.int64),
    )


def make_record(orders: Orders, market: Market, rules: Rules) -> Record:
    """Return empty columns large enough for all that can happen; untouched pages cost nothing."""
    count, tiers = len(orders.open_ms), len(market.tier_rate)
    fills = count * (2 + (tiers if rules.partial else 0) + (5 if rules.adl else 0)) + 1
    changes = fills + 2 * int(np.count_nonzero(orders.account >= 0))
    return Record(
        mark=np.empty_like(market.mark),
        last=np.empty_like(market.mark),
        count=np.zeros(2, np.int64),
        fill_ms=np.empty(fills, np.int64),
        fill_position=np.empty(fills, np.int64),
        fill_lots=np.empty(fills, np.int64),
        fill_ticks=np.empty(fills, np.int64),
        fill_kind=np.empty(fills, np.int64),
        fill_taker_buy=np.empty(fills, np.bool_),
        fill_level=np.empty(fills),
        fill_bankruptcy=np.empty(fills),
        change_ms=np.empty(changes, np.int64),
        change_position=np.empty(changes, np.int64),
        change_lots=np.empty(changes, np.int64),
        change_level=np.empty(changes),
        change_margin=np.empty(changes),
    )
