"""The source of a server: what a viewer is told adds up, alerts begin once, panes agree with the recordings."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import HOUR_NS, MINUTE_NS, NS_PER_MS, NS_PER_S, parse_window
from liqatlas.base.errors import InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.flows.alerts import Rule, Watch
from liqatlas.flows.build import build_map
from liqatlas.flows.request import Request
from liqatlas.flows.serving import Source, open_source
from liqatlas.flows.serving_heat import heatmap_bytes
from liqatlas.flows.serving_held import HeldBacking
from liqatlas.flows.serving_lake import LOOK_EVERY_S
from liqatlas.flows.serving_series import (
    candles_tree,
    depth_tree,
    health_tree,
    prices,
    prints_tree,
    trades_tree,
)
from liqatlas.flows.serving_stream import BINS, MapTopic, PriceTopic, PrintsTopic
from liqatlas.flows.simulated import simulated_market
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.serving_stream import Topic
    from liqatlas.maps.liquidation_map import LiquidationMap

MARKET = simulated_market(seed=3, days=2.0)
END = max(span[1] for r in MARKET if (span := r.span_ns()))


class Moving(HeldBacking):
    """The simulated market as it was known at a moment that can be moved on."""

    def __init__(self, now_ns: int) -> None:
        super().__init__(MARKET, simulated=True)
        self.move(now_ns)

    def move(self, now_ns: int) -> None:
        self.now_ns = now_ns
        cut = HeldBacking([r.until(now_ns) for r in MARKET], simulated=True)
        self._recordings, self._markets = cut._recordings, cut._markets

    def version(self, asset: str) -> Hashable:
        return (asset, self.now_ns)


def request(window: str = "24h", **more: Any) -> Request:
    return Request(asset="BTC", window_ns=parse_window(window), **more)


def looked(topic: Topic) -> bool:
    """Look and take in what was found."""
    change = topic.look()
    if change is not None:
        change()
    return change is not None


def test_a_state_is_seen_whole_or_not_at_all() -> None:
    topic = MapTopic(Source(Moving(END)), request())
    change = topic.look()
    assert change is not None
    assert topic.since(0) is None  # found, not taken in
    change()
    assert topic.since(0) is not None


def test_differences_add_up_to_the_whole() -> None:
    backing = Moving(END - 2 * HOUR_NS)
    topic = MapTopic(Source(backing), request())
    assert topic.since(0) is None
    shown: dict[str, Any] = {}
    seen = 0
    for step in range(6):
        backing.move(END - 2 * HOUR_NS + step * 5 * MINUTE_NS)
        assert looked(topic)
        news = topic.since(seen)
        assert news is not None
        if news.data["snapshot"]:
            shown = {name: list(news.data[name]) for name in ("long_usd", "short_usd", "price_edges")}
        else:
            assert news.data["since_seq"] == seen
            for place, long_usd, short_usd in news.data["bins"]:
                shown["long_usd"][place], shown["short_usd"][place] = long_usd, short_usd
        seen = topic.seq
        whole = topic.since(0)
        assert whole is not None
        assert whole.data["snapshot"]
        assert shown["long_usd"] == whole.data["long_usd"]
        assert shown["short_usd"] == whole.data["short_usd"]
        assert len(shown["long_usd"]) in range(BINS - 2, BINS + 3)
        assert sum(shown["long_usd"]) == pytest.approx(whole.data["totals"]["long_usd"], rel=1e-9)
    assert not looked(topic)  # nothing new
    behind = topic.since(1)
    assert behind is not None
    assert behind.skipped == topic.seq - 2


def test_streamed_map_holds_what_the_map_holds() -> None:
    source = Source(Moving(END))
    topic = MapTopic(source, request())
    looked(topic)
    news = topic.since(0)
    assert news is not None
    result = source.map(request())
    assert sum(news.data["long_usd"]) == pytest.approx(result.long_usd.sum(), rel=1e-6)
    assert sum(news.data["short_usd"]) == pytest.approx(result.short_usd.sum(), rel=1e-6)


def test_prices_and_prints_follow() -> None:
    backing = Moving(END - 12 * HOUR_NS)
    source = Source(backing)
    price, prints = PriceTopic(source, "BTC"), PrintsTopic(source, "BTC")
    looked(price)
    looked(prints)
    first = price.since(0)
    assert first is not None
    seen = prints.seq
    backing.move(END)
    assert looked(price)
    looked(prints)
    second = price.since(1)
    assert second is not None
    assert second.as_of_ns > first.as_of_ns
    told = prints.since(seen)
    expected = sum(
        r.liquidations.filter(r.liquidations["ts_event_ns"] > END - 12 * HOUR_NS).height for r in MARKET
    )
    assert told is not None
    assert len(told.data["prints"]) + told.skipped == expected
    looked(prints)
    assert prints.seq == seen + expected  # nothing twice


def test_panes_agree_with_the_recordings() -> None:
    source = Source(HeldBacking(MARKET, simulated=True))
    tree = candles_tree(source, request("24h"), HOUR_NS)
    count = len(tree["time_ms"])
    assert all(
        len(tree[name]) == count
        for name in ("open", "high", "low", "close", "volume_usd", "open_interest_usd", "funding_rate_8h")
    )
    assert all(low <= min(o, c) and high >= max(o, c) for o, high, low, c in zip(tree["open"], tree["high"], tree["low"], tree["close"], strict=True))  # fmt: skip
    first = tree["time_ms"][0] * NS_PER_MS
    turnover = 0.0
    for one in MARKET:
        inside = one.trades.filter(one.trades["ts_event_ns"] >= first)
        turnover += float(
            (inside["qty_native"] * inside["price_ticks"] * float(one.instrument.tick_size)).sum()
        )
    assert sum(tree["volume_usd"]) == pytest.approx(turnover, rel=1e-9)
    with pytest.raises(InputError, match="candles were asked for"):
        candles_tree(source, request("30d"), MINUTE_NS // 2)
    large = trades_tree(source, request("24h"), min_usd=50_000, limit=20)["trades"]
    assert [t["time"] for t in large] == sorted((t["time"] for t in large), reverse=True)
    assert all(t["usd"] >= 50_000 and t["taker_side"] in {"buy", "sell"} for t in large)
    liquidated = prints_tree(source, request("24h"), limit=5)
    assert len(liquidated["prints"]) == min(5, liquidated["in_window"])
    assert not any(feed["stale"] for feed in health_tree(source)["feeds"])
    assert set(prices(source, "BTC")) == {r.instrument.key for r in MARKET}
    with pytest.raises(NotEnoughDataError, match="no order book"):
        depth_tree(source, request())


def test_bytes_of_a_heatmap_keep_the_largest_cell() -> None:
    source = Source(HeldBacking(MARKET, simulated=True))
    heat = source.heatmap(request("24h"), columns=12, rows=20)
    raw = heatmap_bytes(heat)
    cells = np.frombuffer(raw[4 + int.from_bytes(raw[:4], "little") :], np.uint8)
    assert cells.size == heat.long_usd.size + heat.short_usd.size
    assert cells.max() == 255
    assert (cells == 0).sum() >= (heat.long_usd == 0).sum() + (heat.short_usd == 0).sum()


def near(**more: Any) -> Rule:
    return Rule(
        name="near",
        when="price-near-cluster",
        asset="BTC",
        window_ns=parse_window("24h"),
        min_usd=1e4,
        **more,
    )


def test_a_condition_begins_once() -> None:
    backing = Moving(END - 6 * HOUR_NS)
    watch = Watch(Source(backing), [near(within=0.05)])
    first = watch.look()
    assert first
    assert len({event.id for event in first}) == len(first)
    assert all(event.tree["simulated"] and event.tree["text"].startswith("SIMULATED") for event in first)
    assert watch.look() == []
    again = Watch(Source(backing), [near(within=0.05)], watch.holding())  # a new run remembers
    assert again.look() == []
    assert Watch(Source(backing), [near(within=1e-9, position="long")]).look() == []


def test_a_cluster_the_price_went_through() -> None:
    backing = Moving(END - 20 * HOUR_NS)
    rule = Rule(name="swept", when="cluster-swept", asset="BTC", window_ns=parse_window("24h"), min_usd=1e4)
    watch = Watch(Source(backing), [rule])
    events = []
    for step in range(20):
        backing.move(END - 20 * HOUR_NS + step * HOUR_NS)
        events += watch.look()
    assert events
    for event in events:
        data = event.tree["data"]
        through = (
            data["low"] <= data["price_low"]
            if data["position"] == "long"
            else data["high"] >= data["price_high"]
        )
        assert through
    assert len({event.id for event in events}) == len(events)


def test_a_stale_feed_is_told_once_and_again_after_it_came_back() -> None:
    backing = Moving(END - HOUR_NS)
    rule = Rule(name="stale", when="feed-stale", older_than_ns=2 * MINUTE_NS, venue="simulated_a")
    watch = Watch(Source(backing), [rule])
    assert watch.look(END - HOUR_NS + MINUTE_NS) == []
    stale = watch.look(END)
    assert [event.key for event in stale] == ["simulated_a:BTCUSDT"]
    assert watch.look(END + MINUTE_NS) == []
    backing.move(END)
    assert watch.look(END) == []
    assert len(watch.look(END + HOUR_NS)) == 1


def test_what_is_not_served() -> None:
    source = Source(HeldBacking(MARKET, simulated=True))
    for act in (source.map, source.realised, source.clusters):
        with pytest.raises(UnknownSymbolError, match="what is served here"):
            act(Request(asset="DOGE"))
    with pytest.raises(NotEnoughDataError, match="no public positions"):
        source.map(Request(asset="BTC", kind="measured"))
    with pytest.raises(InputError, match="no sources"):
        open_source()
    with pytest.raises(InputError, match="2 sources"):
        open_source(demo=True, paths=(__file__,))  # type: ignore[arg-type]


def test_each_result_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(HeldBacking(MARKET, simulated=True))
    made: list[Request] = []

    def build(full: Request, held: tuple[Recording, ...], *_: Any, **__: Any) -> LiquidationMap:
        made.append(full)
        return build_map(full, held)

    monkeypatch.setattr("liqatlas.flows.serving.build_map", build)
    assert source.map(request()).usd is source.map(request()).usd
    assert len(source.map(replace(request(), bins=20)).price_edges) == 21, "read out of the same map"
    source.map(request("12h"))
    assert len(made) == 2


def test_a_lake_that_is_recorded_elsewhere_is_live_and_a_recorder_that_died_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = MARKET[0]
    clock = END + 90 * NS_PER_S
    for module in ("serving", "serving_series"):
        monkeypatch.setattr(f"liqatlas.flows.{module}.now_ns", lambda: clock)
    with Lake.create(tmp_path / "lake") as lake:
        lake.ingest("trades", market.instrument, market.trades)
        source = open_source(lake=tmp_path / "lake")
        try:
            assert not source.live
            assert source.now_ns() < clock
            last = market.trades.tail(1).with_columns(
                ts_event_ns=pl.lit(clock - 5 * NS_PER_S), trade_id=pl.lit(7)
            )
            lake.ingest("trades", market.instrument, last)
            time.sleep(1.1 * LOOK_EVERY_S)
            tree = health_tree(source)
            assert (tree["live"], tree["feeds"][0]["stale"], tree["feeds"][0]["age_s"]) == (True, False, 5.0)
            clock += HOUR_NS
            tree = health_tree(source)
            assert (tree["live"], tree["feeds"][0]["stale"], tree["feeds"][0]["age_s"]) == (
                True,
                True,
                3605.0,
            )
        finally:
            source.close()
