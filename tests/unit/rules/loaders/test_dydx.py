"""dYdX markets."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders import Origin, load_dydx_markets

ORIGIN = Origin("sample", date(2025, 12, 8), date(2026, 11, 22))
BTC = {"ticker": "BTC-USD", "initialMarginFraction": "0.02", "maintenanceMarginFraction": "0.012"}


def test_one_tier_at_the_base_fractions() -> None:
    for payload in ({"markets": {"BTC-USD": BTC}}, {"result": {"markets": {"BTC-USD": BTC}}}):
        table = load_dydx_markets(payload, ORIGIN)["BTC-USD"]
        assert table.rates.tolist() == [0.012]
        assert table.leverage_cap == 50.0
        assert len(table) == 1


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"markets": [BTC]}, "markets"),
        ([], "markets"),
        ({"markets": {"BTC-USD": {**BTC, "initialMarginFraction": "0"}}}, "fraction > 0"),
        ({"markets": {"BTC-USD": {"initialMarginFraction": "0.02"}}}, "maintenanceMarginFraction"),
        ({"markets": {"BTC-USD": {**BTC, "maintenanceMarginFraction": "nan"}}}, "finite"),
    ],
)
def test_what_does_not_fit_is_refused(payload: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_dydx_markets(payload, ORIGIN)
