"""Streams under faults, over real sockets: every injected gap is found, and filled from REST or listed; nothing comes twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import MINUTE_NS, now_ns
from liqatlas.venues.bybit.parse import trade_number
from liqatlas.venues.dydx.parse import trade_number as dydx_number
from liqatlas.venues.through_ccxt.parse import trade_number as ccxt_number
from tests.stub_exchange import wire_dydx
from tests.stub_exchange.faults import Planned, Schedule
from tests.stub_exchange.market import BookUpdate, Mark, Print, Trade
from tests.stub_exchange.session import (
    BOOKS,
    CCXT,
    DATASETS,
    OPTIONS,
    VENUES,
    WHOLE_BOOKS,
    market_of,
    record,
    wire_of,
)
from tests.stub_exchange.wire_bybit import trade_id

if TYPE_CHECKING:
    from tests.stub_exchange.session import Recorded

COUNTED = ("binance", "okx", "binance_coinm")
BY_OVERLAP = ("bybit", "hyperliquid", "dydx", "gate", "bitget", "bitfinex", "bitget_coinm")


def true_ids(key: str, trade: Trade) -> int:
    """Return the id a trade has in our rows."""
    if key == "ccxt:bybit":
        return ccxt_number(trade_id(trade.symbol, trade.last_id))
    if key == "bybit":
        return trade_number(trade_id(trade.symbol, trade.last_id))
    if key == "hyperliquid":
        return (trade.last_id * 0x9E3779B97F4A7C15) % 2**50
    if key == "dydx":
        return dydx_number(wire_dydx.trade_id(trade.symbol, trade.last_id))
    return trade.last_id


def assert_trades_complete(key: str, out: Recorded) -> None:
    """Every trade of the truth once, in native units; where fills replaced an aggregate, ids and turnover agree."""
    for symbol, contract in out.market.contracts.items():
        truth = out.market.trades(symbol)
        rows = out.rows.of("trades", symbol)
        assert len({(row[0], row[4]) for row in rows}) == len(rows), "a trade came twice"
        turnover = sum(row[2] for row in rows)  # type: ignore[misc]
        assert turnover == pytest.approx(float(sum(t.lots for t in truth) * contract.lot), rel=1e-9)
        if key == "okx":  # single fills from REST may stand for one aggregate of the stream
            assert {t.last_id for t in truth} <= {row[4] for row in rows}
        else:
            assert [row[4] for row in sorted(rows)] == [true_ids(key, t) for t in truth] or {
                row[4] for row in rows
            } == {true_ids(key, t) for t in truth}
            assert len(rows) == len(truth)


def trade_events(key: str, count: int, start: int = 100, apart: int = 40) -> list[int]:
    """Return the places of trades in the session, far enough apart that faults do not touch each other."""
    market = market_of(key)
    found: list[int] = []
    for i, event in enumerate(market.events):
        if isinstance(event, Trade) and i >= (found[-1] + apart if found else start):
            found.append(i)
        if len(found) == count:
            break
    return found


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_an_undisturbed_session_is_recorded_as_it_was(key: str) -> None:
    out = await record(key, Schedule())
    assert_trades_complete(key, out)
    assert out.gaps == []
    assert out.feed.stats.duplicates == 0
    assert out.feed.stats.unreadable == 0
    assert out.feed.stats.errors == 0
    for symbol, contract in out.market.contracts.items():
        marks = [e for e in out.market.events if isinstance(e, Mark) and e.symbol == symbol]
        if "marks" in DATASETS[key]:
            assert [row[1] for row in out.rows.of("marks", symbol)] == [float(m.mark) for m in marks]
        if "open_interest" in DATASETS[key]:
            wanted = [float(m.oi_lots * contract.lot) for m in marks]
            assert [row[1] for row in out.rows.of("open_interest", symbol)] == pytest.approx(wanted)
        if "liquidations" in DATASETS[key]:
            prints = [e for e in out.market.events if isinstance(e, Print) and e.symbol == symbol]
            found = [(row[1], row[4]) for row in out.rows.of("liquidations", symbol)]
            assert [position for position, _ in found] == [p.liquidated for p in prints]
            assert [size for _, size in found] == pytest.approx(
                [float(p.lots * contract.lot) for p in prints]
            )


@pytest.mark.parametrize("key", BOOKS)
async def test_the_book_at_the_end_is_the_true_one(key: str) -> None:
    out = await record(key, Schedule())
    for symbol, contract in out.market.contracts.items():
        ladder, truth = out.feed.books.ladders[symbol], out.market.books[symbol]
        assert ladder.in_step
        for levels, wanted, best_first in ((ladder.bids, truth.bids, True), (ladder.asks, truth.asks, False)):
            found = {
                round(p / float(contract.tick)): round(q / float(contract.lot)) for p, q in levels.items()
            }
            best = sorted(wanted, reverse=best_first)[: WHOLE_BOOKS.get(key)]
            assert found == {ticks: wanted[ticks] for ticks in best}


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_repeated_and_late_frames_change_nothing(key: str) -> None:
    places = trade_events(key, 12)
    schedule = Schedule.of(
        *(Planned(at, "duplicate") for at in places[:6]), *(Planned(at, "reorder") for at in places[6:])
    )
    out = await record(key, schedule)
    assert_trades_complete(key, out)
    assert schedule.injected["duplicated"] == 6
    assert out.feed.stats.duplicates == schedule.injected["duplicated"]
    assert all(
        gap.status == "filled" for gap in out.gaps
    )  # a late frame opens a hole in the ids and closes it again


@pytest.mark.parametrize("key", COUNTED)
async def test_lost_frames_are_found_by_their_ids_and_filled(key: str) -> None:
    schedule = Schedule.of(
        *(Planned(at, "drop") for at in trade_events(key, 8)), Planned(900, "gap", length=40)
    )
    out = await record(key, schedule)
    gaps = out.gaps_of("trades")
    injected = schedule.injected["withheld_trades"]
    assert injected >= 8 + 10
    assert (
        sum(g.last_id - g.first_id + 1 for g in gaps if g.last_id and g.first_id) == injected
    )  # found = injected
    assert sum(g.filled_rows for g in gaps) == injected
    assert all(g.status == "filled" for g in gaps)
    assert_trades_complete(key, out)


@pytest.mark.parametrize("key", COUNTED)
async def test_what_rest_cannot_give_is_listed_with_its_number(key: str) -> None:
    schedule = Schedule.of(Planned(trade_events(key, 1)[0], "drop"), rest=dict.fromkeys(range(2, 60), "500"))
    out = await record(key, schedule, datasets=["trades", "marks"])
    (gap,) = out.gaps_of("trades")
    assert gap.status == "listed"
    assert gap.missing == schedule.injected["withheld_trades"] == len(schedule.withheld[gap.symbol])
    assert (gap.first_id, gap.last_id) == (
        min(schedule.withheld[gap.symbol]),
        max(schedule.withheld[gap.symbol]),
    )


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_cut_connection_comes_back_and_trades_are_made_good(key: str) -> None:
    cuts = Schedule.of(Planned(300, "cut", length=80), Planned(600, "cut", length=80))
    slow = key in CCXT  # it redials in its own time
    out = await record(key, cuts, pace_s=0.08 if slow else 0.01, quiet=15 if slow else 3)
    assert sum(c.stats.disconnects for c in out.feed.connections) >= 2
    assert_trades_complete(key, out)
    assert out.gaps_of("trades")
    assert all(g.status == "filled" for g in out.gaps_of("trades"))
    lost = {g.dataset for g in out.gaps if g.status == "listed"}
    assert lost >= {"marks"} & set(DATASETS[key])  # cannot be asked for again: listed
    assert all(g.end_ns > g.start_ns for g in out.gaps_of("marks"))


@pytest.mark.parametrize("key", BOOKS)
async def test_books_are_in_step_again_after_losses(key: str) -> None:
    market = market_of(key)
    updates = [i for i, e in enumerate(market.events) if isinstance(e, BookUpdate) and 100 < i < 700][::20]
    schedule = Schedule.of(*(Planned(at, "drop") for at in updates[:5]), Planned(750, "cut", length=60))
    out = await record(key, schedule, market=market, pace_s=0.01)
    for symbol, contract in market.contracts.items():
        ladder, truth = out.feed.books.ladders[symbol], market.books[symbol]
        assert ladder.in_step
        found = {
            round(p / float(contract.tick)): round(q / float(contract.lot)) for p, q in ladder.bids.items()
        }
        best = sorted(truth.bids, reverse=True)[: WHOLE_BOOKS.get(key)]
        assert found == {ticks: truth.bids[ticks] for ticks in best}
    if key not in WHOLE_BOOKS:  # whole books each time: a lost one leaves no trace
        assert out.feed.books.stats.gaps == 5


@pytest.mark.parametrize("key", VENUES)
async def test_a_truncated_frame_is_counted_and_its_stretch_listed(key: str) -> None:
    marks = [i for i, e in enumerate(market_of(key).events) if isinstance(e, Mark) and i > 200]
    out = await record(key, Schedule.of(Planned(marks[0], "truncate")))
    assert out.feed.stats.unreadable == 1
    assert {g.reason for g in out.gaps_of("marks")} == {"unreadable"}
    assert_trades_complete(key, out)


@pytest.mark.parametrize("key", VENUES)
async def test_a_truncated_trade_is_made_good(key: str) -> None:
    out = await record(key, Schedule.of(Planned(trade_events(key, 1)[0], "truncate")))
    assert out.feed.stats.unreadable == 1
    assert_trades_complete(key, out)
    assert all(g.status == "filled" for g in out.gaps_of("trades"))


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_silent_stall_is_noticed_and_made_good(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket stays open and says nothing: the client must hang up and come back."""
    from liqatlas.venues import subscriptions

    original = subscriptions.Subscription.__init__

    def impatient(self: subscriptions.Subscription, *args: object, **given: object) -> None:
        original(self, *args, **given)  # type: ignore[arg-type]
        if self.silent_after_s is not None:
            object.__setattr__(self, "silent_after_s", 0.4)

    monkeypatch.setattr(subscriptions.Subscription, "__init__", impatient)
    out = await record(
        key, Schedule.of(Planned(300, "stall")), pace_s=0.03, datasets=["trades", "marks"], quiet=1
    )
    assert sum(c.stats.stalls for c in out.feed.connections) >= 1
    assert any(g.reason == "stall" for g in out.gaps)
    assert_trades_complete(key, out)


def all_trades_came(out: Recorded) -> bool:
    """Return whether as many trades were handed on as there are in truth."""
    return all(len(out.rows.of("trades", s)) >= len(out.market.trades(s)) for s in out.market.contracts)


@pytest.mark.parametrize("key", BY_OVERLAP)
async def test_a_loss_without_a_trace_is_found_by_the_minutes_turnover(key: str) -> None:
    """Ids do not count here: only the venue's own bar tells that trades are missing."""
    market = market_of(key, start_ms=(now_ns() // MINUTE_NS - 6) * 60_000, step_ms=250)
    schedule = Schedule.of(*(Planned(at, "drop") for at in trade_events(key, 3, start=300, apart=30)))
    out = await record(
        key,
        schedule,
        market=market,
        options=replace(OPTIONS, audit_s=0.2),
        datasets=["trades", "marks"],
        until=all_trades_came,
    )
    assert schedule.injected["withheld_trades"] == 3
    assert_trades_complete(key, out)
    gaps = [g for g in out.gaps_of("trades") if g.reason in {"volume", "beginning"}]
    # an answer may be ahead of the stream, and what the stream brings then is the repeat
    assert sum(g.filled_rows for g in gaps) >= 3
    assert {g.status for g in gaps} == {"filled"}


@pytest.mark.parametrize("key", BY_OVERLAP)
async def test_a_loss_in_the_minute_in_which_recording_began_is_found_as_well(key: str) -> None:
    """That minute has no bar to be compared with: what REST still has of it is laid over what came."""
    start_ms = (now_ns() // MINUTE_NS - 2) * 60_000 + 10_000
    market = market_of(
        key, events=260, start_ms=start_ms, step_ms=250
    )  # the second minute tells that the first is over
    schedule = Schedule.of(*(Planned(at, "drop") for at in trade_events(key, 2, start=60, apart=20)))
    out = await record(
        key,
        schedule,
        market=market,
        options=replace(OPTIONS, audit_s=0.2),
        datasets=["trades", "marks"],
        until=all_trades_came,
    )
    assert schedule.injected["withheld_trades"] == 2
    assert_trades_complete(key, out)
    gaps = [g for g in out.gaps_of("trades", "filled") if g.reason == "beginning"]
    assert sum(g.filled_rows for g in gaps) >= 2


@pytest.mark.parametrize(("key", "remembered"), [("hyperliquid", 10), ("bitget_coinm", 100)])
async def test_a_short_memory_of_the_venue_leaves_the_gap_listed(key: str, remembered: int) -> None:
    """The real venues give their ten or hundred latest trades: what lies further back stays lost, and is said to be."""
    out = await record(
        key, Schedule.of(Planned(200, "cut", length=600)), pace_s=0.01,
        wire=wire_of(key, recent_trades=remembered),
    )  # fmt: skip
    assert out.gaps_of("trades", "listed")


async def test_a_jump_of_the_venues_clock_is_counted() -> None:
    market = market_of("binance", start_ms=now_ns() // 10**6 - 5_000, step_ms=5)
    calm = await record("binance", Schedule(), market=market)
    assert calm.feed.stats.skewed == 0
    market = market_of("binance", start_ms=now_ns() // 10**6 - 5_000, step_ms=5)
    jumped = await record(
        "binance", Schedule.of(Planned(500, "clock_jump"), Planned(700, "clock_jump")), market=market
    )
    assert jumped.feed.stats.skewed > 50


@pytest.mark.parametrize("key", VENUES + CCXT)
async def test_a_connection_that_never_comes_up_is_listed(key: str) -> None:
    from liqatlas.venues.client import ClientOptions
    from liqatlas.venues.feed import Feed
    from liqatlas.venues.registry import venue
    from liqatlas.venues.subscriptions import Hosts
    from tests.stub_exchange.server import StubExchange

    async with StubExchange(wire_of(key), market_of(key)) as exchange:
        nobody = "ws://127.0.0.1:9"  # the discard port: nothing listens
        async with (
            venue(key, ClientOptions(hosts=Hosts(exchange.rest_url, nobody))) as client,
            Feed(client, exchange.market.contracts, ["trades"], OPTIONS) as feed,
        ):
            batch = await feed.next(0.3)
            assert not batch
            assert {g.dataset for g in feed.finish()} == {"trades"}
            assert all(c.stats.failures and c.stats.connects == 0 for c in feed.connections)


async def test_what_has_no_stream_is_polled_and_its_failures_are_listed() -> None:
    """Binance's open interest: samples all along, and one gap for the stretch in which the venue did not answer."""
    schedule = Schedule(rest=dict.fromkeys(range(10, 22), "500"))
    options = replace(OPTIONS, poll_s=0.02)
    out = await record(
        "binance", schedule, options=options, datasets=["trades", "open_interest"], pace_s=0.03, stop_after=20
    )
    rows = out.rows.of("open_interest", "BTCUSDT")
    assert len(rows) > 5
    assert {row[1] for row in rows} <= {float(out.market.oi_lots(row[0] // 10**6)) for row in rows}  # type: ignore[operator]
    gaps = out.gaps_of("open_interest")
    assert gaps
    assert {g.reason for g in gaps} == {"poll"}
    assert {g.status for g in gaps} == {"listed"}
    assert out.feed.poller.failures == schedule.injected["500"] // 4  # four attempts a failure
    assert_trades_complete("binance", out)
