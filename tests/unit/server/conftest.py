"""A simulated source and the application over it, shared by the server's tests."""

from __future__ import annotations

import pytest

from liqatlas.flows.serving import Source
from liqatlas.flows.serving_held import HeldBacking
from liqatlas.flows.simulated import simulated_market


@pytest.fixture(scope="session")
def source() -> Source:
    """Return a source over two simulated days of BTC on three venues."""
    return Source(HeldBacking(simulated_market(seed=3, days=2.0), simulated=True))
