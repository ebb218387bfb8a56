"""Contracts that change under a running feed: a new listing, a delisting, another tick."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

from liqatlas.base.errors import SourceUnavailableError, UnknownSymbolError
from liqatlas.venues.feed import Feed
from liqatlas.venues.rows import RowBatch
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import CONTRACTS, OPTIONS, QUICK, VENUES, client_of, market_of, wire_of


@pytest.mark.parametrize("change", ["listed", "tick"])
@pytest.mark.parametrize("key", VENUES)
async def test_a_new_contract_or_tick_is_read_again_and_no_row_is_lost(key: str, change: str) -> None:
    market = market_of(key)
    async with (
        StubExchange(wire_of(key), market, Schedule(), wait_for=1, pace_s=0.002) as exchange,
        client_of(key, exchange) as client,
        Feed(client, market.contracts, ["trades"], OPTIONS) as feed,
    ):
        symbol = CONTRACTS[key][-1].symbol
        known = await client.listings()
        if change == "listed":
            del known[symbol]  # as if it had been listed after we asked
        else:
            old = known[symbol]
            known[symbol] = replace(
                old, instrument=replace(old.instrument, tick_size=old.instrument.tick_size * 7)
            )
        rows, quiet, changed = RowBatch(), 0, []
        while quiet < 3:
            batch = await feed.next(0.1)
            rows.merge(batch.rows)
            changed += batch.changed
            quiet = quiet + 1 if exchange.done.is_set() and not batch else 0
        assert feed.stats.unknown_symbols == feed.stats.unreadable == 0
        ((before, after),) = changed
        assert after.symbol == symbol
        assert (before is None) == (change == "listed")
        assert after.tick_size == CONTRACTS[key][-1].tick
        for name, contract in market.contracts.items():
            truth = market.trades(name)
            found = rows.of("trades", name)
            assert [row[1] for row in found] == [t.ticks for t in truth]
            turnover = float(pl.Series([row[2] for row in found]).sum())
            assert turnover == pytest.approx(float(sum(t.lots for t in truth) * contract.lot))


async def test_a_contract_nobody_knows_is_counted_not_guessed() -> None:
    market = market_of("binance")
    schedule = Schedule(rest=dict.fromkeys(range(2, 500), "503"))
    async with (
        StubExchange(wire_of("binance"), market, schedule, wait_for=1, pace_s=0.002) as exchange,
        client_of("binance", exchange, replace(QUICK, attempts=1)) as client,
        Feed(client, market.contracts, ["trades"], OPTIONS) as feed,
    ):
        del (await client.listings())["ETHUSDT"]
        rows, quiet = RowBatch(), 0
        while quiet < 3:
            batch = await feed.next(0.1)
            rows.merge(batch.rows)
            quiet = quiet + 1 if exchange.done.is_set() and not batch else 0
        assert feed.stats.unknown_symbols == len(market.trades("ETHUSDT"))
        assert rows.of("trades", "ETHUSDT") == []
        assert len(rows.of("trades", "BTCUSDT")) == len(market.trades("BTCUSDT"))
        assert "ETHUSDT" in feed.stats.last_error or "503" in feed.stats.last_error


async def test_a_delisted_contract_is_said_to_be_delisted() -> None:
    async with (
        StubExchange(wire_of("okx"), market_of("okx")) as exchange,
        client_of("okx", exchange) as client,
    ):
        listings = await client.listings()
        listings["BTC-USDT-SWAP"] = replace(listings["BTC-USDT-SWAP"], status="delisted")
        with pytest.raises(UnknownSymbolError, match="delisted"):
            await client.listing("BTC-USDT-SWAP")
        # The asset still has a contract that trades.
        assert (await client.listing("BTC")).instrument.symbol == "BTC-USD-SWAP"


async def test_a_feed_does_not_begin_without_its_venue() -> None:
    async with (
        StubExchange(
            wire_of("bybit"), market_of("bybit"), Schedule(rest=dict.fromkeys(range(50), "503"))
        ) as exchange,
        client_of("bybit", exchange) as client,
    ):
        with pytest.raises(SourceUnavailableError):
            async with Feed(client, ["BTCUSDT"], ["trades"], OPTIONS):
                pytest.fail("the feed began")


def test_the_ticks_of_the_stub_are_no_multiples_of_seven() -> None:
    """Guard of the tests above: a price must be able to lie between two wrong ticks."""
    for contracts in CONTRACTS.values():
        assert contracts[-1].start_ticks % 7 != 0
        assert contracts[-1].tick > Decimal(0)
