"""Where nobody asked for a quantity an outstanding map says that it is one, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import HOUR_NS
from liqatlas.flows.build import build_map
from liqatlas.flows.ingest import keep
from liqatlas.flows.request import Request
from liqatlas.store import Lake
from tests.unit.flows.markets import trades_market

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.maps.liquidation_map import LiquidationMap


def told(result: LiquidationMap) -> list[str]:
    return [warning for warning in result.head.warnings if warning.startswith("amounts are outstanding")]


def test_a_map_of_no_asked_quantity_says_which_it_is_and_why(tmp_path: Path) -> None:
    market = trades_market(24, 3)
    with Lake.create(tmp_path / "lake") as lake:
        keep(lake, market)
    request = Request(asset="BTC", window_ns=12 * HOUR_NS)
    assert build_map(request, [market]).head.quantity == "expected"  # one instrument, and calibrated

    stored = replace(request, lake=tmp_path / "lake")
    result = build_map(stored)
    assert result.head.quantity == "outstanding"
    assert told(result) == [
        "amounts are outstanding, not expected to be printed: --quantity expected shows what exchanges would print"
    ]
    assert not told(build_map(replace(stored, quantity="outstanding")))

    of_ether = replace(market, instrument=replace(market.instrument, asset="ETH", symbol="ETHUSDT"))
    (said,) = told(build_map(replace(request, asset="ETH"), [of_ether]))
    assert "no calibration of before the moment fits binance:ETHUSDT" in said
