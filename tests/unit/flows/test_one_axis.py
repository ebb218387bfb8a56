"""One asset over nine venues on one axis: what each venue holds alone, moved to the largest venue's price, adds up to the map.

The data are generated: every venue sees the same trades, at its own premium, in its own contract and quote, at its own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import DAY_NS, MINUTE_NS
from liqatlas.base.instruments import ContractKind, Instrument
from liqatlas.base.recording import Recording
from liqatlas.base.schemas import MARKS, OPEN_INTEREST, TRADES
from liqatlas.flows.build import build_map
from liqatlas.flows.request import Request

if TYPE_CHECKING:
    from liqatlas.maps.liquidation_map import LiquidationMap

END = 20_000 * DAY_NS
START = END - 2 * DAY_NS
STEPS = 2 * 24 * 60


@dataclass(frozen=True)
class World:
    """One venue of the generated market; ``premium`` multiplies prices, ``size`` everything traded and held."""

    venue: str
    symbol: str
    quote: str
    premium: str = "1"
    size: float = 1.0
    kind: ContractKind = "linear"


WORLDS = (
    World("binance", "BTCUSDT", "USDT", size=3.0),
    World("binance_coinm", "BTCUSD_PERP", "USD", premium="0.999", kind="inverse"),
    World("bybit", "BTCUSDT", "USDT", premium="1.001", size=2.0),
    World("okx", "BTC-USDT-SWAP", "USDT", premium="1.0005", size=1.5),
    World("hyperliquid", "BTC", "USD", premium="0.9985"),
    World("dydx", "BTC-USD", "USD", premium="0.998", size=0.5),
    World("gate", "BTC_USDT", "USDT", premium="1.002", size=0.5),
    World("bitget", "BTCPERP", "USDC", premium="1.0015", size=0.75),
    World("bitget_coinm", "BTCUSD_CM", "USD", premium="1.0008", size=0.4, kind="inverse"),
)


def recording(world: World) -> Recording:
    """Return a venue's trades, marks and open interest."""
    rng = np.random.default_rng(5)
    ts = START + MINUTE_NS * np.arange(STEPS)
    price = np.round(60_000 * np.exp(np.cumsum(rng.normal(0, 8e-4, STEPS))), 1)
    qty = rng.exponential(2.0, STEPS)
    moved = qty * rng.uniform(-1, 1, STEPS)  # never more than was traded
    tick = Decimal("0.1") * Decimal(world.premium)
    ticks = np.rint(price * 10).astype(np.int64)
    paid = ticks * float(tick)
    native, oi = qty * world.size, (2_000.0 + np.cumsum(moved)) * world.size
    if world.kind == "inverse":  # face value: it changes with what is opened and closed, not with the price
        native, oi = native * paid, (2_000.0 * paid[0] + np.cumsum(moved * paid)) * world.size
    settle = "BTC" if world.kind == "inverse" else world.quote
    instrument = Instrument(
        world.venue, world.symbol, "BTC", quote=world.quote, settle=settle, kind=world.kind, tick_size=tick
    )
    trades = {
        "ts_event_ns": ts,
        "price_ticks": ticks,
        "qty_native": native,
        "taker_buy": rng.random(STEPS) < 0.5,
    }
    return Recording(
        instrument,
        trades=TRADES.conform(pl.DataFrame(trades)),
        marks=MARKS.conform(pl.DataFrame({"ts_event_ns": ts, "mark_price": paid})),
        open_interest=OPEN_INTEREST.conform(
            pl.DataFrame({"ts_event_ns": ts + MINUTE_NS // 2, "oi_native": oi, "oi_published": oi})
        ),
    )


def map_of(*worlds: World) -> LiquidationMap:
    """Return the map of some venues."""
    request = Request(asset="BTC", window_ns=DAY_NS, as_of_ns=END, max_leverage=100.0, maintenance_rate=0.005)
    return build_map(request, [recording(world) for world in worlds])


def held_by_venue(result: LiquidationMap) -> np.ndarray:
    """Return USD by venue and side."""
    return np.asarray(result.usd.sum(axis=(1, 3)))


@pytest.fixture(scope="module")
def together() -> LiquidationMap:
    """The map of all nine."""
    return map_of(*WORLDS)


def test_every_venue_is_there_and_holds_what_it_holds_alone(together: LiquidationMap) -> None:
    assert {v.venue for v in together.head.venues} == {w.venue for w in WORLDS}
    found = dict(zip((v.venue for v in together.head.venues), held_by_venue(together), strict=True))
    for world in WORLDS:
        np.testing.assert_allclose(found[world.venue], held_by_venue(map_of(world))[0], rtol=1e-6)
    assert min(v.min() for v in found.values()) > 0


def test_the_generated_flow_keeps_the_identity(together: LiquidationMap) -> None:
    """Known truth holds no contradiction: open interest never moves by more than was traded."""
    assert not [w for w in together.head.warnings if "exceeds the turnover" in w]


def test_the_same_flow_has_the_same_value_for_its_size_and_price(together: LiquidationMap) -> None:
    """Known truth: linear venues see one flow, so their USD stand as size x premium."""
    found = dict(zip((v.venue for v in together.head.venues), held_by_venue(together), strict=True))
    for world in WORLDS:
        if world.kind == "linear":
            wanted = found["binance"] * world.size * float(world.premium) / 3.0
            np.testing.assert_allclose(found[world.venue], wanted, rtol=2e-3)
    # an inverse contract of the same flow is worth about the same, its levels lie a little elsewhere
    for world in WORLDS:
        if world.kind == "inverse":
            wanted = found["binance"] * world.size * float(world.premium) / 3.0
            np.testing.assert_allclose(found[world.venue], wanted, rtol=0.15)
    # and two inverse venues hold the same, size by size
    coinm = found["binance_coinm"] * 0.4 * 1.0008 / 0.999
    np.testing.assert_allclose(found["bitget_coinm"], coinm, rtol=2e-3)


def test_premiums_vanish_on_the_one_axis(together: LiquidationMap) -> None:
    """Each level is moved by the ratio of the marks: linear venues' centres of mass coincide within a grid step."""
    middle = np.log(together.price_mid)
    centres = {}
    for venue, usd in zip((v.venue for v in together.head.venues), together.usd.sum(axis=1), strict=True):
        centres[venue] = (usd * middle).sum(axis=1) / usd.sum(axis=1)
    step = middle[1] - middle[0]
    for world in WORLDS:
        if world.kind == "linear":
            assert np.abs(centres[world.venue] - centres["binance"]).max() < step, world.venue


def test_coverage_adds_up_and_every_dollar_of_open_interest_is_in_a_class(together: LiquidationMap) -> None:
    coverage = together.head.coverage
    assert coverage is not None
    for side in (coverage.long, coverage.short):
        parts = side.explained_usd + side.outside_window_usd + side.older_usd + side.unreachable_usd
        assert side.open_interest_usd == pytest.approx(parts, rel=1e-6)
        assert side.open_interest_usd == pytest.approx(
            sum(v.open_interest_usd for v in together.head.venues), rel=1e-6
        )
    assert held_by_venue(together).sum(axis=0) == pytest.approx(
        [coverage.long.explained_usd, coverage.short.explained_usd], rel=1e-6
    )
