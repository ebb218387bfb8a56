from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liqatlas.base.clock import DAY_NS, parse_time
from liqatlas.book.depth import Book, assumed_book
from liqatlas.cascade.simulation import CascadeSettings
from liqatlas.maps.head import Coverage, Head, ModelInfo, SideCoverage, VenueInfo
from liqatlas.maps.liquidation_map import LeverageBand, LiquidationMap

AS_OF = parse_time("2026-06-01")
VENUES = ("binance", "hyperliquid")


def map_of(
    usd: np.ndarray | None = None, *, venues: tuple[str, ...] = VENUES, **head: object
) -> LiquidationMap:
    """Two venues at 100: 2M of longs in each bin of 0.5 % below, as much of shorts above, out to 20 %."""
    edges = 100.0 * np.exp(np.linspace(-0.2, 0.2, 81))
    if usd is None:
        usd = np.zeros((len(venues), 1, 2, 80))
        usd[:, 0, 0, :40] = 2e6
        usd[:, 0, 1, 40:] = 2e6
    side = SideCoverage(1e8, 8e7, 1e7, 1e7, 0.0)
    top = Head(
        asset="BTC", kind="modelled", quantity="outstanding", as_of_ns=AS_OF, window_ns=7 * DAY_NS, price=100.0,
        reference="test mark", open_interest_usd=2e8,
        venues=tuple(VenueInfo(v, "BTCUSDT", 100.0, "mark", 1e8, AS_OF, quote="USDT", settle="USDT") for v in venues),
        model=ModelInfo("test", "1", "uncalibrated prior"), coverage=Coverage(side, side),
    )  # fmt: skip
    return LiquidationMap(replace(top, **head), edges, (LeverageBand("all", 0, np.inf),), usd)  # type: ignore[arg-type]


@pytest.fixture
def books() -> dict[str, Book]:
    return {v: assumed_book(v, "BTCUSDT", 20e6, as_of_ns=AS_OF) for v in VENUES}


@pytest.fixture
def quick() -> CascadeSettings:
    return CascadeSettings(runs=300, seed=5)
