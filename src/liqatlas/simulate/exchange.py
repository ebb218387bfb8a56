"""Run a world and hand out what is public and what is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.simulate import paths, prints, tape
from liqatlas.simulate.config import SimulationConfig
from liqatlas.simulate.draws import stream
from liqatlas.simulate.population import draw_traders
from liqatlas.simulate.truth import MarketTruth, Truth, make_truth
from liqatlas.simulate.world import make_world

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from liqatlas.simulate.config import Coin, SimulatedVenue
    from liqatlas.simulate.kernels_state import World


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated world.

    Attributes
    ----------
    config
        What it was made from.
    recordings
        What a stranger could have recorded, venue by venue and coin by coin; each says ``simulated``.
    truth
        What only we know.
    """

    config: SimulationConfig
    recordings: tuple[Recording, ...]
    truth: Truth

    @property
    def recording(self) -> Recording:
        """The first recording; the only one of the minimal form."""
        return self.recordings[0]


def simulate(config: SimulationConfig | None = None) -> Simulation:
    """Let a world of leveraged traders live and return its public tables and its truth.

    The same configuration gives the same tables in every process, compiled or not (``NUMBA_DISABLE_JIT=1``).

    Examples
    --------
    >>> world = simulate(SimulationConfig(seed=7, days=0.02, warmup_days=0.0))
    >>> world.recording.simulated
    True
    """
    config = config or SimulationConfig()
    index = paths.index_paths(config)
    recordings: list[Recording] = []
    markets: list[MarketTruth] = []
    for venue in config.venues:
        world, herd = _live(config, venue, index)
        for coin in range(len(config.coins)):
            recording, market = _market(config, venue, index, (world, herd), coin=coin)
            recordings.append(recording)
            markets.append(market)
    return Simulation(config, tuple(recordings), Truth(config, tuple(markets)))


def _live(
    config: SimulationConfig, venue: SimulatedVenue, index: paths.IndexPaths
) -> tuple[World, NDArray[np.int64]]:
    """Run one venue; return its world after the last step and each trader's herd."""
    from liqatlas.simulate.kernels_exchange import run

    traders = draw_traders(config, venue, index)
    gaps = stream(config.seed, venue.key, "gaps").exponential(venue.engine.gap_ms, len(traders))
    world = make_world(
        config,
        venue,
        traders,
        gap_ms=gaps.astype("int64"),
        calm=paths.venue_marks(config, venue, index),
        last_gap=paths.last_gaps(config, venue),
    )
    run(world)
    return world, traders.herd


def _market(
    config: SimulationConfig,
    venue: SimulatedVenue,
    index: paths.IndexPaths,
    lived: tuple[World, NDArray[np.int64]],
    *,
    coin: int,
) -> tuple[Recording, MarketTruth]:
    """Return what is public and what is true of one coin on one venue."""
    world, herd = lived
    what = config.coins[coin]
    instrument = _instrument(venue, what)
    trades = tape.make_tape(config, venue, index, world, coin=coin)
    every_print = prints.true_prints(config, venue, world, coin=coin)
    recording = Recording(
        instrument,
        trades=tape.trades_table(config, trades, what.lot_size),
        marks=tape.marks_table(config, world, index, coin=coin),
        open_interest=tape.open_interest_table(config, venue, trades, world, coin=coin),
        funding=tape.funding_table(config, world, index, coin=coin),
        liquidations=prints.published(every_print, venue.print_rule),
        sources=(f"SIMULATED exchange {venue.key}, seed {config.seed}",),
        prints_scope=prints.PRINT_SCOPES[venue.print_rule],
        simulated=True,
    )
    truth = make_truth(config, venue, instrument, world, (trades, every_print, herd), coin=coin)
    return recording, truth


def _instrument(venue: SimulatedVenue, coin: Coin) -> Instrument:
    return Instrument(
        venue=venue.key,
        symbol=coin.symbol,
        asset=coin.asset,
        tick_size=coin.tick_size,
        lot_size=coin.lot_size,
    )
