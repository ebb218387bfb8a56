"""See README.md of this room."""

from liqatlas.simulate.config import (
    Closing,
    Coin,
    Makers,
    Population,
    PricePath,
    SimulatedVenue,
    SimulationConfig,
)
from liqatlas.simulate.engine import Engine, Tiers
from liqatlas.simulate.exchange import Simulation, simulate
from liqatlas.simulate.presets import ETH, STEEP_TIERS, demo_config, full_config
from liqatlas.simulate.truth import MarketTruth, Truth

__all__ = [
    "ETH",
    "STEEP_TIERS",
    "Closing",
    "Coin",
    "Engine",
    "Makers",
    "MarketTruth",
    "Population",
    "PricePath",
    "SimulatedVenue",
    "Simulation",
    "SimulationConfig",
    "Tiers",
    "Truth",
    "demo_config",
    "full_config",
    "simulate",
]
