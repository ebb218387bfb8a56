"""Prices that nobody in the world moves: index, basis, last against mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.simulate.draws import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.config import SimulatedVenue, SimulationConfig

YEAR_S = 365 * 86_400


@dataclass(frozen=True, slots=True)
class IndexPaths:
    """The common price of each coin and how lively the market is.

    Attributes
    ----------
    price
        float64, shape ``(coins, steps + 1)`` [quote].
    activity
        float64, shape ``(steps,)``: rate of arrivals relative to its mean over the stretch; rises with volatility.
    """

    price: NDArray[np.float64]
    activity: NDArray[np.float64]


def reverting_noise(shocks: NDArray[np.float64], relaxation_steps: float) -> NDArray[np.float64]:
    """Return an Ornstein-Uhlenbeck sequence of unit stationary variance.

    Parameters
    ----------
    shocks
        float64, shape ``(n,)``, independent standard normal; the first one is the start value.
    relaxation_steps
        Steps after which the autocorrelation is 1/e.
    """
    from liqatlas.simulate.kernels_series import autoregress

    keep = float(np.exp(-1.0 / relaxation_steps))
    return autoregress(shocks, keep, float(np.sqrt(1.0 - keep * keep)))


def index_paths(config: SimulationConfig) -> IndexPaths:
    """Draw the index of every coin: stochastic volatility, jumps that take minutes, correlated coins.

    The variance is scaled so that its mean over the stretch is ``annual_vol`` squared; jumps come on top.
    """
    steps = config.steps
    volatility = _volatility(config)
    moves, calm = _jumps(config)
    volatility *= calm
    volatility /= np.sqrt(np.mean(volatility**2))
    scale = np.sqrt(config.mark_step_s / YEAR_S)
    common = stream(config.seed, "index", "0").standard_normal(steps)
    prices = np.empty((len(config.coins), steps + 1))
    for i, coin in enumerate(config.coins):
        shocks = common
        if i > 0:
            own = stream(config.seed, "index", str(i)).standard_normal(steps)
            shocks = coin.correlation * common + np.sqrt(1.0 - coin.correlation**2) * own
        sigma = coin.annual_vol * scale * volatility
        share = 1.0 if i == 0 else coin.correlation * coin.annual_vol / config.coins[0].annual_vol
        returns = sigma * shocks - 0.5 * sigma**2 + share * moves
        log_price = np.concatenate(([0.0], np.cumsum(returns)))
        prices[i] = coin.price * np.exp(log_price - log_price[config.warmup_steps])
    activity = volatility**config.path.activity_exponent
    return IndexPaths(prices, activity / activity.mean())


def _volatility(config: SimulationConfig) -> NDArray[np.float64]:
    """Return relative volatility per step from two mean-reverting parts of its logarithm."""
    per_hour, path = 3600 / config.mark_step_s, config.path
    log_vol = np.zeros(config.steps)
    for name, hours, sigma in (
        ("fast", path.fast_hours, path.fast_sigma),
        ("slow", path.slow_hours, path.slow_sigma),
    ):
        shocks = stream(config.seed, "volatility", name).standard_normal(config.steps)
        log_vol += sigma * reverting_noise(shocks, hours * per_hour)
    return np.exp(log_vol)


def _jumps(config: SimulationConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the jumps' log moves per step and the factor by which volatility is raised after them."""
    path, steps = config.path, config.steps
    rng = stream(config.seed, "jumps")
    moves, raised = np.zeros(steps), np.ones(steps)
    weeks = steps * config.mark_step_s / (7 * 86_400)
    length = max(1, min(steps, round(path.jump_minutes * 60 / config.mark_step_s)))
    hours = np.arange(steps) * (config.mark_step_s / 3600)
    for _ in range(round(path.jumps_per_week * weeks)):
        first = int(rng.integers(0, steps - length + 1))
        size = rng.choice((-1.0, 1.0)) * (path.jump_floor + rng.exponential(path.jump_mean))
        moves[first : first + length] += size / length
        raised[first:] += 2.0 * np.exp(-(hours[first:] - hours[first]) / 3.0)
    return moves, raised


def venue_marks(config: SimulationConfig, venue: SimulatedVenue, paths: IndexPaths) -> NDArray[np.float64]:
    """Return a venue's undisturbed mark: index times one plus its basis, shape ``(coins, steps + 1)`` [quote]."""
    out = np.empty_like(paths.price)
    for i in range(len(config.coins)):
        shocks = stream(config.seed, venue.key, "basis", str(i)).standard_normal(config.steps + 1)
        noise = reverting_noise(shocks, venue.basis_hours * 3600 / config.mark_step_s)
        out[i] = paths.price[i] * (1.0 + 1e-4 * (venue.basis_mean_bp + venue.basis_sigma_bp * noise))
    return out


def last_gaps(config: SimulationConfig, venue: SimulatedVenue) -> NDArray[np.float64]:
    """Return last price over mark minus one, shape ``(coins, steps + 1)``; zeros where ``last_sigma_bp`` is zero."""
    out = np.zeros((len(config.coins), config.steps + 1))
    if venue.last_sigma_bp > 0:
        for i in range(len(config.coins)):
            shocks = stream(config.seed, venue.key, "last", str(i)).standard_normal(config.steps + 1)
            noise = reverting_noise(shocks, venue.last_minutes * 60 / config.mark_step_s)
            out[i] = 1e-4 * venue.last_sigma_bp * noise
    return out
