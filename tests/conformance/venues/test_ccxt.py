"""The ccxt adapter against the stub: the same trades as our own clients read, losses counted, units measured, faults said.

ccxt pins its own dependencies and lives in an environment of its own (``.ci/jobs/ccxt``); without it this file is skipped. The fault
suite runs over the adapter too: ``pytest tests/faults -k ccxt``.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.clock import MINUTE_NS, NS_PER_MS, now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.venues import capabilities, venue
from liqatlas.venues.feed import Feed
from liqatlas.venues.inbox import Broken, Inbox, Resumed
from liqatlas.venues.subscriptions import Subscription
from tests.conftest import ROOT
from tests.stub_exchange.faults import Planned, Schedule
from tests.stub_exchange.market import Trade
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import (
    CCXT,
    CONTRACTS,
    OPTIONS,
    asking,
    client_of,
    market_of,
    record,
    wire_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.venues.through_ccxt.rest import CcxtClient

pytestmark = pytest.mark.skipif(
    not importlib.util.find_spec("ccxt"),
    reason="ccxt is an extra with an environment of its own: .ci/jobs/ccxt",
)


@pytest.mark.parametrize("key", CCXT)
async def test_it_reads_the_same_trades_as_our_own_client(key: str) -> None:
    market = market_of(key)
    while market.advance():
        pass
    own = key.removeprefix("ccxt:")
    async with (
        asking(own, Schedule(), market=market) as (client, exchange),
        client_of(key, exchange) as foreign,
    ):
        for contract in CONTRACTS[key]:
            ours = (await client.missing_trades(contract.symbol, None, None)).of("trades")
            theirs = (await foreign.missing_trades(contract.symbol, None, None)).of("trades")
            assert len(theirs) > 100
            plain = sorted((row[0], row[1], round(row[2], 9), row[3]) for row in ours)  # type: ignore[call-overload]
            found = sorted((row[0], row[1], round(row[2], 9), row[3]) for row in theirs)  # type: ignore[call-overload]
            assert found == plain[-len(found) :]


async def test_it_reads_the_same_candles() -> None:
    start = (now_ns() // MINUTE_NS - 30) * MINUTE_NS
    end = start + 20 * MINUTE_NS
    async with (
        asking("bybit", Schedule()) as (client, exchange),
        client_of("ccxt:bybit", exchange) as foreign,
    ):
        linear, inverse = (contract.symbol for contract in CONTRACTS["bybit"])
        pages = [
            [row async for page in one.history("bars", linear, start, end) for row in page.of("bars")]
            for one in (client, foreign)
        ]
        assert len(pages[0]) == 20
        assert pages[0] == pages[1]
        # Of inverse contracts ccxt hands the turnover in COINS on as the volume: refused, not read as dollars.
        with pytest.raises(NotEnoughDataError, match="it counts something else"):
            [page async for page in foreign.history("bars", inverse, start, end)]


async def test_record_and_map_take_its_key(tmp_path: Path) -> None:
    """``record --venues ccxt:bybit`` into a lake, and the map's way of asking venues, as processes would do it."""
    from liqatlas.flows.venue_access import chosen_venues, make_access
    from liqatlas.store import Lake

    key, market = "ccxt:bybit", market_of("ccxt:bybit")
    async with StubExchange(wire_of(key), market, pace_s=0.01) as exchange:
        access = make_access([f"{key}={exchange.rest_url}"], [])
        assert chosen_venues([f"{key},binance"]) == (key, "binance")
        async with access.client(key) as client:
            assert (await client.listing("BTC")).instrument.key == "ccxt:bybit:BTCUSDT"
            assert (await client.clock_skew()).round_trip_ns > 0
        command = [
            sys.executable, "-P", "-m", "liqatlas", "record", "BTCUSDT", "--venues", key, "--host", f"{key}={exchange.rest_url}",
            "--lake", str(tmp_path / "lake"),
        ]  # fmt: skip
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LIQATLAS_CACHE": str(tmp_path / "cache")}
        process = await asyncio.create_subprocess_exec(
            *command, env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        await asyncio.wait_for(exchange.done.wait(), 60)
        await asyncio.sleep(1.5)
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    with Lake.open(tmp_path / "lake") as lake:
        rows = lake.read("trades", key, "BTCUSDT", 0, now_ns() + 10**18)
    assert sorted(rows["price_ticks"].to_list()) == sorted(t.ticks for t in market.trades("BTCUSDT"))


@pytest.mark.parametrize("cache", [50_000, 4])
async def test_a_flood_is_counted_trade_by_trade(cache: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 events as fast as the socket takes them; ccxt keeps ``cache`` trades between two looks and drops the others."""
    from liqatlas.venues.through_ccxt import consts

    monkeypatch.setattr(consts, "STREAM_CACHE", cache)
    market = market_of("ccxt:bybit", events=6_000, step_ms=1)
    async with (
        StubExchange(
            wire_of("ccxt:bybit"), market, Schedule(), pace_s=0.0, burst=500, wait_for=2
        ) as exchange,
        client_of("ccxt:bybit", exchange) as plain,
        Feed(plain, market.contracts, ["trades"], OPTIONS) as feed,
    ):
        client: CcxtClient = plain  # type: ignore[assignment]
        rows, gaps, quiet = 0, [], 0
        while quiet < 5:
            batch = await feed.next(0.1)
            rows += len(batch.rows)
            gaps += batch.gaps
            quiet = quiet + 1 if exchange.done.is_set() and not batch else 0
        truth = sum(len(market.trades(symbol)) for symbol in market.contracts)
        meter = client.meter
        assert sum(meter.parsed.values()) == truth
        assert sum(meter.handed.values()) + sum(meter.dropped.values()) == truth
        assert (sum(meter.dropped.values()) > 0) == (cache == 4)
        assert ({gap.reason for gap in gaps} == {"dropped"}) == (cache == 4)
        assert rows >= sum(meter.handed.values())
        assert meter.messages >= truth
        assert 0 < meter.microseconds_per_message < 1e6


async def test_what_ccxt_parsed_and_did_not_hand_on_is_a_break_with_its_number() -> None:
    """A library that hands on one trade of two: the loss is found at the look after, counted and told."""
    from liqatlas.venues.through_ccxt.exchange import Meter
    from liqatlas.venues.through_ccxt.stream import WatchConnection

    meter = Meter()
    source = Subscription("ccxt:x/BTC", (), frozenset({("trades", "BTC")}))
    inbox = Inbox(max_frames=100, max_bytes=10**6, patience_s=1)
    stream = WatchConnection(None, "BTC/USDT:USDT", source, inbox, meter=meter)
    trade = {"timestamp": 1, "price": 1.0, "amount": 1.0, "side": "buy", "id": "1"}
    first, second, third, fourth = ({**trade, "id": str(i)} for i in range(4))
    for one in (first, second, third):
        meter.take({**one, "symbol": "BTC/USDT:USDT"})
    await stream._take([first])
    assert not sum(meter.dropped.values())  # the others may still come
    meter.take({**fourth, "symbol": "BTC/USDT:USDT"})
    await stream._take([third])
    await stream._take([fourth])
    told = await inbox.get(10, 0.1)
    (broken,) = [m for m in told if isinstance(m, Broken)]
    assert (broken.reason, broken.frames) == ("dropped", 1)
    assert [type(m) for m in told].count(Resumed) == 1
    assert meter.dropped["BTC/USDT:USDT"] == 1


async def test_whether_candles_count_contracts_is_measured_against_trades() -> None:
    """Gate's contract is 0.0001 BTC: the adapter compares whole minutes of trades with the candles before it believes either."""
    start = (now_ns() // MINUTE_NS - 40) * MINUTE_NS
    market = market_of("ccxt:gate", start_ms=start // NS_PER_MS, step_ms=600)
    while market.advance():
        pass
    contract = CONTRACTS["ccxt:gate"][0]
    async with (
        asking("gate", Schedule(), market=market) as (own, exchange),
        client_of("ccxt:gate", exchange) as client,
    ):
        span = (start, start + 5 * MINUTE_NS)
        ours = [r async for page in own.history("bars", contract.symbol, *span) for r in page.of("bars")]
        rows = [r async for page in client.history("bars", contract.symbol, *span) for r in page.of("bars")]
        assert [row[6] for row in rows] == [pytest.approx(row[6]) for row in ours]
    async with (
        asking("gate", Schedule()) as (_, exchange),
        client_of("ccxt:gate", exchange) as client,
    ):
        with pytest.raises(NotEnoughDataError, match=r"contracts of 0\.0001 or native units cannot be told"):
            [page async for page in client.history("bars", contract.symbol, *span)]


async def test_a_message_that_kills_ccxts_stream_is_noticed_by_its_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ccxt forgets a subscription whose message it cannot read; only silence tells, and the trades are asked for again."""
    from liqatlas.venues.through_ccxt import consts

    monkeypatch.setattr(consts, "SILENT_AFTER_S", 0.5)
    market = market_of("ccxt:bybit")
    first = next(i for i, e in enumerate(market.events) if isinstance(e, Trade) and i > 200)
    out = await record(
        "ccxt:bybit", Schedule.of(Planned(first, "truncate")), market=market, pace_s=0.06, quiet=12
    )
    assert any(gap.reason == "stall" for gap in out.gaps)
    assert out.rows.of("trades")


def test_its_capabilities_are_ccxts_own_table() -> None:
    client = venue("ccxt:krakenfutures")
    offered = client.capabilities()
    assert offered.venue == "ccxt:krakenfutures"
    assert offered.capabilities.trades == "live"
    assert offered.capabilities.liquidations == offered.capabilities.long_short_ratio == "none"
    assert "ccxt:krakenfutures" not in {row.venue for row in capabilities()}


def test_an_exchange_ccxt_does_not_know_brings_near_names() -> None:
    with pytest.raises(InputError, match="krakenfutures"):
        venue("ccxt:krakenfuture")


@pytest.mark.parametrize(
    ("amount", "value", "mark", "unit"),
    [(1000.0, 5_000_000.0, 50_000.0, 0.1), (100.0, 5_000_000.0, 50_000.0, 1.0)],
)
def test_open_interest_is_read_in_the_unit_its_value_proves(
    amount: float, value: float, mark: float, unit: float
) -> None:
    from liqatlas.base.errors import FormatError
    from liqatlas.venues.through_ccxt import parse
    from tests.conformance.venues.facts import perpetual

    of = perpetual("ccxt:x", "BTC", "BTC", tick="0.1", value="0.1").instrument
    assert parse.interest_unit(amount, value, of, mark) == unit
    with pytest.raises(FormatError, match="does not say whether"):
        parse.interest_unit(amount, None, of, mark)
    with pytest.raises(FormatError, match="does not say whether"):
        parse.interest_unit(amount, value * 3, of, mark)


def test_what_ccxt_does_not_know_is_left_out_with_the_reason() -> None:
    from liqatlas.venues.through_ccxt import markets

    whole: dict[str, Any] = {
        "id": "BTCUSD", "base": "BTC", "quote": "USD", "settle": "BTC", "swap": True, "linear": False, "inverse": True,
        "contractSize": 100.0, "precision": {"price": 0.5, "amount": 1.0},
    }  # fmt: skip
    found, names, left = markets.listings_of(
        "ccxt:x",
        {
            "BTC/USD:BTC": whole,
            "A": whole | {"id": "A", "contractSize": None},
            "B": whole | {"id": "B", "precision": {}},
            "C": whole | {"id": "C", "inverse": False},
            "BTC/USD": whole | {"id": "spot", "swap": False},
        },
        markets.TICK_SIZE,
    )
    assert list(found) == ["BTCUSD"]
    assert names == {"BTCUSD": "BTC/USD:BTC"}
    assert float(found["BTCUSD"].instrument.contract_value) == 100.0
    assert set(left) == {"A", "B", "C"}
