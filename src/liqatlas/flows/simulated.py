"""The simulated market of the demo; everything it gives is labelled SIMULATED."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liqatlas.base.recording import Recording

ASSET = "BTC"


@lru_cache(maxsize=2)
def simulated_market(*, seed: int = 1, days: float = 14.0) -> tuple[Recording, ...]:
    """Return recordings of one coin on three simulated venues; the same for the same seed and length.

    Raises
    ------
    InputError
        If the length cannot be simulated.
    """
    from liqatlas.simulate.exchange import simulate
    from liqatlas.simulate.presets import demo_config

    return simulate(demo_config(seed, days=days)).recordings
