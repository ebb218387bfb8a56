"""Calibration and forecast: a file holds everything, the future changes nothing, the past alone sets the level."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import ConfigError, NotEnoughDataError
from liqatlas.levels.calibrate import Provenance, calibrate
from liqatlas.levels.calibration import load_calibration, read_calibration, shipped_calibrations
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import forecast
from tests.unit.levels.hour_markets import random_market

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket

WHO = Provenance("made up", "a test", "2026-01-01")
SETTINGS = load_settings()
HOURS = 24 * 12
CUT = 24 * 8


@pytest.fixture(scope="module")
def market() -> HourMarket:
    return random_market(HOURS, 11)


@pytest.fixture(scope="module")
def calibration(market: HourMarket) -> Calibration:
    return calibrate(market, SETTINGS, np.arange(HOURS) < CUT, provenance=WHO, hazard_scale=2.5)


def test_file_gives_the_same_forecast_to_the_bit(market: HourMarket, calibration: Calibration) -> None:
    again = read_calibration(calibration.to_json(), "memory")
    assert again == calibration
    one, two = forecast(market, calibration), forecast(market, again)
    assert np.array_equal(one.frozen, two.frozen)
    assert np.array_equal(one.running, two.running)


def test_the_future_changes_nothing(market: HourMarket, calibration: Calibration) -> None:
    later = np.arange(HOURS) >= CUT
    scaled = {
        n: np.where(later, getattr(market, n) * f, getattr(market, n))
        for n, f in (("volume", 3.0), ("close", 1.0))
    }
    other = replace(
        market,
        low=np.where(later, market.low * 0.5, market.low),
        high=np.where(later, market.high * 2.0, market.high),
        open_interest=np.where(later[:, None], market.open_interest * 1.7, market.open_interest),
        printed_usd=np.where(later[:, None], market.printed_usd * 9, market.printed_usd),
        **scaled,
    )
    refit = calibrate(other, SETTINGS, np.arange(HOURS) < CUT, provenance=WHO, hazard_scale=2.5)
    assert refit == calibration
    one, two = forecast(market, calibration), forecast(other, refit)
    assert np.array_equal(one.frozen[:CUT], two.frozen[:CUT])
    assert np.array_equal(one.running[:CUT], two.running[:CUT])
    assert np.array_equal(one.slow.level[: CUT + 1], two.slow.level[: CUT + 1])
    assert not np.allclose(one.running[CUT:], two.running[CUT:])


def test_an_hours_own_prints_do_not_move_its_forecast(market: HourMarket, calibration: Calibration) -> None:
    at = 200
    printed = market.printed_usd.copy()
    printed[at] *= 50
    one, two = forecast(market, calibration), forecast(replace(market, printed_usd=printed), calibration)
    assert np.array_equal(one.frozen[: at + 1], two.frozen[: at + 1])
    assert not np.any(two.frozen[at + 1] == one.frozen[at + 1])
    assert two.slow.level[at + 1] > one.slow.level[at + 1]


def test_frozen_reads_no_path(market: HourMarket, calibration: Calibration) -> None:
    at = HOURS - 1
    path = market.path.copy()
    path[at, 1:-1] = np.clip(path[at, 1:-1][::-1], market.low[at], market.high[at])
    other = replace(market, path=path, volume=np.append(market.volume[:-1], market.volume[-1] * 2))
    one, two = forecast(market, calibration), forecast(other, calibration)
    assert np.array_equal(one.frozen, two.frozen)
    assert not np.array_equal(one.running[at], two.running[at])


def test_hazard_is_profiled_on_training_hours_only(market: HourMarket) -> None:
    short = market.first(24 * 4)
    whole = calibrate(market, SETTINGS, np.arange(HOURS) < 24 * 4, provenance=WHO)
    alone = calibrate(short, SETTINGS, np.ones(24 * 4, dtype=np.bool_), provenance=WHO)
    assert whole == alone
    assert [scale for scale, _ in whole.hazard_profile] == list(SETTINGS.hazard_scales)


def test_training_without_prints_is_refused(market: HourMarket) -> None:
    silent = replace(market, printed_usd=np.full((HOURS, 2), np.nan))
    with pytest.raises(NotEnoughDataError, match="no liquidation print"):
        calibrate(silent, SETTINGS, np.ones(HOURS, dtype=np.bool_), provenance=WHO)


def test_shipped_calibration_says_where_it_is_from() -> None:
    (btc,) = (c for c in shipped_calibrations() if c.asset == "BTC")
    assert btc.instrument == "binance:BTCUSDT"
    assert "Binance + Bybit + OKX" in btc.prints_scope
    assert btc.data_reference == "binance_btc_5m_oi"
    assert "calibrate" in btc.made_by
    assert 0.02 <= btc.identified_distance <= 0.12
    draws = np.log(btc.draw_weights(4000))
    np.testing.assert_allclose(draws.std(axis=0), btc.log_weight_sd, rtol=0.1)


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no_such"):
        load_calibration(tmp_path / "no_such.json")
    file = tmp_path / "bad.json"
    file.write_text('{"name": "x"}')
    with pytest.raises(ConfigError, match=r"bad\.json"):
        load_calibration(file)
