from __future__ import annotations

import pytest

from liqatlas.base.errors import TiersUnknownError
from liqatlas.base.instruments import Instrument
from liqatlas.flows.build import build_map
from liqatlas.flows.request import Request
from tests.unit.flows.markets import X, bars_market

UNKNOWN = Instrument("lighter", "BTC", "BTC")


def test_an_instrument_without_margin_tiers_is_left_out_and_named() -> None:
    result = build_map(Request(asset="BTC"), [bars_market(30, 1), bars_market(30, 2, instrument=UNKNOWN)])
    assert [one.venue for one in result.head.venues] == [X.venue]
    assert any("left out: no margin tiers for BTC on lighter" in said for said in result.head.warnings)


def test_alone_it_is_refused() -> None:
    with pytest.raises(TiersUnknownError, match="lighter"):
        build_map(Request(asset="BTC"), [bars_market(30, 2, instrument=UNKNOWN)])
