"""Online update: nothing new changes nothing much, new prints move the weights, and forgetting makes them move further."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.levels.calibrate import Provenance, calibrate
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.online import updated
from liqatlas.levels.responses import respond
from tests.unit.levels.hour_markets import random_market

if TYPE_CHECKING:
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket

HOURS, CUT = 24 * 16, 24 * 8


@pytest.fixture(scope="module")
def market() -> HourMarket:
    """Sixteen days whose prints double after the eighth."""
    made = random_market(HOURS, 6)
    printed = made.printed_usd.copy()
    printed[CUT:] *= 2.0
    return replace(made, printed_usd=printed)


@pytest.fixture(scope="module")
def first(market: HourMarket) -> Calibration:
    return calibrate(
        market,
        load_settings(),
        np.arange(HOURS) < CUT,
        provenance=Provenance("made up", "test", "2026-06-01"),
        hazard_scale=2.5,
    )


def moved(market: HourMarket, first: Calibration, half_life_days: float) -> float:
    """Return by how much the sum of expected prints of the new hours rose, map without level."""
    responses = respond(market, first.settings, scale=first.hazard_scale)
    then = updated(first, market, responses, half_life_days=half_life_days)
    none = np.zeros((HOURS, 2, 0))
    before, after = (c.map.fit().mean(responses.touched, none)[CUT:].sum() for c in (first, then))
    return float(after / before)


def test_new_prints_move_the_weights_and_forgetting_moves_them_further(
    market: HourMarket, first: Calibration
) -> None:
    slow, quick = moved(market, first, 1e6), moved(market, first, 1.0)
    assert 1.15 < slow < quick
    assert quick == pytest.approx(2.0, abs=0.35)


def test_the_update_knows_more_and_says_so(market: HourMarket, first: Calibration) -> None:
    responses = respond(market, first.settings, scale=first.hazard_scale)
    then = updated(first, market, responses, half_life_days=1e6)
    assert then.trained_until > first.trained_until
    assert then.rows == first.rows + 2 * (HOURS - CUT)
    known = first.identified
    assert (then.log_weight_sd[known] < 1.2 * first.log_weight_sd[known]).all()
    assert then.log_weight_sd[known].mean() < first.log_weight_sd[known].mean()
    assert then.running.slope == first.running.slope


def test_what_does_not_fit_is_refused(market: HourMarket, first: Calibration) -> None:
    responses = respond(market, first.settings, scale=first.hazard_scale)
    with pytest.raises(InputError, match="not positive"):
        updated(first, market, responses, half_life_days=0.0)
    with pytest.raises(InputError, match="new prints are of"):
        updated(first, replace(market, key="okx:ETH-USDT-SWAP"), responses)
    early = market.first(CUT)
    with pytest.raises(NotEnoughDataError, match="known rows"):
        updated(first, early, respond(early, first.settings, scale=first.hazard_scale))
