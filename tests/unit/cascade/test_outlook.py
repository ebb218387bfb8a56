"""A drawn shock, and where its shares of runs may be read as probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from liqatlas.base.errors import ConfigError, InputError, NotEnoughDataError
from liqatlas.cascade.excursions import FEATURES
from liqatlas.cascade.forecast_calibration import load_forecast_calibrations
from liqatlas.cascade.outlook import find_calibration, make_outlook, scope_reasons
from liqatlas.cascade.serialise import cascade_tree
from liqatlas.cascade.shock import Shock, parse_shock
from liqatlas.cascade.simulation import CascadeSettings, run_cascade
from liqatlas.cascade.statement import cascade_statement
from liqatlas.maps.head import ModelInfo
from liqatlas.plot.cascade_words import cascade_text
from tests.unit.cascade.conftest import map_of

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.book.depth import Book
    from liqatlas.cascade.forecast_calibration import ForecastCalibration
    from liqatlas.maps.liquidation_map import LiquidationMap

DOWN = Shock("drawn", -1.0)


def own() -> ForecastCalibration:
    return find_calibration("binance:BTCUSDT", "down", 3600.0)[0]


def in_scope(**head: Any) -> LiquidationMap:
    """An expected map of the instrument, estimator and weights that were calibrated."""
    name, version = own().model.rsplit(" ", 1)
    known = {"calibration_instrument": own().instrument, "level_from_prints": True}
    usual: dict[str, Any] = {
        "quantity": "expected", "window_ns": 10**17, "model": ModelInfo(name, version, "BTC", known)
    }  # fmt: skip
    return map_of(venues=("binance",), **(usual | head))


def features() -> np.ndarray:
    return np.array(own().law.centre)


def test_shipped_calibrations_say_what_they_are_of_and_what_they_are_worth() -> None:
    entries = load_forecast_calibrations()
    assert {(c.liquidated, c.horizon_s) for c in entries} >= {("long", 3600.0), ("short", 3600.0)}
    for c in entries:
        assert c.data_reference
        assert len(c.law.slope) == len(FEATURES)
        assert c.judged[0] < c.judged[1] <= c.data_until
        for verdict in (*c.amounts, *c.reaches):
            value, low, high = verdict.over_climatology
            assert low <= value <= high
            assert sum(b[2] for b in verdict.reliability) == verdict.hours


def test_chances_fall_with_the_amount_and_rise_with_the_forecast() -> None:
    c = own()
    usd = np.geomspace(*c.usd, 40)
    chances = c.chance_liquidated(usd, 1e6, 0.006)
    assert (np.diff(chances) <= 1e-12).all()
    assert ((chances >= 0) & (chances <= 1)).all()
    assert c.chance_liquidated(usd, 1e7, 0.006)[20] >= chances[20]
    reached = c.chance_reached(np.linspace(*c.distance, 30), 0.006)
    assert (np.diff(reached) <= 1e-12).all()


def test_a_drawn_shock_in_scope_shows_probabilities(books: dict[str, Book]) -> None:
    world = in_scope()
    outlook = make_outlook(world.head, "binance:BTCUSDT", "down", features(), horizon_s=3600.0)
    assert outlook.calibrated, outlook.reasons
    out = run_cascade(world, books, DOWN, CascadeSettings(runs=400), outlook)
    assert out.calibrated
    assert out.exceeded
    assert all(e.calibrated for e in out.exceeded)
    wanted = own().chance_liquidated(
        np.array([e.usd for e in out.exceeded]), float(out.table.liquidated.mean()), outlook.scale
    )
    assert [e.share for e in out.exceeded] == pytest.approx(wanted)
    # the books add nothing to what is drawn
    assert out.table.reach == pytest.approx(out.table.alone, rel=1e-6)
    share = (out.table.reach >= 0.005).mean()
    assert share == pytest.approx(
        outlook.calibration.law.chance(np.array([outlook.scale]), np.array([0.005]))[0], abs=0.02
    )
    tree = orjson.loads(out.to_json())
    assert tree["calibrated"] is True
    assert tree["forecast"]["uncalibrated_because"] == []
    assert any("calibrated on binance:BTCUSDT" in w for w in tree["warnings"])
    told = cascade_statement(out)
    assert 0 < told["probability"] < 1
    assert "Brier skill" in told["calibration"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity": "outstanding"}, "outstanding"),
        ({"simulated": True}, "simulated"),
        ({"window_ns": 86_400_000_000_000}, "two weeks"),
        ({"as_of_ns": 1_767_225_600_000_000_000}, "after this moment"),
        ({"model": ModelInfo("another", "1", "BTC")}, "not the one"),
    ],
)
def test_out_of_scope_it_is_a_band_and_says_why(
    books: dict[str, Book], change: dict[str, Any], words: str
) -> None:
    world = in_scope(**change)
    outlook = make_outlook(world.head, "binance:BTCUSDT", "down", features(), horizon_s=3600.0)
    assert any(words in reason for reason in outlook.reasons)
    out = run_cascade(world, books, DOWN, CascadeSettings(runs=60), outlook)
    assert not out.calibrated
    assert not any(s.calibrated for s in out.steps)
    assert cascade_tree(out)["calibrated"] is False
    assert any("uncalibrated here" in w and words in w for w in out.warnings)
    assert cascade_statement(out)["probability"] is None


def test_volatility_that_no_judged_hour_had_is_out_of_scope() -> None:
    wild = features().copy()
    wild[:4] += 3.0
    outlook = make_outlook(in_scope().head, "binance:BTCUSDT", "down", wild, horizon_s=3600.0)
    assert outlook.scale > outlook.calibration.scales[1]
    assert any("volatility is outside" in reason for reason in outlook.reasons)


def test_a_level_of_unknown_prints_and_lent_weights_are_not_calibrated() -> None:
    model = in_scope().head.model
    for change, words in (
        ({"level_from_prints": False}, "last day"),
        ({"calibration_instrument": "okx:X"}, "weights"),
    ):
        head = replace(in_scope().head, model=replace(model, parameters=model.parameters | change))
        assert any(words in r for r in scope_reasons(own(), head, print_thinning=1.0))
    assert any("published prints" in r for r in scope_reasons(own(), in_scope().head, print_thinning=0.5))


def test_how_likely_a_level_is_by_itself(books: dict[str, Book]) -> None:
    world = in_scope()
    outlook = make_outlook(world.head, "binance:BTCUSDT", "down", features(), horizon_s=3600.0)
    settings = CascadeSettings(runs=20)
    near, far, touching = (
        run_cascade(world, books, parse_shock(f"level:{price}"), settings, outlook)
        for price in (99, 90, 99.9)
    )
    assert near.level is not None
    assert near.level.probability == pytest.approx(
        outlook.calibration.chance_reached(np.array([np.log(100 / 99)]), outlook.scale)[0]
    )
    assert not near.calibrated  # what the order to get there does is a band as before
    assert "By itself the mark gets to 99" in cascade_text(near)
    assert far.level is not None
    assert far.level.probability is None
    assert far.level.at_most is not None
    assert far.level.at_most <= (near.level.probability or 0)
    assert cascade_tree(far)["level_by_itself"]["calibrated"] is True
    assert touching.level is not None
    assert "nearer" in touching.level.reasons[0]
    elsewhere = replace(outlook, reasons=("no",))
    out = run_cascade(world, books, parse_shock("level:99"), settings, elsewhere)
    assert "uncalibrated: no" in cascade_text(out)
    with pytest.raises(InputError, match="takes none"):
        run_cascade(world, books, parse_shock("-5%"), settings, outlook)


def test_another_instrument_borrows_the_law_and_another_horizon_has_none() -> None:
    outlook = make_outlook(in_scope().head, "okx:ETH-USDT-SWAP", "up", features(), horizon_s=3600.0)
    assert any("lent by binance:BTCUSDT" in r for r in outlook.reasons)
    assert outlook.calibration.liquidated == "short"
    with pytest.raises(NotEnoughDataError, match="--within"):
        find_calibration("binance:BTCUSDT", "down", 1800.0)
    with pytest.raises(InputError, match="finite"):
        make_outlook(in_scope().head, "binance:BTCUSDT", "down", features() * np.nan, horizon_s=3600.0)


def test_only_a_drawn_shock_takes_an_outlook(books: dict[str, Book]) -> None:
    with pytest.raises(InputError, match="outlook"):
        run_cascade(map_of(), books, DOWN, CascadeSettings(runs=10))
    assert parse_shock("market:up") == Shock("drawn", 1.0)
    assert parse_shock("market:down").direction(100.0) == "down"


def test_a_file_without_calibrations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"calibrate_cascade\.py"):
        load_forecast_calibrations(tmp_path / "c.json")
