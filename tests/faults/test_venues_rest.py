"""REST under faults, over real sockets: failures that pass are waited out, failures that stay are said, answers are complete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_MS, now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError, SourceUnavailableError, UnknownSymbolError
from liqatlas.venues.client import ClientOptions
from liqatlas.venues.registry import venue
from liqatlas.venues.subscriptions import Hosts
from tests.stub_exchange.faults import RestFault, Schedule
from tests.stub_exchange.session import CCXT, CONTRACTS, QUICK, VENUES, asking, client_of, market_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from liqatlas.venues.rows import RowBatch

#: On every venue's funding grid, and so late that the shortest history (5,000 minutes) reaches three days before it.
END = now_ns() // (8 * HOUR_NS) * 8 * HOUR_NS
PASSING: list[RestFault] = ["429", "418", "403", "500", "503", "soft", "cut_body"]


async def rows_of(pages: AsyncIterator[RowBatch], dataset: str) -> list[tuple[Any, ...]]:
    """Return the rows of all pages."""
    return [row async for page in pages for row in page.of(dataset)]


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_passing_failure_is_waited_out(key: str, fault: RestFault) -> None:
    async with asking(key, Schedule(rest={0: fault, 1: fault})) as (client, exchange):
        listings = await client.listings()
        assert set(listings) == {c.symbol for c in CONTRACTS[key]}
        assert exchange.schedule.injected[fault] == 2
        stats = client.transport.stats
        seen = stats.limited + stats.server_errors + stats.soft_failures
        assert seen == 2


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_failure_that_stays_is_one_clear_error(key: str) -> None:
    async with asking(key, Schedule(rest=dict.fromkeys(range(100), "503"))) as (client, _):
        with pytest.raises(SourceUnavailableError, match=r"did not answer .* in 4 attempts; last: HTTP 503"):
            await client.listings()


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_long_ban_is_not_sat_out(key: str) -> None:
    async with asking(key, Schedule(rest={0: "418"}, retry_after="7200")) as (client, exchange):
        with pytest.raises(SourceUnavailableError, match=r"418.*another (7200|7199) s"):
            await client.listings()
        asked = len(exchange.requests)
        with pytest.raises(SourceUnavailableError):
            await client.listings()
        assert len(exchange.requests) == asked  # nobody asks again while the ban lasts


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_blocked_region_is_said_at_once(key: str) -> None:
    async with asking(key, Schedule(rest=dict.fromkeys(range(9), "451"))) as (client, exchange):
        with pytest.raises(SourceUnavailableError, match="refuses this region"):
            await client.listings()
        assert len(exchange.requests) <= (
            4 if key in CCXT else 2
        )  # Binance asks two things at once, ccxt four


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_an_answer_that_never_comes_is_given_up(key: str) -> None:
    market = market_of(key)
    from tests.stub_exchange.server import StubExchange
    from tests.stub_exchange.session import wire_of

    schedule = Schedule(rest=dict.fromkeys(range(9), "hang"))
    async with (
        StubExchange(wire_of(key), market, schedule) as exchange,
        client_of(key, exchange, replace(QUICK, attempts=2, timeout_s=0.2)) as client,
    ):
        with pytest.raises(SourceUnavailableError, match="TimeoutError"):
            await client.listings()


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_no_network_is_one_clear_error(key: str) -> None:
    nobody = Hosts("http://127.0.0.1:9", "ws://127.0.0.1:9")
    async with venue(key, ClientOptions(hosts=nobody, patience=QUICK)) as client:
        with pytest.raises(SourceUnavailableError, match="Cannot connect"):
            await client.listings()


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_an_unknown_symbol_brings_near_names(key: str) -> None:
    async with asking(key, Schedule()) as (client, _):
        with pytest.raises(UnknownSymbolError) as caught:
            await client.listing("BTCUSDTT")
        assert caught.value.near
        assert (await client.listing("BTC")).instrument.symbol == CONTRACTS[key][0].symbol
        assert (await client.listing("XBT")).instrument.asset == "BTC"


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_contract_sizes_arrive_in_native_units(key: str) -> None:
    async with asking(key, Schedule()) as (client, _):
        for contract in CONTRACTS[key]:
            instrument = (await client.listing(contract.symbol)).instrument
            assert instrument.tick_size == contract.tick
            assert instrument.lot_size == contract.lot
            assert instrument.contract_value == contract.value
            assert instrument.is_inverse == contract.inverse


@pytest.mark.parametrize("key", VENUES + CCXT[:1])
async def test_bars_come_whole_over_many_pages(key: str) -> None:
    start = END - 3 * DAY_NS  # 4,320 minutes: more than a page of any venue
    async with asking(key, Schedule(rest={5: "500", 7: "429"})) as (client, exchange):
        symbol = CONTRACTS[key][0].symbol
        rows = [r async for page in client.history("bars", symbol, start, END) for r in page.of("bars")]
        assert [r[0] for r in rows] == list(range(start, END, MINUTE_NS))
        assert all(r[1] == r[0] + MINUTE_NS for r in rows)  # type: ignore[operator]
        contract = CONTRACTS[key][0]
        first = exchange.market.bar(symbol, start // NS_PER_MS)
        assert rows[0][2:6] == tuple(float(x * contract.tick) for x in first[:4])
        assert rows[0][6] == pytest.approx(float(first[4] * contract.lot))
        assert len(exchange.requests) >= 4


@pytest.mark.parametrize(
    "key", ["binance", "bybit", "okx", "binance_coinm", "gate", "bitget", "bitget_coinm"]
)
async def test_mark_bars_carry_no_turnover(key: str) -> None:
    async with asking(key, Schedule()) as (client, _):
        symbol = CONTRACTS[key][0].symbol
        pages = client.history("mark_bars", symbol, END - HOUR_NS, END)
        rows = [r async for page in pages for r in page.of("mark_bars")]
        assert len(rows) == 60
        assert {(r[6], r[7], r[8]) for r in rows} == {(None, None, "mark")}


@pytest.mark.parametrize("key", ["binance", "bybit", "okx", "binance_coinm", "gate"])
@pytest.mark.parametrize("dataset", ["open_interest", "long_short_ratios"])
async def test_samples_come_whole_over_many_pages(key: str, dataset: str) -> None:
    start = now_ns() // HOUR_NS * HOUR_NS - 4 * DAY_NS
    end = start + 3 * DAY_NS + 7 * MINUTE_NS  # an end off the grid
    step = 5 * MINUTE_NS
    async with asking(key, Schedule()) as (client, exchange):
        contract = CONTRACTS[key][0]
        pages = client.history(dataset, contract.symbol, start, end, interval="5m")
        rows = await rows_of(pages, dataset)
        wanted = list(range(start, end, step))
        if dataset == "open_interest":
            assert [r[0] for r in rows] == wanted
            lots = exchange.market.oi_lots(start // NS_PER_MS)
            # Binance and Bybit publish coins, OKX and COIN-M contracts
            unit = float(contract.value) if key in {"okx", "binance_coinm", "gate"} else 1.0
            assert rows[0][1] == pytest.approx(lots * unit)
        else:
            assert sorted({r[0] for r in rows}) == wanted
            assert len(rows) == len(wanted) * {"binance": 3, "binance_coinm": 2}.get(key, 1)
            assert rows[0][1] == pytest.approx(
                float(exchange.market.long_share(start // NS_PER_MS)), abs=1e-9
            )


@pytest.mark.parametrize("key", [key for key in VENUES + CCXT if key != "bitfinex"])
async def test_funding_comes_whole_over_many_pages(key: str) -> None:
    step = HOUR_NS if key in {"hyperliquid", "dydx"} else 8 * HOUR_NS
    days = 80 if key in {"okx", "hyperliquid", "dydx"} else 400
    start = END - days * DAY_NS
    async with asking(key, Schedule()) as (client, exchange):
        symbol = CONTRACTS[key][0].symbol
        rows = await rows_of(client.history("funding", symbol, start, END), "funding")
        assert sorted(r[0] for r in rows) == list(range(start, END, step))
        assert {r[2] for r in rows} == {step / HOUR_NS}
        assert {r[3] for r in rows} == {True}
        for ts, rate, _, _ in rows:
            assert rate == pytest.approx(float(exchange.market.funding_rate(ts // NS_PER_MS)))


@pytest.mark.parametrize("key", ["binance", "okx", "binance_coinm", "dydx", "gate", "bitget", "bitfinex"])
async def test_past_trades_come_whole_over_many_pages(key: str) -> None:
    market = market_of(key, events=6_000, step_ms=10)
    while market.advance():
        pass
    async with asking(key, Schedule(rest={6: "cut_body"}), market=market) as (client, _):
        symbol, contract = CONTRACTS[key][0].symbol, CONTRACTS[key][0]
        truth = market.trades(symbol)
        start, end = truth[100].ts_ms * NS_PER_MS, truth[-100].ts_ms * NS_PER_MS
        wanted = [t for t in truth if start <= t.ts_ms * NS_PER_MS < end]
        rows = [r async for page in client.history("trades", symbol, start, end) for r in page.of("trades")]
        assert len({r[4] for r in rows}) == len(rows) == sum(t.ids for t in wanted)
        assert sum(r[2] for r in rows) == pytest.approx(float(sum(t.lots for t in wanted) * contract.lot))  # type: ignore[misc]


async def test_history_that_does_not_reach_back_is_refused_with_the_reach() -> None:
    async with asking("binance", Schedule()) as (client, _):
        with pytest.raises(NotEnoughDataError, match=r"back to .* only"):
            [p async for p in client.history("open_interest", "BTCUSDT", now_ns() - 40 * DAY_NS, now_ns())]
        with pytest.raises(InputError, match="no history of liquidations"):
            [p async for p in client.history("liquidations", "BTCUSDT", END - HOUR_NS, END)]
        with pytest.raises(InputError, match="interval '7m' is unknown"):
            [p async for p in client.history("bars", "BTCUSDT", END - HOUR_NS, END, interval="7m")]


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_the_distance_of_the_clocks_is_measured(key: str) -> None:
    market = market_of(key, start_ms=now_ns() // NS_PER_MS + 90_000)  # 90 s ahead
    async with asking(key, Schedule(), market=market) as (client, _):
        skew = await client.clock_skew()
        assert skew.skew_ns == pytest.approx(90e9, abs=2e9)
        assert 0 < skew.round_trip_ns < 5e9


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_books_are_asked_for_in_native_units(key: str) -> None:
    async with asking(key, Schedule()) as (client, exchange):
        contract = CONTRACTS[key][0]
        await client.listings()
        book = await client.book(contract.symbol)
        truth = exchange.market.books[contract.symbol]
        best = max(truth.bids)
        assert book.bids[0] == pytest.approx(
            (float(best * contract.tick), float(truth.bids[best] * contract.lot))
        )
        assert book.snapshot


async def test_the_weight_binance_counts_is_taken_from_its_headers() -> None:
    from liqatlas.venues.binance.rest import BinanceClient

    client = BinanceClient()
    before = client.quotas[0].capacity
    client.observe_headers({"X-MBX-USED-WEIGHT-1M": "1900"})
    with client.transport.budget._state.hold() as buckets:
        assert buckets["weight"].tokens == pytest.approx(2400 * 0.8 - 1900)
        assert buckets["weight"].tokens < before
    client.observe_headers({})  # not every answer carries it
    await client.close()
