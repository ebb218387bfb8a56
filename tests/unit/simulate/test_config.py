"""Settings that cannot be lived in are refused with a reason."""

from __future__ import annotations

from decimal import Decimal

import pytest

from liqatlas.base.clock import DAY_NS
from liqatlas.base.errors import ConfigError
from liqatlas.simulate import (
    ETH,
    Closing,
    Coin,
    Engine,
    Makers,
    Population,
    SimulatedVenue,
    SimulationConfig,
    Tiers,
    demo_config,
    full_config,
)


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        (Coin, {"annual_vol": 0.0}, "annual_vol 0.0 is not in"),
        (Coin, {"tick_size": Decimal("0.3")}, "must divide 1"),
        (Coin, {"correlation": 1.5}, "correlation"),
        (Closing, {"classes": ((0.5, 1.0),)}, "sum to 1"),
        (Closing, {"classes": ()}, "pairs"),
        (Closing, {"weibull_shape": 9.0}, "weibull_shape 9.0"),
        (Population, {"long_mix": (0.5, 0.5)}, "one probability per leverage"),
        (Population, {"leverages": (1.0,) * 7}, "must lie in"),
        (Population, {"stop_range": (0.5, 1.0)}, "inside"),
        (Population, {"herding_share": 2.0}, "herding_share 2.0"),
        (Makers, {"count": 1}, "two makers"),
        (Tiers, {"floors": (0.0, 10.0), "rates": (0.01, 0.01)}, "ascending"),
        (Tiers, {"floors": (1.0,)}, "from 0"),
        (Engine, {"partial_steps": True}, "more than one maintenance tier"),
        (Engine, {"pass_through": 1.1}, "pass_through"),
        (SimulatedVenue, {"key": "binance"}, "begins with 'simulated'"),
        (SimulationConfig, {"coins": (Coin(), ETH, Coin(asset="SOL"))}, "one or two coins"),
        (SimulationConfig, {"population": Population(cross_share=0.1)}, "need two coins"),
        (SimulationConfig, {"mark_step_s": 7}, "divide a minute"),
        (SimulationConfig, {"venues": (SimulatedVenue(), SimulatedVenue())}, "keys must differ"),
        (SimulationConfig, {"venues": (SimulatedVenue(oi_sample_s=7),)}, "multiple of mark_step_s"),
    ],
)
def test_refused(kind: type, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        kind(**wrong)


def test_deductions_make_maintenance_continuous() -> None:
    tiers = Tiers(floors=(0.0, 50e3, 600e3, 3e6), rates=(0.004, 0.005, 0.0065, 0.01))
    # Binance BTCUSDT brackets of 24 Oct 2024, as stored in freqtrade's binance_leverage_tiers.json
    assert tiers.table().deductions.tolist() == pytest.approx([0.0, 50.0, 950.0, 11_450.0])
    assert tiers.table().max_leverages.tolist() == pytest.approx([125, 100, 76.9, 50], abs=0.1)


def test_the_recording_has_the_asked_length() -> None:
    config = SimulationConfig(days=2.0, warmup_days=0.5)
    assert config.end_ns - config.start_ns == 2 * DAY_NS
    assert config.steps == 2.5 * 86_400 / config.mark_step_s


def test_the_minimal_form_has_every_switch_off() -> None:
    config = SimulationConfig()
    who = config.population
    assert (who.herding_share, who.cross_share, who.stop_share, who.added_margin_sigma) == (0, 0, 0, 0)
    assert who.closing == Closing()
    for venue in config.venues:
        engine = venue.engine
        assert not engine.partial_steps
        assert not engine.adl
        assert engine.depth_usd_per_percent == float("inf")
        assert venue.print_rule == "all"
        assert venue.last_sigma_bp == 0


def test_the_demo_publishes_everything_at_once() -> None:
    config = demo_config(seed=4, days=3.0)
    assert (config.seed, config.days) == (4, 3.0)
    assert len(config.venues) == 3
    assert {venue.print_rule for venue in config.venues} == {"all"}
    assert config.population.cross_share == config.population.stop_share == 0


def test_the_full_form_has_every_switch_on() -> None:
    config = full_config()
    who = config.population
    assert min(who.herding_share, who.cross_share, who.stop_share) > 0
    assert {venue.print_rule for venue in config.venues} == {"last_per_second", "first_per_second"}
    for venue in config.venues:
        assert venue.engine.partial_steps
        assert venue.engine.adl
        assert venue.engine.depth_usd_per_percent < float("inf")
        assert venue.oi_sample_s == 300
        assert venue.last_sigma_bp > 0
