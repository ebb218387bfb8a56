"""Ready-made worlds: the demo, and one with every departure from the minimal form at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from liqatlas.simulate.config import Closing, Coin, Population, SimulatedVenue, SimulationConfig
from liqatlas.simulate.engine import Engine, Tiers

ETH = Coin(
    asset="ETH",
    symbol="ETHUSDT",
    price=3_000.0,
    tick_size=Decimal("0.01"),
    annual_vol=0.75,
    arrival_share=0.6,
)
#: Small tiers, so that ordinary positions of a simulated world climb several of them.
STEEP_TIERS = Tiers(floors=(0.0, 20e3, 60e3, 200e3), rates=(0.004, 0.006, 0.01, 0.02))


def demo_config(seed: int = 1, *, days: float = 14.0) -> SimulationConfig:
    """Return the world that ``liqatlas demo`` shows: one coin on three venues with a basis between them.

    Beyond the minimal form only herds and added margin, for pictures with clusters: full liquidation, every print.
    """
    return SimulationConfig(
        seed=seed,
        days=days,
        population=Population(
            added_margin_sigma=0.25, herding_share=0.35, herd_size=150.0, herd_minutes=10.0
        ),
        venues=(
            SimulatedVenue(key="simulated_a", activity=1.0, basis_mean_bp=1.0),
            SimulatedVenue(key="simulated_b", activity=0.6, basis_mean_bp=-2.0, print_price="bankruptcy"),
            SimulatedVenue(key="simulated_c", activity=0.35, basis_mean_bp=3.0, basis_sigma_bp=4.0),
        ),
    )


def full_config(seed: int = 1, *, days: float = 14.0) -> SimulationConfig:
    """Return the world with every departure from the minimal form at once, on a Binance-like and an OKX-like venue."""
    engine = Engine(
        tiers=STEEP_TIERS, partial_steps=True, depth_usd_per_percent=8e6, adl=True, insurance_fund_usd=50e3
    )
    population = Population(
        herding_share=0.3,
        cross_share=0.25,
        stop_share=0.3,
        closing=Closing(classes=((0.7, 0.4), (0.3, 2.4)), weibull_shape=0.8, distance_exponent=0.5),
    )
    like_binance = SimulatedVenue(
        key="simulated_a", last_sigma_bp=3.0, oi_sample_s=300, print_rule="last_per_second", engine=engine
    )
    return SimulationConfig(
        seed=seed,
        days=days,
        coins=(Coin(), ETH),
        population=population,
        venues=(
            like_binance,
            replace(like_binance, key="simulated_b", activity=0.5, print_rule="first_per_second"),
        ),
    )
