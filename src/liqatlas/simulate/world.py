"""A venue before its first moment, as the kernels read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.simulate.kernels_state import (
    ACCOUNT,
    CHANGE,
    COIN,
    FILL,
    HEAP_ENTRY,
    NEVER_MS,
    POSITION,
    TIER,
    VENUE,
    World,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.config import SimulatedVenue, SimulationConfig
    from liqatlas.simulate.engine import Tiers
    from liqatlas.simulate.population import Traders


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
        tiers=tier_rows(engine.tiers),
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


def tier_rows(tiers: Tiers) -> NDArray[Any]:
    """Return maintenance tiers as the kernels read them."""
    table = tiers.table()
    return np.array(list(zip(table.floors, table.rates, table.deductions, strict=True)), dtype=TIER)


def _venue(config: SimulationConfig, venue: SimulatedVenue) -> NDArray[Any]:
    engine, out = venue.engine, np.zeros(1, VENUE)
    out["step_ms"] = config.step_ms
    out["depth"] = 100.0 * engine.depth_usd_per_percent
    out["keep"] = 0.5 ** (config.mark_step_s / engine.recovery_s)
    out["pass_through"] = engine.pass_through
    out["partial"], out["adl"] = engine.partial_steps, engine.adl
    out["fund"] = engine.insurance_fund_usd
    return out
