"""Windows of several hours: what they are made of, and that only training windows are fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.calibrate import Provenance, calibrate
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.horizons import forecast_windows, windows_of
from liqatlas.levels.responses import respond
from tests.unit.levels.hour_markets import HOUR_NS, random_market

HOURS, CUT = 24 * 12, 24 * 8


def test_windows_begin_at_multiples_of_their_length() -> None:
    market = random_market(51, 2).since(random_market(51, 2).start_ns[3])
    windows = windows_of(market, 4)
    assert (windows.market.start_ns // HOUR_NS % 4 == 0).all()
    first = int(windows.first[0])
    assert first == 1
    rows = slice(first, first + 4)
    assert windows.market.low[0] == market.low[rows].min()
    assert windows.market.high[0] == market.high[rows].max()
    np.testing.assert_allclose(windows.market.printed_usd[0], market.printed_usd[rows].sum(axis=0))
    assert windows.market.open[0] == market.open[first]
    with pytest.raises(NotEnoughDataError, match="no window"):
        windows_of(market.first(3), 24)


def test_only_training_windows_are_fitted_and_the_future_changes_nothing() -> None:
    market = random_market(HOURS, 4)
    train = np.arange(HOURS) < CUT
    made = calibrate(
        market,
        load_settings(),
        train,
        provenance=Provenance("made up", "test", "2026-06-01"),
        hazard_scale=2.5,
    )
    windows = windows_of(market, 4)
    got = forecast_windows(market, respond(market, made.settings, scale=2.5), made, windows, train)
    assert np.isfinite(got.frozen).all()
    assert (got.frozen > 0).all()
    printed = market.printed_usd.copy()
    printed[CUT + 24 :] *= 7
    other = replace(market, printed_usd=printed)
    again = forecast_windows(
        other, respond(other, made.settings, scale=2.5), made, windows_of(other, 4), train
    )
    before = windows.market.start_ns <= market.start_ns[CUT + 24]
    assert np.array_equal(got.frozen[before], again.frozen[before])
    assert not np.array_equal(got.frozen[~before], again.frozen[~before])
    y = windows.market.printed_usd / 1e4
    assert np.corrcoef(np.log(y + 1).ravel(), np.log(got.frozen).ravel())[0, 1] > 0.5
