"""Backfill notes the accounts that a venue's most recent trades name, where it names any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from liqatlas.base.clock import HOUR_NS, now_ns
from liqatlas.flows.backfill import BackfillPlan, backfill
from liqatlas.flows.venue_access import Access
from liqatlas.store import Lake
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_accounts_of_recent_trades_are_known_after_a_backfill(tmp_path: Path) -> None:
    until = now_ns() // HOUR_NS * HOUR_NS
    market = market_of("hyperliquid", start_ms=until // 1_000_000)
    market.cursor = len(market.events)  # all of it has happened
    async with StubExchange(wire_of("hyperliquid"), market, Schedule()) as exchange:
        access = Access({"hyperliquid": exchange.rest_url}, {}, tmp_path / "budgets")
        plan = BackfillPlan(("BTC",), ("hyperliquid",), tmp_path / "lake", access, until - 2 * HOUR_NS, until)
        found = await asyncio.to_thread(backfill, plan)
    users = {
        user
        for trade in market.trades("BTC")
        for user in (f"0x{trade.last_id % 7:040x}", f"0x{trade.last_id % 11 + 100:040x}")
    }
    with Lake.open(tmp_path / "lake") as lake:
        known = lake.accounts.table("hyperliquid")
    assert known.height >= 8  # of ten trades, with a few accounts twice
    assert set(known["account"]) <= users
    assert known["hint_usd"].min() > 0  # type: ignore[operator]
    assert any(f"{known.height} new accounts found in recent trades" in note for note in found.notes)
