"""``serve --live`` against the stub exchange: a lake that begins empty fills, viewers follow, a dead feed is told by webhook."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import polars as pl
from aiohttp import web

from liqatlas.base.clock import DAY_NS, NS_PER_MS, now_ns
from liqatlas.flows.build import build_map
from liqatlas.flows.render import Look, render_map
from liqatlas.flows.request import Request
from liqatlas.server.webhooks import EVENT, SIGNATURE, is_signed
from liqatlas.store import Lake
from tests.e2e.serving import served
from tests.e2e.test_cli_record import ended, liqatlas
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of
from tests.unit.flows.markets import X, trades_market

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "a secret of enough length"
RULES = """
[[webhook]]
name = "ops"
url = "{url}"
secret_env = "TEST_HOOK_SECRET"
[[rule]]
name = "dead feed"
when = "feed-stale"
older_than = "4s"
"""


async def test_records_serves_streams_and_alerts(tmp_path: Path) -> None:
    got: list[tuple[dict[str, str], bytes]] = []
    told = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        told.set()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    rules = tmp_path / "alerts.toml"
    rules.write_text(RULES.format(url=f"http://127.0.0.1:{runner.addresses[0][1]}/hook"))
    market = market_of("binance", events=3_000, start_ms=now_ns() // NS_PER_MS + 2_000, step_ms=4)
    symbol, lake = next(iter(market.contracts)), tmp_path / "lake"
    try:
        async with StubExchange(wire_of("binance"), market, pace_s=0.02) as exchange:
            args = ("--live", "--lake", lake, "--assets", symbol, "--venues", "binance", "--venue-host",
                    f"binance={exchange.rest_url}", "--alerts", rules)  # fmt: skip
            async with served(tmp_path, *args, env={"TEST_HOOK_SECRET": SECRET}) as one:
                async with aiohttp.ClientSession() as session:
                    await viewer_follows(session, one.url, symbol)
                    async with session.get(f"{one.url}/v1/health") as answer:
                        health = await answer.json()
                    assert health["live"] is True
                    assert health["simulated"] is False
                    assert {feed["venue"] for feed in health["feeds"]} == {"binance"}
                    async with session.get(f"{one.url}/metrics") as answer:
                        counters = await answer.text()
                    assert "liqatlas_recorder_up 1" in counters
                    assert 'liqatlas_rows_total{venue="binance",dataset="trades"}' in counters
                    await asyncio.wait_for(exchange.done.wait(), 120)
                    await asyncio.wait_for(told.wait(), 60)
                assert await one.stop() == 0, one.log()
                assert SECRET not in one.log()
    finally:
        await runner.cleanup()
    headers, body = got[0]
    assert is_signed(SECRET.encode(), headers[SIGNATURE], body, now_s=time.time())
    event = json.loads(body)
    assert (event["rule"], event["when"], event["id"]) == ("dead feed", "feed-stale", headers[EVENT])
    assert len({headers[EVENT] for headers, _ in got}) == len(got)
    with Lake.open(lake) as kept:  # what was served is durable
        trades = kept.read("trades", "binance", symbol, 0, now_ns() + 10**18)
    assert trades.height > 0
    assert trades["trade_id"].is_unique().all()


async def test_a_lake_that_another_process_records_is_followed_live(tmp_path: Path) -> None:
    """Rows of a recorder reach a viewer's map through the histories at hand; in the end it is the map of the lake."""
    market = market_of("binance", events=6_000, start_ms=now_ns() // NS_PER_MS + 2_000, step_ms=4)
    symbol, lake = next(iter(market.contracts)), tmp_path / "lake"
    earlier = trades_market(3, 1)
    shift = now_ns() - 60 * 1000 * NS_PER_MS - (earlier.span_ns() or (0, 0))[1]
    with Lake.create(lake) as made:  # so that a bar is closed already
        for name, frame in earlier.tables().items():
            made.ingest(name, X, frame.with_columns(pl.col("ts_event_ns") + shift))
    async with StubExchange(wire_of("binance"), market, pace_s=0.02) as exchange:
        args = ("record", symbol, "--venues", "binance", "--host", f"binance={exchange.rest_url}", "--lake", lake,
                "--bound", "0.1")  # fmt: skip
        async with (
            served(tmp_path, "--lake", lake) as one,
            liqatlas(tmp_path, *args) as recorder,
            aiohttp.ClientSession() as session,
        ):
            counters = await map_follows(session, one.url, symbol)
            assert 'liqatlas_live_rebuilds_total{why="first"} 1' in counters
            recorder.send_signal(signal.SIGTERM)
            assert (await ended(recorder))[0] == 0
            request = Request(asset=symbol, lake=lake, window_ns=7 * DAY_NS, bins=50)
            async with session.get(f"{one.url}/v1/map/{symbol}?window=7d&bins=50") as answer:
                told = await answer.json()
            built = orjson.loads(render_map(build_map(request), "json", Look()))
            assert told["bins"] == built["bins"]
            assert await one.stop() == 0, one.log()


async def map_follows(session: aiohttp.ClientSession, url: str, symbol: str) -> str:
    """Follow a map until it came from what is kept at hand and bins were told anew; return the counters."""
    told = 0
    async with session.ws_connect(f"{url}/ws/v1/stream") as socket, asyncio.timeout(90):
        await socket.send_json({"op": "subscribe", "channel": "map", "asset": symbol, "window": "7d"})
        while True:
            message = await socket.receive_json()
            told += len(message.get("data", {}).get("bins", ()))
            async with session.get(f"{url}/metrics") as answer:
                counters = await answer.text()
            updates = counters.partition("liqatlas_live_updates_total ")[2].split("\n")[0]
            if int(updates) > 5 and told:
                return counters


async def viewer_follows(session: aiohttp.ClientSession, url: str, symbol: str) -> None:
    """A viewer sees the price move."""
    async with session.ws_connect(f"{url}/ws/v1/stream") as socket:
        await socket.send_json({"op": "subscribe", "channel": "price", "asset": symbol})
        seen: list[dict[str, Any]] = []
        while len({one["as_of"] for one in seen}) < 5:
            message = await socket.receive_json(timeout=40)
            if "data" in message:
                seen.append(message)
        numbers = [one["seq"] for one in seen]
        assert numbers == sorted(set(numbers))
        assert all(b["seq"] - a["seq"] - 1 == b["skipped"] for a, b in pairwise(seen))
