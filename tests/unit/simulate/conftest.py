"""Small worlds shared by the tests of this room."""

from __future__ import annotations

import pytest

from liqatlas.simulate import ETH, Coin, Population, SimulatedVenue, Simulation, SimulationConfig, simulate

#: Leveraged enough that a day holds hundreds of liquidations.
RISKY = Population(
    leverages=(100.0, 50.0, 25.0, 10.0, 5.0),
    long_mix=(0.2, 0.3, 0.3, 0.15, 0.05),
    short_mix=(0.15, 0.3, 0.3, 0.2, 0.05),
)


@pytest.fixture(scope="session")
def minimal() -> Simulation:
    """One day of the minimal form after a day of warm-up."""
    return simulate(SimulationConfig(seed=11, days=1.0, warmup_days=1.0, population=RISKY))


@pytest.fixture(scope="session")
def two_by_two() -> Simulation:
    """Two coins on two venues with a basis between them."""
    return simulate(
        SimulationConfig(
            seed=12,
            days=0.5,
            warmup_days=0.25,
            coins=(Coin(), ETH),
            population=RISKY,
            venues=(
                SimulatedVenue(key="simulated_a", basis_mean_bp=5.0),
                SimulatedVenue(key="simulated_b", basis_mean_bp=-5.0, activity=0.5, oi_sample_s=300),
            ),
        )
    )
