"""Prices that nobody in the world moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liqatlas.simulate import ETH, Coin, PricePath, SimulatedVenue, SimulationConfig, demo_config
from liqatlas.simulate.paths import YEAR_S, index_paths, last_gaps, reverting_noise, venue_marks

CALM = PricePath(jumps_per_week=0.0)


def annual_vol(prices: np.ndarray, step_s: float) -> float:
    return float(np.sqrt(np.mean(np.diff(np.log(prices)) ** 2) * YEAR_S / step_s))


@pytest.mark.parametrize("seed", range(5))
def test_volatility_is_the_stated_one(seed: int) -> None:
    config = SimulationConfig(seed=seed, days=7, warmup_days=0, path=CALM, coins=(Coin(annual_vol=0.6), ETH))
    for coin, prices in zip(config.coins, index_paths(config).price, strict=True):
        assert annual_vol(prices, config.mark_step_s) == pytest.approx(coin.annual_vol, rel=0.03)


def test_the_demo_moves_like_a_market() -> None:
    config = demo_config()
    prices = index_paths(config).price[0][config.warmup_steps :: 60 // config.mark_step_s]
    assert prices[0] == pytest.approx(60_000)
    assert 0.5 < annual_vol(prices, 60) < 0.7
    assert 35_000 < prices.min() < prices.max() < 95_000


def test_volatility_clusters() -> None:
    def memory(path: PricePath) -> float:
        config = SimulationConfig(seed=2, days=14, warmup_days=0, path=path)
        returns = np.abs(np.diff(np.log(index_paths(config).price[0][::60])))
        return float(np.corrcoef(returns[:-12], returns[12:])[0, 1])  # an hour apart

    assert memory(CALM) > 0.1
    assert abs(memory(PricePath(jumps_per_week=0, fast_sigma=0, slow_sigma=0))) < 0.05


def test_jumps_move_the_price_one_way_within_minutes() -> None:
    config = SimulationConfig(
        seed=4,
        days=14,
        warmup_days=0,
        coins=(Coin(annual_vol=0.25),),
        path=PricePath(jumps_per_week=1.0, jump_floor=0.03, jump_mean=0.0),
    )
    without = index_paths(replace(config, path=replace(config.path, jumps_per_week=0.0)))
    with_jumps = index_paths(config)
    width = round(config.path.jump_minutes * 60 / config.mark_step_s)
    log_price = np.log(with_jumps.price[0])
    moves = np.abs(log_price[width:] - log_price[:-width])
    calm = np.log(without.price[0])
    usual = np.abs(calm[width:] - calm[:-width])
    far = np.flatnonzero(moves > 0.8 * config.path.jump_floor)
    clusters = 1 + int((np.diff(far) > 12 * width).sum())
    assert usual.max() < 0.8 * config.path.jump_floor
    assert clusters == 2  # one a week for two weeks


def test_coins_are_correlated_as_stated() -> None:
    config = SimulationConfig(
        seed=6, days=7, warmup_days=0, path=CALM, coins=(Coin(), replace(ETH, correlation=0.5))
    )
    returns = np.diff(np.log(index_paths(config).price), axis=1)
    assert np.corrcoef(returns)[0, 1] == pytest.approx(0.5, abs=0.02)


def test_basis_has_the_stated_mean_and_spread() -> None:
    config = SimulationConfig(seed=1, days=14, warmup_days=0)
    venue = SimulatedVenue(basis_mean_bp=-4.0, basis_sigma_bp=2.0, basis_hours=0.2)
    index = index_paths(config)
    basis_bp = 1e4 * (venue_marks(config, venue, index)[0] / index.price[0] - 1)
    assert basis_bp.mean() == pytest.approx(-4.0, abs=0.3)
    assert basis_bp.std() == pytest.approx(2.0, rel=0.1)


def test_last_price_parts_from_mark_only_where_asked() -> None:
    config = SimulationConfig(seed=1, days=7, warmup_days=0)
    assert not last_gaps(config, SimulatedVenue()).any()
    gap_bp = 1e4 * last_gaps(config, SimulatedVenue(last_sigma_bp=3.0))[0]
    assert gap_bp.std() == pytest.approx(3.0, rel=0.1)


def test_reverting_noise_forgets_at_the_stated_rate() -> None:
    noise = reverting_noise(np.random.default_rng(1).standard_normal(200_000), 20.0)
    assert noise.std() == pytest.approx(1.0, rel=0.05)
    assert np.corrcoef(noise[:-20], noise[20:])[0, 1] == pytest.approx(np.exp(-1), abs=0.03)
