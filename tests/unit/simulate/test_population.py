"""What is decided about traders before the market moves: each switch does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liqatlas.simulate import ETH, Closing, Coin, Population, SimulationConfig
from liqatlas.simulate.draws import stream
from liqatlas.simulate.paths import index_paths
from liqatlas.simulate.population import Traders, draw_traders, lifetimes_h

WORLD = SimulationConfig(seed=9, days=7, warmup_days=0, coins=(Coin(), ETH))


def draw(population: Population, config: SimulationConfig = WORLD) -> Traders:
    config = replace(config, population=population)
    return draw_traders(config, config.venues[0], index_paths(config))


def lives(closing: Closing, leverage: float = 10.0, count: int = 40_000) -> np.ndarray:
    return lifetimes_h(stream(1, "test"), closing, np.full(count, leverage))


def hazard(life: np.ndarray, start: float, end: float) -> float:
    """Return closings per hour among those that reached an age."""
    return float(((life >= start) & (life < end)).sum() / (np.clip(life, start, end) - start).sum())


def test_default_lives_are_exponential() -> None:
    life = lives(Closing(mean_life_h=20))
    assert life.mean() == pytest.approx(20, rel=0.02)
    assert hazard(life, 0, 5) == pytest.approx(1 / 20, rel=0.05)
    assert hazard(life, 30, 50) == pytest.approx(1 / 20, rel=0.05)


@pytest.mark.parametrize(("shape", "young_over_old"), [(0.6, 1.5), (1.8, 0.6)])
def test_weibull_shape_makes_hazard_depend_on_age(shape: float, young_over_old: float) -> None:
    life = lives(Closing(mean_life_h=20, weibull_shape=shape))
    assert life.mean() == pytest.approx(20, rel=0.03)
    ratio = hazard(life, 0, 5) / hazard(life, 20, 40)
    assert ratio > young_over_old if shape < 1 else ratio < young_over_old


def test_classes_close_at_their_own_rates() -> None:
    life = lives(Closing(mean_life_h=20, classes=((0.7, 0.2), (0.3, 3.0))))
    assert life.mean() == pytest.approx(20 * (0.7 * 0.2 + 0.3 * 3.0), rel=0.03)
    assert hazard(life, 60, 120) == pytest.approx(1 / 60, rel=0.05)  # only the patient are left


def test_distance_exponent_makes_high_leverage_close_sooner() -> None:
    closing = Closing(mean_life_h=20, distance_exponent=1.0)
    assert lives(closing, 100.0).mean() == pytest.approx(2, rel=0.03)
    assert lives(closing, 5.0).mean() == pytest.approx(40, rel=0.03)


def test_arrivals_follow_activity_and_the_stated_rate() -> None:
    config = replace(WORLD, days=14)
    traders = draw(Population(arrivals_per_minute=5.0), config)
    assert len(traders) == pytest.approx(5 * 14 * 1440, rel=0.02)
    activity = index_paths(config).activity.reshape(-1, 720).mean(axis=1)
    counts = np.bincount(traders.open_ms // 3_600_000, minlength=len(activity))
    assert np.corrcoef(activity, counts)[0, 1] > 0.9


def test_independent_traders_do_not_herd() -> None:
    traders = draw(Population())
    assert (traders.herd == -1).all()
    assert (traders.account == -1).all()
    assert np.isnan(traders.stop).all()


def test_herds_arrive_together_follow_the_trend_and_share_leverage() -> None:
    crowd = draw(Population(herding_share=0.5))
    loners = draw(Population())
    assert len(crowd) == len(loners)
    members = crowd.herd >= 0
    assert members.mean() == pytest.approx(0.5, abs=0.02)
    prices = np.log(index_paths(WORLD).price[0])
    back = 900 // WORLD.mark_step_s
    for herd in np.unique(crowd.herd[members])[:20]:
        mine = crowd.herd == herd
        formed = int(crowd.open_ms[mine].min() // WORLD.step_ms)
        assert len(np.unique(crowd.direction[mine])) == 1
        trend = prices[formed] - prices[max(formed - back, 0)]
        if abs(trend) > 1e-3:
            assert np.sign(trend) == crowd.direction[mine][0]
        _, counts = np.unique(crowd.leverage[mine], return_counts=True)
        assert counts.max() > 0.6 * counts.sum()

    def dispersion(traders: Traders) -> float:
        counts = np.bincount(traders.open_ms // 60_000)
        return float(counts.var() / counts.mean())

    assert dispersion(crowd) > 2 * dispersion(loners)


def test_stops_lie_in_the_stated_range() -> None:
    traders = draw(Population(stop_share=0.4, stop_range=(0.6, 0.8)))
    stops = traders.stop[~np.isnan(traders.stop)]
    assert len(stops) / len(traders) == pytest.approx(0.4, abs=0.02)
    assert 0.6 <= stops.min() < stops.max() <= 0.8


def test_cross_accounts_hold_one_position_in_each_coin() -> None:
    traders = draw(Population(cross_share=0.3, stop_share=1.0))
    cross = traders.account >= 0
    accounts, counts = np.unique(traders.account[cross], return_counts=True)
    assert (counts == 2).all()
    first, second = (np.flatnonzero(cross & (traders.coin == coin)) for coin in (0, 1))
    assert (np.sort(traders.account[first]) == accounts).all()
    assert (np.sort(traders.account[second]) == accounts).all()
    assert np.isnan(traders.stop[cross]).all()
    assert len(accounts) / (traders.coin == 0).sum() == pytest.approx(0.3, abs=0.02)


def test_added_margin_lowers_the_effective_leverage() -> None:
    exact, spread = draw(Population()), draw(Population(added_margin_sigma=0.2))
    added = np.log(exact.leverage / spread.leverage)
    assert added.min() >= 0
    assert np.sqrt(np.mean(added**2)) == pytest.approx(0.2, rel=0.02)
    assert np.isin(exact.leverage, Population().leverages).all()


def test_a_switch_leaves_other_draws_alone() -> None:
    plain, with_stops = draw(Population()), draw(Population(stop_share=0.5))
    for name in ("open_ms", "close_ms", "direction", "leverage", "notional_usd"):
        assert (getattr(plain, name) == getattr(with_stops, name)).all()
