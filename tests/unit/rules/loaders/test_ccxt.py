"""Tiers through ccxt: nothing is assumed that ccxt does not say. Structure of https://docs.ccxt.com/#/README?id=leverage-tiers-structure."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules import Positions, liquidation_price
from liqatlas.rules.loaders import Origin, load_ccxt_tiers
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.tier_search import tiered_liquidation_price

ORIGIN = Origin("https://docs.ccxt.com", date(2026, 11, 22), date(2026, 11, 22))
TIERS: list[dict[str, Any]] = [
    {"tier": 1, "currency": "USD", "minNotional": 0, "maxNotional": 10000, "maintenanceMarginRate": 0.0065, "maxLeverage": 75, "info": {}},
    {"tier": 2, "currency": "USD", "minNotional": 10000, "maxNotional": 25000, "maintenanceMarginRate": 0.01, "maxLeverage": 50, "info": {}},
]  # fmt: skip


@pytest.mark.parametrize(("whole", "owed"), [(True, 0.0), (False, 10_000 * (0.01 - 0.0065))])
def test_how_a_rate_is_used_must_be_said(whole: bool, owed: float) -> None:
    table = load_ccxt_tiers(
        TIERS, ORIGIN, venue="ccxt:x", symbol="BTC", floor_unit="usd", whole_position=whole
    )
    held = Positions.isolated(1, 0.4, entry=50_000.0, leverage=10.0)  # 20,000 USD: the second tier
    wanted = liquidation_price(held, Maintenance.of(0.01, owed)).item()
    assert tiered_liquidation_price(held, table).item() == pytest.approx(wanted)
    assert "ccxt" in table.warning


def test_a_tier_without_a_rate_is_refused() -> None:
    bad = [TIERS[0] | {"maintenanceMarginRate": None}]
    with pytest.raises(FormatError, match="maintenanceMarginRate"):
        load_ccxt_tiers(bad, ORIGIN, venue="ccxt:x", symbol="BTC", floor_unit="usd", whole_position=True)
