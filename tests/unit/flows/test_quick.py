"""The map without a lake, asked of the stub over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import DAY_NS, NS_PER_MS, NS_PER_S, now_ns
from liqatlas.base.errors import SourceUnavailableError
from liqatlas.flows.build import build_map
from liqatlas.flows.quick import COARSE, quick_recordings
from liqatlas.flows.request import Request
from liqatlas.flows.venue_access import Access
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.kernels
async def test_venues_are_fetched_and_a_map_is_drawn(tmp_path: Path) -> None:
    minute = now_ns() // (600 * NS_PER_S) * 600_000  # what OKX gives of open interest ends a few days back
    market = market_of("okx", start_ms=minute)
    symbol = next(iter(market.contracts))
    async with StubExchange(wire_of("okx"), market, Schedule()) as exchange:
        access = Access({"okx": exchange.rest_url, "bybit": "http://127.0.0.1:9"}, {}, tmp_path)
        as_of = market.start_ms * NS_PER_MS
        request = Request(asset=symbol, venues=("okx", "bybit"), window_ns=DAY_NS, as_of_ns=as_of)
        found = await asyncio.to_thread(quick_recordings, request, access)
    assert [r.instrument.venue for r in found] == ["okx"]
    assert found[0].bars.height >= 288  # the stub has minute bars alone, whatever is asked for
    made = build_map(request, found)
    assert made.usd.any()
    assert COARSE in made.head.warnings


def test_without_a_network_the_demo_is_named(tmp_path: Path) -> None:
    access = Access({"okx": "http://127.0.0.1:9"}, {}, tmp_path)
    with pytest.raises(SourceUnavailableError, match="liqatlas demo"):
        quick_recordings(Request(asset="BTC", venues=("okx",)), access)
