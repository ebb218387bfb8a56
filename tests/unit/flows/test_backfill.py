"""History fetched from the stub over real sockets: to the end, once, and taken up again after a failure."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import DAY_NS, HOUR_NS, NS_PER_S, now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError, SourceUnavailableError, UnknownSymbolError
from liqatlas.flows.backfill import BackfillPlan, Part, backfill, days
from liqatlas.flows.venue_access import Access
from liqatlas.store import Lake
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import asking, market_of, wire_of

if TYPE_CHECKING:
    from pathlib import Path

UNTIL = now_ns() // (600 * NS_PER_S) * 600 * NS_PER_S
SINCE = UNTIL - 30 * HOUR_NS


def plan_for(exchange: StubExchange, tmp_path: Path, name: str) -> BackfillPlan:
    access = Access({"binance": exchange.rest_url}, {}, tmp_path / "budgets")
    return BackfillPlan((name,), ("binance",), tmp_path / "lake", access, SINCE, UNTIL)


async def test_history_is_fetched_to_the_end_and_not_twice(tmp_path: Path) -> None:
    market = market_of("binance", start_ms=UNTIL // 1_000_000)
    symbol = next(iter(market.contracts))
    async with StubExchange(wire_of("binance"), market, Schedule()) as exchange:
        plan = plan_for(exchange, tmp_path, symbol)
        first = await asyncio.to_thread(backfill, plan)
        asked = len(exchange.requests)
        again = await asyncio.to_thread(backfill, plan)
        assert again.rows == 0
        assert len(exchange.requests) - asked <= 4  # the clock and the contracts alone
    with Lake.open(tmp_path / "lake") as lake:
        recording = lake.recording("binance", symbol, SINCE, UNTIL)
        covered = lake.coverage("bars", "binance", symbol, SINCE, UNTIL)
    assert recording.bars.height == 30 * 60
    assert recording.mark_bars.height == 30 * 60
    assert recording.open_interest.height == 30 * 12
    assert first.rows >= 30 * 60 * 2 + 30 * 12
    assert covered.share == 1


async def test_an_unknown_symbol_offers_near_names(tmp_path: Path) -> None:
    async with StubExchange(wire_of("binance"), market_of("binance"), Schedule()) as exchange:
        with pytest.raises(UnknownSymbolError, match="BTCUSDT"):
            await asyncio.to_thread(backfill, plan_for(exchange, tmp_path, "BTCUSDX"))


async def test_open_interest_beyond_rests_reach_comes_from_the_daily_files(tmp_path: Path) -> None:
    market = market_of("binance", start_ms=UNTIL // 1_000_000)
    begin = (UNTIL // DAY_NS - 40) * DAY_NS
    faults = Schedule(rest=dict.fromkeys((5, 6), "cut_body"))  # a file that is cut short has not its checksum
    async with StubExchange(wire_of("binance"), market, faults) as exchange:
        plan = replace(plan_for(exchange, tmp_path, "BTCUSDT"), since_ns=begin, until_ns=begin + 12 * DAY_NS)
        monkey = (("open_interest", "open_interest", "open_interest_history", "5m"),)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("liqatlas.flows.backfill.FETCHED", monkey)
            first = await asyncio.to_thread(backfill, plan)
            asked = [path for path in exchange.requests if path.endswith(".zip")]
            again = await asyncio.to_thread(backfill, plan)
        assert len(asked) >= 10
        assert [
            path for path in exchange.requests if path.endswith(".zip")
        ] == asked  # what is done is not asked for again
    assert faults.injected["cut_body"] == 2
    assert again.rows < 288  # the day in which REST's reach begins is asked for anew: it has moved on
    assert first.rows >= 12 * 288
    with Lake.open(tmp_path / "lake") as lake:
        rows = lake.read("open_interest", "binance", "BTCUSDT", begin + 1, begin + 12 * DAY_NS)
        assert lake.coverage("open_interest", "binance", "BTCUSDT", begin, begin + 12 * DAY_NS).share == 1
    moments = rows["ts_event_ns"].to_list()
    assert moments == list(range(begin + 300 * NS_PER_S, begin + 12 * DAY_NS, 300 * NS_PER_S))
    assert rows["oi_native"].to_list() == [float(market.oi_lots(ts // 1_000_000)) for ts in moments]


async def test_a_file_that_never_has_its_checksum_is_refused(tmp_path: Path) -> None:
    market = market_of("binance", start_ms=UNTIL // 1_000_000)
    schedule = Schedule(rest=dict.fromkeys(range(1, 60), "cut_body"))
    async with asking("binance", schedule, market=market) as (client, _):
        with pytest.raises(SourceUnavailableError, match="SHA-256"):
            await client.daily_file("open_interest", "BTCUSDT", UNTIL // DAY_NS * DAY_NS - 40 * DAY_NS)
    async with asking("binance", Schedule(), market=market) as (client, _):
        with pytest.raises(NotEnoughDataError, match="no daily file BTCUSDT-metrics-2019"):
            await client.daily_file("open_interest", "BTCUSDT", 18_000 * DAY_NS)
        with pytest.raises(InputError, match="publishes no daily files of trades"):
            await client.daily_file("trades", "BTCUSDT", 18_000 * DAY_NS)


def test_an_empty_stretch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        backfill(BackfillPlan(("BTC",), ("okx",), tmp_path, Access(budgets=tmp_path), UNTIL, SINCE))


def test_parts_are_days_and_know_their_names() -> None:
    cut = list(days(SINCE, UNTIL))
    assert cut[0][0] == SINCE
    assert cut[-1][1] == UNTIL
    assert all(high == low for (_, high), (low, _) in pairwise(cut))
    assert all(high % DAY_NS == 0 for _, high in cut[:-1])
    part = Part("okx", "BTC-USDT-SWAP", "mark_bars", *cut[0])
    assert Part.named(part.name) == part
