"""Gaps where ids do not count, when REST's first answer is not enough: asked again, filled truly or listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import MINUTE_NS, now_ns
from tests.faults.test_venues_stream import BY_OVERLAP, assert_trades_complete, trade_events
from tests.stub_exchange.faults import Planned, Schedule
from tests.stub_exchange.market import Market
from tests.stub_exchange.session import CONTRACTS, OPTIONS, market_of, record

if TYPE_CHECKING:
    from tests.stub_exchange.market import Trade


class Behind(Market):
    """REST trades lag: the first ``stale`` answers end some events before the present."""

    stale, lag = 0, 200

    def trades(self, symbol: str, *, so_far: bool = True) -> list[Trade]:
        found = super().trades(symbol, so_far=so_far)
        if so_far and self.stale > 0 and self.cursor > self.lag:
            self.stale -= 1
            return [t for t in found if t.ts_ms < self.events[self.cursor - self.lag].ts_ms]
        return found


class Forgetful(Market):
    """REST trades leave some out that the bars hold."""

    forgotten: frozenset[int] = frozenset()
    _whole = False

    def trades(self, symbol: str, *, so_far: bool = True) -> list[Trade]:
        found = super().trades(symbol, so_far=so_far)
        return found if self._whole or not so_far else [t for t in found if t.ts_ms not in self.forgotten]

    def bar(self, symbol: str, start_ms: int) -> tuple[int, int, int, int, int]:
        self._whole = True
        try:
            return super().bar(symbol, start_ms)
        finally:
            self._whole = False


@pytest.mark.parametrize("key", ["bitfinex", "gate"])
async def test_channels_that_open_one_after_another_lose_nothing(key: str) -> None:
    """After a cut the connection is heard again with its first channel; what the last one would have brought until then is asked for."""
    out = await record(
        key, Schedule.of(Planned(200, "cut", length=20)), pace_s=0.04, ack_after_s=0.2, datasets=["trades", "marks"]
    )  # fmt: skip
    assert_trades_complete(key, out)
    gaps = out.gaps_of("trades")
    assert len(gaps) == len(out.market.contracts)
    assert {g.status for g in gaps} == {"filled"}


@pytest.mark.parametrize("key", BY_OVERLAP)
async def test_an_answer_that_lags_behind_the_stream_is_asked_for_again(key: str) -> None:
    market = Behind(CONTRACTS[key])
    market.stale = len(market.contracts)
    out = await record(
        key, Schedule.of(Planned(300, "cut", length=80)), market=market, pace_s=0.01, datasets=["trades", "marks"]
    )  # fmt: skip
    assert market.stale == 0
    assert_trades_complete(key, out)
    assert {g.status for g in out.gaps_of("trades")} == {"filled"}


async def test_turnover_that_no_answer_explains_is_listed() -> None:
    """The bar holds a trade that neither stream nor REST gives: the minute stays a gap, whatever the answers join on to."""
    plain = market_of("bitfinex", start_ms=(now_ns() // MINUTE_NS - 6) * 60_000, step_ms=250)
    market = Forgetful(CONTRACTS["bitfinex"], start_ms=plain.start_ms, step_ms=250)
    (lost,) = trade_events("bitfinex", 1, start=300)
    market.forgotten = frozenset({market.events[lost].ts_ms})
    out = await record(
        "bitfinex",
        Schedule.of(Planned(lost, "drop")),
        market=market,
        options=replace(OPTIONS, audit_s=0.2),
        datasets=["trades", "marks"],
        until=lambda out: any(g.reason == "volume" for g in out.gaps),
    )
    (gap,) = (g for g in out.gaps_of("trades") if g.reason == "volume")
    assert (gap.status, gap.symbol) == ("listed", market.events[lost].symbol)
    assert gap.start_ns <= market.events[lost].ts_ms * 10**6 < gap.end_ns
